//! The reason codes: one closed list for intake, poll and finalize.

use std::{borrow::Cow, fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{InvalidWord, Word, shown_within};

/// The longest text of a reason. CXone's texts are shortened to it.
pub const REASON_TEXT_BYTES: usize = 1024;

/// The beginning of the reason's text if CXone may hold the file although the outcome does not say so.
pub const POSSIBLY_STORED: &str = "CXone may hold the file (look at the interaction before you send it again)";

/// A code that this release knows, with the texts of docs/outcomes.md.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownReason {
    /// The code.
    pub code: ReasonCode,
    /// The code as records show it.
    pub word: &'static str,
    /// What happened.
    pub meaning: &'static str,
    /// What an operator should do.
    pub advice: &'static str,
}

macro_rules! reason_codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $code:literal: $advice:literal,)+) => {
        /// Why an object did not complete. Operators filter by it. docs/outcomes.md lists the codes as they are declared here.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ReasonCode {
            $($(#[doc = $doc])+ $variant,)+
            /// `cxone_{status}`: CXone refused with a 4xx that has no code of its own. The text is the start of its response.
            CxoneStatus(u16),
            /// A code of a newer release, kept as it is.
            Other(Word),
        }

        impl ReasonCode {
            /// Every code that this release knows, except `cxone_{status}`.
            pub const KNOWN: &'static [KnownReason] = &[$(KnownReason {
                code: Self::$variant,
                word: $code,
                meaning: concat!($($doc),+),
                advice: $advice,
            },)+];

            fn known(word: &str) -> Option<Self> {
                match word {
                    $($code => Some(Self::$variant),)+
                    _ => None,
                }
            }

            /// What an operator should do. None for a code that this release does not declare.
            #[must_use]
            pub fn advice(self) -> Option<&'static str> {
                Self::KNOWN.iter().find(|known| known.code == self).map(|known| known.advice)
            }

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
    BadKey = "bad_key": "Write the object under such a key.",
    /// The object, or that version of it, was deleted before it was read.
    ObjectGone = "object_gone": "If it was deleted by mistake, write it again.",
    /// An unversioned object was written again before it was read, even with the same bytes; the new write has an event of its own.
    Superseded = "superseded": "Nothing: look for the outcome of the new write.",
    /// The object is archived, or encrypted with a key that intake cannot use.
    ObjectUnreadable = "object_unreadable":
        "Write it in a storage class that can be read at once, without a key of your own (SSE-C), and under a \
         KMS key that intake's role may use.",
    /// S3 or the object could not be read until the time to give up.
    SourceUnreadable = "source_unreadable": "The text names the last fault. Fix it, then write the object again.",
    /// The interaction id is not 1 to 128 of `A-Z a-z 0-9 . _ : -`.
    BadInteractionId = "bad_interaction_id":
        "Correct the key's folder, or with `key-or-metadata` the metadata `interaction-id`.",
    /// The interaction id has none of the tenant's prefixes.
    ForeignInteractionId = "foreign_interaction_id":
        "Send the file to its own tenant, or correct `INTERACTION_ID_PREFIXES`.",
    /// The object has no bytes.
    Empty = "empty": "Write the object again when its content is ready.",
    /// The object is larger than the limit.
    TooLarge = "too_large": "Make the file smaller. Raise `MAX_FILE_SIZE_BYTES` only if CXone takes more.",
    /// The file name's extension belongs to no allowed type.
    UnsupportedExtension = "unsupported_extension":
        "Give the file the extension of its type, or widen `ALLOWED_MIME_TYPES`.",
    /// The content is not one of the allowed types.
    UnsupportedType = "unsupported_type":
        "Convert the file. Macro-enabled documents (`.docm`), templates and encrypted documents are never \
         taken.",
    /// The content is of another type than the extension says.
    TypeMismatch = "type_mismatch": "Give the file the extension of its type.",
    /// The content holds macros or other active content.
    ActiveContent = "active_content":
        "Save the file without that content. `REFUSE_ACTIVE_CONTENT` says what is refused.",
    /// An archive is hidden behind the content.
    Polyglot = "polyglot": "Find out where the file comes from. Save it again with an ordinary program.",
    /// The storage quota has no room for the object.
    QuotaExceeded = "quota_exceeded": "Raise `STORAGE_QUOTA_BYTES`, then write the object again.",
    /// CXone answered with a redirect, which is never followed.
    CxoneRedirect = "cxone_redirect": "Set `CXONE_BASE_URL` to the address that the redirect points to.",
    /// CXone forbids this interaction.
    CxoneForbidden = "cxone_forbidden":
        "Check that the interaction belongs to this tenant. Set `INTERACTION_ID_PREFIXES`.",
    /// CXone refuses the credentials, or they lack a scope.
    CxoneUnauthorized = "cxone_unauthorized":
        "Fix the secret or the scopes. After `TRACKING_FAILED`, look at the interaction before you send the file \
         again: CXone has it.",
    /// CXone does not know the interaction or the job.
    CxoneNotFound = "cxone_404": "Check the interaction id and `CXONE_BASE_URL`.",
    /// CXone says the file is too large.
    CxonePayloadTooLarge = "cxone_payload_too_large": "Lower `MAX_FILE_SIZE_BYTES` to CXone's limit.",
    /// CXone does not accept this type.
    CxoneUnsupportedType = "cxone_unsupported_type": "Narrow `ALLOWED_MIME_TYPES` to the types that the tenant takes.",
    /// CXone, or a gateway in front of it, could not be reached until the time to give up.
    CxoneUnavailable = "cxone_unavailable":
        "The text names the last fault. Fix it. If `possibly_stored` is true, look at the interaction first. \
         Then write the object again.",
    /// CXone accepted the upload three times without naming a job.
    CxoneNoJobId = "cxone_no_job_id": "Look at the interaction: the file may be there.",
    /// Intake crashed five times in a row on this object.
    IntakeCrashed = "intake_crashed":
        "Look for the object's identity in intake's log. Raise the function's timeout, or its `MemorySize` in \
         `template.yaml`.",
    /// CXone's job failed; the text is CXone's reason.
    JobFailed = "job_failed": "Read the text. A virus is one cause.",
    /// CXone answers for a job of another interaction.
    JobMismatch = "job_mismatch": "Look at both interactions. Report the case to NICE.",
    /// The job had not ended at its deadline.
    JobDeadline = "job_deadline":
        "Look at the interaction before you send the file again. Raise `JOB_DEADLINE_SECONDS`.",
    /// The polling step failed and its retries are used up.
    PollFailed = "poll_failed":
        "The fault is in the pipeline, not in CXone; the text names the error. Look at the interaction before \
         you send the file again.",
}

impl fmt::Display for ReasonCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.as_str())
    }
}

impl FromStr for ReasonCode {
    type Err = InvalidWord;

    fn from_str(word: &str) -> Result<Self, InvalidWord> {
        if let Some(code) = Self::known(word) {
            return Ok(code);
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
        for KnownReason { code, word, .. } in ReasonCode::KNOWN {
            assert_eq!((word.parse(), code.as_str().as_ref()), (Ok(*code), *word));
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
