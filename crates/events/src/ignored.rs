//! Records that start nothing, and why.

use std::{fmt, str::FromStr};

use wildmatch::WildMatch;

/// How much of a key a text repeats, in characters.
const SHOWN: usize = 256;
/// A key's beginning that differs from the prefix in at most so many characters was probably meant to be the prefix.
const TYPING_ERRORS: usize = 2;

/// A record that starts nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ignored {
    /// It is not about a created object: a test event, a deletion.
    NotCreated,
    /// The key ends in `/`, as the markers of folders do.
    Folder(String),
    /// The key does not begin with the prefix.
    OutsidePrefix {
        /// The object's key.
        key: String,
        /// What its key must begin with.
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
                match meant(key, prefix) {
                    Some(meant) => write!(f, "; probably {} was meant", quoted(&meant)),
                    None => Ok(()),
                }
            }
            Self::Name(key) => write!(f, "the file name of {} is to be ignored (IGNORED_NAMES)", quoted(key)),
        }
    }
}

fn quoted(text: &str) -> String {
    format!("{:?}", text.chars().take(SHOWN).collect::<String>())
}

/// The key with the prefix that its beginning resembles: other case, a slash in front, a typing error.
fn meant(key: &str, prefix: &str) -> Option<String> {
    let segments = prefix.split_inclusive('/').count();
    let trimmed = key.trim_start_matches('/');
    let beginning: String = trimmed.split_inclusive('/').take(segments).collect();
    let rest = trimmed.strip_prefix(beginning.as_str()).filter(|rest| !rest.is_empty())?;
    let errors = strsim::damerau_levenshtein(&beginning.to_lowercase(), &prefix.to_lowercase());
    // Of a short prefix, two characters are most of it.
    (errors <= TYPING_ERRORS.min(prefix.len() / 4)).then(|| format!("{prefix}{rest}"))
}

/// Names of files that operating systems and editors write beside a person's own. `*` stands for any characters, `?` for one.
#[derive(Debug, Clone, PartialEq)]
pub struct IgnoredNames(Vec<WildMatch>);

impl Default for IgnoredNames {
    fn default() -> Self {
        Self(patterns(Self::DEFAULT))
    }
}

/// A list of names cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} would ignore every file; name the files to ignore, or write none")]
pub struct InvalidNames(String);

impl IgnoredNames {
    /// The setting's default.
    pub const DEFAULT: &'static str = ".DS_Store,Thumbs.db,desktop.ini,~$*,._*";

    /// Whether the name of the key's file is one of them, in any case.
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
        let all = list.split(',').map(str::trim).find(|name| !name.is_empty() && name.chars().all(|c| c == '*'));
        all.map_or_else(|| Ok(Self(patterns(list))), |all| Err(InvalidNames(all.to_owned())))
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
    fn names_that_systems_write_are_ignored_in_any_case() {
        let names = IgnoredNames::default();
        for name in [".DS_Store", "Thumbs.db", "thumbs.db", "Desktop.ini", "~$letter.docx", "._photo.jpg"] {
            assert!(names.contain(&format!("interactions/INT-1/{name}")), "{name}");
        }
        for name in ["letter.pdf", "DS_Store", "a~$b.docx", "my.Thumbs.db", ".hidden.pdf", "a._b.pdf"] {
            assert!(!names.contain(&format!("interactions/INT-1/{name}")), "{name}");
        }
        // A folder's name does not count.
        assert!(!names.contain("interactions/._INT-1/letter.pdf"));
    }

    #[test]
    fn list_replaces_the_default() {
        let names: IgnoredNames = " *.tmp , copy?.pdf,".parse().unwrap();
        assert!(names.contain("a/b.TMP") && names.contain("copy1.pdf"));
        assert!(!names.contain("a/.DS_Store") && !names.contain("copy12.pdf"));
        assert!(!"none".parse::<IgnoredNames>().unwrap().contain(".DS_Store"));
        let error = "a.pdf, * ".parse::<IgnoredNames>().unwrap_err();
        assert_eq!(error.to_string(), "\"*\" would ignore every file; name the files to ignore, or write none");
    }

    #[test]
    fn key_outside_the_prefix_is_named_with_what_was_probably_meant() {
        for (key, meant) in [
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
            assert_eq!(text.contains("probably"), meant.is_some(), "{text}");
            assert!(meant.is_none_or(|meant| text.ends_with(&format!("; probably {meant:?} was meant"))), "{text}");
        }
        assert_eq!(super::meant("in/b/INT-1/a.pdf", "in/a/"), None);
        assert_eq!(
            super::meant("inbound/fiels/INT-1/a.pdf", "inbound/files/").as_deref(),
            Some("inbound/files/INT-1/a.pdf")
        );
    }
}
