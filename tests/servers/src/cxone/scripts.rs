//! What the three calls can be told to do.

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

/// What an upload can be told to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum UploadAct {
    /// Behaves in the ordinary way.
    Normal,
    /// Reads the body, keeps nothing, answers so.
    Reply(Reply),
    /// Reads the body, answers with all that was received.
    Echo(Echo),
    /// Answers so before the body is read; what still comes of it is thrown away.
    EarlyReply(Reply),
    /// Reads and stores the upload as usual, then answers so.
    StoreThenReply(Reply),
    /// Accepts the upload and answers 202 with such a body.
    Accept(AcceptedBody),
    /// Answers 202 with a job id before the body is read.
    AcceptEarly {
        /// What becomes of the rest of the body.
        #[serde(default)]
        then: EarlyEnd,
        /// Milliseconds to wait before each piece of the rest is read, of at most 64 KiB.
        #[serde(default)]
        pause_ms: u64,
    },
    /// Writes bytes onto the connection in place of an answer, and ends it.
    Raw {
        /// The bytes.
        reply: RawReply,
        /// Whether they come before the body is read.
        #[serde(default)]
        early: bool,
        /// Whether the attachment is stored before they are sent; not with `early`.
        #[serde(default)]
        store: bool,
    },
    /// Stops reading for a while in the middle of the body, then goes on in the ordinary way.
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
        /// Whether the body is read. Behind an unread body it cannot be seen that the client is gone, so that the
        /// record of such a request stays open.
        #[serde(default = "yes")]
        read: bool,
        /// Whether the attachment is stored once the body is read.
        #[serde(default)]
        store: bool,
    },
}

/// What becomes of the body behind a 202 that came before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EarlyEnd {
    /// It is read to its end and stored if it is whole. Its job is RUNNING until then, and FAILED if it breaks off.
    #[default]
    Read,
    /// The connection ends in an orderly way behind the 202. The job stays RUNNING until the upload is repeated.
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
    /// Once so many bytes of the body are read; a shorter body is cut at its end and not stored.
    AfterBytes(u64),
    /// Once the whole body is read.
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
    /// JSON that breaks off, with a correct `Content-Length`.
    CutJson,
    /// Nothing.
    Empty,
}

/// What a poll of a job can be told to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum JobAct {
    /// Behaves in the ordinary way.
    Normal,
    /// Answers so.
    Reply(Reply),
    /// Answers with all that was received.
    Echo(Echo),
    /// Answers 200 with such a status. `COMPLETED` and `FAILED`, in any case and with spaces around, are then the job's
    /// end.
    Status(StatusAnswer),
    /// Writes bytes onto the connection in place of an answer, and ends it.
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
    /// Fills the reason up to so many bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason_bytes: Option<usize>,
    /// The interaction to name in place of the job's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interaction_id: Option<String>,
}

/// What the token endpoint can be told to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum TokenAct {
    /// Behaves in the ordinary way.
    Normal,
    /// Answers so.
    Reply(Reply),
    /// Answers with all that was received, the credentials in plain text too.
    Echo(Echo),
    /// Behaves in the ordinary way, with tokens that last so many seconds.
    ExpiresIn(u64),
    /// Writes bytes onto the connection in place of an answer, and ends it.
    Raw(RawReply),
    /// Ends the connection without an answer.
    Cut(CutHow),
    /// Never answers.
    Never,
}

impl UploadAct {
    /// A cut with a reset; a whole body is stored first.
    #[must_use]
    pub fn cut(at: CutAt) -> Self {
        Self::Cut { at, how: CutHow::Reset, store: true }
    }

    /// Whether a whole and proper upload becomes an attachment.
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
    /// A status word alone.
    #[must_use]
    pub fn word(word: impl Into<String>) -> Self {
        Self::Status(StatusAnswer { word: word.into(), ..StatusAnswer::default() })
    }
}

impl StatusAnswer {
    /// Whether a client that was told this word may take it for the job's end.
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

/// All scripts, or what is left of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct AllScripts {
    pub(crate) upload: Scripts<UploadAct>,
    pub(crate) job: Scripts<JobAct>,
    pub(crate) token: Scripts<TokenAct>,
}

/// The steps that are left, by interaction; used-up scripts have none.
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
