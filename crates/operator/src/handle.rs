//! What a person knows of an object.

use std::{convert::Infallible, str::FromStr};

use attachments::Identity;

/// One argument of `explain`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Handle {
    /// `s3://bucket/key`, or a key of the ingest bucket: all of its versions.
    Key {
        /// None for the ingest bucket.
        bucket: Option<String>,
        /// The whole key.
        key: String,
    },
    /// 64 hexadecimal digits, which are the webhook's id too.
    Identity(Identity),
    /// The name of an execution, also the last part of its ARN.
    Execution(String),
    /// An interaction id or a job id.
    Id(String),
}

impl FromStr for Handle {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        if let Some((bucket, key)) = text.strip_prefix("s3://").and_then(|rest| rest.split_once('/')) {
            return Ok(Self::Key { bucket: Some(bucket.to_owned()), key: key.to_owned() });
        }
        if let Ok(identity) = text.to_ascii_lowercase().parse() {
            return Ok(Self::Identity(identity));
        }
        if text.starts_with("arn:") && text.contains(":execution:") {
            return Ok(Self::Execution(text.rsplit(':').next().unwrap_or(text).to_owned()));
        }
        if text.contains('/') {
            return Ok(Self::Key { bucket: None, key: text.to_owned() });
        }
        let short = text.rsplit_once('-').is_some_and(|(_, end)| end.len() == 32 && end.bytes().all(is_hex));
        Ok(if short { Self::Execution(text.to_owned()) } else { Self::Id(text.to_owned()) })
    }
}

const fn is_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_is_recognised() {
        let hex = "0123456789abcdef".repeat(4);
        let key =
            |bucket: Option<&str>, key: &str| Handle::Key { bucket: bucket.map(str::to_owned), key: key.to_owned() };
        for (text, handle) in [
            ("s3://drop/interactions/INT-42/a b.pdf", key(Some("drop"), "interactions/INT-42/a b.pdf")),
            ("interactions/INT-42/a.pdf", key(None, "interactions/INT-42/a.pdf")),
            (hex.as_str(), Handle::Identity(hex.parse().unwrap())),
            (
                "INT-42-0123456789abcdef0123456789abcdef",
                Handle::Execution("INT-42-0123456789abcdef0123456789abcdef".to_owned()),
            ),
            (
                "arn:aws:states:eu-central-1:123456789012:execution:M:INT-42-0123456789abcdef0123456789abcdef",
                Handle::Execution("INT-42-0123456789abcdef0123456789abcdef".to_owned()),
            ),
            ("INT-42", Handle::Id("INT-42".to_owned())),
            ("job-12-8f74742a", Handle::Id("job-12-8f74742a".to_owned())),
        ] {
            assert_eq!(text.parse::<Handle>().unwrap(), handle);
        }
    }
}
