//! How an object's way ended, why, and what that means for its quota.

use serde::{Deserialize, Serialize};

use crate::{Outcome, Reason, ReasonCode, Timestamp};

/// An ending and its time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Resolution {
    /// How it ended.
    #[serde(flatten)]
    pub ending: Ending,
    /// When that was known.
    pub at: Timestamp,
}

/// How an object's way ended: with a reason, unless it completed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", content = "reason", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Ending {
    /// See [`Outcome::Completed`].
    Completed,
    /// See [`Outcome::Failed`].
    Failed(Reason),
    /// See [`Outcome::Rejected`].
    Rejected(Reason),
    /// See [`Outcome::TimedOut`].
    TimedOut(Reason),
    /// See [`Outcome::TrackingFailed`].
    TrackingFailed(Reason),
}

impl Ending {
    /// The ending without its reason.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        match self {
            Self::Completed => Outcome::Completed,
            Self::Failed(_) => Outcome::Failed,
            Self::Rejected(_) => Outcome::Rejected,
            Self::TimedOut(_) => Outcome::TimedOut,
            Self::TrackingFailed(_) => Outcome::TrackingFailed,
        }
    }

    /// Why, unless it completed.
    #[must_use]
    pub const fn reason(&self) -> Option<&Reason> {
        match self {
            Self::Completed => None,
            Self::Failed(reason) | Self::Rejected(reason) | Self::TimedOut(reason) | Self::TrackingFailed(reason) => {
                Some(reason)
            }
        }
    }

    /// Puts an outcome and a reason back together, as the ledger keeps them. A missing reason is said to be missing.
    #[must_use]
    pub fn from_parts(outcome: Outcome, reason: Option<Reason>) -> Self {
        let reason = || reason.unwrap_or_else(|| Reason::new(ReasonCode::PollFailed, "the ledger holds no reason"));
        match outcome {
            Outcome::Completed => Self::Completed,
            Outcome::Failed => Self::Failed(reason()),
            Outcome::Rejected => Self::Rejected(reason()),
            Outcome::TimedOut => Self::TimedOut(reason()),
            Outcome::TrackingFailed => Self::TrackingFailed(reason()),
        }
    }

    /// What the ending means for the bytes that were reserved. `possibly_stored`: CXone may hold the file unanswered.
    #[must_use]
    pub const fn settlement(&self, possibly_stored: bool) -> Settlement {
        match self {
            Self::Completed => Settlement::Keep,
            Self::Rejected(_) if possibly_stored => Settlement::KeepUnsettled,
            Self::Failed(_) | Self::Rejected(_) => Settlement::GiveBack,
            Self::TimedOut(_) | Self::TrackingFailed(_) => Settlement::KeepUnsettled,
        }
    }
}

/// What becomes of an object's reserved quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settlement {
    /// The attachment lives: the bytes stay counted.
    Keep,
    /// CXone holds nothing: the bytes are given back.
    GiveBack,
    /// CXone may hold the file: the bytes stay counted, marked for a person to settle.
    KeepUnsettled,
}
