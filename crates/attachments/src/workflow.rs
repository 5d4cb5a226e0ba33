//! Every payload that crosses Step Functions, in one place.
//!
//! One [`Attachment`] goes through the whole machine: intake starts the execution with it, `PollJob` returns it with its
//! progress, finalize reads it. Reading tolerates unknown fields and new fields have defaults, since a canary deployment or
//! a redrive lets versions meet; golden files in `tests/golden/` hold each released shape.

mod ending;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use ending::{Ending, Resolution, Settlement};

use crate::{Identity, InteractionId, JobId, Outcome, Reason, ReasonCode, Timestamp};

/// The version of the payloads' shape; raised when a reader must tell shapes apart.
pub const SCHEMA: u32 = 1;

/// The names of the errors that functions return. The state machine retries and catches by these, so they are stable.
pub mod error_type {
    /// The payload cannot be read; a retry would not help.
    pub const INPUT_INVALID: &str = "Input.Invalid";
    /// A setting is missing or malformed; every invocation says so until it is mended.
    pub const SETTINGS_INVALID: &str = "Settings.Invalid";
    /// CXone refuses the credentials, or the secret that holds them is unusable.
    pub const CXONE_UNAUTHORIZED: &str = "Cxone.Unauthorized";
    /// The credentials cannot be read, or CXone cannot be asked, for now.
    pub const CXONE_UNAVAILABLE: &str = "Cxone.Unavailable";
    /// `DynamoDB` did not take the outcome.
    pub const LEDGER_UNAVAILABLE: &str = "Ledger.Unavailable";
    /// S3 did not take the audit record.
    pub const AUDIT_UNWRITABLE: &str = "Audit.Unwritable";
    /// The receiver did not answer the webhook with 2xx.
    pub const WEBHOOK_UNDELIVERED: &str = "Webhook.Undelivered";
    /// A bare event's object is not finished; the invocation must come again.
    pub const INTAKE_UNFINISHED: &str = "Intake.Unfinished";

    /// What `PollFunction` may return.
    pub const OF_POLL: &[&str] = &[INPUT_INVALID, SETTINGS_INVALID, CXONE_UNAUTHORIZED, CXONE_UNAVAILABLE];
    /// What `FinalizeFunction` may return.
    pub const OF_FINALIZE: &[&str] =
        &[INPUT_INVALID, SETTINGS_INVALID, LEDGER_UNAVAILABLE, AUDIT_UNWRITABLE, WEBHOOK_UNDELIVERED];
}

/// What the machine's `Route` does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Ask CXone about the job.
    Poll,
    /// Wait `wait_seconds`, then ask.
    Wait,
    /// Record the success.
    Completed,
    /// Record what went wrong.
    Unsuccessful,
}

impl Decision {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Poll, Self::Wait, Self::Completed, Self::Unsuccessful];
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
    /// CXone may hold the file although no answer said so: its quota stays reserved.
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

/// What S3's checksum said of the bytes read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceChecksum {
    /// The object has a checksum of the whole and the bytes match it.
    Verified,
    /// No checksum, or one of the parts only (composite).
    NotVerifiable,
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
    /// CXone's last word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// The status changes that the last invocation saw, at most 20, so that the console's state outputs tell the story.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<StatusChange>,
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
    /// How it ended, as finalize must record it: the result, or that polling failed for good. `now` dates the latter.
    #[must_use]
    pub fn resolution(&self, now: Timestamp) -> Resolution {
        if let (Some(result), None) = (&self.result, &self.error) {
            return result.clone();
        }
        let reason = match &self.error {
            Some(error) if error.error == error_type::CXONE_UNAUTHORIZED => {
                Reason::new(ReasonCode::CxoneUnauthorized, error.message())
            }
            Some(error) => Reason::new(ReasonCode::PollFailed, format!("{}: {}", error.error, error.message())),
            None => Reason::new(ReasonCode::PollFailed, "the execution reached its end without a result"),
        };
        Resolution { ending: Ending::TrackingFailed(reason), at: now }
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
