//! The ending of an object: its outcome, the reason, and the settlement of its quota.

use serde::{Deserialize, Serialize};

use crate::{Outcome, Reason, ReasonCode, Timestamp, Word};

/// An ending and its time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Resolution {
    /// The outcome and its reason.
    #[serde(flatten)]
    pub ending: Ending,
    /// When the outcome was known.
    pub at: Timestamp,
}

impl Resolution {
    /// Moves the time into the possible range: not before the object was first seen, and not in the future. A payload may have
    /// any time, and the record's key contains the day.
    #[must_use]
    pub fn between(self, first_seen: Timestamp, now: Timestamp) -> Self {
        // The clocks of two functions may differ by more than the object's age.
        Self { at: self.at.clamp(first_seen, now.max(first_seen)), ..self }
    }
}

/// An outcome with its reason. Only `Completed` has no reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "Parts", into = "Parts")]
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
    /// An ending of a newer release, kept as it is. CXone may hold the file.
    Other {
        /// The outcome.
        outcome: Word,
        /// The reason, if the newer release gave one.
        reason: Option<Reason>,
    },
}

/// The wire format of an ending.
#[derive(Serialize, Deserialize)]
struct Parts {
    outcome: Outcome,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
}

impl From<Parts> for Ending {
    fn from(parts: Parts) -> Self {
        Self::from_parts(parts.outcome, parts.reason)
    }
}

impl From<Ending> for Parts {
    fn from(ending: Ending) -> Self {
        Self { outcome: ending.outcome(), reason: ending.reason().cloned() }
    }
}

impl Ending {
    /// The outcome without its reason.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        match self {
            Self::Completed => Outcome::Completed,
            Self::Failed(_) => Outcome::Failed,
            Self::Rejected(_) => Outcome::Rejected,
            Self::TimedOut(_) => Outcome::TimedOut,
            Self::TrackingFailed(_) => Outcome::TrackingFailed,
            Self::Other { outcome, .. } => Outcome::Other(*outcome),
        }
    }

    /// The reason. None for `Completed`.
    #[must_use]
    pub const fn reason(&self) -> Option<&Reason> {
        match self {
            Self::Completed => None,
            Self::Failed(reason) | Self::Rejected(reason) | Self::TimedOut(reason) | Self::TrackingFailed(reason) => {
                Some(reason)
            }
            Self::Other { reason, .. } => reason.as_ref(),
        }
    }

    /// Builds an ending from an outcome and a reason of the ledger or a payload. A missing reason is replaced by a text that says
    /// so.
    #[must_use]
    pub fn from_parts(outcome: Outcome, reason: Option<Reason>) -> Self {
        let present = |reason: Option<Reason>| {
            reason.unwrap_or_else(|| Reason::new(ReasonCode::PollFailed, "no reason was recorded"))
        };
        match outcome {
            Outcome::Completed => Self::Completed,
            Outcome::Failed => Self::Failed(present(reason)),
            Outcome::Rejected => Self::Rejected(present(reason)),
            Outcome::TimedOut => Self::TimedOut(present(reason)),
            Outcome::TrackingFailed => Self::TrackingFailed(present(reason)),
            Outcome::Other(outcome) => Self::Other { outcome, reason },
        }
    }

    /// The same ending with its reason shortened and escaped by [`Reason::new`]. A payload may have any reason.
    #[must_use]
    pub fn bounded(&self) -> Self {
        Self::from_parts(self.outcome(), self.reason().map(|reason| Reason::new(reason.code, &reason.text)))
    }

    /// How to settle the reserved bytes. `possibly_stored` is the attachment's field: CXone may hold the file.
    #[must_use]
    pub const fn settlement(&self, possibly_stored: bool) -> Settlement {
        match self {
            Self::Completed => Settlement::Keep,
            Self::Rejected(_) if possibly_stored => Settlement::KeepUnsettled,
            Self::Failed(_) | Self::Rejected(_) => Settlement::Refund,
            Self::TimedOut(_) | Self::TrackingFailed(_) | Self::Other { .. } => Settlement::KeepUnsettled,
        }
    }
}

/// What finalize does with the bytes that an object has reserved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settlement {
    /// CXone holds the file: the bytes stay counted.
    Keep,
    /// CXone does not hold the file: the bytes are refunded.
    Refund,
    /// CXone may hold the file: the bytes stay counted, and a person must settle them.
    KeepUnsettled,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason() -> Reason {
        Reason::new(ReasonCode::JobFailed, "text")
    }

    #[test]
    fn ending_of_a_newer_release_keeps_its_word_reason_and_bytes() {
        let outcome: Outcome = "HELD_FOR_REVIEW".parse().unwrap();
        for reason in [Some(reason()), None] {
            let ending = Ending::from_parts(outcome, reason.clone());
            assert_eq!((ending.outcome(), ending.reason()), (outcome, reason.as_ref()));
            for possibly_stored in [true, false] {
                assert_eq!(ending.settlement(possibly_stored), Settlement::KeepUnsettled);
            }
        }
    }

    #[test]
    fn known_ending_without_a_reason_gets_one() {
        for outcome in Outcome::ALL {
            let ending = Ending::from_parts(outcome, None);
            assert_eq!(ending.outcome(), outcome);
            assert_eq!(ending.reason().is_none(), outcome.is_success());
            assert_eq!(
                Ending::from_parts(outcome, Some(reason())).reason().cloned(),
                Some(reason()).filter(|_| !outcome.is_success())
            );
        }
    }

    #[test]
    fn time_of_an_ending_is_moved_between_first_seen_and_now() {
        let at = Timestamp::from_unix_seconds;
        let ended = |seconds| Resolution { ending: Ending::Completed, at: at(seconds) };
        for (given, expected) in
            [(9, 10), (10, 10), (15, 15), (20, 20), (21, 20), (i64::MAX / 2, 20), (i64::MIN / 2, 10)]
        {
            assert_eq!(ended(given).between(at(10), at(20)).at, at(expected), "{given}");
        }
        assert_eq!(ended(15).between(at(10), at(5)).at, at(10), "the clock of this function is behind");
    }

    #[test]
    fn bytes_are_refunded_only_if_cxone_does_not_hold_the_file() {
        let settled = |outcome: Outcome| {
            [false, true].map(|possibly_stored| Ending::from_parts(outcome, Some(reason())).settlement(possibly_stored))
        };
        assert_eq!(settled(Outcome::Completed), [Settlement::Keep; 2]);
        assert_eq!(settled(Outcome::Failed), [Settlement::Refund; 2]);
        assert_eq!(settled(Outcome::Rejected), [Settlement::Refund, Settlement::KeepUnsettled]);
        assert_eq!(settled(Outcome::TimedOut), [Settlement::KeepUnsettled; 2]);
        assert_eq!(settled(Outcome::TrackingFailed), [Settlement::KeepUnsettled; 2]);
    }
}
