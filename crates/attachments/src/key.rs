//! Decodes the keys in S3's events, and splits a key into its parts.

use std::{fmt, str};

use percent_encoding::percent_decode;

/// Decodes a key of an S3 notification, where `+` is a space and `%XX` a byte. Keys of `EventBridge` are not encoded.
///
/// # Errors
/// The decoded bytes are not UTF-8, as every key in S3 is.
pub fn decode_form_encoded_key(encoded: &str) -> Result<String, str::Utf8Error> {
    let spaced: Vec<u8> = encoded.bytes().map(|b| if b == b'+' { b' ' } else { b }).collect();
    percent_decode(&spaced).decode_utf8().map(std::borrow::Cow::into_owned)
}

/// A file's name as the producer wrote it, Unicode included. It contains neither `/` nor control characters, and is not empty,
/// `.` or `..`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileName(String);

impl FileName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The parts of a key: `{prefix}{interaction}/{any folders}/{file name}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectKey {
    /// The interaction id as written. It is not validated, because the object's metadata may override it.
    pub interaction: String,
    /// The last segment.
    pub file_name: FileName,
}

/// Why a key does not have the documented form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKey {
    /// The key does not begin with the prefix.
    #[error("the key does not begin with {0:?}")]
    OutsidePrefix(String),
    /// The key has no folder for the interaction. The field is the prefix.
    #[error("the key has no folder for the interaction; write it as {0}{{interaction id}}/{{file name}}")]
    NoInteraction(String),
    /// The last segment is empty, `.` or `..`.
    #[error("the key has no file name after the last slash")]
    NoFileName,
    /// The key contains a control character, which would garble consoles and headers.
    #[error("the key contains the control character U+{:04X}", *.0 as u32)]
    ControlCharacter(char),
}

impl ObjectKey {
    /// Splits a decoded key.
    ///
    /// # Errors
    /// [`InvalidKey`] if the key does not have the documented form.
    pub fn parse(key: &str, prefix: &str) -> Result<Self, InvalidKey> {
        let rest = key.strip_prefix(prefix).ok_or_else(|| InvalidKey::OutsidePrefix(prefix.to_owned()))?;
        if let Some(control) = key.chars().find(|c| c.is_control()) {
            return Err(InvalidKey::ControlCharacter(control));
        }
        let (interaction, path) = rest.split_once('/').ok_or_else(|| InvalidKey::NoInteraction(prefix.to_owned()))?;
        let file_name = path.rsplit('/').next().unwrap_or(path);
        if matches!(file_name, "" | "." | "..") {
            return Err(InvalidKey::NoFileName);
        }
        Ok(Self { interaction: interaction.to_owned(), file_name: FileName(file_name.to_owned()) })
    }

    /// The interaction's folder, also of a key that is invalid otherwise. Empty if there is none. The name of a rejected object's
    /// execution contains it.
    #[must_use]
    pub fn interaction_of(key: &str, prefix: &str) -> String {
        let rest = key.strip_prefix(prefix).unwrap_or_default();
        rest.split_once('/').map_or_else(String::new, |(interaction, _)| interaction.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn form_encoded_key_is_decoded() {
        let key = decode_form_encoded_key("interactions/INT-42/a%C3%B1o+1%2B1+%28final%29.pdf").unwrap();
        assert_eq!(key, "interactions/INT-42/año 1+1 (final).pdf");
        assert_eq!(decode_form_encoded_key("100%25").unwrap(), "100%");
        assert!(decode_form_encoded_key("%FF").is_err());
    }

    #[test]
    fn key_is_split_into_interaction_and_file_name() {
        let key = ObjectKey::parse("interactions/INT-1/2026/11/call.wav", "interactions/").unwrap();
        assert_eq!((key.interaction.as_str(), key.file_name.as_str()), ("INT-1", "call.wav"));
        let custom = ObjectKey::parse("drop/x/INT-1/a.pdf", "drop/x/").unwrap();
        assert_eq!(custom.interaction, "INT-1");
    }

    #[test]
    fn bad_key_is_reported_with_the_broken_rule() {
        let parse = |key| ObjectKey::parse(key, "interactions/").unwrap_err();
        assert_eq!(parse("other/INT/a.pdf"), InvalidKey::OutsidePrefix("interactions/".into()));
        assert_eq!(parse("interactions/a.pdf"), InvalidKey::NoInteraction("interactions/".into()));
        assert_eq!(parse("interactions/INT/"), InvalidKey::NoFileName);
        assert_eq!(parse("interactions/INT/.."), InvalidKey::NoFileName);
        assert_eq!(parse("interactions/INT/a\u{1b}[1m.pdf"), InvalidKey::ControlCharacter('\u{1b}'));
        assert_eq!(parse("interactions/INT\n/a.pdf").to_string(), "the key contains the control character U+000A");
    }
}
