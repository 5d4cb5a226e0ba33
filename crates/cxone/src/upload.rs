//! Uploads a file to an interaction.

use std::{collections::BTreeMap, error::Error, str::FromStr, sync::Arc, time::Duration};

use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout_at};

use attachments::InteractionId;

use crate::{
    Boundary, Client,
    attempt::{Attempt, End},
    multipart::{Envelope, MultipartBody, Progress},
    response::Response,
    token::describe,
};

/// How long the client waits for the connection to flush the end of a body whose response came early.
const FLUSH_WAIT: Duration = Duration::from_millis(200);

/// How the request announces its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Framing {
    /// `Transfer-Encoding: chunked`.
    #[default]
    Chunked,
    /// `Content-Length`, for gateways that refuse chunked bodies.
    ContentLength,
}

impl FromStr for Framing {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "chunked" => Ok(Self::Chunked),
            "content-length" => Ok(Self::ContentLength),
            _ => Err("it must be chunked or content-length".to_owned()),
        }
    }
}

/// Everything in an upload except the file's bytes. Every attempt of an object sends the same bytes, because CXone compares the
/// requests with one `Idempotency-Key`. So the ledger keeps the content of the first attempt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UploadContent {
    /// Separates the parts.
    pub boundary: Boundary,
    /// The attachment's interaction.
    pub interaction_id: InteractionId,
    /// The name that the producer gave the file. It must contain no control characters.
    pub file_name: String,
    /// The detected type.
    pub content_type: String,
    /// The `metadata` part.
    pub tags: BTreeMap<String, String>,
    /// The `autoScan` part.
    pub auto_scan: bool,
}

/// One attempt at an upload.
#[derive(Debug, Clone, Copy)]
pub struct UploadRequest<'a> {
    /// Everything except the file's bytes.
    pub content: &'a UploadContent,
    /// The same for every attempt of an object, so that CXone keeps only one attachment.
    pub idempotency_key: &'a str,
    /// The exact number of bytes in the body.
    pub size: u64,
    /// How the request announces its length.
    pub framing: Framing,
    /// The time limit of the attempt, with token and response.
    pub limit: Duration,
}

impl Client {
    /// Streams `body` to the interaction. [`crate::History::next_step`] decides what to do after the attempt.
    pub async fn upload<B>(&self, request: UploadRequest<'_>, body: B) -> Attempt
    where
        B: http_body::Body<Data = Bytes> + Send + Sync + Unpin + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let progress = Arc::new(Progress::default());
        let deadline = Instant::now() + request.limit;
        let end = match timeout_at(deadline, self.tokens.get()).await {
            Ok(Ok(token)) => self.send(request, body, &token, &progress, deadline).await,
            Ok(Err(error)) => End::NoToken(error),
            Err(_) => End::Unanswered("the token endpoint did not answer in time".to_owned()),
        };
        // This attempt must send nothing more when the next one begins.
        progress.stop();
        Attempt { sent_whole: progress.sent_whole(), end }
    }

    /// Fetches a token if the client has none, so that a token failure does not count as an upload attempt.
    ///
    /// # Errors
    /// [`crate::TokenError`] if the client cannot get a token.
    pub async fn authorize(&self) -> Result<(), crate::TokenError> {
        self.tokens.get().await.map(drop)
    }

    async fn send<B>(
        &self,
        request: UploadRequest<'_>,
        body: B,
        token: &crate::token::Token,
        progress: &Arc<Progress>,
        deadline: Instant,
    ) -> End
    where
        B: http_body::Body<Data = Bytes> + Send + Sync + Unpin + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let UploadRequest { content, size, limit, .. } = request;
        let envelope = match Envelope::new(content) {
            Ok(envelope) => envelope,
            Err(error) => return End::Source(format!("the tags have no JSON form: {error}")),
        };
        let content_type = format!("multipart/form-data; boundary={}", content.boundary);
        let content_type = match HeaderValue::try_from(content_type) {
            Ok(value) => value,
            Err(error) => return End::Source(error.to_string()),
        };
        let announced = match request.framing {
            Framing::Chunked => None,
            Framing::ContentLength => Some(envelope.length_around(size)),
        };
        let body = MultipartBody::new(envelope, body, size, announced, Arc::clone(progress));
        let endpoints = &self.endpoints;
        let sent = self
            .http
            .post(endpoints.upload.0.url(&endpoints.base, content.interaction_id.as_str()))
            .bearer_auth(token.bearer())
            .header(CONTENT_TYPE, content_type)
            .header("Idempotency-Key", request.idempotency_key)
            .body(reqwest::Body::wrap(body))
            .send();
        let response = match timeout_at(deadline, sent).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return no_response(&error, progress),
            Err(_) if progress.sent_whole() => {
                return End::Unanswered(format!("CXone did not answer the upload within {} s", limit.as_secs()));
            }
            Err(_) => return End::Unanswered(format!("the upload did not finish within {} s", limit.as_secs())),
        };
        if !response.status().is_success() {
            progress.stop();
        }
        let redactor = token.redactor().and([content.boundary.as_str()]);
        let response = Response::receive(response, redactor, deadline).await;
        match response.status() {
            200..=299 if !progress.sent_whole() => finish_sending(progress, deadline).await,
            401 => self.tokens.forget(token).await,
            _ => {}
        }
        End::Response(response)
    }
}

/// Waits until the connection has sent the rest of a body whose response came early. A 2xx counts only if the whole body is
/// sent, and Lambda may freeze the process after the invocation.
async fn finish_sending(progress: &Progress, deadline: Instant) {
    if timeout_at(deadline, progress.ended()).await.is_ok() && progress.sent_whole() {
        tokio::time::sleep(FLUSH_WAIT).await;
    }
}

fn no_response(error: &reqwest::Error, progress: &Progress) -> End {
    if let Some(fault) = progress.source_fault() {
        return End::Source(fault);
    }
    let causes = describe(error);
    if cannot_be_parsed(error) {
        return End::Unreadable(causes);
    }
    End::Unanswered(if progress.sent_whole() {
        format!("the connection broke before CXone's response: {causes}")
    } else {
        format!("CXone cannot be reached: {causes}")
    })
}

/// Whether the response was not valid HTTP.
fn cannot_be_parsed(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse) {
            return true;
        }
        cause = error.source();
    }
    false
}
