//! A clock that is passed as an argument.

use std::time::{Duration, SystemTime};

use attachments::Timestamp;
use tokio::time::Instant;

/// Reads the system's time once and then follows tokio's clock, which a test can pause. So a test of a deadline does not wait.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    began: Instant,
    began_at: Timestamp,
}

impl Clock {
    /// A clock that starts at the system's time.
    #[must_use]
    pub fn of_system() -> Self {
        Self::showing(SystemTime::now().into())
    }

    /// A clock that starts at `now`.
    #[must_use]
    pub fn showing(now: Timestamp) -> Self {
        Self { began: Instant::now(), began_at: now }
    }

    /// The current time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        later(self.began_at, self.began.elapsed())
    }
}

/// The time `by` later than `at`.
#[must_use]
pub fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.plus_millis(i64::try_from(by.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "current_thread", start_paused = true)]
    async fn clock_follows_tokios_time() {
        let start = Timestamp::from_unix_seconds(1_000);
        let clock = Clock::showing(start);
        tokio::time::sleep(Duration::from_hours(4)).await;
        assert_eq!(clock.now(), Timestamp::from_unix_seconds(1_000 + 4 * 3_600));
        assert_eq!(later(start, Duration::MAX), start.plus_millis(i64::MAX));
    }
}
