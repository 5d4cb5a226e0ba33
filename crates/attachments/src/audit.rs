//! The audit record: what compliance reads, and what the webhook carries byte for byte.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    Identity, Reason, to_json,
    word::words,
    workflow::{Attachment, Resolution, Settlement, SourceChecksum},
};

/// The version of the record's shape.
pub const SCHEMA_VERSION: u32 = 1;

/// One object's record. Every field is always there, null where unknown. A record of an earlier release is read with defaults
/// for the fields that it lacks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuditRecord {
    /// [`SCHEMA_VERSION`] of the writer.
    pub schema_version: u32,
    /// [`crate::Outcome::event`].
    pub event: String,
    /// Whether the attachment is at the interaction.
    pub success: bool,
    /// The object's identity.
    pub identity: Identity,
    /// CXone's job.
    pub job_id: Option<String>,
    /// The interaction; null where no valid id was known.
    pub interaction_id: Option<String>,
    /// The interaction that the key names, valid or not; null if it names none.
    #[serde(default)]
    pub key_interaction: Option<String>,
    /// Why it did not complete; null where it did.
    pub error_reason: Option<Reason>,
    /// From the upload's start to the outcome, in seconds with three decimals.
    pub latency_seconds: Option<f64>,
    /// The outcome's time, `YYYY-MM-DDTHH:MM:SSZ`.
    pub timestamp: String,
    /// The object as it was read.
    pub object: AuditedObject,
    /// The object's tags.
    pub tags: BTreeMap<String, String>,
    /// Whether CXone was asked to scan for viruses.
    pub auto_scan: bool,
    /// Where the time went.
    pub timings: Timings,
    /// How often an upload was begun.
    pub upload_attempts: u32,
    /// CXone may hold the file although the outcome does not say so.
    #[serde(default)]
    pub possibly_stored: bool,
    /// How often CXone was asked about the job.
    pub polls: u32,
    /// What became of the reserved bytes.
    pub quota: QuotaState,
    /// The execution in Step Functions.
    pub execution_arn: Option<String>,
}

/// See [`crate::workflow::ObjectFacts`]; here every field is always there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuditedObject {
    /// The bucket's name.
    pub bucket: String,
    /// The decoded key.
    pub key: String,
    /// Null in an unversioned bucket.
    pub version_id: Option<String>,
    /// Without quotes.
    pub etag: Option<String>,
    /// Bytes.
    pub size_bytes: Option<u64>,
    /// Of the bytes sent, in hexadecimal.
    pub sha256: Option<String>,
    /// The detected type.
    pub mime_type: Option<String>,
    /// The object's own `Content-Type`.
    pub declared_content_type: Option<String>,
    /// Whether S3's checksum could be checked.
    pub source_checksum: Option<SourceChecksum>,
}

/// Seconds with three decimals.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Timings {
    /// From S3's event to the upload's start.
    pub queued_seconds: Option<f64>,
    /// From the upload's start to CXone's answer.
    pub upload_seconds: Option<f64>,
    /// From CXone's answer to the job's outcome.
    pub processing_seconds: Option<f64>,
}

words! {
    /// What became of the bytes that were reserved for the object.
    QuotaState:
    /// Still counted because the file is at CXone, or given back.
    Settled = "settled",
    /// Kept although nobody knows whether CXone holds the file.
    Unsettled = "unsettled",
    /// Nothing was reserved.
    None = "none",
}

impl QuotaState {
    /// From the bytes reserved and what the ending means for them.
    #[must_use]
    pub const fn of(reserved_bytes: u64, settlement: Settlement) -> Self {
        match (reserved_bytes, settlement) {
            (0, _) => Self::None,
            (_, Settlement::KeepUnsettled) => Self::Unsettled,
            (_, Settlement::Keep | Settlement::GiveBack) => Self::Settled,
        }
    }
}

impl AuditRecord {
    /// Puts the record together. `resolution` is the one that the ledger fixed, which wins over the attachment's own.
    #[must_use]
    pub fn new(
        attachment: &Attachment,
        resolution: &Resolution,
        quota: QuotaState,
        execution_arn: Option<String>,
    ) -> Self {
        let outcome = resolution.ending.outcome();
        let object = &attachment.object;
        let upload = attachment.upload;
        let started = upload.map(|u| u.started_at);
        let ended = upload.and_then(|u| u.ended_at);
        let since = |later: Option<crate::Timestamp>, earlier: Option<crate::Timestamp>| {
            Some(three_decimals(later?.seconds_since(earlier?).max(0.0)))
        };
        Self {
            schema_version: SCHEMA_VERSION,
            event: outcome.event().into_owned(),
            success: outcome.is_success(),
            identity: attachment.identity.clone(),
            job_id: attachment.job_id.as_ref().map(|id| id.as_str().to_owned()),
            interaction_id: attachment.interaction_id.as_ref().map(|id| id.as_str().to_owned()),
            key_interaction: attachment.key_interaction.clone(),
            error_reason: resolution.ending.reason().cloned(),
            latency_seconds: since(Some(resolution.at), started),
            timestamp: resolution.at.to_seconds_text(),
            object: AuditedObject {
                bucket: object.bucket.clone(),
                key: object.key.clone(),
                version_id: object.version_id.clone(),
                etag: object.etag.clone(),
                size_bytes: object.size_bytes,
                sha256: object.sha256.clone(),
                mime_type: object.mime_type.clone(),
                declared_content_type: object.declared_content_type.clone(),
                source_checksum: object.source_checksum,
            },
            tags: attachment.tags.clone(),
            auto_scan: attachment.auto_scan,
            timings: Timings {
                queued_seconds: since(started, object.event_time),
                upload_seconds: since(ended, started),
                processing_seconds: attachment.job_id.as_ref().and_then(|_| since(Some(resolution.at), ended)),
            },
            upload_attempts: attachment.upload_attempts,
            possibly_stored: attachment.possibly_stored_after(outcome),
            polls: attachment.job.polls,
            quota,
            execution_arn,
        }
    }

    /// The record as it is stored and sent: one JSON object and a newline.
    ///
    /// # Errors
    /// None in practice: every field has a JSON form.
    pub fn to_bytes(&self) -> serde_json::Result<Vec<u8>> {
        let mut bytes = to_json(self)?.into_bytes();
        bytes.push(b'\n');
        Ok(bytes)
    }
}

fn three_decimals(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}

/// The record's key: `{prefix}date={outcome's day}/{identity}.json`.
#[must_use]
pub fn audit_key(prefix: &str, identity: &Identity, resolution: &Resolution) -> String {
    format!("{prefix}date={}/{identity}.json", resolution.at.date())
}
