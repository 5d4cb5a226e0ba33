//! Random waits, so that requests that failed at the same time are not repeated at the same time.
//!
//! The numbers can be guessed: the generator's seed has 64 bits and depends on the time at which the process started. So
//! `clippy.toml` bans the generator everywhere else. Values that must not be guessed come from the operating system
//! (`getrandom`).

use std::time::Duration;

/// A number from 0 up to, but not including, 1.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "jitter may be guessed")]
pub fn fraction() -> f64 {
    fastrand::f64()
}

/// A wait from `shortest` to `longest`. It is `shortest` if `longest` is less.
#[must_use]
pub fn between(shortest: Duration, longest: Duration) -> Duration {
    shortest + longest.saturating_sub(shortest).mul_f64(fraction())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wait_is_within_its_bounds_and_varies() {
        let (shortest, longest) = (Duration::from_millis(20), Duration::from_millis(50));
        let waits: Vec<Duration> = (0..1_000).map(|_| between(shortest, longest)).collect();
        assert!(waits.iter().all(|wait| (shortest..=longest).contains(wait)));
        assert!(waits.iter().any(|wait| *wait != waits[0]));
        assert_eq!(between(longest, shortest), longest, "the first bound is more than the second");
    }
}
