//! The two secrets, read from Secrets Manager and checked before use.

use aws_sdk_secretsmanager::{Client, error::DisplayErrorContext, operation::get_secret_value::GetSecretValueOutput};
use secrecy::SecretString;
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error as _},
};
use serde_json::value::RawValue;

/// Why a secret cannot be used. No text of the secret is in any of these.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// Secrets Manager did not hand it out; trying again may help.
    #[error("the secret {id} cannot be read: {cause}")]
    Unreadable {
        /// Its id or ARN.
        id: String,
        /// The service's error.
        cause: String,
    },
    /// It still holds the placeholder that the stack was created with.
    #[error(
        "the secret {id} still holds its placeholder; fill it with: aws secretsmanager put-secret-value --secret-id {id} --secret-string '{shape}'"
    )]
    Placeholder {
        /// Its id or ARN.
        id: String,
        /// What it should look like.
        shape: &'static str,
    },
    /// It was stored as bytes, not as text.
    #[error(
        "the secret {id} is binary (SecretBinary), but must be text (SecretString); fill it with: aws secretsmanager put-secret-value --secret-id {id} --secret-string '{shape}'"
    )]
    Binary {
        /// Its id or ARN.
        id: String,
        /// What it should look like.
        shape: &'static str,
    },
    /// It is text in UTF-16 that was read as if it were another encoding.
    #[error("the secret {id} holds UTF-16 text; save the file as UTF-8 and fill the secret with it again")]
    Utf16 {
        /// Its id or ARN.
        id: String,
    },
    /// It is not of the documented shape.
    #[error("the secret {id} is not of the form {shape}: {fault}")]
    Malformed {
        /// Its id or ARN.
        id: String,
        /// What it should look like.
        shape: &'static str,
        /// What is wrong, without the value.
        fault: String,
    },
}

/// The value that template.yaml creates both secrets with.
const PLACEHOLDER: &str = "REPLACE_ME";

pub(crate) async fn fetch<T: DeserializeOwned>(
    client: &Client,
    id: &str,
    shape: &'static str,
) -> Result<T, SecretError> {
    let answer = client.get_secret_value().secret_id(id).send().await;
    let answer = answer.map_err(|error| SecretError::Unreadable {
        id: id.to_owned(),
        cause: DisplayErrorContext(error).to_string(),
    })?;
    usable_text(id, shape, &answer).and_then(|text| parse(id, shape, text))
}

/// A byte order mark, and what a program makes of it that reads UTF-8 as Windows-1252.
const BYTE_ORDER_MARKS: [&str; 2] = ["\u{feff}", "\u{ef}\u{bb}\u{bf}"];
/// What such a program makes of UTF-16's byte order marks.
const UTF_16_MARKS: [&str; 2] = ["\u{ff}\u{fe}", "\u{fe}\u{ff}"];

/// The secret's text without a byte order mark.
fn usable_text<'a>(id: &str, shape: &'static str, answer: &'a GetSecretValueOutput) -> Result<&'a str, SecretError> {
    let Some(text) = answer.secret_string() else {
        return match answer.secret_binary() {
            Some(_) => Err(SecretError::Binary { id: id.to_owned(), shape }),
            None => Ok(""),
        };
    };
    if text.contains('\0') || UTF_16_MARKS.iter().any(|mark| text.starts_with(mark)) {
        return Err(SecretError::Utf16 { id: id.to_owned() });
    }
    Ok(BYTE_ORDER_MARKS.iter().find_map(|mark| text.strip_prefix(mark)).unwrap_or(text))
}

/// A text in a secret. A number counts as its digits, and line breaks at its end, as `echo` adds them, are cut off.
pub(crate) struct Text(String);

impl Text {
    pub(crate) fn into_string(self) -> String {
        self.0
    }

    pub(crate) fn into_secret(self) -> SecretString {
        self.0.into()
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Read raw, since a number in memory may be less exact than its digits. No error may quote the value.
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        if raw.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
            return Ok(Self(raw.to_owned()));
        }
        let text: String = serde_json::from_str(raw).map_err(|_| D::Error::custom("neither a text nor a number"))?;
        Ok(Self(text.trim_end_matches(['\r', '\n']).to_owned()))
    }
}

fn parse<T: DeserializeOwned>(id: &str, shape: &'static str, text: &str) -> Result<T, SecretError> {
    if text.contains(PLACEHOLDER) {
        return Err(SecretError::Placeholder { id: id.to_owned(), shape });
    }
    serde_json::from_str(text).map_err(|error| {
        // serde_json's own message may quote the value; its category and place do not.
        let fault = format!("{:?} error at line {} column {}", error.classify(), error.line(), error.column());
        SecretError::Malformed { id: id.to_owned(), shape, fault }
    })
}

/// The webhook's signing secrets, newest first; at least one.
#[derive(Debug, Clone)]
pub struct SigningSecrets(pub Vec<SecretString>);

const SIGNING_SHAPE: &str = r#"{"signing_secrets": ["whsec_<base64>"]}"#;

/// Reads the webhook's secret.
///
/// # Errors
/// [`SecretError`], also where the list or a key in it is empty.
pub async fn read_signing_secrets(client: &Client, id: &str) -> Result<SigningSecrets, SecretError> {
    #[derive(Deserialize)]
    struct Stored {
        signing_secrets: Vec<Text>,
    }
    let stored: Stored = fetch(client, id, SIGNING_SHAPE).await?;
    usable(stored.signing_secrets.into_iter().map(Text::into_string).collect())
        .map_err(|fault| SecretError::Malformed { id: id.to_owned(), shape: SIGNING_SHAPE, fault })
}

fn usable(secrets: Vec<String>) -> Result<SigningSecrets, String> {
    if secrets.is_empty() {
        return Err("the list is empty".to_owned());
    }
    // As base64 an empty key is a good one, and anybody could sign with it.
    if let Some(place) = secrets.iter().position(|secret| secret.trim_start_matches("whsec_").is_empty()) {
        return Err(format!("secret {} of the list has no key", place + 1));
    }
    Ok(SigningSecrets(secrets.into_iter().map(SecretString::from).collect()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Deserialize)]
    struct Pair {
        client_id: Text,
    }

    fn client_id(text: &str) -> Result<String, SecretError> {
        let answer = GetSecretValueOutput::builder().secret_string(text).build();
        let text = usable_text("cxone", "{…}", &answer)?;
        parse::<Pair>("cxone", "{…}", text).map(|pair| pair.client_id.into_string())
    }

    #[test]
    fn secret_with_a_byte_order_mark_is_read() {
        let json = "{\"client_id\": \"4711\"}\r\n";
        for mark in ["", "\u{feff}", "\u{ef}\u{bb}\u{bf}"] {
            assert_eq!(client_id(&format!("{mark}{json}")).unwrap(), "4711", "{mark:?}");
        }
    }

    #[test]
    fn numbers_and_line_breaks_at_the_end_of_a_text_are_read() {
        for (written, read) in [
            ("4711", "4711"),
            ("1234567890123456789012345", "1234567890123456789012345"),
            ("\"abc\\r\\n\"", "abc"),
            ("\" a b \"", " a b "),
            ("\"\\u00e4\"", "ä"),
        ] {
            assert_eq!(client_id(&format!("{{\"client_id\": {written}}}")).unwrap(), read);
        }
    }

    #[test]
    fn binary_secret_is_named_with_the_command_that_mends_it() {
        let binary = aws_sdk_secretsmanager::primitives::Blob::new(b"{\"client_id\": \"4711\"}");
        let answer = GetSecretValueOutput::builder().secret_binary(binary).build();
        let error = usable_text("cxone", "{…}", &answer).unwrap_err().to_string();
        assert_eq!(
            error,
            "the secret cxone is binary (SecretBinary), but must be text (SecretString); fill it with: \
             aws secretsmanager put-secret-value --secret-id cxone --secret-string '{…}'"
        );
    }

    #[test]
    fn utf_16_secret_is_named_as_such() {
        for text in ["\u{ff}\u{fe}{\0\"\0", "{\0\"\0c\0", "\u{fe}\u{ff}\0{"] {
            let error = client_id(text).unwrap_err().to_string();
            assert!(error.starts_with("the secret cxone holds UTF-16 text"), "{error}");
        }
    }

    #[test]
    fn a_signing_secret_without_a_key_is_refused() {
        let fault = |secrets: &[&str]| usable(secrets.iter().map(|&secret| secret.to_owned()).collect()).err();
        assert_eq!(fault(&["whsec_b2xkZXIgc2VjcmV0", "c2VjcmV0"]), None);
        for (secrets, named) in
            [(&["whsec_b2xkZXIgc2VjcmV0", "whsec_"][..], "secret 2"), (&[""], "secret 1"), (&[], "list is empty")]
        {
            assert!(fault(secrets).is_some_and(|fault| fault.contains(named)), "{secrets:?}");
        }
    }

    #[test]
    fn a_placeholder_is_named_as_such() {
        let error = client_id(r#"{"client_id":"REPLACE_ME"}"#).unwrap_err();
        assert!(error.to_string().starts_with("the secret cxone still holds its placeholder"), "{error}");
    }

    #[test]
    fn a_malformed_secret_is_not_quoted() {
        let texts = [r#"{"client_id": hunter2}"#, r#"{"client_id": [4711]}"#, r#"{"password":"hunter2"}"#, "", "4711"];
        for text in texts {
            let error = client_id(text).unwrap_err().to_string();
            assert!(!error.contains("hunter2") && !error.contains("4711"), "{error}");
            assert!(error.contains("the secret cxone is not of the form"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn no_fault_quotes_a_secret(
            value in "[A-Za-z0-9+/=]{8,40}",
            before in r#"[{"a-z:, \[]{0,12}|\{"client_id": ?"?|\{"client_id": ?\[?"#,
            behind in r#"[}"a-z:, \]]{0,8}"#,
        ) {
            let text = format!("{before}{value}{behind}");
            if let Err(error) = client_id(&text) {
                prop_assert!(!format!("{error} {error:?}").contains(&value), "{}", error);
            }
        }
    }
}
