//! Why one attempt to send an object stopped before its upload.
//!
//! Three types say how the work on an object ends, from the inside out:
//!
//! - [`Stop`]: why one attempt stopped before its upload.
//! - `transfer::Halt`: how a run, which may make several attempts, ended without a job.
//! - `finish::Finish`: what became of the record. Intake's answer for the record's message follows from it.

use attachments::{Reason, ReasonCode};

/// Why an attempt stopped before its upload. The texts go to the log and into the ledger.
#[derive(Debug)]
pub(crate) enum Stop {
    /// Permanent: no later attempt can succeed.
    Final(Reason),
    /// Retryable: S3 or the object cannot be read now.
    Source(String),
    /// Retryable: intake may not use the object's KMS key.
    KeyDenied(String),
    /// The event does not belong to the write that S3 has. It starts nothing.
    Refused(String),
    /// Retryable: the pipeline itself failed, such as its ledger.
    Internal(String),
    /// Another run has claimed the object since.
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
