//! Records that start nothing, and why.

use std::{fmt, str::FromStr};

use wildmatch::WildMatch;

use super::quoted;

/// If the key's first folders differ from the prefix in at most this many characters, the prefix is probably misspelt.
const MAX_TYPING_ERRORS: usize = 2;

/// A record that starts nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ignored {
    /// The record is not about a created object: a test event, a deletion.
    NotCreated,
    /// The key ends in `/`, as a folder marker does.
    Folder(String),
    /// The key does not begin with the prefix.
    OutsidePrefix {
        /// The object's key, whole.
        key: String,
        /// The setting `KEY_PREFIX`.
        prefix: String,
    },
    /// The file name is one of [`IgnoredNames`].
    Name(String),
}

impl fmt::Display for Ignored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotCreated => f.write_str("the record is not about a created object"),
            Self::Folder(key) => write!(f, "the key {} names a folder", quoted(key)),
            Self::OutsidePrefix { key, prefix } => {
                write!(f, "the key {} does not begin with {prefix:?} (KEY_PREFIX)", quoted(key))?;
                match corrected(key, prefix) {
                    Some(corrected) => write!(f, "; probably {} was meant", quoted(&corrected)),
                    None => Ok(()),
                }
            }
            Self::Name(key) => write!(f, "the file name of {} is in the list to ignore (IGNORED_NAMES)", quoted(key)),
        }
    }
}

/// The key with the right prefix, if its first folders resemble the prefix: other case, a slash in front, a typing error.
fn corrected(key: &str, prefix: &str) -> Option<String> {
    let segments = prefix.split_inclusive('/').count();
    let trimmed = key.trim_start_matches('/');
    let beginning: String = trimmed.split_inclusive('/').take(segments).collect();
    let rest = trimmed.strip_prefix(beginning.as_str()).filter(|rest| !rest.is_empty())?;
    let errors = strsim::damerau_levenshtein(&beginning.to_lowercase(), &prefix.to_lowercase());
    // In a short prefix, one character may be the whole difference between two folders.
    (errors <= MAX_TYPING_ERRORS.min(prefix.len() / 6)).then(|| format!("{prefix}{rest}"))
}

/// File names that operating systems and editors create. `*` matches any characters, `?` matches one.
#[derive(Debug, Clone, PartialEq)]
pub struct IgnoredNames(Vec<WildMatch>);

impl Default for IgnoredNames {
    fn default() -> Self {
        Self(patterns(Self::DEFAULT))
    }
}

/// The list has a pattern that matches every name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} would ignore every file; name the files to ignore, or write none")]
pub struct InvalidNames(String);

impl IgnoredNames {
    /// The setting's default.
    pub const DEFAULT: &'static str = ".DS_Store,Thumbs.db,desktop.ini,~$*,._*";

    /// Whether the key's file name matches one of the patterns, in upper or lower case.
    #[must_use]
    pub fn contain(&self, key: &str) -> bool {
        let name = key.rsplit('/').next().unwrap_or(key).to_lowercase();
        self.0.iter().any(|pattern| pattern.matches(&name))
    }
}

impl FromStr for IgnoredNames {
    type Err = InvalidNames;

    /// Reads a comma-separated list. `none` is the empty list.
    fn from_str(list: &str) -> Result<Self, InvalidNames> {
        if list.trim() == "none" {
            return Ok(Self(Vec::new()));
        }
        let catch_all = list
            .split(',')
            .map(str::trim)
            .find(|name| name.contains('*') && name.chars().all(|c| matches!(c, '*' | '?')));
        catch_all.map_or_else(|| Ok(Self(patterns(list))), |pattern| Err(InvalidNames(pattern.to_owned())))
    }
}

fn patterns(list: &str) -> Vec<WildMatch> {
    let names = list.split(',').map(|name| name.trim().to_lowercase());
    names.filter(|name| !name.is_empty()).map(|name| WildMatch::new(&name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn system_files_are_ignored_in_upper_and_lower_case() {
        let names = IgnoredNames::default();
        for name in [".DS_Store", "Thumbs.db", "thumbs.db", "Desktop.ini", "~$letter.docx", "._photo.jpg"] {
            assert!(names.contain(&format!("interactions/INT-1/{name}")), "{name}");
        }
        for name in ["letter.pdf", "DS_Store", "a~$b.docx", "my.Thumbs.db", ".hidden.pdf", "a._b.pdf"] {
            assert!(!names.contain(&format!("interactions/INT-1/{name}")), "{name}");
        }
        // Only the file's name counts, not a folder's.
        assert!(!names.contain("interactions/._INT-1/letter.pdf"));
    }

    #[test]
    fn given_list_replaces_the_default() {
        let names: IgnoredNames = " *.tmp , copy?.pdf,".parse().unwrap();
        assert!(names.contain("a/b.TMP") && names.contain("copy1.pdf"));
        assert!(!names.contain("a/.DS_Store") && !names.contain("copy12.pdf"));
        assert!(!"none".parse::<IgnoredNames>().unwrap().contain(".DS_Store"));
        assert!("a.pdf,?*".parse::<IgnoredNames>().is_err());
        let error = "a.pdf, * ".parse::<IgnoredNames>().unwrap_err();
        assert_eq!(error.to_string(), "\"*\" would ignore every file; name the files to ignore, or write none");
    }

    #[test]
    fn misspelt_prefix_is_reported_with_the_corrected_key() {
        for (key, suggestion) in [
            ("interaction/INT-1/a.pdf", Some("interactions/INT-1/a.pdf")),
            ("Interactions/INT-1/a.pdf", Some("interactions/INT-1/a.pdf")),
            ("/interactions/INT-1/a.pdf", Some("interactions/INT-1/a.pdf")),
            ("interactoins/INT-1/a.pdf", Some("interactions/INT-1/a.pdf")),
            ("INT-1/a.pdf", None),
            ("interactions", None),
            ("", None),
        ] {
            let text = Ignored::OutsidePrefix { key: key.to_owned(), prefix: "interactions/".to_owned() }.to_string();
            assert!(text.starts_with(&format!("the key {key:?} does not begin with \"interactions/\" (KEY_PREFIX)")));
            assert_eq!(text.contains("probably"), suggestion.is_some(), "{text}");
            assert!(suggestion.is_none_or(|key| text.ends_with(&format!("; probably {key:?} was meant"))), "{text}");
        }
        assert_eq!(corrected("in/b/INT-1/a.pdf", "in/a/"), None);
        assert_eq!(
            corrected("inbound/fiels/INT-1/a.pdf", "inbound/files/").as_deref(),
            Some("inbound/files/INT-1/a.pdf")
        );
    }
}
