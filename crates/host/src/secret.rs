//! The two secrets, read from Secrets Manager and checked before use.

use aws_sdk_secretsmanager::{Client, error::DisplayErrorContext};
use secrecy::SecretString;
use serde::{Deserialize, de::DeserializeOwned};

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

pub(crate) async fn read<T: DeserializeOwned>(
    client: &Client,
    id: &str,
    shape: &'static str,
) -> Result<T, SecretError> {
    let answer = client.get_secret_value().secret_id(id).send().await;
    let answer = answer.map_err(|error| SecretError::Unreadable {
        id: id.to_owned(),
        cause: DisplayErrorContext(error).to_string(),
    })?;
    parse(id, shape, answer.secret_string().unwrap_or_default())
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
        signing_secrets: Vec<String>,
    }
    let stored: Stored = read(client, id, SIGNING_SHAPE).await?;
    usable(stored.signing_secrets).map_err(|fault| SecretError::Malformed {
        id: id.to_owned(),
        shape: SIGNING_SHAPE,
        fault,
    })
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

    #[derive(Debug, Deserialize)]
    struct Pair {
        #[expect(dead_code, reason = "only its presence matters here")]
        client_id: String,
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
        let error = parse::<Pair>("cxone", "{…}", r#"{"client_id":"REPLACE_ME"}"#).unwrap_err();
        assert!(error.to_string().starts_with("the secret cxone still holds its placeholder"), "{error}");
    }

    #[test]
    fn a_malformed_secret_is_not_quoted() {
        for text in [r#"{"client_id": hunter2}"#, r#"{"client_id": 4711}"#, r#"{"password":"hunter2"}"#, ""] {
            let error = parse::<Pair>("cxone", "{…}", text).unwrap_err().to_string();
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
            if let Err(error) = parse::<Pair>("cxone", "{…}", &text) {
                prop_assert!(!format!("{error} {error:?}").contains(&value), "{}", error);
            }
        }
    }
}
