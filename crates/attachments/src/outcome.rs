//! How an object's way can end.

use std::borrow::Cow;

use crate::word::words;

words! {
    /// The five ends. Every object that reaches the pipeline has exactly one.
    Outcome:
    /// The attachment is at the interaction.
    Completed = "COMPLETED",
    /// CXone accepted the file, and its job failed. A virus is one reason.
    Failed = "FAILED",
    /// Never sent, or refused by CXone permanently.
    Rejected = "REJECTED",
    /// CXone said at the job's deadline that the job had not ended. CXone may still finish it.
    TimedOut = "TIMED_OUT",
    /// The pipeline could not learn what became of the upload. CXone may hold the file.
    TrackingFailed = "TRACKING_FAILED",
}

impl Outcome {
    /// The audit record's `event`.
    #[must_use]
    pub fn event(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Completed => "ATTACHMENT_UPLOAD_COMPLETED",
            Self::Failed => "ATTACHMENT_UPLOAD_FAILED",
            Self::Rejected => "ATTACHMENT_REJECTED",
            Self::TimedOut => "ATTACHMENT_TIMED_OUT",
            Self::TrackingFailed => "ATTACHMENT_TRACKING_FAILED",
            Self::Other(word) => return Cow::Owned(format!("ATTACHMENT_{word}")),
        })
    }

    /// Whether the attachment is where the producer wanted it. A word that this release does not know is no success.
    #[must_use]
    pub const fn is_success(&self) -> bool {
        matches!(self, Self::Completed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_known_outcomes_read_back_and_one_of_them_is_a_success() {
        for outcome in Outcome::ALL {
            assert_eq!(outcome.as_str().parse::<Outcome>().unwrap(), outcome);
            assert_eq!(outcome.is_success(), outcome == Outcome::Completed);
        }
    }

    #[test]
    fn an_outcome_of_a_newer_release_keeps_its_word_and_is_no_success() {
        for word in ["HELD_FOR_REVIEW", "COMPLETED_LATE", "completed"] {
            let outcome: Outcome = word.parse().unwrap();
            assert_eq!((outcome.as_str(), outcome.is_success()), (word, false));
            assert_eq!(outcome.event(), format!("ATTACHMENT_{word}"));
        }
    }
}
