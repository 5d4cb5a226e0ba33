//! Why a record's way does not go on.

use std::time::Duration;

use attachments::{Reason, ReasonCode};

/// An end of this try.
#[derive(Debug)]
pub(crate) enum Stop {
    /// For good: nothing that the pipeline can do would change it.
    Reject(Reason),
    /// CXone took the upload without naming a job: nothing to follow.
    Untraceable(Reason),
    /// For now.
    Later {
        /// How long CXone asked to be left alone.
        wait: Option<Duration>,
        /// For people.
        fault: String,
    },
    /// Another run has the object now.
    Lost,
}

impl Stop {
    pub(crate) fn reject(code: ReasonCode, text: impl AsRef<str>) -> Self {
        Self::Reject(Reason::new(code, text))
    }

    pub(crate) fn later(fault: impl Into<String>) -> Self {
        Self::Later { wait: None, fault: fault.into() }
    }
}
