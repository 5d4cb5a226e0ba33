//! The time, as an argument.

use std::time::{Duration, SystemTime};

use attachments::Timestamp;
use tokio::time::Instant;

/// Reads the system's time once and then follows tokio's clock, which a test can pause. So deadlines of hours are tested
/// without waiting.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    began: Instant,
    began_at: Timestamp,
}

impl Clock {
    /// Shows the system's time.
    #[must_use]
    pub fn of_system() -> Self {
        Self::showing(SystemTime::now().into())
    }

    /// Shows `now` at this moment.
    #[must_use]
    pub fn showing(now: Timestamp) -> Self {
        Self { began: Instant::now(), began_at: now }
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        later(self.began_at, self.began.elapsed())
    }
}

/// A time so much later.
#[must_use]
pub fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.plus_millis(i64::try_from(by.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "current_thread", start_paused = true)]
    async fn the_clock_follows_the_pauses() {
        let start = Timestamp::from_unix_seconds(1_000);
        let clock = Clock::showing(start);
        tokio::time::sleep(Duration::from_hours(4)).await;
        assert_eq!(clock.now(), Timestamp::from_unix_seconds(1_000 + 4 * 3_600));
        assert_eq!(later(start, Duration::MAX), start.plus_millis(i64::MAX));
    }
}
