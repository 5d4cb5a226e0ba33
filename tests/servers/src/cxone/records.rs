//! The stand-in's records, as the control interface shows them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::scripted::connection::End;

/// Which call of the API a request was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// `POST …/oauth/token`
    Token,
    /// `POST …/interactions/{id}/attachments`
    Upload,
    /// `GET …/jobs/{id}`
    Job,
    /// Anything else, which is a violation.
    Other,
}

/// The result of checking a request's credentials. The credentials themselves are never recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Authorization {
    /// Accepted.
    Valid,
    /// There was no `Authorization` header.
    Missing,
    /// The header is not of the scheme that the call needs.
    Malformed,
    /// No such token, or wrong credentials.
    Unknown,
    /// A token past its time.
    Expired,
    /// A token that was revoked.
    Revoked,
}

/// One request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RequestRecord {
    /// Counts all requests since the start.
    pub seq: u64,
    /// Which call it was.
    pub call: Call,
    /// HTTP method.
    pub method: String,
    /// Path and query as received, escapes and all.
    pub path: String,
    /// For example `HTTP/1.1`.
    pub http_version: String,
    /// Only `transfer-encoding`, `content-length`, `content-type`, `idempotency-key`, `user-agent`, `expect` and
    /// `connection`.
    pub headers: BTreeMap<String, String>,
    /// The interaction of the path, or of the job that was asked for.
    pub interaction_id: Option<String>,
    /// The job that was asked for.
    pub job_id: Option<String>,
    /// The result of checking the credentials.
    pub authorization: Authorization,
    /// When the head was received, in milliseconds since the Unix epoch.
    pub started_ms: u64,
    /// When the answer was ready or the connection ended; null before that.
    pub ended_ms: Option<u64>,
    /// The script's step, as it was set; null for normal behaviour.
    pub step: Option<serde_json::Value>,
    /// Bytes of the body that were read, without the chunks' framing.
    pub body_bytes: u64,
    /// Whether the body was read to its end, also after an early 202.
    pub body_whole: bool,
    /// SHA-256 of an upload's whole body with its boundaries, in hex; null for an incomplete body.
    #[serde(default)]
    pub body_sha256: Option<String>,
    /// How it ended; null before that.
    pub end: Option<End>,
    /// Status of the answer; null without one.
    pub status: Option<u16>,
    /// The upload's content, as far as it was read.
    pub upload: Option<UploadRecord>,
    /// Its violations. `/_control/violations` has the texts.
    pub violations: Vec<ViolationKind>,
}

/// The content of an upload.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadRecord {
    /// The parts in order.
    pub parts: Vec<PartRecord>,
    /// The file's name as received, between its quotes.
    pub file_name_raw: Option<String>,
    /// The file's name with `%22`, `%0D` and `%0A` decoded.
    pub file_name: Option<String>,
    /// The file part's `Content-Type`.
    pub content_type: Option<String>,
    /// Bytes of the file.
    pub size: u64,
    /// SHA-256 of the file in hex; null if the file part was incomplete.
    pub sha256: Option<String>,
    /// Whether the file contains the EICAR test string.
    pub infected: bool,
    /// The `metadata` part.
    pub metadata: Option<BTreeMap<String, String>>,
    /// The `autoScan` part.
    pub auto_scan: Option<bool>,
    /// Whether it was stored as a new attachment.
    pub stored: bool,
    /// Whether it repeated a stored upload under the same key.
    pub replayed: bool,
    /// The job of the attachment, even if the answer did not have it.
    pub job_id: Option<String>,
}

/// One part of a form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartRecord {
    /// Its name, if its headers could be read.
    pub name: Option<String>,
    /// Its headers as received, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Bytes of its body.
    pub size: u64,
}

/// An attachment that the stand-in holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Its job.
    pub job_id: String,
    /// Its interaction.
    pub interaction_id: String,
    /// Its `Idempotency-Key`.
    pub idempotency_key: String,
    /// The file's name, decoded.
    pub file_name: String,
    /// The file's declared type.
    pub content_type: String,
    /// Bytes of the file.
    pub size: u64,
    /// SHA-256 of the file in hex.
    pub sha256: String,
    /// The tags.
    pub metadata: BTreeMap<String, String>,
    /// Whether CXone scans it.
    pub auto_scan: bool,
    /// Whether the file contains the EICAR test string, whether or not it is scanned.
    pub infected: bool,
    /// When it was stored, in milliseconds since the Unix epoch.
    pub stored_ms: u64,
    /// The job's status at the moment of the request.
    pub status: String,
    /// False once its job has FAILED: such a file does not count against the quota.
    pub live: bool,
    /// The `seq` of its uploads: the first stored it, the others repeated it.
    pub requests: Vec<u64>,
}

/// The kinds of violations of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ViolationKind {
    /// The request's `Content-Type` is not `multipart/form-data` with a boundary.
    ContentType,
    /// The body is not multipart, or ends before its closing boundary although the request is complete.
    MultipartFraming,
    /// The parts are not exactly `file`, `metadata`, `autoScan` in this order.
    Parts,
    /// A part's headers are incomplete or too many.
    PartHeaders,
    /// `metadata` is not one flat JSON object of strings.
    Metadata,
    /// `autoScan` is neither `true` nor `false`.
    AutoScan,
    /// There is no `Idempotency-Key`.
    IdempotencyKeyMissing,
    /// An `Idempotency-Key` was used for another request: every attempt must be the same, including its boundary.
    IdempotencyKeyReused,
    /// A path or method that the API does not have, for example after a followed redirect.
    UnexpectedRequest,
}

/// One violation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// The request.
    pub seq: u64,
    /// Its interaction, if it had one.
    pub interaction_id: Option<String>,
    /// Its kind.
    pub kind: ViolationKind,
    /// Its text.
    pub text: String,
}

/// Counts since the start or the last reset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Stats {
    /// Calls of the token endpoint.
    pub token_requests: u64,
    /// Tokens issued.
    pub token_fetches: u64,
    /// Uploads whose head was received.
    pub uploads_begun: u64,
    /// Uploads whose body was read to its end.
    pub uploads_completed: u64,
    /// Uploads that the client aborted.
    pub uploads_aborted: u64,
    /// Attachments stored.
    pub uploads_stored: u64,
    /// Uploads that repeated one under the same key.
    pub uploads_replayed: u64,
    /// Calls of the job endpoint.
    pub polls: u64,
    /// Violations.
    pub violations: u64,
}
