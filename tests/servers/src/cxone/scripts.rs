//! The acts of scripts for the three calls.

use serde::{Deserialize, Serialize};

use crate::{
    cxone::echo::Echo,
    scripted::{
        connection::CutHow,
        raw::RawReply,
        reply::Reply,
        script::{Scripts, Step},
    },
};

/// What happens to an upload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum UploadAct {
    /// Behaves normally.
    Normal,
    /// Reads the body, stores nothing, and sends this answer.
    Reply(Reply),
    /// Reads the body and repeats the request in the answer.
    Echo(Echo),
    /// Sends this answer before the body is read. The rest of the body is discarded.
    EarlyReply(Reply),
    /// Reads and stores the upload normally, then sends this answer.
    StoreThenReply(Reply),
    /// Stores the upload and answers 202 with this body.
    Accept(AcceptedBody),
    /// Answers 202 with a job id before the body is read.
    AcceptEarly {
        /// What happens with the rest of the body.
        #[serde(default)]
        then: EarlyEnd,
        /// Milliseconds to wait before each read of at most 64 KiB.
        #[serde(default)]
        pause_ms: u64,
    },
    /// Writes bytes to the connection in place of an answer, and ends it.
    Raw {
        /// The bytes.
        reply: RawReply,
        /// Whether they are sent before the body is read.
        #[serde(default)]
        early: bool,
        /// Whether the attachment is stored before they are sent; not with `early`.
        #[serde(default)]
        store: bool,
    },
    /// Stops reading for a while in the middle of the body, then behaves normally.
    Stall {
        /// Bytes of the body to read first.
        after_bytes: u64,
        /// Milliseconds.
        ms: u64,
    },
    /// Ends the connection without an answer.
    Cut {
        /// When.
        at: CutAt,
        /// With a reset or an end of stream.
        #[serde(default)]
        how: CutHow,
        /// Whether the attachment is stored before a cut after the body.
        #[serde(default = "yes")]
        store: bool,
    },
    /// Never answers; the connection stays open until the client gives up.
    Never {
        /// Whether the body is read. With an unread body, the server does not see that the client is gone, so the
        /// record of such a request stays open.
        #[serde(default = "yes")]
        read: bool,
        /// Whether the attachment is stored once the body is read.
        #[serde(default)]
        store: bool,
    },
}

/// What happens with the body after an early 202.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EarlyEnd {
    /// It is read to its end and stored if it is complete. Its job is RUNNING until then, and FAILED if it is aborted.
    #[default]
    Read,
    /// The connection is closed after the 202. The job stays RUNNING until the upload is repeated.
    Close,
    /// The same with a reset.
    Reset,
}

/// When to cut an upload's connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CutAt {
    /// Before a byte of the body is read.
    BeforeBody,
    /// After this many bytes of the body. A shorter body is cut at its end and not stored.
    AfterBytes(u64),
    /// After the whole body.
    AfterBody,
}

/// The body of a 202.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AcceptedBody {
    /// `{"jobId": "…"}`
    JobId,
    /// `{"id": "…"}`
    Id,
    /// JSON without either.
    Neither,
    /// Not JSON at all.
    NotJson,
    /// Truncated JSON, with a correct `Content-Length`.
    CutJson,
    /// Nothing.
    Empty,
}

/// What happens to a poll.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum JobAct {
    /// Behaves normally.
    Normal,
    /// Sends this answer.
    Reply(Reply),
    /// Repeats the request in the answer.
    Echo(Echo),
    /// Answers 200 with this status. After `COMPLETED` or `FAILED`, in any case and with spaces around, the job has
    /// ended.
    Status(StatusAnswer),
    /// Writes bytes to the connection in place of an answer, and ends it.
    Raw(RawReply),
    /// Ends the connection without an answer.
    Cut(CutHow),
    /// Never answers.
    Never,
}

/// A scripted job status.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusAnswer {
    /// `PENDING`, `RUNNING`, `COMPLETED`, `FAILED`, or any other word.
    pub word: String,
    /// The reason, null if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Pads the reason to this many bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason_bytes: Option<usize>,
    /// The interaction in place of the job's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interaction_id: Option<String>,
}

/// What happens to a token request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum TokenAct {
    /// Behaves normally.
    Normal,
    /// Sends this answer.
    Reply(Reply),
    /// Repeats the request in the answer, with the credentials in plain text.
    Echo(Echo),
    /// Behaves normally, with tokens that are valid for this many seconds.
    ExpiresIn(u64),
    /// Writes bytes to the connection in place of an answer, and ends it.
    Raw(RawReply),
    /// Ends the connection without an answer.
    Cut(CutHow),
    /// Never answers.
    Never,
}

impl UploadAct {
    /// A cut with a reset. A complete body is stored first.
    #[must_use]
    pub fn cut(at: CutAt) -> Self {
        Self::Cut { at, how: CutHow::Reset, store: true }
    }

    /// Whether a complete and valid upload is stored.
    pub(crate) fn stores(&self) -> bool {
        match self {
            Self::Normal
            | Self::StoreThenReply(_)
            | Self::Accept(_)
            | Self::AcceptEarly { .. }
            | Self::Stall { .. } => true,
            Self::Echo(echo) => echo.store,
            Self::Raw { early, store, .. } => *store && !*early,
            Self::Reply(_) | Self::EarlyReply(_) => false,
            Self::Cut { at, store, .. } => *store && *at == CutAt::AfterBody,
            Self::Never { read, store } => *read && *store,
        }
    }
}

impl JobAct {
    /// A status without a reason.
    #[must_use]
    pub fn word(word: impl Into<String>) -> Self {
        Self::Status(StatusAnswer { word: word.into(), ..StatusAnswer::default() })
    }
}

impl StatusAnswer {
    /// Whether a client may treat this status as the job's end.
    pub(crate) fn is_final(&self) -> bool {
        matches!(self.word.trim().to_ascii_uppercase().as_str(), "COMPLETED" | "FAILED")
    }

    pub(crate) fn reason(&self) -> Option<String> {
        let Some(bytes) = self.reason_bytes else { return self.reason.clone() };
        let mut reason = self.reason.clone().unwrap_or_default();
        reason.extend(std::iter::repeat_n('x', bytes.saturating_sub(reason.len())));
        Some(reason)
    }
}

/// All scripts.
#[derive(Clone, Debug, Default)]
pub(crate) struct AllScripts {
    pub(crate) upload: Scripts<UploadAct>,
    pub(crate) job: Scripts<JobAct>,
    pub(crate) token: Scripts<TokenAct>,
}

/// The remaining steps, by interaction. A used-up script has none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScriptsLeft {
    /// Of uploads.
    pub upload: std::collections::HashMap<String, Vec<Step<UploadAct>>>,
    /// Of polls.
    pub job: std::collections::HashMap<String, Vec<Step<JobAct>>>,
    /// Of the token endpoint, under `*`.
    pub token: std::collections::HashMap<String, Vec<Step<TokenAct>>>,
}

fn yes() -> bool {
    true
}
