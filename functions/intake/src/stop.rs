//! Why a record's way does not go on.

use attachments::{Reason, ReasonCode};

/// An end of this attempt.
#[derive(Debug)]
pub(crate) enum Stop {
    /// Permanent: nothing that the pipeline can do would change it.
    Final(Reason),
    /// S3 or the object cannot be read now. The text is for people.
    Source(String),
    /// Intake may not use the object's KMS key. The text is for people.
    KeyDenied(String),
    /// The event does not belong to the write that S3 has. The text is for people.
    Refused(String),
    /// The pipeline itself failed, such as its ledger. The text is for people.
    Internal(String),
    /// Another run has the object now.
    Lost,
}

impl Stop {
    pub(crate) fn reject(code: ReasonCode, text: impl AsRef<str>) -> Self {
        Self::Final(Reason::new(code, text))
    }

    pub(crate) fn source(fault: impl Into<String>) -> Self {
        Self::Source(fault.into())
    }
}
