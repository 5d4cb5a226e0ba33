use std::fmt::Display;

use stack::nearest::did_you_mean;

/// Why a row failed or could not be run.
#[derive(Debug, thiserror::Error)]
pub enum FaultsError {
    /// The result is not the expected one.
    #[error("{0}")]
    Broken(String),
    /// It did not happen in time.
    #[error("after {seconds} s: {what}")]
    TooLate {
        /// The awaited event, and the progress so far.
        what: String,
        /// The time limit.
        seconds: u64,
    },
    /// The stack cannot be started.
    #[error(transparent)]
    Stack(#[from] stack::StackError),
    /// A control call of a test server failed.
    #[error(transparent)]
    Control(#[from] servers::Error),
    /// A call of the test itself failed. Such calls do not go through the proxy, so no planted fault is the cause.
    #[error("{call}: {reason}")]
    Call {
        /// Which call.
        call: &'static str,
        /// The client's error with its causes.
        reason: String,
    },
    /// No row is selected.
    #[error("no scenario {what}{}", did_you_mean(near))]
    NoSuchRow {
        /// What was asked for.
        what: String,
        /// Names, and beginnings of names, that are like it.
        near: Vec<String>,
    },
}

impl FaultsError {
    pub(crate) fn broken(what: impl Display) -> Self {
        Self::Broken(what.to_string())
    }
}

/// Adds the name of the call to an error.
pub(crate) trait Calling<T> {
    fn calling(self, call: &'static str) -> Result<T, FaultsError>;
}

impl<T, E: std::error::Error> Calling<T> for Result<T, E> {
    fn calling(self, call: &'static str) -> Result<T, FaultsError> {
        self.map_err(|error| {
            let mut reason = error.to_string();
            let mut source = error.source();
            while let Some(cause) = source {
                reason = format!("{reason}: {cause}");
                source = cause.source();
            }
            FaultsError::Call { call, reason }
        })
    }
}
