//! The job that CXone runs on an uploaded attachment.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::is_visible;

/// The id of a CXone job: 1 to 256 visible characters, any of them.
///
/// It becomes a segment of a URL's path, so the client percent-encodes it. `.` and `..` are refused, because they name another
/// path even if they are percent-encoded.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct JobId(String);

/// The text is not a job id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a job id has 1 to 256 visible characters and is neither . nor ..")]
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
        let fits = !matches!(text, "" | "." | "..") && text.chars().nth(256).is_none();
        if fits && text.chars().all(is_visible) { Ok(Self(text.to_owned())) } else { Err(InvalidJobId) }
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

/// CXone's status of a job. Case and surrounding white space do not matter. A status that this release does not know is kept,
/// and poll continues to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobStatus {
    /// CXone has accepted the job and not begun it.
    Pending,
    /// CXone works on the job. The virus scan is part of it.
    Running,
    /// The attachment is at the interaction.
    Completed,
    /// The job failed, for example because the file is infected.
    Failed,
    /// Another word, at most 64 characters. U+FFFD replaces each invisible character, and `…` the end of a longer word, so that
    /// the word never equals a known one.
    Unrecognized(String),
}

impl JobStatus {
    /// A known status in upper case, another as CXone writes it.
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
        let word = word.trim();
        let known = [Self::Pending, Self::Running, Self::Completed, Self::Failed];
        known.into_iter().find(|status| status.as_str().eq_ignore_ascii_case(word)).unwrap_or_else(|| {
            let visible = |c: char| if c == ' ' || is_visible(c) { c } else { char::REPLACEMENT_CHARACTER };
            let mut shortened: String = word.chars().map(visible).take(64).collect();
            if word.chars().nth(64).is_some() {
                shortened.pop();
                shortened.push('…');
            }
            Self::Unrecognized(shortened)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_status_is_kept_and_shortened() {
        assert_eq!(JobStatus::from("QUARANTINED").as_str(), "QUARANTINED");
        assert_eq!(JobStatus::from("x".repeat(64).as_str()).as_str(), "x".repeat(64));
        assert_eq!(JobStatus::from("x".repeat(1000).as_str()).as_str(), "x".repeat(63) + "…");
        let padded = format!("COMPLETED{}x", " ".repeat(100));
        let read_back = JobStatus::from(JobStatus::from(padded.as_str()).as_str());
        assert!(matches!(read_back, JobStatus::Unrecognized(_)), "{read_back:?}");
        assert_eq!(JobStatus::from("FAILED"), JobStatus::Failed);
        assert_eq!(JobStatus::from("COMPLETED\0").as_str(), "COMPLETED\u{fffd}");
        assert_eq!(JobStatus::from("In Review"), JobStatus::Unrecognized("In Review".to_owned()));
    }

    #[test]
    fn known_status_is_read_in_any_case_and_with_white_space_around_it() {
        for (word, status) in [
            ("COMPLETED", JobStatus::Completed),
            ("completed", JobStatus::Completed),
            (" Running\r\n", JobStatus::Running),
            ("\u{a0}pEnDiNg\t", JobStatus::Pending),
            ("Failed ", JobStatus::Failed),
        ] {
            assert_eq!(JobStatus::from(word), status, "{word:?}");
            assert_eq!(status.as_str(), status.as_str().to_uppercase());
        }
    }

    #[test]
    fn job_id_of_visible_characters_is_accepted() {
        for id in ["8f14e45f-ceea:1", "a/b", "a?b#c", "a%2e", "a\\b", "...", "ü-日本", &"é".repeat(256)] {
            assert_eq!(id.parse::<JobId>().unwrap().as_str(), id);
        }
    }

    #[test]
    fn job_id_that_is_empty_too_long_invisible_or_a_relative_path_is_refused() {
        for bad in ["", ".", "..", "a b", " a", "a\n", "a\0", "a\u{200b}", "\u{202e}a", &"x".repeat(257)] {
            assert!(bad.parse::<JobId>().is_err(), "{bad:?}");
        }
    }
}
