//! What the stand-in remembers, as the control interface shows it.

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

/// What a request's credentials were worth. The credentials themselves are never recorded.
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
    /// `HTTP/1.1`, say.
    pub http_version: String,
    /// Those of `transfer-encoding`, `content-length`, `content-type`, `idempotency-key`, `user-agent`, `expect` and
    /// `connection` that were there.
    pub headers: BTreeMap<String, String>,
    /// The interaction of the path, or of the job that was asked for.
    pub interaction_id: Option<String>,
    /// The job that was asked for.
    pub job_id: Option<String>,
    /// What the credentials were worth.
    pub authorization: Authorization,
    /// When the head had come, in milliseconds since the Unix epoch.
    pub started_ms: u64,
    /// When the answer was ready or the connection over; null while it lasts.
    pub ended_ms: Option<u64>,
    /// The script's step that decided, as it was set; null for ordinary behaviour.
    pub step: Option<serde_json::Value>,
    /// Bytes of the body that were read, without the chunks' framing.
    pub body_bytes: u64,
    /// Whether the body was read to its end, for an early 202 after it too.
    pub body_whole: bool,
    /// SHA-256 of an upload's whole body in hex, boundaries and all; null for a body that was not whole.
    #[serde(default)]
    pub body_sha256: Option<String>,
    /// How it ended; null while it lasts.
    pub end: Option<End>,
    /// Status of the answer; null without one.
    pub status: Option<u16>,
    /// What the upload held, as far as it was read.
    pub upload: Option<UploadRecord>,
    /// What was wrong with it; the texts are among the violations.
    pub violations: Vec<ViolationKind>,
}

/// What an upload held.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadRecord {
    /// The parts in the order in which they came.
    pub parts: Vec<PartRecord>,
    /// The file's name as received, between its quotes.
    pub file_name_raw: Option<String>,
    /// The file's name with `%22`, `%0D` and `%0A` undone.
    pub file_name: Option<String>,
    /// The file part's `Content-Type`.
    pub content_type: Option<String>,
    /// Bytes of the file.
    pub size: u64,
    /// SHA-256 of the file in hex; null unless the file part was whole.
    pub sha256: Option<String>,
    /// Whether the file holds the EICAR test string.
    pub infected: bool,
    /// The `metadata` part.
    pub metadata: Option<BTreeMap<String, String>>,
    /// The `autoScan` part.
    pub auto_scan: Option<bool>,
    /// Whether an attachment was made of it.
    pub stored: bool,
    /// Whether it was the repetition of an upload under the same key, and so made no second attachment.
    pub replayed: bool,
    /// The job of the attachment, whether or not the client was told.
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
    /// The key under which it came.
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
    /// Whether it is to be scanned.
    pub auto_scan: bool,
    /// Whether the file holds the EICAR test string, scanned or not.
    pub infected: bool,
    /// When it was stored, in milliseconds since the Unix epoch.
    pub stored_ms: u64,
    /// The job's status at the moment of the question.
    pub status: String,
    /// False once its job has FAILED: such a file takes no room.
    pub live: bool,
    /// The requests that brought it, by `seq`: the first made it, the others repeated it.
    pub requests: Vec<u64>,
}

/// What a client did that the API does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ViolationKind {
    /// The request's `Content-Type` is not `multipart/form-data` with a boundary.
    ContentType,
    /// The body is not multipart, or ends before its closing boundary although the request is whole.
    MultipartFraming,
    /// The parts are not exactly `file`, `metadata`, `autoScan` in this order.
    Parts,
    /// A part's headers lack something or have too much.
    PartHeaders,
    /// `metadata` is not one flat JSON object of strings.
    Metadata,
    /// `autoScan` is neither `true` nor `false`.
    AutoScan,
    /// There is no `Idempotency-Key`.
    IdempotencyKeyMissing,
    /// An `Idempotency-Key` came again with another request: every attempt must be the same, boundary included.
    IdempotencyKeyReused,
    /// A path or method that the API does not have: a redirect that was followed, say.
    UnexpectedRequest,
}

/// One violation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// The request.
    pub seq: u64,
    /// Its interaction, if it had one.
    pub interaction_id: Option<String>,
    /// What kind it is.
    pub kind: ViolationKind,
    /// The fault in words.
    pub text: String,
}

/// Counts since the start or the last reset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Stats {
    /// Calls of the token endpoint.
    pub token_requests: u64,
    /// Tokens given out.
    pub token_fetches: u64,
    /// Uploads whose head came.
    pub uploads_begun: u64,
    /// Uploads whose body was read to its end.
    pub uploads_completed: u64,
    /// Uploads that the client broke off.
    pub uploads_aborted: u64,
    /// Attachments made.
    pub uploads_stored: u64,
    /// Uploads that repeated one under the same key.
    pub uploads_replayed: u64,
    /// Calls of the job endpoint.
    pub polls: u64,
    /// Violations.
    pub violations: u64,
}
