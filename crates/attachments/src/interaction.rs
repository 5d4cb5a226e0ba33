//! The interaction that an attachment belongs to.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The id of a CXone interaction: 1 to 128 of `A-Z a-z 0-9 . _ : -`, neither `.` nor `..`.
///
/// It becomes a segment of a URL's path, so these rules are also what keeps a producer from choosing another path.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct InteractionId(String);

/// Why a text is no interaction id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidInteractionId {
    /// No character at all.
    #[error("the interaction id is empty")]
    Empty,
    /// More than 128 bytes.
    #[error("the interaction id has {0} bytes; at most 128 are allowed")]
    TooLong(usize),
    /// `.` or `..`.
    #[error("the interaction id is {0:?}, which would name another path")]
    Dots(String),
    /// A character outside the allowed set.
    #[error("the interaction id contains {0:?}; allowed are A-Z a-z 0-9 . _ : -")]
    Character(char),
}

impl InteractionId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether CXone's `text` names this interaction. Case and surrounding white space do not matter.
    #[must_use]
    pub fn is_named_by(&self, text: &str) -> bool {
        self.0.eq_ignore_ascii_case(text.trim())
    }
}

impl fmt::Display for InteractionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for InteractionId {
    type Err = InvalidInteractionId;

    fn from_str(text: &str) -> Result<Self, InvalidInteractionId> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | ':' | '-');
        match text {
            "" => Err(InvalidInteractionId::Empty),
            "." | ".." => Err(InvalidInteractionId::Dots(text.to_owned())),
            _ if text.len() > 128 => Err(InvalidInteractionId::TooLong(text.len())),
            _ => match text.chars().find(|c| !allowed(*c)) {
                Some(other) => Err(InvalidInteractionId::Character(other)),
                None => Ok(Self(text.to_owned())),
            },
        }
    }
}

impl TryFrom<String> for InteractionId {
    type Error = InvalidInteractionId;

    fn try_from(text: String) -> Result<Self, InvalidInteractionId> {
        text.parse()
    }
}

impl From<InteractionId> for String {
    fn from(id: InteractionId) -> Self {
        id.0
    }
}

/// What separates the segments of an interaction id.
const SEPARATORS: [char; 4] = ['-', '_', '.', ':'];

/// An entry of `INTERACTION_ID_PREFIXES`: which interactions are the tenant's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InteractionPrefix(InteractionId);

impl InteractionPrefix {
    /// Whether the id is the entry itself or goes on with a new segment. So `INT-1` admits `INT-1` and `INT-1-7` but not
    /// `INT-10`. An entry that ends in a separator admits every id that begins with it.
    #[must_use]
    pub fn admits(&self, id: &InteractionId) -> bool {
        let prefix = self.0.as_str();
        match id.as_str().strip_prefix(prefix) {
            Some(rest) => rest.is_empty() || rest.starts_with(SEPARATORS) || prefix.ends_with(SEPARATORS),
            None => false,
        }
    }
}

impl FromStr for InteractionPrefix {
    type Err = InvalidInteractionId;

    fn from_str(text: &str) -> Result<Self, InvalidInteractionId> {
        text.parse().map(Self)
    }
}

impl fmt::Display for InteractionPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_documented_characters_up_to_128() {
        for good in ["INT-42", "a", "A.b_c:d-9", "...", &"x".repeat(128)] {
            assert_eq!(good.parse::<InteractionId>().unwrap().as_str(), good);
        }
    }

    #[test]
    fn is_named_in_any_case_and_among_white_space_but_by_no_other_id() {
        let id: InteractionId = "INT-42a".parse().unwrap();
        for same in ["INT-42a", "int-42A", " INT-42a\r\n"] {
            assert!(id.is_named_by(same), "{same:?}");
        }
        for other in ["", "INT-42", "INT-42ab", "INT -42a"] {
            assert!(!id.is_named_by(other), "{other:?}");
        }
    }

    #[test]
    fn refuses_what_could_name_another_path() {
        for bad in ["", ".", "..", "a/b", "a%2f", "a b", "é", "a\n", &"x".repeat(129)] {
            assert!(bad.parse::<InteractionId>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn prefix_admits_whole_segments() {
        for (prefix, id, admitted) in [
            ("INT-1", "INT-1", true),
            ("INT-1", "INT-1-7", true),
            ("INT-1", "INT-1.x", true),
            ("INT-1", "INT-1_x", true),
            ("INT-1", "INT-1:x", true),
            ("INT-1", "INT-10", false),
            ("INT-1", "INT-1a", false),
            ("INT-1", "INT", false),
            ("INT-1", "int-1", false),
            ("INT-1", "XINT-1", false),
            ("INT", "INT-10", true),
            ("INT-", "INT-10", true),
            ("INT-", "INT-", true),
            ("INT-", "INT", false),
            ("INT_", "INT_10", true),
            ("INT.", "INT.10", true),
            ("INT:", "INT:10", true),
        ] {
            let (prefix, id) = (prefix.parse::<InteractionPrefix>().unwrap(), id.parse().unwrap());
            assert_eq!(prefix.admits(&id), admitted, "{prefix} and {id}");
        }
    }
}
