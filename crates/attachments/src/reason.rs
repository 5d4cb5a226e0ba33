//! The reason codes: one closed list for intake, poll and finalize.

use std::{borrow::Cow, fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{InvalidWord, Word, shown_within};

/// The longest text of a reason. CXone's texts are shortened to it.
pub const REASON_TEXT_BYTES: usize = 1024;

/// The beginning of the reason's text if CXone may hold the file although the outcome does not say so.
pub const POSSIBLY_STORED: &str = "CXone may hold the file (look at the interaction before you send it again)";

macro_rules! reason_codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $code:literal,)+) => {
        /// Why an object did not complete. Operators filter by it. docs/outcomes.md repeats this list; a test compares the two.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ReasonCode {
            $($(#[doc = $doc])+ $variant,)+
            /// `cxone_{status}`: CXone refused with a 4xx that has no code of its own. The text is the start of its response.
            CxoneStatus(u16),
            /// A code of a newer release, kept as it is.
            Other(Word),
        }

        impl ReasonCode {
            /// Every code that this release knows, with its meaning, except for `cxone_{status}`.
            pub const FIXED: &'static [(Self, &'static str, &'static str)] =
                &[$((Self::$variant, $code, concat!($($doc),+)),)+];

            /// The code as records, logs and the console show it.
            #[must_use]
            pub fn as_str(self) -> Cow<'static, str> {
                match self {
                    $(Self::$variant => Cow::Borrowed($code),)+
                    Self::CxoneStatus(status) => Cow::Owned(format!("cxone_{status}")),
                    Self::Other(word) => Cow::Owned(word.to_string()),
                }
            }
        }
    };
}

reason_codes! {
    /// The key is not `{prefix}{interaction id}/…/{file name}`, or holds control characters.
    BadKey = "bad_key",
    /// The object, or that version of it, was deleted before it was read.
    ObjectGone = "object_gone",
    /// An unversioned object was written again before it was read, even with the same bytes; the new write has an event of its own.
    Superseded = "superseded",
    /// The object is archived, or encrypted with a key that intake cannot use.
    ObjectUnreadable = "object_unreadable",
    /// S3 or the object could not be read until the time to give up.
    SourceUnreadable = "source_unreadable",
    /// The interaction id is not 1 to 128 of `A-Z a-z 0-9 . _ : -`.
    BadInteractionId = "bad_interaction_id",
    /// The interaction id has none of the tenant's prefixes.
    ForeignInteractionId = "foreign_interaction_id",
    /// The object has no bytes.
    Empty = "empty",
    /// The object is larger than the limit.
    TooLarge = "too_large",
    /// The file name's extension belongs to no allowed type.
    UnsupportedExtension = "unsupported_extension",
    /// The content is not one of the allowed types.
    UnsupportedType = "unsupported_type",
    /// The content is of another type than the extension says.
    TypeMismatch = "type_mismatch",
    /// The content holds macros or other active content.
    ActiveContent = "active_content",
    /// An archive is hidden behind the content.
    Polyglot = "polyglot",
    /// The storage quota has no room for the object.
    QuotaExceeded = "quota_exceeded",
    /// CXone answered with a redirect, which is never followed.
    CxoneRedirect = "cxone_redirect",
    /// CXone forbids this interaction.
    CxoneForbidden = "cxone_forbidden",
    /// CXone refuses the credentials, or they lack a scope.
    CxoneUnauthorized = "cxone_unauthorized",
    /// CXone does not know the interaction or the job.
    CxoneNotFound = "cxone_404",
    /// CXone says the file is too large.
    CxonePayloadTooLarge = "cxone_payload_too_large",
    /// CXone does not accept this type.
    CxoneUnsupportedType = "cxone_unsupported_type",
    /// CXone, or a gateway in front of it, could not be reached until the time to give up.
    CxoneUnavailable = "cxone_unavailable",
    /// CXone accepted the upload three times without naming a job.
    CxoneNoJobId = "cxone_no_job_id",
    /// Intake crashed five times in a row on this object.
    IntakeCrashed = "intake_crashed",
    /// CXone's job failed; the text is CXone's reason.
    JobFailed = "job_failed",
    /// CXone answers for a job of another interaction.
    JobMismatch = "job_mismatch",
    /// The job had not ended at its deadline.
    JobDeadline = "job_deadline",
    /// The polling step failed and its retries are used up.
    PollFailed = "poll_failed",
}

impl fmt::Display for ReasonCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.as_str())
    }
}

impl FromStr for ReasonCode {
    type Err = InvalidWord;

    fn from_str(word: &str) -> Result<Self, InvalidWord> {
        if let Some((code, ..)) = Self::FIXED.iter().find(|(_, text, _)| *text == word) {
            return Ok(*code);
        }
        // A status must be written back as the same word, so `cxone_0418` is none.
        let status = word.strip_prefix("cxone_").and_then(|digits| digits.parse().ok()).map(Self::CxoneStatus);
        match status.filter(|code| code.as_str() == word) {
            Some(code) => Ok(code),
            None => word.parse().map(Self::Other),
        }
    }
}

impl Serialize for ReasonCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.as_str())
    }
}

impl<'de> Deserialize<'de> for ReasonCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// A code for machines, and a text for people that says what happened and, if known, what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// One of a closed list.
    pub code: ReasonCode,
    /// At most [`REASON_TEXT_BYTES`] bytes.
    pub text: String,
}

impl Reason {
    /// Escapes invisible characters of `text` and shortens it to [`REASON_TEXT_BYTES`].
    #[must_use]
    pub fn new(code: ReasonCode, text: impl AsRef<str>) -> Self {
        Self { code, text: shown_within(text.as_ref(), REASON_TEXT_BYTES) }
    }

    /// A reason for an outcome after which CXone may hold the file. Its text is [`POSSIBLY_STORED`], a colon, and `text`.
    #[must_use]
    pub fn possibly_stored(code: ReasonCode, text: impl fmt::Display) -> Self {
        Self::new(code, format!("{POSSIBLY_STORED}: {text}"))
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_reads_back() {
        for (code, text, _) in ReasonCode::FIXED {
            assert_eq!(text.parse::<ReasonCode>().unwrap(), *code);
        }
        assert_eq!("cxone_422".parse::<ReasonCode>().unwrap(), ReasonCode::CxoneStatus(422));
    }

    #[test]
    fn code_of_a_newer_release_keeps_its_word() {
        for word in ["unheard_of", "cxone_gone", "cxone_0418", "cxone_+7", "cxone_99999", "Empty"] {
            let code: ReasonCode = word.parse().unwrap();
            assert_eq!(code.as_str(), word);
            assert!(matches!(code, ReasonCode::Other(_)), "{code:?}");
        }
        assert!("no code".parse::<ReasonCode>().is_err());
    }

    #[test]
    fn long_text_is_cut_between_characters_and_escaped() {
        let reason = Reason::new(ReasonCode::JobFailed, "é\u{1b}[31m".repeat(1000));
        assert!(reason.text.len() <= REASON_TEXT_BYTES && reason.text.len() > REASON_TEXT_BYTES - 6);
        assert!(reason.text.starts_with(r"é\u{1b}[31mé"), "{reason}");
        assert_eq!(Reason::new(ReasonCode::Empty, "a\u{202e}b").text, r"a\u{202e}b");
    }
}
