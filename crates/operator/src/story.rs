//! What happened to an object, what happens next, and what to do: told from what the ledger, Step Functions and S3 say.

mod events;
mod told;

use attachments::{Outcome, Timestamp};
use serde::Serialize;

use crate::{Exit, Object};
use events::events;
use told::Told;

/// What the deployment allows.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// After how long intake gives an object up, in seconds.
    pub give_up_seconds: u64,
    /// For how long a message is hidden after a crash, in seconds.
    pub visibility_seconds: u64,
}

/// Where an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Verdict {
    /// In the bucket; intake has not claimed it yet.
    Queued,
    /// In the bucket for long, and intake has not claimed it.
    Unseen,
    /// Intake reads or sends it.
    Working,
    /// Released; intake tries again.
    Waiting,
    /// Intake crashed on it, and tries again.
    Crashing,
    /// CXone has it and scans it; poll follows the job.
    Scanning,
    /// The outcome is known and is being recorded and delivered.
    Recording,
    /// Its execution ended without an outcome.
    Stuck,
    /// CXone has the file.
    Completed,
    /// CXone took the file, and its job failed.
    Failed,
    /// Not sent, or refused.
    Rejected,
    /// The job did not end in time.
    TimedOut,
    /// What became of the upload is not known.
    TrackingFailed,
    /// An outcome of a newer release.
    Other,
    /// Its key or name starts nothing.
    Ignored,
    /// Deleted before intake claimed it, or never written.
    Nothing,
}

/// A step of the object's way.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Event {
    /// When, RFC 3339 in UTC.
    #[serde(serialize_with = "rfc3339")]
    pub at: Timestamp,
    /// The step.
    pub step: String,
    /// What is known of it.
    pub fact: String,
    /// Who says so: `s3`, `ledger`, `step functions`, `audit record`.
    pub source: &'static str,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes it so")]
fn rfc3339<S: serde::Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(at)
}

/// The answer about one object.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Story {
    /// Where the object is.
    pub verdict: Verdict,
    /// The same in words, with the cause.
    pub words: String,
    /// The reason's code, where there is one.
    pub reason_code: Option<String>,
    /// What has become of the webhook, unless it was delivered or is not due.
    pub webhook: Option<String>,
    /// What happens next, and when. None if nothing does.
    pub next: Option<String>,
    /// When that is, RFC 3339 in UTC.
    pub next_at: Option<String>,
    /// What a person may do.
    #[serde(rename = "do")]
    pub advice: String,
    /// What happened, oldest first.
    pub events: Vec<Event>,
}

impl Verdict {
    /// The exit code of an object in this state.
    #[must_use]
    pub const fn exit(self) -> Exit {
        match self {
            Self::Completed => Exit::Success,
            Self::Nothing => Exit::NotFound,
            Self::Queued | Self::Working | Self::Waiting | Self::Crashing | Self::Scanning | Self::Recording => {
                Exit::InProgress
            }
            Self::Unseen
            | Self::Ignored
            | Self::Stuck
            | Self::Failed
            | Self::Rejected
            | Self::TimedOut
            | Self::TrackingFailed
            | Self::Other => Exit::Bad,
        }
    }

    /// The word as it is printed.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Queued => "QUEUED",
            Self::Unseen => "UNSEEN",
            Self::Working => "WORKING",
            Self::Waiting => "WAITING",
            Self::Crashing => "CRASHING",
            Self::Scanning => "SCANNING",
            Self::Recording => "RECORDING",
            Self::Stuck => "STUCK",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
            Self::Rejected => "REJECTED",
            Self::TimedOut => "TIMED_OUT",
            Self::TrackingFailed => "TRACKING_FAILED",
            Self::Other => "OTHER",
            Self::Ignored => "IGNORED",
            Self::Nothing => "NOTHING",
        }
    }

    const fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Completed => Self::Completed,
            Outcome::Failed => Self::Failed,
            Outcome::Rejected => Self::Rejected,
            Outcome::TimedOut => Self::TimedOut,
            Outcome::TrackingFailed => Self::TrackingFailed,
            Outcome::Other(_) => Self::Other,
        }
    }
}

impl Story {
    /// Tells what is known of an object at this time.
    #[must_use]
    pub fn of(object: &Object, limits: Limits, now: Timestamp) -> Self {
        let Told { verdict, words, reason_code, webhook, next, advice } = told::tell(object, limits, now);
        let next_at = next.as_ref().and_then(|(_, at)| at.map(|at| at.to_string()));
        Self {
            verdict,
            words,
            reason_code,
            webhook,
            next: next.map(|(what, _)| what),
            next_at,
            advice,
            events: events(object),
        }
    }
}

#[cfg(test)]
mod tests;
