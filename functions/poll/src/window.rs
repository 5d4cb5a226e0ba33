//! Polls a job within a window: asks CXone several times with pauses, until the outcome is known or the window ends.
//!
//! The job's deadline is CXone's time for the job. Only a status can show that the deadline has passed without an end. While poll
//! cannot read a status, it is blind: it continues to ask until its own patience ends.

use std::time::Duration;

use attachments::{
    InteractionId, JobId, JobStatus, Reason, ReasonCode, Timestamp,
    polling::{MAX_CHANGES, UNKNOWN_JOB_GRACE, pause_after, wait_seconds},
    workflow::{Attachment, Blind, Decision, Ending, Resolution, StatusChange, error_type},
};
use cxone::{Job, JobError};
use host::{
    Clock, Failure, later,
    metrics::{self, Metric},
};
use tokio::time::sleep;

/// How long poll asks.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The longest time within one invocation.
    pub window: Duration,
    /// The job's deadline after the upload's end. If a status at or after the deadline does not end the job, the outcome is
    /// `TIMED_OUT`.
    pub deadline: Duration,
    /// The time after the upload's end until which poll tries to read a status. If it cannot, the outcome is `TRACKING_FAILED`. If
    /// the deadline is later, it replaces this limit, so that tracking does not end before the deadline.
    pub patience: Duration,
}

/// The job, and when to stop asking.
struct TrackedJob {
    job: JobId,
    interaction: InteractionId,
    uploaded_at: Timestamp,
    deadline: Timestamp,
    give_up_at: Timestamp,
}

/// The result of one call to CXone.
enum Step {
    /// The outcome is known.
    Ended(Ending),
    /// The response has a status that does not end the job.
    Continues,
    /// Poll could not read a status.
    Blind(Fault),
}

/// Why poll could not read a status.
struct Fault {
    /// The reason code if tracking ends because of this fault.
    code: ReasonCode,
    text: String,
    /// The shortest wait, which CXone or a gateway asked for.
    not_before: Duration,
    /// Whether another call within seconds may help. If a person must correct something, it does not.
    may_pass_soon: bool,
}

impl TrackedJob {
    fn of(attachment: &Attachment, limits: &Limits) -> Result<Self, Failure> {
        let (Some(job), Some(interaction)) = (attachment.job_id.clone(), attachment.interaction_id.clone()) else {
            return Err(Failure::input("the payload has no job_id or no interaction_id, so poll cannot ask CXone"));
        };
        let Some(uploaded_at) = attachment.upload.and_then(|upload| upload.ended_at) else {
            return Err(Failure::input("the payload has no upload.ended_at, so the job's deadline is unknown"));
        };
        let deadline = later(uploaded_at, limits.deadline);
        let give_up_at = deadline.max(later(uploaded_at, limits.patience));
        Ok(Self { job, interaction, uploaded_at, deadline, give_up_at })
    }
}

/// Asks CXone until the outcome is known or the state machine must wait. `ask` makes one call.
pub(crate) async fn poll(
    ask: impl AsyncFn(&JobId) -> Result<Job, JobError>,
    mut attachment: Attachment,
    limits: &Limits,
    clock: Clock,
) -> Result<Attachment, Failure> {
    // The state machine of a newer release may send an object that has its ending already.
    if attachment.result.is_some() {
        return Ok(attachment);
    }
    let tracked = TrackedJob::of(&attachment, limits)?;
    let window_end = later(clock.now(), limits.window);
    attachment.job.changes.clear();
    attachment.wait_seconds = None;
    let mut asked = 0;
    loop {
        asked += 1;
        attachment.job.polls += 1;
        let response = ask(&tracked.job).await;
        let now = clock.now();
        let step = match response {
            Ok(job) => with_status(&mut attachment, job, &tracked, now),
            Err(error) => without_status(&mut attachment, error, &tracked, now),
        };
        let (until, not_before, may_pass_soon) = match &step {
            Step::Ended(_) | Step::Continues => (tracked.deadline, Duration::ZERO, true),
            Step::Blind(fault) => (tracked.give_up_at, fault.not_before, fault.may_pass_soon),
        };
        let pause = pause_after(asked).max(not_before);
        let next = later(now, pause);
        let window_over = next >= window_end || !may_pass_soon;
        match step {
            Step::Ended(ending) => return Ok(ended(attachment, ending, now)),
            Step::Continues if now >= until => {
                let ending = Ending::TimedOut(timed_out(&attachment, limits));
                return Ok(ended(attachment, ending, now));
            }
            // A single fault does not end tracking: poll uses the rest of the window.
            Step::Blind(fault) if now >= until && window_over => {
                let ending = Ending::TrackingFailed(tracking_failed(&attachment, &fault, &tracked, limits, now));
                return Ok(ended(attachment, ending, now));
            }
            Step::Continues | Step::Blind(_) => {}
        }
        // The state machine waits until the end, so that the last call is made at the end.
        if now < until && (window_over || next >= until) {
            return Ok(wait(attachment, not_before, now, until));
        }
        sleep(pause).await;
    }
}

/// Handles a response with a status.
fn with_status(attachment: &mut Attachment, job: Job, tracked: &TrackedJob, now: Timestamp) -> Step {
    let word = job.status.as_str();
    let progress = &mut attachment.job;
    progress.blind = None;
    if progress.status.as_deref() != Some(word) {
        tracing::info!(status = word, polls = progress.polls, "job status");
        if progress.changes.len() < MAX_CHANGES {
            progress.changes.push(StatusChange { status: word.to_owned(), at: now });
        }
        progress.status = Some(word.to_owned());
    }
    let named = job.interaction_id.filter(|id| !id.trim().is_empty());
    if named.is_some_and(|id| !tracked.interaction.is_named_by(&id)) {
        let other = job.interaction_shown.unwrap_or_default();
        let text = format!("CXone says that the job is for the interaction {other:?}, not {}", tracked.interaction);
        return Step::Ended(Ending::TrackingFailed(Reason::possibly_stored(ReasonCode::JobMismatch, text)));
    }
    match job.status {
        JobStatus::Completed => Step::Ended(Ending::Completed),
        JobStatus::Failed => {
            let reason = job.reason.unwrap_or_else(|| "CXone gave no reason".to_owned());
            Step::Ended(Ending::Failed(Reason::new(ReasonCode::JobFailed, reason)))
        }
        JobStatus::Pending | JobStatus::Running | JobStatus::Unrecognized(_) => Step::Continues,
    }
}

/// Handles a call without a status. It is not an error of the function, because the file itself may be fine.
fn without_status(attachment: &mut Attachment, error: JobError, tracked: &TrackedJob, now: Timestamp) -> Step {
    let progress = &mut attachment.job;
    let cxone_status = error.status();
    let retryable = |code, text, not_before: Option<Duration>| Fault {
        code,
        text,
        not_before: not_before.unwrap_or_default(),
        may_pass_soon: true,
    };
    let fault = match error {
        JobError::Throttled { wait, fault, .. } => {
            progress.throttled += 1;
            metrics::count(Metric::Throttled);
            retryable(ReasonCode::CxoneUnavailable, fault, Some(wait))
        }
        JobError::Blind { fault, retry_after, .. } => {
            progress.faults += 1;
            retryable(ReasonCode::CxoneUnavailable, fault, retry_after)
        }
        JobError::Unauthorized { fault, retry_after, .. } => {
            progress.faults += 1;
            // The runbook searches this line. `Poll::ask` decides whether the refusal counts for the alarm.
            tracing::error!(cxone_status, error_type = error_type::CXONE_UNAUTHORIZED, "{fault}");
            Fault { may_pass_soon: false, ..retryable(ReasonCode::CxoneUnauthorized, fault, retry_after) }
        }
        JobError::NotFound => {
            progress.faults += 1;
            let grace = UNKNOWN_JOB_GRACE.as_secs();
            if now >= later(tracked.uploaded_at, UNKNOWN_JOB_GRACE) {
                let text = format!("CXone does not know the job {} {grace} s after the upload", tracked.job);
                return Step::Ended(Ending::TrackingFailed(Reason::possibly_stored(ReasonCode::CxoneNotFound, text)));
            }
            retryable(ReasonCode::CxoneNotFound, "CXone does not know the job yet (404)".to_owned(), None)
        }
        JobError::Refused { reason, .. } => {
            tracing::warn!(cxone_status, polls = progress.polls, reason = %reason.code, "CXone refused the poll");
            return Step::Ended(Ending::TrackingFailed(Reason::possibly_stored(reason.code, reason.text)));
        }
    };
    tracing::warn!(cxone_status, polls = progress.polls, "no status: {}", fault.text);
    let since = progress.blind.as_ref().map_or(now, |blind| blind.since);
    progress.blind = Some(Blind { since, fault: fault.text.chars().take(Blind::FAULT_CHARS).collect() });
    Step::Blind(fault)
}

fn timed_out(attachment: &Attachment, limits: &Limits) -> Reason {
    let text = format!(
        "the job had not ended {} s after the upload (JOB_DEADLINE_SECONDS); its last status was {}",
        limits.deadline.as_secs(),
        history(attachment)
    );
    Reason::possibly_stored(ReasonCode::JobDeadline, text)
}

fn tracking_failed(
    attachment: &Attachment,
    fault: &Fault,
    tracked: &TrackedJob,
    limits: &Limits,
    now: Timestamp,
) -> Reason {
    let since = attachment.job.blind.as_ref().map_or(now, |blind| blind.since);
    let setting = if limits.patience >= limits.deadline { "TRACKING_PATIENCE_SECONDS" } else { "JOB_DEADLINE_SECONDS" };
    let text = format!(
        "no status of the job could be read from {} s to {} s after the upload ({setting}); the last status was {}; the last fault: {}",
        since.seconds_since(tracked.uploaded_at).round(),
        now.seconds_since(tracked.uploaded_at).round(),
        history(attachment),
        fault.text
    );
    Reason::possibly_stored(fault.code, text)
}

/// The last status and the counts, for a reason's text.
fn history(attachment: &Attachment) -> String {
    let job = &attachment.job;
    format!(
        "{}, after {} polls, {} of them throttled and {} without a usable response",
        job.status.as_deref().unwrap_or("none"),
        job.polls,
        job.throttled,
        job.faults
    )
}

fn ended(mut attachment: Attachment, ending: Ending, at: Timestamp) -> Attachment {
    tracing::info!(
        outcome = %ending.outcome(),
        reason = ending.reason().map(|reason| reason.code.as_str().into_owned()),
        polls = attachment.job.polls,
        "job ended"
    );
    metrics::emit(&[(Metric::JobsEnded, 1.0), (Metric::PollsPerJob, f64::from(attachment.job.polls))]);
    attachment.decision = if ending.outcome().is_success() { Decision::Completed } else { Decision::Unsuccessful };
    attachment.result = Some(Resolution { ending, at });
    attachment
}

fn wait(mut attachment: Attachment, not_before: Duration, now: Timestamp, until: Timestamp) -> Attachment {
    attachment.decision = Decision::Wait;
    attachment.wait_seconds = Some(wait_seconds(attachment.job.waits, Some(not_before), now, until));
    attachment.job.waits += 1;
    attachment
}

#[cfg(test)]
mod tests;
