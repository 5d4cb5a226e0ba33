//! The audit record. Compliance reads it, and the webhook carries the same bytes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{
    Identity, Reason, to_json,
    word::words,
    workflow::{Attachment, Resolution, Settlement, SourceChecksum},
};

/// The version of the record's format.
pub const SCHEMA_VERSION: u32 = 1;

/// One object's record. Every field is always present, and null if its value is unknown. Fields that a record of an earlier
/// release lacks are read as their default.
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
    /// CXone's job. Null if CXone has accepted no upload.
    pub job_id: Option<String>,
    /// The interaction. Null if no valid id was known.
    pub interaction_id: Option<String>,
    /// The interaction that the key names, valid or not. Null if it names none.
    #[serde(default)]
    pub key_interaction: Option<String>,
    /// Why the object did not complete. Null if it did.
    pub error_reason: Option<Reason>,
    /// From the upload's start to the outcome, in seconds with three decimals.
    pub latency_seconds: Option<f64>,
    /// The outcome's time, `YYYY-MM-DDTHH:MM:SSZ`.
    pub timestamp: String,
    /// The object as intake read it.
    pub object: AuditedObject,
    /// The object's tags.
    pub tags: BTreeMap<String, String>,
    /// Whether intake asked CXone to scan for viruses.
    pub auto_scan: bool,
    /// How long each stage took.
    pub timings: Timings,
    /// How many uploads were started.
    pub upload_attempts: u32,
    /// CXone may hold the file although the outcome does not say so.
    #[serde(default)]
    pub possibly_stored: bool,
    /// How many times poll asked CXone about the job.
    pub polls: u32,
    /// Whether the reserved bytes stay counted.
    pub quota: QuotaState,
    /// The execution in Step Functions.
    pub execution_arn: Option<String>,
}

/// See [`crate::workflow::ObjectFacts`]. Here every field is always present.
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
    /// Null if intake could not read the object.
    pub size_bytes: Option<u64>,
    /// The digest of the sent bytes, in hexadecimal.
    pub sha256: Option<String>,
    /// The detected type.
    pub mime_type: Option<String>,
    /// The object's own `Content-Type`.
    pub declared_content_type: Option<String>,
    /// Whether S3's checksum could be verified.
    pub source_checksum: Option<SourceChecksum>,
}

/// Durations in seconds with three decimals.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Timings {
    /// From S3's event to the upload's start.
    pub queued_seconds: Option<f64>,
    /// From the upload's start to CXone's response.
    pub upload_seconds: Option<f64>,
    /// From CXone's response to the job's outcome.
    pub processing_seconds: Option<f64>,
}

words! {
    /// The state of the bytes that the object has reserved.
    QuotaState:
    /// The bytes stay counted because the file is at CXone, or they are refunded.
    Settled = "settled",
    /// The bytes stay counted because CXone may hold the file.
    Unsettled = "unsettled",
    /// The object reserved no bytes.
    None = "none",
}

impl QuotaState {
    /// Computes the state from the reserved bytes and the settlement of the ending.
    #[must_use]
    pub const fn of(reserved_bytes: u64, settlement: Settlement) -> Self {
        match (reserved_bytes, settlement) {
            (0, _) => Self::None,
            (_, Settlement::KeepUnsettled) => Self::Unsettled,
            (_, Settlement::Keep | Settlement::Refund) => Self::Settled,
        }
    }
}

impl AuditRecord {
    /// Builds the record. `resolution` is the one in the ledger, which wins over the attachment's own.
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

    /// The bytes that finalize stores and sends: one JSON object and a newline.
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

/// SHA-256 of a record's bytes in hexadecimal. The ledger keeps it beside the outcome.
#[must_use]
pub fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// The record's key: `{prefix}date={day of the outcome}/{identity}.json`.
#[must_use]
pub fn audit_key(prefix: &str, identity: &Identity, resolution: &Resolution) -> String {
    format!("{prefix}date={}/{identity}.json", resolution.at.date())
}
