use std::fmt::Display;

use stack::nearest::did_you_mean;

/// Why a row did not hold, or could not be run.
#[derive(Debug, thiserror::Error)]
pub enum FaultsError {
    /// What was seen is not what was to be expected.
    #[error("{0}")]
    Broken(String),
    /// It did not come to pass in time.
    #[error("after {seconds} s: {what}")]
    TooLate {
        /// What was waited for, and how far it came.
        what: String,
        /// How long was waited.
        seconds: u64,
    },
    /// The stack cannot be started.
    #[error(transparent)]
    Stack(#[from] stack::StackError),
    /// A stand-in cannot be told or asked.
    #[error(transparent)]
    Control(#[from] scripted_http::Error),
    /// A call of the harness itself failed; it goes past the proxy, so no fault is to blame.
    #[error("{call}: {reason}")]
    Call {
        /// Which call.
        call: &'static str,
        /// The client's account of it.
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

/// Says which call of the harness failed.
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
