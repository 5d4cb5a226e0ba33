//! Words of closed lists, and what becomes of a word that this release does not know.
//!
//! Releases run side by side during a canary deployment, a rollback or a redrive, so a reader meets words of a newer release. It
//! keeps them and writes them back as they were. It never takes one for a success.

use std::{fmt, str::FromStr};

/// A word that this release does not know: 1 to 64 visible ASCII characters.
///
/// Copied rather than shared, so that the lists stay `Copy`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Word {
    bytes: [u8; Self::LONGEST],
    length: u8,
}

/// The text cannot be a word of any release.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a word: a word has 1 to {longest} visible ASCII characters", longest = Word::LONGEST)]
pub struct InvalidWord(String);

impl Word {
    /// The longest word, in bytes.
    pub const LONGEST: usize = 64;

    /// The word as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let bytes = self.bytes.get(..usize::from(self.length)).unwrap_or_default();
        str::from_utf8(bytes).unwrap_or_default()
    }
}

impl FromStr for Word {
    type Err = InvalidWord;

    fn from_str(text: &str) -> Result<Self, InvalidWord> {
        let invalid = || InvalidWord(text.chars().take(Self::LONGEST).collect());
        if text.is_empty() || !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(invalid());
        }
        let mut bytes = [0; Self::LONGEST];
        bytes.get_mut(..text.len()).ok_or_else(invalid)?.copy_from_slice(text.as_bytes());
        Ok(Self { bytes, length: u8::try_from(text.len()).map_err(|_| invalid())? })
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// Declares a closed list of words as an enum that also holds a word of a newer release.
macro_rules! words {
    (
        $(#[$attribute:meta])*
        $name:ident: $($(#[doc = $doc:literal])+ $variant:ident = $word:literal,)+
    ) => {
        $(#[$attribute])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[doc = $doc])+ $variant,)+
            /// A word of a newer release, kept as it is.
            Other($crate::Word),
        }

        impl $name {
            /// The words that this release knows.
            pub const ALL: [Self; [$($word),+].len()] = [$(Self::$variant),+];

            /// What the word means, for the reference in the docs. Empty for a word of a newer release.
            #[must_use]
            pub const fn meaning(&self) -> &'static str {
                match self {
                    $(Self::$variant => concat!($($doc),+),)+
                    Self::Other(_) => "",
                }
            }

            /// The word as payloads, ledger and records have it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)+
                    Self::Other(word) => word.as_str(),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::InvalidWord;

            fn from_str(text: &str) -> Result<Self, $crate::InvalidWord> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    other => other.parse().map(Self::Other),
                }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

pub(crate) use words;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_kept_as_it_is() {
        for text in ["a", "ESCALATED", "held_for-review.2", &"x".repeat(64)] {
            let word: Word = text.parse().unwrap();
            assert_eq!(
                (word.as_str(), word.to_string(), format!("{word:?}")),
                (text, text.into(), format!("{text:?}"))
            );
        }
    }

    #[test]
    fn text_that_no_release_writes_is_refused() {
        for text in ["", "two words", "tab\t", "esc\u{1b}[31m", "é", &"x".repeat(65)] {
            let error = text.parse::<Word>().unwrap_err();
            assert!(
                error.to_string().ends_with("is not a word: a word has 1 to 64 visible ASCII characters"),
                "{error}"
            );
            assert!(error.to_string().len() < 200);
        }
    }
}
