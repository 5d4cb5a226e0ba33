//! A fake AWS on a port of this machine, whose responses a test writes byte for byte. Intake reaches it through its real
//! connector and SDK.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use attachments::{Identity, Timestamp};
use aws_sdk_s3::{Client, config::timeout::TimeoutConfig};
use host::{Aws, Environment, HttpClients};
use ledger::Lease;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use crate::Intake;

/// How long a body may stall in these tests.
pub(crate) const STALL_TIMEOUT: Duration = Duration::from_millis(300);

/// A server that answers each request with `respond` of the request's head. It keeps connections open.
pub(crate) struct FakeAws {
    /// `http://…`
    pub(crate) url: String,
    /// The requests' heads and bodies.
    requests: Arc<Mutex<Vec<(String, String)>>>,
}

impl FakeAws {
    pub(crate) async fn new(respond: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (requests, respond) = (Arc::new(Mutex::new(Vec::new())), Arc::new(respond));
        let seen = Arc::clone(&requests);
        tokio::spawn(async move {
            loop {
                let (mut connection, _) = listener.accept().await.unwrap();
                let (seen, respond) = (Arc::clone(&seen), Arc::clone(&respond));
                tokio::spawn(async move {
                    while let Some((head, body)) = request(&mut connection).await {
                        seen.lock().unwrap().push((head.clone(), body));
                        if connection.write_all(&respond(&head)).await.is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Self { url, requests }
    }

    /// The number of requests whose head contains `part`.
    pub(crate) fn count(&self, part: &str) -> usize {
        self.count_with_body(part, "")
    }

    /// The number of requests whose head contains `part` and whose body contains `text`.
    pub(crate) fn count_with_body(&self, part: &str, text: &str) -> usize {
        self.requests.lock().unwrap().iter().filter(|(head, body)| head.contains(part) && body.contains(text)).count()
    }

    /// Intake with only the required settings, the bucket `drop`, and this CXone.
    pub(crate) fn intake(&self, cxone_url: &str) -> Intake {
        let (aws_url, cxone_url) = (self.url.clone(), cxone_url.to_owned());
        let environment = Environment::new(move |name| match name {
            "AWS_ENDPOINT_URL" => Some(aws_url.clone()),
            "CXONE_BASE_URL" => Some(cxone_url.clone()),
            "AWS_REGION" => Some("eu-central-1".to_owned()),
            "INGEST_BUCKET" => Some("drop".to_owned()),
            "AWS_ACCESS_KEY_ID"
            | "AWS_SECRET_ACCESS_KEY"
            | "CXONE_SECRET_ID"
            | "LEDGER_TABLE"
            | "STATE_MACHINE_ARN"
            | "INTAKE_DLQ_URL" => Some("test".to_owned()),
            _ => None,
        });
        host::start(environment, Intake::make).unwrap()
    }

    pub(crate) fn s3(&self) -> Client {
        let url = self.url.clone();
        let mut environment = Environment::new(move |name| match name {
            "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("test".to_owned()),
            "AWS_REGION" => Some("eu-central-1".to_owned()),
            "AWS_ENDPOINT_URL" => Some(url.clone()),
            _ => None,
        });
        let clients = HttpClients::from_environment(&mut environment).unwrap();
        let aws = Aws::from_environment(&mut environment, &clients);
        environment.finish(Ok(())).unwrap();
        let config = aws_sdk_s3::config::Builder::from(&aws.s3())
            .force_path_style(true)
            .timeout_config(TimeoutConfig::builder().read_timeout(STALL_TIMEOUT).build());
        Client::from_conf(config.build())
    }
}

/// The head and the body of the next request. None if the connection ends.
async fn request(connection: &mut TcpStream) -> Option<(String, String)> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
            if bytes.len() >= end + 4 + length.unwrap_or(0) {
                let text = |part: &[u8]| String::from_utf8_lossy(part).into_owned();
                return Some((text(&bytes[..end]), text(&bytes[end + 4..])));
            }
        }
        if connection.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

/// The first lease of an object.
pub(crate) fn first_lease(identity: Identity, first_seen: Timestamp) -> Lease {
    Lease {
        identity,
        attempt: 1,
        first_seen,
        crashes: 0,
        crashed_run: None,
        reserved_bytes: 0,
        request: None,
        history: None,
        last_fault: None,
        known: None,
    }
}

/// A response with the status 200.
pub(crate) fn response(headers: &[u8], body: &[u8]) -> Vec<u8> {
    let length = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n", body.len());
    [length.as_bytes(), headers, b"\r\n", body].concat()
}

/// S3's refusal without a body.
pub(crate) fn refused(status: u16) -> Vec<u8> {
    refused_saying(status, "")
}

/// S3's refusal with a body.
pub(crate) fn refused_saying(status: u16, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status} No\r\ncontent-length: {length}\r\nx-amz-request-id: 4442587FB7D0A2F9\r\n\r\n{body}")
        .into_bytes()
}
