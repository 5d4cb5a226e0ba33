//! Every payload that crosses Step Functions, in one place.
//!
//! One [`Attachment`] goes through the whole machine: intake starts the execution with it, `PollJob` returns it with its
//! progress, finalize reads it. During a canary deployment, a rollback or a redrive, one release reads the payloads of another.
//! So readers tolerate unknown fields, new fields have defaults, and unknown words are kept. Golden files in `tests/golden/`
//! hold each released shape.

mod ending;
pub mod error_type;
mod message;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use ending::{Ending, Resolution, Settlement};
pub use message::Contradiction;

use crate::{Identity, InteractionId, JobId, Outcome, Reason, ReasonCode, Timestamp, word::words};

/// The version of the payloads' shape; raised when a reader must tell shapes apart.
pub const SCHEMA: u32 = 1;

words! {
    /// What the machine's `Route` does next. `Route` takes a word that it does not know to `RecordFailure`.
    Decision:
    /// Ask CXone about the job.
    Poll = "poll",
    /// Wait `wait_seconds`, then ask.
    Wait = "wait",
    /// Record the success.
    Completed = "completed",
    /// Record what went wrong.
    Unsuccessful = "unsuccessful",
}

/// The state of one object on its way through the machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attachment {
    /// [`SCHEMA`] of the writer.
    pub schema: u32,
    /// Where `Route` sends it.
    pub decision: Decision,
    /// Seconds that `WaitForJob` waits; always there where `decision` is `wait`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_seconds: Option<u32>,
    /// The object's identity, everywhere the same.
    pub identity: Identity,
    /// None where the object was rejected before a valid id was known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interaction_id: Option<InteractionId>,
    /// The interaction that the key names, valid or not; none if it names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_interaction: Option<String>,
    /// CXone's job; none where nothing was accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_id: Option<JobId>,
    /// The object and what was learnt of it.
    pub object: ObjectFacts,
    /// The object's tags, which became the attachment's metadata.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// Whether CXone was asked to scan for viruses.
    #[serde(default = "yes")]
    pub auto_scan: bool,
    /// When the last upload ran; none where none was begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload: Option<Upload>,
    /// How often an upload was begun.
    #[serde(default)]
    pub upload_attempts: u32,
    /// Intake says that CXone may hold the file, although no response said so. See [`Attachment::possibly_stored_after`].
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub possibly_stored: bool,
    /// The job as seen so far.
    #[serde(default)]
    pub job: JobProgress,
    /// How it ended, as soon as that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Resolution>,
    /// What `PollJob` failed with, put here by its Catch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<StepError>,
}

const fn yes() -> bool {
    true
}

/// The object, as the event named it and as it was read.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ObjectFacts {
    /// The bucket's name.
    pub bucket: String,
    /// The decoded key.
    pub key: String,
    /// None in an unversioned bucket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
    /// Without quotes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// Bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size_bytes: Option<u64>,
    /// Of the bytes that were sent, in hexadecimal; none where they were not sent whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// The detected type's canonical name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mime_type: Option<String>,
    /// The object's own `Content-Type`, where it is specific. Not judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared_content_type: Option<String>,
    /// Whether S3's checksum could be checked while reading.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_checksum: Option<SourceChecksum>,
    /// When S3 says the object was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_time: Option<Timestamp>,
}

words! {
    /// What S3's checksum said of the bytes read.
    SourceChecksum:
    /// The object has a checksum of the whole and the bytes match it.
    Verified = "verified",
    /// No checksum, or one of the parts only (composite).
    NotVerifiable = "not_verifiable",
}

/// When an upload began and ended.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Upload {
    /// The first byte's time.
    pub started_at: Timestamp,
    /// CXone's answer's time; the job's deadline counts from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
}

/// What polling saw of the job.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct JobProgress {
    /// Calls to CXone so far.
    pub polls: u32,
    /// Waits handed to the machine so far.
    #[serde(default)]
    pub waits: u32,
    /// Answers of 429 so far.
    #[serde(default)]
    pub throttled: u32,
    /// Calls that brought no usable answer so far.
    #[serde(default)]
    pub faults: u32,
    /// Set while no status can be read; the next status clears it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blind: Option<Blind>,
    /// CXone's last word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// The status changes that the last invocation saw, at most 20, so that the console's state outputs tell the story.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<StatusChange>,
}

/// Polling without a status: refused credentials, a gateway's pages, an outage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Blind {
    /// When the first response without a status came.
    pub since: Timestamp,
    /// The last fault, cut to [`Blind::FAULT_CHARS`].
    pub fault: String,
}

impl Blind {
    /// The longest fault that is kept, in characters.
    pub const FAULT_CHARS: usize = 256;
}

/// A status that differed from the one before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StatusChange {
    /// CXone's word.
    pub status: String,
    /// When it was first seen.
    pub at: Timestamp,
}

/// What Step Functions puts where a Catch says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepError {
    /// The error's name, one of [`error_type`] or of Step Functions' and Lambda's own.
    #[serde(rename = "Error")]
    pub error: String,
    /// For a function's error a JSON object with `errorMessage`.
    #[serde(rename = "Cause", default)]
    pub cause: String,
}

impl StepError {
    /// The function's own message where `cause` holds one, else `cause` as it is.
    #[must_use]
    pub fn message(&self) -> String {
        #[derive(Deserialize)]
        struct FunctionError {
            #[serde(rename = "errorMessage")]
            message: String,
        }
        serde_json::from_str::<FunctionError>(&self.cause).map_or_else(|_| self.cause.clone(), |error| error.message)
    }
}

impl Attachment {
    /// How it ended, as finalize must record it: the result, or that polling failed. `now` dates the latter.
    #[must_use]
    pub fn resolution(&self, now: Timestamp) -> Resolution {
        if let (Some(result), None) = (&self.result, &self.error) {
            return result.clone();
        }
        let (code, text) = match &self.error {
            // Releases before 0.2.0 returned these two errors from poll; now poll keeps asking.
            Some(error) if error.error == error_type::CXONE_UNAUTHORIZED => {
                (ReasonCode::CxoneUnauthorized, error.message())
            }
            Some(error) if error.error == error_type::CXONE_UNAVAILABLE => {
                (ReasonCode::CxoneUnavailable, error.message())
            }
            Some(error) => {
                (ReasonCode::PollFailed, format!("PollJob failed with {}: {}", error.error, error.message()))
            }
            None => {
                let decision = self.decision.as_str();
                (
                    ReasonCode::PollFailed,
                    format!("the execution reached its end without a result, by the decision {decision:?}"),
                )
            }
        };
        let reason = if self.possibly_stored_after(Outcome::TrackingFailed) {
            Reason::possibly_stored(code, text)
        } else {
            Reason::new(code, text)
        };
        Resolution { ending: Ending::TrackingFailed(reason), at: now }
    }

    /// Whether CXone may hold the file after this outcome, although the outcome does not say so.
    #[must_use]
    pub const fn possibly_stored_after(&self, outcome: Outcome) -> bool {
        match outcome {
            Outcome::Completed => false,
            Outcome::Failed | Outcome::Rejected => self.possibly_stored,
            Outcome::TimedOut | Outcome::TrackingFailed | Outcome::Other(_) => {
                self.possibly_stored || self.job_id.is_some()
            }
        }
    }
}

/// What `RecordCompletion` and `RecordFailure` send to finalize.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FinalizeRequest {
    /// The ARN of the execution, for the record.
    #[serde(default)]
    pub execution_arn: Option<String>,
    /// The object's state.
    pub attachment: Attachment,
}

/// What finalize answers: the execution's output, and the error of a failed one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finalized {
    /// [`SCHEMA`] of the writer.
    pub schema: u32,
    /// The outcome's word: the `Error` of a failed execution.
    pub outcome: Outcome,
    /// The reason's code and where the audit record lies: the `Cause` of a failed execution.
    pub cause: String,
    /// The object's identity.
    pub identity: Identity,
    /// The audit record's bucket.
    pub audit_bucket: String,
    /// The audit record's key.
    pub audit_key: String,
    /// The receiver's HTTP status.
    pub webhook_status: u16,
}
