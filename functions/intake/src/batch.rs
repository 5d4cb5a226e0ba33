//! Processes the records of one invocation side by side, and answers each message.

#[cfg(test)]
mod tests;

use std::{collections::HashMap, sync::Arc, time::Duration};

use attachments::{Identity, ObjectKey, Timestamp, workflow::error_type};
use aws_lambda_events::event::sqs::SqsBatchResponse;
use events::{Ignored, Message, Notification, Notifications};
use futures_util::future::join_all;
use host::{
    Clock, Failure,
    metrics::{self, Metric},
};
use lambda_runtime::Context;
use serde_json::{Value, json};
use tokio::{
    sync::Semaphore,
    task::JoinSet,
    time::{Instant, timeout_at},
};
use tracing::{Instrument, field::Empty};

use crate::{
    Intake,
    claim::Times,
    finish::Finish,
    object::{self, Lane},
};

/// The most records in flight. Each holds one connection to S3 and one to CXone, and a few hundred KiB of frames.
const MAX_IN_FLIGHT: usize = 10;
/// How long before the invocation's deadline its records end.
pub const RECORD_MARGIN: Duration = Duration::from_secs(10);
/// How long before the invocation's deadline the calls end that follow a record (decide, start, release).
const WRAP_UP_MARGIN: Duration = Duration::from_secs(3);
/// How long before the invocation's deadline the last call to the queue ends.
const ANSWER_MARGIN: Duration = Duration::from_secs(1);
/// How long after the invocation's deadline its leases expire.
pub const LEASE_MARGIN: Duration = Duration::from_secs(5);

/// Processes a batch of the queue. The answer names the messages that need a retry; intake hides each until its retry.
pub(crate) async fn answer_queue(intake: &Intake, messages: Vec<Message>, context: &Context) -> Result<Value, Failure> {
    let readable = messages.iter().filter_map(|message| message.content.as_ref().ok());
    let clock = Clock::of_system();
    let finishes = run(intake, readable.flat_map(|found| found.objects.iter()), context, clock).await;
    let last_call = Instant::now() + time_left(context, clock).saturating_sub(ANSWER_MARGIN);
    // All messages at once and until a deadline, so that intake answers the batch even if SQS does not respond.
    let done = join_all(messages.iter().map(async |message| {
        let answered = timeout_at(last_call, is_answered(intake, message, &finishes)).await;
        answered.unwrap_or_else(|_| {
            tracing::warn!(
                message_id = message.id,
                "SQS did not answer in time; the message is delivered again after its visibility timeout"
            );
            is_finished(message, &finishes)
        })
    }));
    let mut answer = SqsBatchResponse::default();
    for (message, done) in messages.iter().zip(done.await) {
        if !done {
            answer.add_failure(message.id.clone());
        }
    }
    serde_json::to_value(answer).map_err(Failure::input)
}

fn is_finished(message: &Message, finishes: &HashMap<Identity, Finish>) -> bool {
    message
        .content
        .as_ref()
        .is_ok_and(|found| wait_for(message, found, finishes).is_none() && refusals(found, finishes).next().is_none())
}

/// Hides or buries the message if necessary. Returns whether SQS may delete it.
async fn is_answered(intake: &Intake, message: &Message, finishes: &HashMap<Identity, Finish>) -> bool {
    let found = match &message.content {
        Ok(found) => found,
        Err(reason) => return bury(intake, message, &reason.to_string()).await,
    };
    if let Some(wait) = wait_for(message, found, finishes) {
        intake.queue.hide(message, wait).await;
        return false;
    }
    // Not earlier, so that the message's other objects have their executions.
    if let Some(reason) = refusals(found, finishes).next() {
        return bury(intake, message, reason).await;
    }
    // Not earlier, so that a message that needs retries is counted once.
    count_ignored(found, Some(&message.id));
    true
}

/// Sends a poison message to the dead-letter queue. Returns whether that succeeded.
async fn bury(intake: &Intake, message: &Message, reason: &str) -> bool {
    tracing::error!(message_id = message.id, "the message goes to the dead-letter queue: {reason}");
    match intake.queue.bury(message, reason).await {
        Ok(()) => {
            metrics::count(Metric::DeadLetters);
            true
        }
        Err(fault) => {
            tracing::error!(message_id = message.id, "the message cannot be sent to the dead-letter queue: {fault}");
            false
        }
    }
}

/// The reasons of the records that intake refused. Their message belongs in the dead-letter queue.
fn refusals<'a>(found: &'a Notifications, finishes: &'a HashMap<Identity, Finish>) -> impl Iterator<Item = &'a str> {
    found.objects.iter().filter_map(|one| match finishes.get(&one.object.identity()) {
        Some(Finish::Refused { reason }) => Some(reason.as_str()),
        _ => None,
    })
}

/// How long to hide the message: the longest wait of its records. None if no record needs a retry.
fn wait_for(message: &Message, found: &Notifications, finishes: &HashMap<Identity, Finish>) -> Option<Duration> {
    let received = u32::try_from(message.received).unwrap_or(u32::MAX);
    let unfinished = found.objects.iter().filter_map(|one| match finishes.get(&one.object.identity()) {
        Some(Finish::Finished { .. } | Finish::Refused { .. }) => None,
        // The more often the message was received, the longer it is hidden.
        Some(Finish::Unfinished { outage: true, .. }) => Some(cxone::backoff(received, jitter::fraction())),
        Some(Finish::Unfinished { retry_in, .. }) => Some(*retry_in),
        None => Some(Duration::ZERO),
    });
    unfinished.max()
}

/// Logs and counts the records that intake ignores.
fn count_ignored(found: &Notifications, message_id: Option<&str>) {
    for ignored in &found.ignored {
        // A warning, because the producer expects the file to arrive.
        if matches!(ignored, Ignored::OutsidePrefix { .. }) {
            tracing::warn!(message_id, "{ignored}");
        } else {
            tracing::info!(message_id, "{ignored}");
        }
        metrics::count(Metric::IgnoredRecords);
    }
}

/// Processes a bare event. It can ask for a retry only by an error.
pub(crate) async fn answer_bare(intake: &Intake, found: Notifications, context: &Context) -> Result<Value, Failure> {
    let finishes = run(intake, found.objects.iter(), context, Clock::of_system()).await;
    let unfinished: Vec<String> = finishes
        .iter()
        .filter_map(|(identity, finish)| match finish {
            Finish::Finished { .. } | Finish::Refused { .. } => None,
            Finish::Unfinished { fault, .. } => Some(format!("{identity}: {fault}")),
        })
        .collect();
    if unfinished.is_empty() {
        if let Some(reason) = refusals(&found, &finishes).next() {
            return Err(Failure::input(reason));
        }
        count_ignored(&found, None);
        let objects: HashMap<&str, &Finish> =
            finishes.iter().map(|(identity, finish)| (identity.as_str(), finish)).collect();
        return Ok(json!({"objects": objects, "ignored": found.ignored.len()}));
    }
    Err(Failure::new(error_type::INTAKE_UNFINISHED, unfinished.join("; ")))
}

/// Processes each object once, however often the batch names it.
async fn run<'a>(
    intake: &Intake,
    notifications: impl Iterator<Item = &'a Notification>,
    context: &Context,
    clock: Clock,
) -> HashMap<Identity, Finish> {
    let times = times(context, clock);
    let lane = Arc::new(Lane::default());
    let fetches_before = intake.cxone.token_fetches();
    let process = |notification: Notification, identity: Identity| {
        let span = tracing::error_span!(
            "record",
            request_id = context.request_id,
            identity = identity.as_str(),
            // The key's, until intake has read the object's metadata and checked the id.
            interaction_id = ObjectKey::interaction_of(&notification.object.key, &intake.settings.key_prefix),
            job_id = Empty,
        );
        let (intake, times, lane) = (intake.clone(), times.clone(), Arc::clone(&lane));
        async move { object::process(&intake, &notification, &identity, &times, &lane).await }.instrument(span)
    };
    // A last resort: every call of a record has its own deadline.
    let until = times.wrap_up + Duration::from_secs(1);
    let finishes = side_by_side(notifications, until_lease_expires(&times), until, process).await;
    let fetches = u32::try_from(intake.cxone.token_fetches() - fetches_before).unwrap_or(u32::MAX);
    if fetches > 0 {
        metrics::emit(&[(Metric::TokenFetches, f64::from(fetches))]);
    }
    finishes
}

/// Runs one task for each identity, at most [`MAX_IN_FLIGHT`] at a time, and waits for them until `until`. A panic affects only
/// its own record: SQS delivers the record again after `retry_in`, when its lease has expired.
async fn side_by_side<'a, Process, Processed>(
    notifications: impl Iterator<Item = &'a Notification>,
    retry_in: Duration,
    until: Instant,
    process: Process,
) -> HashMap<Identity, Finish>
where
    Process: Fn(Notification, Identity) -> Processed,
    Processed: Future<Output = Finish> + Send + 'static,
{
    let in_flight = Arc::new(Semaphore::new(MAX_IN_FLIGHT));
    let mut finishes: HashMap<Identity, Finish> = HashMap::new();
    let mut tasks = JoinSet::new();
    let mut running = HashMap::new();
    for notification in notifications {
        let identity = notification.object.identity();
        // Replaced when the task ends.
        let crashed = Finish::unfinished(retry_in, "the record's task did not finish");
        if finishes.insert(identity.clone(), crashed).is_some() {
            continue;
        }
        let (in_flight, processed) = (Arc::clone(&in_flight), process(notification.clone(), identity.clone()));
        let task = tasks.spawn(async move {
            // The semaphore is never closed, so this is a permit and no error.
            let _permit = in_flight.acquire().await;
            processed.await
        });
        running.insert(task.id(), identity);
    }
    while let Ok(Some(ended)) = timeout_at(until, tasks.join_next_with_id()).await {
        match ended {
            Ok((id, finish)) => {
                if let Some(identity) = running.remove(&id) {
                    finishes.insert(identity, finish);
                }
            }
            Err(error) => {
                let identity = running.get(&error.id()).map_or("unknown", Identity::as_str);
                tracing::error!(identity, "a record's task crashed: {error}");
            }
        }
    }
    finishes
}

fn time_left(context: &Context, clock: Clock) -> Duration {
    let left = Timestamp::from(context.deadline()).unix_millis() - clock.now().unix_millis();
    Duration::from_millis(u64::try_from(left).unwrap_or(0))
}

fn times(context: &Context, clock: Clock) -> Times {
    let (now, left) = (Instant::now(), time_left(context, clock));
    Times {
        clock,
        record: now + left.saturating_sub(RECORD_MARGIN),
        wrap_up: now + left.saturating_sub(WRAP_UP_MARGIN),
        lease_until: Timestamp::from(context.deadline() + LEASE_MARGIN),
        run: context.request_id.clone(),
        trace_header: context.xray_trace_id.clone(),
    }
}

/// Until the leases of this invocation have expired, and 2 s more.
fn until_lease_expires(times: &Times) -> Duration {
    let left = times.lease_until.unix_millis() - times.clock.now().unix_millis();
    Duration::from_millis(u64::try_from(left).unwrap_or(0)) + Duration::from_secs(2)
}
