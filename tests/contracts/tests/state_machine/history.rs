//! An execution's history has room for 25,000 events. This adds up the most that one can have at the largest settings.

use attachments::{Timestamp, polling::wait_seconds};

use super::{
    asl::{Machine, Retrier, State, Task},
    machine,
};
use crate::number;

/// Step Functions ends a Standard execution whose history is longer.
const LIMIT: f64 = 25_000.0;
/// `TaskScheduled`, `TaskStarted` and `TaskFailed`.
const RETRY: f64 = 3.0;
/// `Route` and `WaitForJob` are entered and exited; `PollJob` also schedules, starts and ends its task.
const ROUND: f64 = 2.0 + 2.0 + 5.0;
/// The execution starts and ends, `Route` leads to `RecordFailure`, that to `AttachmentFailed`.
const ENDS: f64 = 1.0 + 2.0 + 5.0 + 2.0;
/// So many standard deviations may the jitter of all retries together be below its mean.
const DEVIATIONS: f64 = 6.0;

fn task(machine: &Machine, name: &str) -> Vec<Retrier> {
    match machine.states.get(name) {
        Some(State::Task(Task { retry, .. })) => retry.clone(),
        other => panic!("{name} is no task: {other:?}"),
    }
}

/// The largest value that the template allows for a parameter.
fn most(parameter: &str) -> f64 {
    number(&["Parameters", parameter, "MaxValue"]) as f64
}

/// The retries that make a round of polling densest in events, by their longest delays in seconds.
fn densest(retriers: &[Retrier], wait: f64) -> Vec<f64> {
    let mut delays: Vec<f64> =
        retriers.iter().flat_map(|retrier| (0..retrier.max_attempts).map(|tried| retrier.delay(tried))).collect();
    delays.sort_by(f64::total_cmp);
    let mut chosen = Vec::new();
    let (mut events, mut seconds) = (ROUND, wait);
    for delay in delays {
        // Full jitter: on average half of the delay.
        if (events + RETRY) / (seconds + delay / 2.0) <= events / seconds {
            break;
        }
        (events, seconds) = (events + RETRY, seconds + delay / 2.0);
        chosen.push(delay);
    }
    chosen
}

/// Events of the longest polling, if every visit to `PollJob` is retried so that the most events fit into the time.
fn polling(retriers: &[Retrier], horizon: f64) -> f64 {
    let begin = Timestamp::from_unix_seconds(0);
    let at = |seconds: f64| begin.plus_millis((seconds * 1_000.0) as i64);
    let chosen = densest(retriers, 60.0);
    let variance: f64 = chosen.iter().map(|delay| delay * delay / 12.0).sum();
    let horizon = horizon + DEVIATIONS * (variance * horizon / 60.0).sqrt();
    let retried: f64 = chosen.iter().map(|delay| delay / 2.0).sum();
    let (mut now, mut waits, mut events) = (0.0, 0, 0.0);
    // No window, and responses that take no time: as many rounds as there can be.
    while now < horizon {
        now += f64::from(wait_seconds(waits, None, at(now), at(horizon))) + retried;
        events += ROUND + RETRY * chosen.len() as f64;
        waits += 1;
    }
    assert!(waits > 800, "{waits} rounds in {horizon} s: the sum is off");
    events
}

fn all_retries(retriers: &[Retrier]) -> f64 {
    retriers.iter().map(|retrier| f64::from(retrier.max_attempts) * RETRY).sum()
}

#[test]
fn the_history_has_room_for_the_longest_polling_and_every_retry() {
    let machine = machine();
    let (poll, finalize) = (task(&machine, "PollJob"), task(&machine, "RecordFailure"));
    let horizon = most("JobDeadlineSeconds").max(most("TrackingPatienceSeconds"));
    let polling = polling(&poll, horizon);
    // The last visit to PollJob begins just before the horizon and uses up every retry, and finalize does so too.
    let (last, ends) = (all_retries(&poll), all_retries(&finalize) + ENDS);
    let events = polling + last + ends;
    println!("{polling} events of polling, {last} of a last visit, {ends} of the end: {events} of {LIMIT}");
    assert!(events < LIMIT, "{events} events");
    assert!(events > LIMIT / 2.0, "{events} events: the sum is off");
}

#[test]
fn throttled_functions_are_retried_for_four_hours_at_least() {
    let patience = number(&["Parameters", "TrackingPatienceSeconds", "Default"]) as f64;
    for (name, state) in machine().states {
        let State::Task(task) = state else { continue };
        for error in
            ["Lambda.TooManyRequestsException", "Lambda.ServiceException", "Settings.Invalid", "States.TaskFailed"]
        {
            let retrier =
                task.retry.iter().find(|retrier| retrier.error_equals.iter().any(|name| name == error)).unwrap();
            let delays: Vec<f64> = (0..retrier.max_attempts).map(|tried| retrier.delay(tried)).collect();
            let mean: f64 = delays.iter().map(|delay| delay / 2.0).sum();
            let deviation = delays.iter().map(|delay| delay * delay / 12.0).sum::<f64>().sqrt();
            assert!(mean - 4.0 * deviation > patience, "{name} retries {error} for {mean} ± {deviation} s");
            assert!(delays.iter().all(|delay| *delay <= 60.0), "{name}: {error} more than a minute apart");
        }
    }
}
