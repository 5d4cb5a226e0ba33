//! The window: ask, pause, ask again, until the job ends, the window closes or the deadline is past.

use std::time::{Duration, SystemTime};

use attachments::{
    InteractionId, JobId, JobStatus, Reason, ReasonCode, Timestamp,
    polling::{MAX_CHANGES, UNKNOWN_JOB_GRACE, pause_after, wait_seconds},
    workflow::{Attachment, Decision, Ending, Resolution, StatusChange, error_type},
};
use cxone::{Client, Job, JobError};
use host::{
    Failure,
    metrics::{self, Metric},
};
use tokio::time::{Instant, sleep};

/// How long to ask.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Inside one invocation.
    pub window: Duration,
    /// From the upload's end; past it the outcome is `TIMED_OUT`.
    pub deadline: Duration,
}

/// What one answer means.
enum Answer {
    Ended(Ending),
    /// Ask again; not before this long, where CXone said so.
    Again(Option<Duration>),
}

/// Asks until something is decided.
pub(crate) async fn ask(cxone: &Client, mut attachment: Attachment, limits: &Limits) -> Result<Attachment, Failure> {
    let (Some(job), Some(interaction)) = (attachment.job_id.clone(), attachment.interaction_id.clone()) else {
        return Err(Failure::input("the payload has no job_id or no interaction_id: nothing to ask CXone about"));
    };
    let Some(uploaded_at) = attachment.upload.and_then(|upload| upload.ended_at) else {
        return Err(Failure::input("the payload has no upload.ended_at: the job's deadline cannot be told"));
    };
    let deadline = uploaded_at.plus_millis(i64::try_from(limits.deadline.as_millis()).unwrap_or(i64::MAX));
    let closes = Instant::now() + limits.window;
    attachment.job.changes.clear();
    attachment.wait_seconds = None;
    let mut asked = 0;
    loop {
        asked += 1;
        let answer = one_question(cxone, &mut attachment, &job, &interaction, uploaded_at).await;
        let now = Timestamp::from(SystemTime::now());
        let not_before = match answer {
            Ok(Answer::Ended(ending)) => return Ok(ended(attachment, ending, now)),
            Ok(Answer::Again(not_before)) => not_before,
            // The machine's retries must not outlast the deadline.
            Err(failure) if failure.error_type == error_type::CXONE_UNAVAILABLE && now >= deadline => None,
            Err(failure) => return Err(failure),
        };
        if now >= deadline {
            let ending = Ending::TimedOut(timed_out(&attachment, limits));
            return Ok(ended(attachment, ending, now));
        }
        let pause = pause_after(asked).max(not_before.unwrap_or_default());
        let next = Instant::now() + pause;
        // The last question before the deadline is asked at the deadline, by the machine's wait.
        if next >= closes || now.plus_millis(i64::try_from(pause.as_millis()).unwrap_or(i64::MAX)) >= deadline {
            return Ok(wait(attachment, not_before, now, deadline));
        }
        sleep(pause).await;
    }
}

async fn one_question(
    cxone: &Client,
    attachment: &mut Attachment,
    job: &JobId,
    interaction: &InteractionId,
    uploaded_at: Timestamp,
) -> Result<Answer, Failure> {
    attachment.job.polls += 1;
    let fetches_before = cxone.token_fetches();
    let answer = cxone.job(job).await;
    let fetches = u32::try_from(cxone.token_fetches() - fetches_before).unwrap_or(u32::MAX);
    if fetches > 0 {
        metrics::emit(&[(Metric::TokenFetches, f64::from(fetches))]);
    }
    let now = Timestamp::from(SystemTime::now());
    let error = match answer {
        Ok(job) => return Ok(judge(attachment, job, interaction, now)),
        Err(error) => error,
    };
    tracing::warn!(polls = attachment.job.polls, "{error}");
    match error {
        JobError::Throttled { wait } => {
            attachment.job.throttled += 1;
            metrics::count(Metric::Throttled);
            Ok(Answer::Again(Some(wait)))
        }
        JobError::Unavailable(_) => {
            attachment.job.faults += 1;
            Ok(Answer::Again(None))
        }
        JobError::NotFound => {
            attachment.job.faults += 1;
            if now.seconds_since(uploaded_at) < UNKNOWN_JOB_GRACE.as_secs_f64() {
                return Ok(Answer::Again(None));
            }
            let text = format!("CXone does not know the job {job} {} s after the upload", UNKNOWN_JOB_GRACE.as_secs());
            Ok(Answer::Ended(Ending::TrackingFailed(Reason::new(ReasonCode::CxoneNotFound, text))))
        }
        JobError::Refused(reason) => {
            if reason.code == ReasonCode::CxoneUnauthorized {
                metrics::count(Metric::CxoneUnauthorized);
                // What the runbook looks for. The text is not CXone's here.
                tracing::error!(error_type = error_type::CXONE_UNAUTHORIZED, "{}", reason.text);
            }
            Ok(Answer::Ended(Ending::TrackingFailed(reason)))
        }
        JobError::Unauthorized(fault) => {
            metrics::count(Metric::CxoneUnauthorized);
            Err(Failure::new(error_type::CXONE_UNAUTHORIZED, fault))
        }
        JobError::CredentialsUnavailable(fault) => {
            attachment.job.faults += 1;
            Err(Failure::new(error_type::CXONE_UNAVAILABLE, fault))
        }
    }
}

fn judge(attachment: &mut Attachment, job: Job, interaction: &InteractionId, now: Timestamp) -> Answer {
    let word = job.status.as_str();
    if attachment.job.status.as_deref() != Some(word) {
        tracing::info!(status = word, polls = attachment.job.polls, "job status");
        if attachment.job.changes.len() < MAX_CHANGES {
            attachment.job.changes.push(StatusChange { status: word.to_owned(), at: now });
        }
        attachment.job.status = Some(word.to_owned());
    }
    if let Some(other) = job.interaction_id.filter(|id| id != interaction.as_str()) {
        let text = format!("CXone answers that the job is for the interaction {other:?}, not {interaction}");
        return Answer::Ended(Ending::TrackingFailed(Reason::new(ReasonCode::JobMismatch, text)));
    }
    match job.status {
        JobStatus::Completed => Answer::Ended(Ending::Completed),
        JobStatus::Failed => {
            let reason = job.reason.unwrap_or_else(|| "CXone gave no reason".to_owned());
            Answer::Ended(Ending::Failed(Reason::new(ReasonCode::JobFailed, reason)))
        }
        JobStatus::Pending | JobStatus::Running | JobStatus::Unrecognized(_) => Answer::Again(None),
    }
}

fn timed_out(attachment: &Attachment, limits: &Limits) -> Reason {
    let status = attachment.job.status.as_deref().unwrap_or("none");
    let text = format!(
        "the job had not ended {} s after the upload (JOB_DEADLINE_SECONDS); its last status was {status}, after {} polls, \
         {} of them throttled and {} without a usable answer",
        limits.deadline.as_secs(),
        attachment.job.polls,
        attachment.job.throttled,
        attachment.job.faults
    );
    Reason::new(ReasonCode::JobDeadline, text)
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

fn wait(mut attachment: Attachment, retry_after: Option<Duration>, now: Timestamp, deadline: Timestamp) -> Attachment {
    attachment.decision = Decision::Wait;
    attachment.wait_seconds = Some(wait_seconds(attachment.job.waits, retry_after, now, deadline));
    attachment.job.waits += 1;
    attachment
}

#[cfg(test)]
mod tests {
    use cxone::{CredentialsError, Endpoints};
    use host::{Environment, HttpClients};

    use super::*;

    /// A job that was uploaded so many seconds ago, asked about while the credentials cannot be read.
    async fn without_credentials(uploaded_before: i64) -> Result<Attachment, Failure> {
        let golden = include_str!("../../../crates/attachments/tests/golden/v1-uploaded.json");
        let mut attachment: Attachment = serde_json::from_str(golden).unwrap();
        let ended_at = Timestamp::from(SystemTime::now()).plus_millis(-1000 * uploaded_before);
        attachment.upload.as_mut().unwrap().ended_at = Some(ended_at);
        let web = HttpClients::read(&mut Environment::new(|_| None)).unwrap().web;
        let endpoints = Endpoints::new("http://127.0.0.1:9/api/v2".parse().unwrap(), None);
        let cxone =
            Client::new(web, endpoints, "job:read", async || Err(CredentialsError::Unavailable("away".to_owned())));
        ask(&cxone, attachment, &Limits { window: Duration::ZERO, deadline: Duration::from_mins(5) }).await
    }

    #[tokio::test(flavor = "current_thread")]
    async fn credentials_that_cannot_be_read_are_the_machine_s_to_retry_until_the_deadline() {
        let failure = without_credentials(0).await.unwrap_err();
        assert_eq!(failure.error_type, error_type::CXONE_UNAVAILABLE);
        let late = without_credentials(301).await.unwrap();
        assert_eq!(late.result.map(|result| result.ending.outcome()), Some(attachments::Outcome::TimedOut));
    }
}
