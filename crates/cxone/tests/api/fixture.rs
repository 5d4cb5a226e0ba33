//! A stand-in, a client of it, and uploads to make.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use cxone::{Attempt, Client, Credentials, CredentialsError, Endpoints, Framing, UploadContent, UploadRequest};
use host::{Environment, HttpClients};
use http_body_util::Full;
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use servers::{
    cxone::{Call, Control, JobAct, RequestRecord, SCOPES, Settings, TokenAct, UploadAct},
    scripted::{Reply, Running, Step},
};
use sha2::{Digest as _, Sha256};

use attachments::JobId;

use crate::seen::Sent;

pub(crate) const PDF: &[u8] = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n%%EOF\n";
/// More than the connection's buffers on both sides hold, so that a server that does not read it is felt.
pub(crate) const BIG: usize = 12 * 1024 * 1024;

/// What a test's credentials are, and how often they were read.
#[derive(Clone)]
pub(crate) struct Vault {
    held: Arc<Mutex<Result<(String, String), CredentialsError>>>,
    reads: Arc<AtomicU64>,
}

impl Vault {
    pub(crate) fn put(&self, held: Result<(&str, &str), CredentialsError>) {
        *self.held.lock().unwrap() = held.map(|(id, secret)| (id.to_owned(), secret.to_owned()));
    }

    pub(crate) fn reads(&self) -> u64 {
        self.reads.load(Ordering::SeqCst)
    }
}

/// The client that the functions use, told where CXone is.
pub(crate) fn client(endpoints: Endpoints) -> (Client, Vault) {
    client_with(cxone::Settings::new(endpoints, SCOPES.join(" ")))
}

pub(crate) fn client_with(settings: cxone::Settings) -> (Client, Vault) {
    let held = Ok(("standin-client".to_owned(), "standin-secret".to_owned()));
    let vault = Vault { held: Arc::new(Mutex::new(held)), reads: Arc::default() };
    let web = HttpClients::from_environment(&mut Environment::new(|_| None)).unwrap().web;
    let read = vault.clone();
    let client = Client::new(web, settings, move || {
        read.reads.fetch_add(1, Ordering::SeqCst);
        let held = read.held.lock().unwrap().clone();
        async move { held.map(|(client_id, secret)| Credentials { client_id, client_secret: secret.into() }) }
    });
    (client, vault)
}

pub(crate) struct Fixture {
    pub(crate) control: Control,
    pub(crate) client: Client,
    pub(crate) vault: Vault,
    _server: Running,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        let server = servers::cxone::start(Settings::default()).unwrap();
        let control = Control::new(server.base_url()).unwrap();
        let (client, vault) = client(Endpoints::new(control.api_url().parse().unwrap(), None));
        Self { control, client, vault, _server: server }
    }

    pub(crate) async fn tokens_do(&self, steps: &[Step<TokenAct>]) {
        self.control.script_tokens(steps).await.unwrap();
    }

    pub(crate) async fn uploads_do(&self, interaction: &str, acts: impl IntoIterator<Item = UploadAct>) {
        let steps: Vec<_> = acts.into_iter().map(Step::once).collect();
        self.control.script_uploads(interaction, &steps).await.unwrap();
    }

    pub(crate) async fn jobs_do(&self, interaction: &str, acts: impl IntoIterator<Item = JobAct>) {
        let steps: Vec<_> = acts.into_iter().map(Step::once).collect();
        self.control.script_jobs(interaction, &steps).await.unwrap();
    }

    /// One attempt of an object without a history.
    pub(crate) async fn send(&self, upload: &Upload) -> Sent {
        upload.send(&self.client).await
    }

    /// A job of the stand-in to ask about.
    pub(crate) async fn a_job_of(&self, interaction: &str) -> JobId {
        self.send(&Upload::to(interaction)).await.job()
    }

    /// The uploads to an interaction, as soon as all of them have ended.
    pub(crate) async fn uploads(&self, interaction: &str) -> Vec<RequestRecord> {
        let deadline = Instant::now() + Duration::from_secs(5);
        loop {
            let records = self.control.requests(Some(interaction), Some(Call::Upload)).await.unwrap();
            if records.iter().all(|record| record.end.is_some()) {
                return records;
            }
            assert!(Instant::now() < deadline, "an upload does not end: {records:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub(crate) async fn polls(&self, interaction: &str) -> usize {
        self.control.requests(Some(interaction), Some(Call::Job)).await.unwrap().len()
    }

    /// How often the token endpoint was called.
    pub(crate) async fn token_calls(&self) -> u64 {
        self.control.stats().await.unwrap().token_requests
    }
}

/// An upload with everything in order, to be changed by the test. Uploads to the same interaction have the same boundary, so
/// that they are the same request byte for byte.
pub(crate) struct Upload {
    pub(crate) content: UploadContent,
    pub(crate) key: String,
    pub(crate) bytes: Bytes,
    pub(crate) framing: Framing,
    pub(crate) limit: Duration,
}

impl Upload {
    pub(crate) fn to(interaction: &str) -> Self {
        let digits = hex::encode(&Sha256::digest(interaction)[..16]);
        let content = UploadContent {
            boundary: format!("cxone-{digits}").parse().unwrap(),
            interaction_id: interaction.parse().unwrap(),
            file_name: "letter.pdf".to_owned(),
            content_type: "application/pdf".to_owned(),
            tags: BTreeMap::new(),
            auto_scan: true,
        };
        Self {
            content,
            key: format!("key-of-{interaction}"),
            bytes: Bytes::from_static(PDF),
            framing: Framing::Chunked,
            limit: Duration::from_secs(10),
        }
    }

    pub(crate) fn big(interaction: &str) -> Self {
        Self { bytes: vec![b'x'; BIG].into(), ..Self::to(interaction) }
    }

    pub(crate) fn within(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }

    pub(crate) fn request(&self) -> UploadRequest<'_> {
        UploadRequest {
            content: &self.content,
            idempotency_key: &self.key,
            size: self.bytes.len() as u64,
            framing: self.framing,
            limit: self.limit,
        }
    }

    /// One attempt, not judged yet.
    pub(crate) async fn attempt(&self, client: &Client) -> Attempt {
        client.upload(self.request(), Full::new(self.bytes.clone())).await
    }

    /// One attempt of an object without a history.
    pub(crate) async fn send(&self, client: &Client) -> Sent {
        Sent::first(&self.attempt(client).await)
    }

    pub(crate) fn sha256(&self) -> String {
        hex::encode(Sha256::digest(&self.bytes))
    }
}

pub(crate) fn reply(status: u16) -> Reply {
    serde_json::from_value(serde_json::json!({ "status": status })).unwrap()
}

/// A response of a page, as gateways send it.
pub(crate) fn page(status: u16) -> Reply {
    reply(status).header(CONTENT_TYPE, HeaderValue::from_static("text/html")).body("<html><h1>No</h1></html>")
}

/// A redirect, in whose place the caller puts the status.
pub(crate) fn redirect(status: u16, to: &str) -> Reply {
    serde_json::from_value(serde_json::json!({ "status": status, "headers": { "location": to } })).unwrap()
}
