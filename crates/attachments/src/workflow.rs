//! Every payload that crosses Step Functions.
//!
//! One [`Attachment`] goes through the whole state machine: intake starts the execution with it, `PollJob` returns it with its
//! progress, and finalize reads it. During a canary deployment, a rollback or a redrive, one release reads the payloads of
//! another. So readers ignore unknown fields, new fields have defaults, and unknown words are kept. Golden files in
//! `tests/golden/` hold each released format.

mod ending;
pub mod error_type;
mod message;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use ending::{Ending, Resolution, Settlement};
pub use message::Contradiction;

use crate::{Identity, InteractionId, JobId, Outcome, Reason, ReasonCode, Timestamp, word::words};

/// The version of the payloads' format. It is raised if a reader must distinguish two formats.
pub const SCHEMA: u32 = 1;

words! {
    /// The next state after `Route`. `Route` leads to `RecordFailure` if it does not know the word.
    Decision:
    /// `PollJob` asks CXone about the job.
    Poll = "poll",
    /// `WaitForJob` waits `wait_seconds`, then `PollJob` asks.
    Wait = "wait",
    /// `RecordCompletion` records the success.
    Completed = "completed",
    /// `RecordFailure` records why the object did not complete.
    Unsuccessful = "unsuccessful",
}

/// One object's state in the state machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attachment {
    /// [`SCHEMA`] of the writer.
    pub schema: u32,
    /// The next state.
    pub decision: Decision,
    /// How long `WaitForJob` waits. Always present if `decision` is `wait`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_seconds: Option<u32>,
    /// The object's identity.
    pub identity: Identity,
    /// None if intake rejected the object before it knew a valid id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interaction_id: Option<InteractionId>,
    /// The interaction that the key names, valid or not. None if it names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_interaction: Option<String>,
    /// CXone's job. None if CXone has accepted no upload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_id: Option<JobId>,
    /// The object, as far as intake has read it.
    pub object: ObjectFacts,
    /// The object's tags, which intake sends as the attachment's metadata.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// Whether intake asked CXone to scan for viruses.
    #[serde(default = "yes")]
    pub auto_scan: bool,
    /// When the last upload ran. None if no upload was started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload: Option<Upload>,
    /// How many uploads were started.
    #[serde(default)]
    pub upload_attempts: u32,
    /// Intake concludes that CXone may hold the file, although no response said so. See
    /// [`Attachment::possibly_stored_after`].
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub possibly_stored: bool,
    /// The progress of the job.
    #[serde(default)]
    pub job: JobProgress,
    /// The ending, as soon as intake or poll knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Resolution>,
    /// The error of `PollJob`, which its Catch puts here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<StepError>,
}

const fn yes() -> bool {
    true
}

/// The object, as the event named it and as intake read it.
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
    /// None if intake could not read the object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size_bytes: Option<u64>,
    /// The digest of the sent bytes, in hexadecimal. None if intake did not send the whole file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// The detected type's canonical name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mime_type: Option<String>,
    /// The object's own `Content-Type`, if it is specific. No check uses it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared_content_type: Option<String>,
    /// Whether intake could verify S3's checksum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_checksum: Option<SourceChecksum>,
    /// When the object was written, according to S3's event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_time: Option<Timestamp>,
}

words! {
    /// Whether intake could verify the bytes by S3's checksum.
    SourceChecksum:
    /// The object has a checksum of all its bytes, and the bytes match it.
    Verified = "verified",
    /// The object has no checksum, or only one of its parts' checksums (composite).
    NotVerifiable = "not_verifiable",
}

/// When an upload began and ended.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Upload {
    /// When intake sent the first byte.
    pub started_at: Timestamp,
    /// When CXone responded. The job's deadline counts from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
}

/// The progress of a job, as poll has seen it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct JobProgress {
    /// Calls to CXone so far.
    pub polls: u32,
    /// Waits of the state machine so far.
    #[serde(default)]
    pub waits: u32,
    /// Responses of 429 so far.
    #[serde(default)]
    pub throttled: u32,
    /// Calls without a usable response so far.
    #[serde(default)]
    pub faults: u32,
    /// Present while poll cannot read a status. The next status removes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blind: Option<Blind>,
    /// CXone's last status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// The status changes that the last invocation saw, at most 20. The console shows them in the state's output.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<StatusChange>,
}

/// Poll cannot read a status: CXone refuses the credentials, a gateway responds instead of CXone, or CXone is down.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Blind {
    /// When the first response without a status came.
    pub since: Timestamp,
    /// The last fault, shortened to [`Blind::FAULT_CHARS`].
    pub fault: String,
}

impl Blind {
    /// The longest fault that poll keeps.
    pub const FAULT_CHARS: usize = 256;
}

/// A status that differs from the one before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StatusChange {
    /// CXone's status.
    pub status: String,
    /// When poll first saw it.
    pub at: Timestamp,
}

/// The error that a Catch of Step Functions adds to the payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepError {
    /// The error's name: one of [`error_type`], or one of Step Functions' or Lambda's own.
    #[serde(rename = "Error")]
    pub error: String,
    /// If a function returned the error, a JSON object with `errorMessage`.
    #[serde(rename = "Cause", default)]
    pub cause: String,
}

impl StepError {
    /// The function's own message if `cause` holds one, otherwise `cause`.
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
    /// The ending that finalize records: the result, or that polling failed. The latter gets the time `now`.
    #[must_use]
    pub fn resolution(&self, now: Timestamp) -> Resolution {
        if let (Some(result), None) = (&self.result, &self.error) {
            return result.clone();
        }
        let (code, text) = match &self.error {
            // Poll of releases before 0.2.0 returned these two errors. Later releases continue to ask.
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
                    format!("the execution ended without a result, after the decision {decision:?}"),
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

/// The payload that `RecordCompletion` and `RecordFailure` send to finalize.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FinalizeRequest {
    /// The ARN of the execution, for the record.
    #[serde(default)]
    pub execution_arn: Option<String>,
    /// The object's state.
    pub attachment: Attachment,
}

/// Finalize's response: the output of an execution, or the error of a failed one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finalized {
    /// [`SCHEMA`] of the writer.
    pub schema: u32,
    /// The outcome. The `Error` of a failed execution.
    pub outcome: Outcome,
    /// The reason's code and the audit record's location. The `Cause` of a failed execution.
    pub cause: String,
    /// The object's identity.
    pub identity: Identity,
    /// The audit record's bucket.
    pub audit_bucket: String,
    /// The audit record's key.
    pub audit_key: String,
    /// The HTTP status of the webhook's receiver.
    pub webhook_status: u16,
}
