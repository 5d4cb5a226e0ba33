//! Bytes that are written to the connection unchanged.

use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::scripted::{connection::CutHow, fill::fill};

/// An answer that no HTTP library would send: odd status lines, folded headers, other versions, or no HTTP at all.
///
/// The connection ends after it, which ends the body too. A valid answer has `Connection: close`, because a client
/// might otherwise reuse the connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawReply {
    /// Sent as UTF-8. Line ends are not changed: HTTP requires `\r\n`. The server's placeholders are filled in, and
    /// then
    /// `{content_length}`, the number of bytes after the first empty line.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// Sent after the text; Base64 in JSON.
    #[serde(default, skip_serializing_if = "<[u8]>::is_empty", with = "base64_bytes")]
    pub base64: Box<[u8]>,
    /// Milliseconds for which the connection then stays open without another byte.
    #[serde(default)]
    pub stays_ms: u64,
    /// How it ends.
    #[serde(default = "close")]
    pub end: CutHow,
}

fn close() -> CutHow {
    CutHow::Close
}

impl RawReply {
    /// This text, then an orderly end.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), base64: Box::default(), stays_ms: 0, end: CutHow::Close }
    }

    /// The same with these bytes after the text.
    #[must_use]
    pub fn bytes(self, bytes: impl Into<Vec<u8>>) -> Self {
        Self { base64: bytes.into().into(), ..self }
    }

    /// The bytes on the wire, with each name of `values` in braces replaced by its value.
    #[must_use]
    pub fn wire_bytes(&self, values: &[(&str, &str)]) -> Bytes {
        let text = fill(&self.text, values);
        let after = text.split_once("\r\n\r\n").map_or(0, |(_, body)| body.len()) + self.base64.len();
        let mut bytes = text.replace("{content_length}", &after.to_string()).into_bytes();
        bytes.extend_from_slice(&self.base64);
        bytes.into()
    }

    /// How long the connection stays open after the bytes.
    #[must_use]
    pub fn stays(&self) -> Duration {
        Duration::from_millis(self.stays_ms)
    }
}

/// Bytes as Base64 in JSON.
pub(crate) mod base64_bytes {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error};

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Box<[u8]>, D::Error> {
        let bytes = STANDARD.decode(String::deserialize(deserializer)?).map_err(D::Error::custom)?;
        Ok(bytes.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_counts_the_bytes_after_the_first_empty_line() {
        let raw: RawReply = serde_json::from_str(
            r#"{"text":"HTTP/1.1 202 \r\nContent-Length: {content_length}\r\n\r\n{\"jobId\":\"{job_id}\"}","base64":"/w=="}"#,
        )
        .unwrap();
        assert_eq!(raw.end, CutHow::Close);
        let bytes = raw.wire_bytes(&[("job_id", "j-1")]);
        assert_eq!(&bytes[..], b"HTTP/1.1 202 \r\nContent-Length: 16\r\n\r\n{\"jobId\":\"j-1\"}\xff");
    }

    #[test]
    fn invalid_base64_is_refused() {
        assert!(serde_json::from_str::<RawReply>(r#"{"base64":"%"}"#).is_err());
    }
}
