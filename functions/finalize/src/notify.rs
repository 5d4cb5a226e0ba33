//! The webhook: the record's bytes, signed as Standard Webhooks says.

use std::time::{Duration, Instant, SystemTime};

use attachments::{causes, workflow::error_type};
use host::{
    Failure, SigningSecrets,
    metrics::{self, Metric},
};
use reqwest::header::CONTENT_TYPE;
use secrecy::ExposeSecret;
use standardwebhooks::{HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP};
use tokio::sync::Mutex;
use url::Url;

/// How long the receiver may take.
const LIMIT: Duration = Duration::from_secs(10);
/// How long the signing secrets are kept before they are read again, so that a rotation is seen.
const KEPT: Duration = Duration::from_mins(5);

pub(crate) struct Webhook {
    http: reqwest::Client,
    url: Url,
    secrets: aws_sdk_secretsmanager::Client,
    secret_id: String,
    signing: Mutex<Option<(Instant, SigningSecrets)>>,
}

impl Webhook {
    pub(crate) fn new(
        http: reqwest::Client,
        url: Url,
        secrets: aws_sdk_secretsmanager::Client,
        secret_id: String,
    ) -> Self {
        Self { http, url, secrets, secret_id, signing: Mutex::new(None) }
    }

    /// Posts the bytes under this id with a fresh timestamp. 2xx is delivered; the answer's status is returned.
    pub(crate) async fn deliver(&self, id: &str, bytes: Vec<u8>) -> Result<u16, Failure> {
        let secrets = self.signing_secrets().await?;
        let timestamp = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        let signature = signatures(&secrets, id, timestamp, &bytes)?;
        metrics::count(Metric::WebhookTries);
        let sent = self
            .http
            .post(self.url.clone())
            .timeout(LIMIT)
            .header(CONTENT_TYPE, "application/json")
            .header(HEADER_WEBHOOK_ID, id)
            .header(HEADER_WEBHOOK_TIMESTAMP, timestamp)
            .header(HEADER_WEBHOOK_SIGNATURE, signature)
            .body(bytes)
            .send()
            .await;
        let fault = match sent {
            Ok(response) if response.status().is_success() => return Ok(response.status().as_u16()),
            Ok(response) if response.status().is_redirection() => {
                format!(
                    "answered with a redirect ({}), which is never followed; set WEBHOOK_URL",
                    response.status().as_u16()
                )
            }
            Ok(response) => format!("answered {}", response.status().as_u16()),
            Err(error) if error.is_timeout() => format!("did not answer within {} s", LIMIT.as_secs()),
            Err(error) => format!("cannot be reached: {}", causes(&error)),
        };
        // The receiver may refuse signatures of a secret that was rotated meanwhile.
        *self.signing.lock().await = None;
        let host = self.url.host_str().unwrap_or_default();
        Err(undelivered(format_args!("the webhook's receiver {host} {fault}; the audit record is written")))
    }

    async fn signing_secrets(&self) -> Result<SigningSecrets, Failure> {
        let mut signing = self.signing.lock().await;
        if let Some((read_at, secrets)) = signing.as_ref()
            && read_at.elapsed() < KEPT
        {
            return Ok(secrets.clone());
        }
        let secrets = host::read_signing_secrets(&self.secrets, &self.secret_id)
            .await
            .map_err(|error| undelivered(format_args!("{error}")))?;
        *signing = Some((Instant::now(), secrets.clone()));
        Ok(secrets)
    }
}

/// One signature for each secret, separated by spaces.
fn signatures(secrets: &SigningSecrets, id: &str, timestamp: u64, bytes: &[u8]) -> Result<String, Failure> {
    let timestamp = i64::try_from(timestamp).unwrap_or(i64::MAX);
    let sign = |secret: &secrecy::SecretString| {
        // The errors of both steps would name the secret's text.
        let webhook = standardwebhooks::Webhook::new(secret.expose_secret())
            .map_err(|_| undelivered(format_args!("a signing secret is not whsec_ and base64")))?;
        webhook.sign(id, timestamp, bytes).map_err(|error| undelivered(format_args!("{error}")))
    };
    let signed: Result<Vec<_>, _> = secrets.0.iter().map(sign).collect();
    Ok(signed?.join(" "))
}

fn undelivered(what: std::fmt::Arguments<'_>) -> Failure {
    metrics::count(Metric::WebhookUndelivered);
    Failure::new(error_type::WEBHOOK_UNDELIVERED, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_secret_signs_and_each_verifies_alone() {
        let secrets = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_b2xkZXIgc2VjcmV0IG9mIHRoZSB0d28="];
        let signing = SigningSecrets(secrets.map(Into::into).to_vec());
        let timestamp = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        let signature = signatures(&signing, "msg", timestamp, b"{}\n").unwrap();
        for secret in secrets {
            let mut headers = reqwest::header::HeaderMap::new();
            headers.insert(HEADER_WEBHOOK_ID, "msg".parse().unwrap());
            headers.insert(HEADER_WEBHOOK_TIMESTAMP, timestamp.to_string().parse().unwrap());
            headers.insert(HEADER_WEBHOOK_SIGNATURE, signature.parse().unwrap());
            let receiver = standardwebhooks::Webhook::new(secret).unwrap();
            receiver.verify(b"{}\n", &headers).unwrap();
            assert!(receiver.verify(b"{} \n", &headers).is_err());
        }
    }

    #[test]
    fn the_documented_example_gives_the_documented_signature() {
        // The example of the Standard Webhooks specification.
        let signing = SigningSecrets(vec!["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into()]);
        let signature =
            signatures(&signing, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#).unwrap();
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_bad_secret_is_not_repeated() {
        let failure = signatures(&SigningSecrets(vec!["whsec_hunter2!".into()]), "msg", 0, b"").unwrap_err();
        assert!(
            failure.message.ends_with("not whsec_ and base64") && !failure.message.contains("hunter2"),
            "{failure}"
        );
    }
}
