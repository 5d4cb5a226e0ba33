//! The webhook: the record's bytes, signed as Standard Webhooks says.

use std::time::{Duration, Instant, SystemTime};

use attachments::{causes, workflow::error_type};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use host::{
    Failure, SigningSecrets,
    metrics::{self, Metric},
};
use reqwest::header::CONTENT_TYPE;
use secrecy::{ExposeSecret as _, SecretString};
use standardwebhooks::{HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP};
use tokio::sync::Mutex;
use url::Url;

/// Standard Webhooks asks for keys of 24 to 64 bytes. A shorter one may be guessed from one delivery.
const SHORTEST_KEY: usize = 24;
/// How long the receiver may take.
pub const LIMIT: Duration = Duration::from_secs(10);
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
        let fault = match taken(sent) {
            Ok(status) => return Ok(status),
            Err(fault) => fault,
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

/// The status of a delivery that was taken, or what happened to it. The URL is in no text: its path and query may hold a key of
/// the receiver's.
fn taken(sent: Result<reqwest::Response, reqwest::Error>) -> Result<u16, String> {
    match sent {
        Ok(response) if response.status().is_success() => Ok(response.status().as_u16()),
        Ok(response) if response.status().is_redirection() => Err(format!(
            "answered with a redirect ({}), which is never followed; set WEBHOOK_URL",
            response.status().as_u16()
        )),
        Ok(response) => Err(format!("answered {}", response.status().as_u16())),
        Err(error) if error.is_timeout() => Err(format!("did not answer within {} s", LIMIT.as_secs())),
        Err(error) => Err(format!("cannot be reached: {}", causes(&error.without_url()))),
    }
}

/// One signature for each secret, separated by spaces.
fn signatures(secrets: &SigningSecrets, id: &str, timestamp: u64, bytes: &[u8]) -> Result<String, Failure> {
    let timestamp = i64::try_from(timestamp).unwrap_or(i64::MAX);
    let sign = |(index, secret): (usize, &SecretString)| {
        let fault = |what: &str| undelivered(format_args!("entry {} of signing_secrets {what}", index + 1));
        let key = key(secret).map_err(fault)?;
        let webhook = standardwebhooks::Webhook::from_bytes(key).map_err(|_| fault("is no key"))?;
        webhook.sign(id, timestamp, bytes).map_err(|error| fault(&format!("does not sign: {error}")))
    };
    let signed: Result<Vec<_>, _> = secrets.0.iter().enumerate().map(sign).collect();
    Ok(signed?.join(" "))
}

/// The secret's bytes. What is wrong with it names nothing of it.
fn key(secret: &SecretString) -> Result<Vec<u8>, &'static str> {
    let text = secret.expose_secret();
    let bytes = STANDARD.decode(text.strip_prefix("whsec_").unwrap_or(text));
    let bytes = bytes.map_err(|_| "is not whsec_ and base64")?;
    if bytes.len() < SHORTEST_KEY {
        return Err("has fewer than 24 bytes; make one with: openssl rand -base64 32");
    }
    Ok(bytes)
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
        let secrets = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_b2xkZXIgc2VjcmV0IG9mIHRoZSB0d28h"];
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

    /// A receiver that answers every connection with these bytes.
    async fn receiver(answer: &'static [u8]) -> String {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(answer).await;
            }
        });
        address.to_string()
    }

    #[tokio::test]
    async fn no_fault_repeats_the_url_s_path_query_or_credentials() {
        let web = host::HttpClients::from_environment(&mut host::Environment::new(|_| None)).unwrap().web;
        let rows: [(&[u8], &str); 5] = [
            (b"", "cannot be reached: "),
            (b"SSH-2.0-OpenSSH_9.6\r\n", "cannot be reached: "),
            (
                b"HTTP/1.1 307 Moved\r\nLocation: /x?key=hunter2\r\nContent-Length: 0\r\n\r\n",
                "answered with a redirect (307)",
            ),
            (b"HTTP/1.1 500 hunter2\r\nContent-Length: 7\r\n\r\nhunter2", "answered 500"),
            (b"HTTP/1.1 404 No\r\nContent-Length: 7\r\n\r\nhunter2", "answered 404"),
        ];
        for (answer, said) in rows {
            let url = format!("http://user:hunter2@{}/hunter2?key=hunter2#hunter2", receiver(answer).await);
            let fault = taken(web.post(url).body("{}").send().await).unwrap_err();
            assert!(fault.starts_with(said) && !fault.contains("hunter2"), "{fault}");
        }
        for url in
            ["http://user:hunter2@127.0.0.1:1/?key=hunter2", "https://user:hunter2@nowhere.invalid/hunter2?hunter2"]
        {
            let fault = taken(web.post(url).body("{}").send().await).unwrap_err();
            assert!(fault.starts_with("cannot be reached: ") && !fault.contains("hunter2"), "{fault}");
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
    fn bad_secret_is_named_by_its_place_and_not_repeated() {
        let good = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        for (bad, said) in [
            ("whsec_hunter2!", "is not whsec_ and base64"),
            ("whsec_", "has fewer than 24 bytes"),
            // 23 bytes.
            ("whsec_aHVudGVyMmh1bnRlcjJodW50ZXIyaHU=", "has fewer than 24 bytes"),
        ] {
            let signing = SigningSecrets(vec![good.into(), bad.into()]);
            let failure = signatures(&signing, "msg", 0, b"").unwrap_err();
            let expected = format!("entry 2 of signing_secrets {said}");
            assert!(failure.message.starts_with(&expected) && !failure.message.contains("unter2"), "{failure}");
        }
    }
}
