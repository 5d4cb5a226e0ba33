//! The window: ask, pause, ask again, until the outcome is known or the window closes.
//!
//! A response with a status and a response without one are two things. The job's deadline is the time that CXone has for the job,
//! and only a status says anything about that. Without a status poll is blind: it keeps asking until its own patience ends.

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

/// How long to ask.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Inside one invocation.
    pub window: Duration,
    /// From the upload's end. A status that is read at or after it and does not end the job makes the outcome `TIMED_OUT`.
    pub deadline: Duration,
    /// From the upload's end. If no status can be read until then, the outcome is `TRACKING_FAILED`. The deadline counts in its
    /// place if it is later, so that tracking never ends before the job's own time is over.
    pub patience: Duration,
}

/// Whom to ask about, and until when.
struct Followed {
    job: JobId,
    interaction: InteractionId,
    uploaded_at: Timestamp,
    deadline: Timestamp,
    give_up_at: Timestamp,
}

/// What one response means.
enum Step {
    /// The outcome is known.
    Ended(Ending),
    /// The job goes on: a status was read that does not end it.
    GoesOn,
    /// No status was read.
    Blind(Fault),
}

/// Why no status was read.
struct Fault {
    /// The reason's code if tracking is given up over this.
    code: ReasonCode,
    text: String,
    /// CXone or a gateway asked to wait for at least this long.
    not_before: Duration,
    /// Whether another question within seconds may help. If a person must fix something, it does not.
    may_pass_soon: bool,
}

impl Followed {
    fn of(attachment: &Attachment, limits: &Limits) -> Result<Self, Failure> {
        let (Some(job), Some(interaction)) = (attachment.job_id.clone(), attachment.interaction_id.clone()) else {
            return Err(Failure::input("the payload has no job_id or no interaction_id: nothing to ask CXone about"));
        };
        let Some(uploaded_at) = attachment.upload.and_then(|upload| upload.ended_at) else {
            return Err(Failure::input("the payload has no upload.ended_at: the job's deadline cannot be told"));
        };
        let deadline = later(uploaded_at, limits.deadline);
        let give_up_at = deadline.max(later(uploaded_at, limits.patience));
        Ok(Self { job, interaction, uploaded_at, deadline, give_up_at })
    }
}

/// Asks until the outcome is known or the machine has to wait. `question` asks CXone once.
pub(crate) async fn ask(
    question: impl AsyncFn(&JobId) -> Result<Job, JobError>,
    mut attachment: Attachment,
    limits: &Limits,
    clock: Clock,
) -> Result<Attachment, Failure> {
    // The machine of a newer release may bring an object here that has its ending already.
    if attachment.result.is_some() {
        return Ok(attachment);
    }
    let followed = Followed::of(&attachment, limits)?;
    let closes = later(clock.now(), limits.window);
    attachment.job.changes.clear();
    attachment.wait_seconds = None;
    let mut asked = 0;
    loop {
        asked += 1;
        attachment.job.polls += 1;
        let answer = question(&followed.job).await;
        let now = clock.now();
        let step = match answer {
            Ok(job) => interpret(&mut attachment, job, &followed, now),
            Err(error) => unread(&mut attachment, error, &followed, now),
        };
        let (until, not_before, may_pass_soon) = match &step {
            Step::Ended(_) | Step::GoesOn => (followed.deadline, Duration::ZERO, true),
            Step::Blind(fault) => (followed.give_up_at, fault.not_before, fault.may_pass_soon),
        };
        let pause = pause_after(asked).max(not_before);
        let next = later(now, pause);
        let window_over = next >= closes || !may_pass_soon;
        match step {
            Step::Ended(ending) => return Ok(ended(attachment, ending, now)),
            Step::GoesOn if now >= until => {
                let ending = Ending::TimedOut(timed_out(&attachment, limits));
                return Ok(ended(attachment, ending, now));
            }
            // One fault alone does not end tracking: what is left of the window is used.
            Step::Blind(fault) if now >= until && window_over => {
                let ending = Ending::TrackingFailed(given_up(&attachment, &fault, &followed, limits, now));
                return Ok(ended(attachment, ending, now));
            }
            Step::GoesOn | Step::Blind(_) => {}
        }
        // The last question before the end is asked at the end, by the machine's wait.
        if now < until && (window_over || next >= until) {
            return Ok(wait(attachment, not_before, now, until));
        }
        sleep(pause).await;
    }
}

/// What a status means.
fn interpret(attachment: &mut Attachment, job: Job, followed: &Followed, now: Timestamp) -> Step {
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
    if named.is_some_and(|id| !followed.interaction.is_named_by(&id)) {
        let other = job.interaction_shown.unwrap_or_default();
        let text = format!("CXone answers that the job is for the interaction {other:?}, not {}", followed.interaction);
        return Step::Ended(Ending::TrackingFailed(Reason::possibly_stored(ReasonCode::JobMismatch, text)));
    }
    match job.status {
        JobStatus::Completed => Step::Ended(Ending::Completed),
        JobStatus::Failed => {
            let reason = job.reason.unwrap_or_else(|| "CXone gave no reason".to_owned());
            Step::Ended(Ending::Failed(Reason::new(ReasonCode::JobFailed, reason)))
        }
        JobStatus::Pending | JobStatus::Running | JobStatus::Unrecognized(_) => Step::GoesOn,
    }
}

/// What a response without a status means. None is an error of the function: it says nothing about the file.
fn unread(attachment: &mut Attachment, error: JobError, followed: &Followed, now: Timestamp) -> Step {
    let progress = &mut attachment.job;
    let cxone_status = error.status();
    let passing = |code, text, not_before: Option<Duration>| Fault {
        code,
        text,
        not_before: not_before.unwrap_or_default(),
        may_pass_soon: true,
    };
    let fault = match error {
        JobError::Throttled { wait, fault, .. } => {
            progress.throttled += 1;
            metrics::count(Metric::Throttled);
            passing(ReasonCode::CxoneUnavailable, fault, Some(wait))
        }
        JobError::Blind { fault, retry_after, .. } => {
            progress.faults += 1;
            passing(ReasonCode::CxoneUnavailable, fault, retry_after)
        }
        JobError::Unauthorized { fault, retry_after, .. } => {
            progress.faults += 1;
            // What the runbook looks for. Whether it counts for the alarm, the question itself knows.
            tracing::error!(cxone_status, error_type = error_type::CXONE_UNAUTHORIZED, "{fault}");
            Fault { may_pass_soon: false, ..passing(ReasonCode::CxoneUnauthorized, fault, retry_after) }
        }
        JobError::NotFound => {
            progress.faults += 1;
            let grace = UNKNOWN_JOB_GRACE.as_secs();
            if now >= later(followed.uploaded_at, UNKNOWN_JOB_GRACE) {
                let text = format!("CXone does not know the job {} {grace} s after the upload", followed.job);
                return Step::Ended(Ending::TrackingFailed(Reason::possibly_stored(ReasonCode::CxoneNotFound, text)));
            }
            passing(ReasonCode::CxoneNotFound, "CXone does not know the job yet (404)".to_owned(), None)
        }
        JobError::Refused { reason, .. } => {
            tracing::warn!(cxone_status, polls = progress.polls, reason = %reason.code, "CXone refused the question");
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

fn given_up(attachment: &Attachment, fault: &Fault, followed: &Followed, limits: &Limits, now: Timestamp) -> Reason {
    let since = attachment.job.blind.as_ref().map_or(now, |blind| blind.since);
    let setting = if limits.patience >= limits.deadline { "TRACKING_PATIENCE_SECONDS" } else { "JOB_DEADLINE_SECONDS" };
    let text = format!(
        "no status of the job could be read from {} s to {} s after the upload ({setting}); the last status was {}; the last fault: {}",
        since.seconds_since(followed.uploaded_at).round(),
        now.seconds_since(followed.uploaded_at).round(),
        history(attachment),
        fault.text
    );
    Reason::possibly_stored(fault.code, text)
}

/// The last status and the counts, for a reason's text.
fn history(attachment: &Attachment) -> String {
    let job = &attachment.job;
    format!(
        "{}, after {} polls, {} of them throttled and {} without a usable answer",
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
