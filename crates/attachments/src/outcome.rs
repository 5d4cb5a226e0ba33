//! How an object's way can end.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The five ends. Every object that reaches the pipeline has exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Outcome {
    /// The attachment is at the interaction.
    Completed,
    /// CXone took the file and its job failed, a virus found included.
    Failed,
    /// Never sent, or refused by CXone for good.
    Rejected,
    /// The job had not ended at its deadline.
    TimedOut,
    /// What became of the upload could not be learnt.
    TrackingFailed,
}

/// The word is none of the five outcomes.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no outcome")]
pub struct UnknownOutcome(String);

impl Outcome {
    /// All five.
    pub const ALL: [Self; 5] = [Self::Completed, Self::Failed, Self::Rejected, Self::TimedOut, Self::TrackingFailed];

    /// The word in ledger, audit record and console.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
            Self::Rejected => "REJECTED",
            Self::TimedOut => "TIMED_OUT",
            Self::TrackingFailed => "TRACKING_FAILED",
        }
    }

    /// The audit record's `event`.
    #[must_use]
    pub const fn event(self) -> &'static str {
        match self {
            Self::Completed => "ATTACHMENT_UPLOAD_COMPLETED",
            Self::Failed => "ATTACHMENT_UPLOAD_FAILED",
            Self::Rejected => "ATTACHMENT_REJECTED",
            Self::TimedOut => "ATTACHMENT_TIMED_OUT",
            Self::TrackingFailed => "ATTACHMENT_TRACKING_FAILED",
        }
    }

    /// Whether the attachment is where the producer wanted it.
    #[must_use]
    pub const fn is_success(self) -> bool {
        matches!(self, Self::Completed)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Outcome {
    type Err = UnknownOutcome;

    fn from_str(word: &str) -> Result<Self, UnknownOutcome> {
        Self::ALL
            .into_iter()
            .find(|o| o.as_str() == word)
            .ok_or_else(|| UnknownOutcome(word.chars().take(64).collect()))
    }
}
