//! The CXone interaction of an attachment.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The id of a CXone interaction: 1 to 128 of `A-Z a-z 0-9 . _ : -`, neither `.` nor `..`.
///
/// It becomes a segment of a URL's path. These rules also prevent a producer from choosing another path.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct InteractionId(String);

/// Why a text is not an interaction id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidInteractionId {
    /// The text is empty.
    #[error("the interaction id is empty")]
    Empty,
    /// The text has more than 128 bytes.
    #[error("the interaction id has {0} bytes; at most 128 are allowed")]
    TooLong(usize),
    /// The text is `.` or `..`.
    #[error("the interaction id is {0:?}, which would name another path")]
    Dots(String),
    /// The text contains a character outside the allowed set.
    #[error("the interaction id contains {0:?}; allowed are A-Z a-z 0-9 . _ : -")]
    Character(char),
}

impl InteractionId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `text` from CXone names this interaction. Case and surrounding white space do not matter.
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

/// The separators between segments of an interaction id.
const SEPARATORS: [char; 4] = ['-', '_', '.', ':'];

/// An entry of `INTERACTION_ID_PREFIXES`, which lists the tenant's own interactions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InteractionPrefix(InteractionId);

impl InteractionPrefix {
    /// Whether the id equals the entry, or begins with it and continues with a new segment. So `INT-1` admits `INT-1` and
    /// `INT-1-7` but not `INT-10`. An entry that ends in a separator admits every id that begins with it.
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
    fn id_of_up_to_128_documented_characters_is_accepted() {
        for id in ["INT-42", "a", "A.b_c:d-9", "...", &"x".repeat(128)] {
            assert_eq!(id.parse::<InteractionId>().unwrap().as_str(), id);
        }
    }

    #[test]
    fn id_is_named_in_any_case_and_with_white_space_around_it() {
        let id: InteractionId = "INT-42a".parse().unwrap();
        for same in ["INT-42a", "int-42A", " INT-42a\r\n"] {
            assert!(id.is_named_by(same), "{same:?}");
        }
        for other in ["", "INT-42", "INT-42ab", "INT -42a"] {
            assert!(!id.is_named_by(other), "{other:?}");
        }
    }

    #[test]
    fn id_that_could_name_another_path_is_refused() {
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
