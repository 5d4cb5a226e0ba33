//! Simulates the costs of polling a job: the functions' schedule compared with a fixed loop of Wait, Poll and Choice.
//!
//! The schedule is the functions' own, [`attachments::polling`]. Only the clock is simulated.

use std::time::Duration;

use attachments::{
    Timestamp,
    polling::{pause_after, wait_seconds},
};

/// How long CXone takes to answer a poll.
const POLL: Duration = Duration::from_millis(150);
/// The time of an invocation besides its polls and pauses: Step Functions' call and Lambda's own work.
const INVOCATION_OVERHEAD: Duration = Duration::from_millis(50);
/// Transitions of one round: Wait, Poll, Choice.
const ROUND: u32 = 3;
/// The wait of the fixed loop.
const FIXED_WAIT: Duration = Duration::from_secs(5);

/// The settings that the schedule depends on. The defaults are those of the template.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// `POLL_WINDOW_SECONDS`.
    pub window: Duration,
    /// `JOB_DEADLINE_SECONDS`.
    pub deadline: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { window: Duration::from_secs(10), deadline: Duration::from_mins(5) }
    }
}

/// The costs of polling one job.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Followed {
    /// State transitions of the whole execution.
    pub transitions: f64,
    /// Invocations of the poll function.
    pub invocations: f64,
    /// Billed seconds of these invocations.
    pub lambda_seconds: f64,
    /// Polls of CXone.
    pub polls: f64,
    /// Seconds from the job's end until poll learns of it.
    pub delay_seconds: f64,
    /// Seconds of the state machine's last wait; 0 if poll learns of the end in the first window.
    pub last_wait_seconds: f64,
}

/// List prices of us-east-1 in dollars. Not verified: check them before you quote them.
mod price {
    /// A state transition of a Standard workflow.
    pub(super) const TRANSITION: f64 = 25.0 / 1e6;
    /// A second of 128 MB of memory on arm64.
    pub(super) const SECOND: f64 = 13.33 / 1e6 / 8.0;
    /// An invocation.
    pub(super) const REQUEST: f64 = 0.20 / 1e6;
}

impl Followed {
    /// Dollars for a million such jobs: transitions, and the poll function's time and requests.
    #[must_use]
    pub fn dollars_per_million(&self) -> f64 {
        1e6 * (self.transitions * price::TRANSITION
            + self.lambda_seconds * price::SECOND
            + self.invocations * price::REQUEST)
    }

    fn plus(self, other: Self, weight: f64) -> Self {
        Self {
            transitions: self.transitions + weight * other.transitions,
            invocations: self.invocations + weight * other.invocations,
            lambda_seconds: self.lambda_seconds + weight * other.lambda_seconds,
            polls: self.polls + weight * other.polls,
            delay_seconds: self.delay_seconds + weight * other.delay_seconds,
            last_wait_seconds: self.last_wait_seconds + weight * other.last_wait_seconds,
        }
    }
}

/// The costs of polling a job of this duration.
pub type Strategy = fn(Duration, Limits) -> Followed;

/// The functions' schedule: each invocation polls in quick succession for one window, and the state machine's waits between
/// invocations grow.
#[must_use]
pub fn windows(job: Duration, limits: Limits) -> Followed {
    // Two transitions: `Route` before the first poll, and the record at the end.
    let mut followed = Followed { transitions: 2.0, ..Followed::default() };
    let start = Timestamp::from_unix_seconds(0);
    let deadline = plus(start, limits.deadline);
    let (mut now, mut waits, mut last_wait) = (start, 0, 0.0);
    loop {
        followed.transitions += 2.0;
        followed.invocations += 1.0;
        let began = now;
        let closes = plus(began, limits.window);
        let mut asked = 0;
        let ended = loop {
            asked += 1;
            followed.polls += 1.0;
            now = plus(now, POLL);
            if seconds_between(start, now) >= job.as_secs_f64() || now >= deadline {
                break true;
            }
            let next = plus(now, pause_after(asked));
            if next >= closes || next >= deadline {
                break false;
            }
            now = next;
        };
        followed.lambda_seconds += seconds_between(began, now) + INVOCATION_OVERHEAD.as_secs_f64();
        if ended {
            followed.delay_seconds = (seconds_between(start, now) - job.as_secs_f64()).max(0.0);
            followed.last_wait_seconds = last_wait;
            return followed;
        }
        let wait = wait_seconds(waits, None, now, deadline);
        waits += 1;
        last_wait = f64::from(wait);
        now = plus(now, Duration::from_secs(u64::from(wait)));
        followed.transitions += 1.0;
    }
}

/// The fixed loop: wait 5 s, poll once, choose, and repeat.
#[must_use]
pub fn fixed_loop(job: Duration, limits: Limits) -> Followed {
    let mut followed =
        Followed { transitions: 2.0, last_wait_seconds: FIXED_WAIT.as_secs_f64(), ..Followed::default() };
    let mut now = Duration::ZERO;
    loop {
        now += FIXED_WAIT + POLL;
        followed.transitions += f64::from(ROUND);
        followed.invocations += 1.0;
        followed.polls += 1.0;
        followed.lambda_seconds += (POLL + INVOCATION_OVERHEAD).as_secs_f64();
        if now >= job || now >= limits.deadline {
            followed.delay_seconds = now.saturating_sub(job).as_secs_f64();
            return followed;
        }
    }
}

/// The durations of a thousand jobs with a long tail: a Pareto distribution with a minimum of 1.5 s and an exponent of 1.2, cut
/// at 300 s. Half of the jobs end within 2.7 s, one in ten takes longer than 10 s, and one in two hundred longer than 2 min.
#[must_use]
pub fn mix() -> Vec<Duration> {
    let quantiles = (0..1000_u32).map(|index| (f64::from(index) + 0.5) / 1000.0);
    quantiles.map(|part| Duration::from_secs_f64((1.5 * (1.0 - part).powf(-1.0 / 1.2)).min(300.0))).collect()
}

/// The mean costs of the jobs of [`mix`].
#[must_use]
pub fn of_the_mix(strategy: Strategy, limits: Limits) -> Followed {
    mix().into_iter().fold(Followed::default(), |sum, job| sum.plus(strategy(job, limits), 0.001))
}

fn plus(at: Timestamp, duration: Duration) -> Timestamp {
    at.plus_millis(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX))
}

#[expect(clippy::cast_precision_loss, reason = "a job's milliseconds are far below 2^52")]
fn seconds_between(from: Timestamp, to: Timestamp) -> f64 {
    (to.unix_millis() - from.unix_millis()) as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn windows_of(seconds: u64) -> Followed {
        windows(Duration::from_secs(seconds), Limits::default())
    }

    #[test]
    fn job_inside_the_window_costs_four_transitions_and_at_most_two_seconds() {
        for millis in (0..=9_000).step_by(100) {
            let followed = windows(Duration::from_millis(millis), Limits::default());
            assert!((followed.transitions - 4.0).abs() < f64::EPSILON, "{millis} ms: {followed:?}");
            assert!(followed.delay_seconds <= 2.15, "{millis} ms: {followed:?}");
        }
    }

    #[test]
    fn delay_after_the_window_is_at_most_the_last_wait() {
        for seconds in 11..300 {
            let followed = windows_of(seconds);
            assert!(followed.delay_seconds <= followed.last_wait_seconds + 2.15, "{seconds} s: {followed:?}");
        }
    }

    #[test]
    fn long_job_takes_at_most_24_transitions_and_the_fixed_loop_170() {
        assert!(windows_of(300).transitions <= 24.0, "{:?}", windows_of(300));
        // With a later deadline, which shortens no wait.
        let unclipped = Limits { deadline: Duration::from_hours(1), ..Limits::default() };
        assert!(windows(Duration::from_mins(5), unclipped).transitions <= 24.0);
        let fixed = fixed_loop(Duration::from_mins(5), unclipped).transitions;
        assert!((170.0..=182.0).contains(&fixed), "{fixed}");
    }

    #[test]
    fn mix_has_the_documented_tail() {
        let mix = mix();
        let longer = |seconds| mix.iter().filter(|job| job.as_secs_f64() > seconds).count();
        assert_eq!((mix.len(), longer(2.7), longer(10.0), longer(120.0)), (1000, 494, 103, 5));
    }
}
