//! The job that CXone runs on an uploaded attachment.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The id of a CXone job: 1 to 256 visible ASCII characters without `/ ? # %`, since it becomes a segment of a URL's path.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct JobId(String);

/// The text cannot be a job id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a job id is 1 to 256 visible ASCII characters without / ? # % and is neither . nor ..")]
pub struct InvalidJobId;

impl JobId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for JobId {
    type Err = InvalidJobId;

    fn from_str(text: &str) -> Result<Self, InvalidJobId> {
        let allowed = |b: u8| b.is_ascii_graphic() && !matches!(b, b'/' | b'?' | b'#' | b'%' | b'\\');
        let fits = (1..=256).contains(&text.len()) && !matches!(text, "." | "..");
        if fits && text.bytes().all(allowed) { Ok(Self(text.to_owned())) } else { Err(InvalidJobId) }
    }
}

impl TryFrom<String> for JobId {
    type Error = InvalidJobId;

    fn try_from(text: String) -> Result<Self, InvalidJobId> {
        text.parse()
    }
}

impl From<JobId> for String {
    fn from(id: JobId) -> Self {
        id.0
    }
}

/// What CXone says of a job. Open: a word that this version does not know is kept and polled on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobStatus {
    /// Accepted, not begun.
    Pending,
    /// Being worked on; the virus scan is part of it.
    Running,
    /// The attachment is at the interaction.
    Completed,
    /// CXone gave up on it, an infected file included.
    Failed,
    /// Another word, cut to 64 characters; U+FFFD stands for each control character, so that it is never taken for a known one.
    Unrecognized(String),
}

impl JobStatus {
    /// The word as CXone writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Pending => "PENDING",
            Self::Running => "RUNNING",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
            Self::Unrecognized(word) => word,
        }
    }
}

impl From<&str> for JobStatus {
    fn from(word: &str) -> Self {
        match word {
            "PENDING" => Self::Pending,
            "RUNNING" => Self::Running,
            "COMPLETED" => Self::Completed,
            "FAILED" => Self::Failed,
            other => {
                let printable = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
                Self::Unrecognized(other.chars().map(printable).take(64).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_words_are_kept_and_cut() {
        assert_eq!(JobStatus::from("QUARANTINED").as_str(), "QUARANTINED");
        assert_eq!(JobStatus::from("x".repeat(1000).as_str()).as_str().len(), 64);
        assert_eq!(JobStatus::from("FAILED"), JobStatus::Failed);
        assert_eq!(JobStatus::from("COMPLETED\n").as_str(), "COMPLETED\u{fffd}");
    }

    #[test]
    fn a_job_id_cannot_leave_its_path_segment() {
        for bad in ["", "..", "a/b", "a?b", "a#b", "a%2e", "a b", "ü", &"x".repeat(257)] {
            assert!(bad.parse::<JobId>().is_err(), "{bad:?}");
        }
        assert!("8f14e45f-ceea:1".parse::<JobId>().is_ok());
    }
}
