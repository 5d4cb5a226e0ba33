//! Posts the webhook: the record's bytes, signed according to Standard Webhooks.

use std::time::{Duration, Instant, SystemTime};

use attachments::{causes, workflow::error_type};
use host::{
    Failure, SigningSecrets,
    metrics::{self, Metric},
};
use reqwest::header::CONTENT_TYPE;
use standardwebhooks::{HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP};
use tokio::sync::Mutex;
use url::Url;

/// The time limit of a delivery.
pub const TIMEOUT: Duration = Duration::from_secs(10);
/// The signing secrets are read again after this time, so that a rotated secret is used.
const SECRETS_LIFETIME: Duration = Duration::from_mins(5);

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

    /// Posts the bytes with this id and the current time. Returns the response's status, which is 2xx.
    pub(crate) async fn deliver(&self, id: &str, bytes: Vec<u8>) -> Result<u16, Failure> {
        let secrets = self.signing_secrets().await?;
        let timestamp = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        let signature = host::signatures(&secrets, id, timestamp, &bytes);
        let signature = signature.map_err(|fault| undelivered(format_args!("{fault}")))?;
        metrics::count(Metric::WebhookTries);
        let sent = self
            .http
            .post(self.url.clone())
            .timeout(TIMEOUT)
            .header(CONTENT_TYPE, "application/json")
            .header(HEADER_WEBHOOK_ID, id)
            .header(HEADER_WEBHOOK_TIMESTAMP, timestamp)
            .header(HEADER_WEBHOOK_SIGNATURE, signature)
            .body(bytes)
            .send()
            .await;
        let fault = match delivered(sent) {
            Ok(status) => return Ok(status),
            Err(fault) => fault,
        };
        // The secret may have been rotated. Read it again before the next delivery.
        *self.signing.lock().await = None;
        let host = self.url.host_str().unwrap_or_default();
        Err(undelivered(format_args!("the webhook's receiver {host} {fault}; the audit record is written")))
    }

    async fn signing_secrets(&self) -> Result<SigningSecrets, Failure> {
        let mut signing = self.signing.lock().await;
        if let Some((read_at, secrets)) = signing.as_ref()
            && read_at.elapsed() < SECRETS_LIFETIME
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

/// The status of a successful delivery, or its fault. The fault never contains the URL, whose path and query may contain a key of the
/// receiver.
fn delivered(sent: Result<reqwest::Response, reqwest::Error>) -> Result<u16, String> {
    match sent {
        Ok(response) if response.status().is_success() => Ok(response.status().as_u16()),
        Ok(response) if response.status().is_redirection() => Err(format!(
            "answered with a redirect ({}), which is never followed; set WEBHOOK_URL",
            response.status().as_u16()
        )),
        Ok(response) => Err(format!("answered {}", response.status().as_u16())),
        Err(error) if error.is_timeout() => Err(format!("did not answer within {} s", TIMEOUT.as_secs())),
        Err(error) => Err(format!("cannot be reached: {}", causes(&error.without_url()))),
    }
}

fn undelivered(fault: std::fmt::Arguments<'_>) -> Failure {
    metrics::count(Metric::WebhookUndelivered);
    Failure::new(error_type::WEBHOOK_UNDELIVERED, fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Starts a receiver that sends these bytes on every connection. Returns its address.
    async fn start_receiver(response: &'static [u8]) -> String {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(response).await;
            }
        });
        address.to_string()
    }

    #[tokio::test]
    async fn fault_contains_no_path_query_or_credentials_of_the_url() {
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
        for (response, expected) in rows {
            let url = format!("http://user:hunter2@{}/hunter2?key=hunter2#hunter2", start_receiver(response).await);
            let fault = delivered(web.post(url).body("{}").send().await).unwrap_err();
            assert!(fault.starts_with(expected) && !fault.contains("hunter2"), "{fault}");
        }
        for url in
            ["http://user:hunter2@127.0.0.1:1/?key=hunter2", "https://user:hunter2@nowhere.invalid/hunter2?hunter2"]
        {
            let fault = delivered(web.post(url).body("{}").send().await).unwrap_err();
            assert!(fault.starts_with("cannot be reached: ") && !fault.contains("hunter2"), "{fault}");
        }
    }
}
