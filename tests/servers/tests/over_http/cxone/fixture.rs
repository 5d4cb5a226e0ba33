//! A running stand-in, and valid requests that a test can change.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use servers::{
    cxone::{Control, SCOPES, Settings},
    scripted::Running,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::wire::{self, Answer, Seen};

pub(crate) const PDF: &[u8] = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n%%EOF\n";

impl Answer {
    /// The job of an accepted upload.
    pub(crate) fn job_id(&self) -> String {
        assert_eq!(self.status, 202, "{}", self.body);
        self.json()["jobId"].as_str().unwrap().to_owned()
    }
}

/// A running stand-in, its control client, and a valid token.
pub(crate) struct Fixture {
    pub(crate) server: Running,
    pub(crate) control: Control,
    pub(crate) token: String,
    pub(crate) patience: Duration,
}

impl Fixture {
    pub(crate) async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    pub(crate) async fn with(settings: Settings) -> Self {
        let mut fixture = Self::around(servers::cxone::start(settings).unwrap());
        fixture.token = fixture.fetch_token().await;
        fixture
    }

    /// Without a token.
    pub(crate) fn around(server: Running) -> Self {
        let control = Control::new(server.base_url()).unwrap();
        Self { server, control, token: String::new(), patience: Duration::from_secs(10) }
    }

    pub(crate) async fn fetch_token(&self) -> String {
        let answer = self.ask_token("standin-client:standin-secret", &form(&SCOPES.join("+"))).await.answer();
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()["access_token"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn ask_token(&self, credentials: &str, form: &str) -> Seen {
        let head = format!(
            "POST /api/v2/oauth/token HTTP/1.1\r\nauthorization: Basic {}\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n",
            STANDARD.encode(credentials),
            form.len()
        );
        self.send(&head, form.as_bytes()).await
    }

    pub(crate) async fn poll(&self, job_id: &str) -> Seen {
        self.send(&self.job_head(&format!("/api/v2/jobs/{job_id}")), b"").await
    }

    pub(crate) async fn upload(&self, upload: &Upload) -> Seen {
        let (head, body) = upload.request(&self.token);
        self.send(&head, &body).await
    }

    /// Sends a request and reads until the server ends the connection.
    pub(crate) async fn send(&self, head: &str, body: &[u8]) -> Seen {
        wire::exchange(self.open(head).await, body, self.patience).await
    }

    /// Sends a request and gives the bytes that come back, unparsed.
    pub(crate) async fn bytes(&self, head: &str, body: &[u8]) -> Vec<u8> {
        let mut stream = self.open(head).await;
        stream.write_all(body).await.unwrap();
        let mut bytes = Vec::new();
        // How the connection ends does not matter here.
        let _ = timeout(self.patience, stream.read_to_end(&mut bytes)).await;
        bytes
    }

    pub(crate) fn job_head(&self, path: &str) -> String {
        format!("GET {path} HTTP/1.1\r\nauthorization: Bearer {}\r\n", self.token)
    }

    /// Sends a request's head, whose lines all end in CR LF, and leaves the rest to the caller.
    pub(crate) async fn open(&self, head: &str) -> TcpStream {
        wire::open(self.server.base_url(), &format!("{head}user-agent: wire\r\nconnection: close")).await
    }

    /// Waits until a condition on the control interface holds.
    pub(crate) async fn eventually<F: Future<Output = bool>>(&self, what: &str, mut holds: impl FnMut() -> F) {
        for _ in 0..200 {
            if holds().await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("not in 2 s: {what}");
    }
}

pub(crate) fn form(scope: &str) -> String {
    format!("grant_type=client_credentials&scope={scope}")
}

/// A valid upload, unless a test changes it.
#[derive(Clone)]
pub(crate) struct Upload {
    pub(crate) interaction: &'static str,
    /// No header if empty.
    pub(crate) key: &'static str,
    pub(crate) file_name: &'static str,
    pub(crate) content_type: &'static str,
    pub(crate) bytes: Vec<u8>,
    pub(crate) metadata: &'static str,
    pub(crate) auto_scan: &'static str,
    pub(crate) chunked: bool,
}

impl Upload {
    pub(crate) fn of(interaction: &'static str, key: &'static str) -> Self {
        Self {
            interaction,
            key,
            file_name: "año 1+1 (final).pdf",
            content_type: "application/pdf",
            bytes: PDF.to_vec(),
            metadata: r#"{"case":"7","owner":"Zoë"}"#,
            auto_scan: "true",
            chunked: true,
        }
    }

    pub(crate) fn form(&self) -> Vec<u8> {
        let before = format!(
            "--xYz\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{}\"\r\nContent-Type: {}\r\n\r\n",
            self.file_name, self.content_type
        );
        let after = format!(
            "\r\n--xYz\r\nContent-Disposition: form-data; name=\"metadata\"\r\nContent-Type: application/json\r\n\r\n{}\
             \r\n--xYz\r\nContent-Disposition: form-data; name=\"autoScan\"\r\nContent-Type: text/plain\r\n\r\n{}\
             \r\n--xYz--\r\n",
            self.metadata, self.auto_scan
        );
        [before.as_bytes(), &self.bytes, after.as_bytes()].concat()
    }

    pub(crate) fn request(&self, token: &str) -> (String, Vec<u8>) {
        let form = self.form();
        let head = self.head(token, if self.chunked { None } else { Some(form.len()) });
        (head, if self.chunked { chunked(&form) } else { form })
    }

    pub(crate) fn head(&self, token: &str, length: Option<usize>) -> String {
        let framing =
            length.map_or("transfer-encoding: chunked".to_owned(), |bytes| format!("content-length: {bytes}"));
        let key = if self.key.is_empty() { String::new() } else { format!("idempotency-key: {}\r\n", self.key) };
        format!(
            "POST /api/v2/interactions/{}/attachments HTTP/1.1\r\nauthorization: Bearer {token}\r\n{key}\
             content-type: multipart/form-data; boundary=xYz\r\n{framing}\r\n",
            self.interaction
        )
    }
}

/// Chunks of a size that is not a multiple or divisor of any buffer's.
pub(crate) fn chunked(body: &[u8]) -> Vec<u8> {
    let mut sent = Vec::new();
    for chunk in body.chunks(8191) {
        sent.extend(format!("{:x}\r\n", chunk.len()).bytes().chain(chunk.iter().copied()).chain(*b"\r\n"));
    }
    sent.extend(b"0\r\n\r\n");
    sent
}
