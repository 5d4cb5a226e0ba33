//! Computes when to ask CXone about a job, and when to stop.
//!
//! A Standard transition costs as much as about 15 s of a 128 MB function, and a wait costs three transitions. So poll first
//! asks several times within one invocation (the window). The state machine waits only for jobs that take longer.

use std::time::Duration;

use crate::Timestamp;

/// The shortest wait of the state machine. A shorter one is not worth its transitions.
pub const SHORTEST_WAIT_SECONDS: u32 = 5;
/// For this long after the upload, a 404 means that CXone does not know the job yet.
pub const UNKNOWN_JOB_GRACE: Duration = Duration::from_mins(1);
/// The most status changes that one invocation keeps.
pub const MAX_CHANGES: usize = 20;

/// The pause after the `asked`-th call in a window: 0.5, 1, 1.5, then 2 s. So poll sees an end within 2 s.
#[must_use]
pub fn pause_after(asked: u32) -> Duration {
    Duration::from_millis(u64::from(asked.clamp(1, 4)) * 500)
}

/// How many seconds the state machine waits after `waits` earlier waits: 15, 30, then 60, or longer if `retry_after` is longer.
/// The wait ends at the `deadline` at the latest, but is at least [`SHORTEST_WAIT_SECONDS`].
#[must_use]
pub fn wait_seconds(waits: u32, retry_after: Option<Duration>, now: Timestamp, deadline: Timestamp) -> u32 {
    let planned = match waits {
        0 => 15,
        1 => 30,
        _ => 60,
    };
    let asked = retry_after.map_or(0, |wait| u32::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u32::MAX));
    let left = (deadline.unix_millis() - now.unix_millis()).max(0);
    let left = u32::try_from((left + 999) / 1000).unwrap_or(u32::MAX);
    planned.max(asked).min(left).max(SHORTEST_WAIT_SECONDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_unix_seconds(1_000);

    fn at(seconds: i64) -> Timestamp {
        START.plus_millis(seconds * 1000)
    }

    #[test]
    fn pauses_grow_to_two_seconds() {
        let pauses: Vec<_> = (1..=6).map(|n| pause_after(n).as_millis()).collect();
        assert_eq!(pauses, [500, 1000, 1500, 2000, 2000, 2000]);
    }

    #[test]
    fn waits_grow_to_a_minute() {
        let waits: Vec<_> = (0..5).map(|n| wait_seconds(n, None, START, at(86_400))).collect();
        assert_eq!(waits, [15, 30, 60, 60, 60]);
    }

    #[test]
    fn retry_after_extends_the_wait_up_to_the_deadline() {
        assert_eq!(wait_seconds(0, Some(Duration::from_millis(40_200)), START, at(300)), 41);
        assert_eq!(wait_seconds(0, Some(Duration::from_mins(15)), START, at(300)), 300);
        assert_eq!(wait_seconds(3, None, START, at(12)), 12);
    }

    #[test]
    fn wait_is_at_least_five_seconds() {
        assert_eq!(wait_seconds(0, None, START, at(1)), 5);
        assert_eq!(wait_seconds(0, None, at(10), START), 5);
    }
}
