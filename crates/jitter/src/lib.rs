//! Random waits, so that what failed together does not come back together.
//!
//! Whoever sees one of these numbers can compute the next ones: the generator's seed has 64 bits and follows from the time of the
//! process's start. So `clippy.toml` bans it everywhere else. What must not be guessed comes from the operating system (`getrandom`).

use std::time::Duration;

/// A number from 0 to below 1.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "jitter: nothing depends on its being unknown")]
pub fn fraction() -> f64 {
    fastrand::f64()
}

/// A wait from `shortest` to `longest`.
#[must_use]
pub fn between(shortest: Duration, longest: Duration) -> Duration {
    shortest + longest.saturating_sub(shortest).mul_f64(fraction())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wait_lies_between_its_bounds() {
        let (shortest, longest) = (Duration::from_millis(20), Duration::from_millis(50));
        let waits: Vec<Duration> = (0..1_000).map(|_| between(shortest, longest)).collect();
        assert!(waits.iter().all(|wait| (shortest..=longest).contains(wait)));
        assert!(waits.iter().any(|wait| *wait != waits[0]));
        assert_eq!(between(longest, shortest), longest, "bounds the wrong way round are the lower one");
    }
}
