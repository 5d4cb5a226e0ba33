//! Sending a file to an interaction.

use std::{collections::BTreeMap, error::Error, sync::Arc, time::Duration};

use bytes::Bytes;
use reqwest::{
    StatusCode,
    header::{CONTENT_TYPE, HeaderValue},
};
use serde::Deserialize;

use attachments::{InteractionId, JobId, Reason, ReasonCode};

use crate::{
    Client,
    answer::{self, Answer},
    below,
    multipart::{Envelope, MultipartBody, Progress},
    token::{Token, TokenError, describe},
};

/// How the body's length is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Framing {
    /// `Transfer-Encoding: chunked`.
    #[default]
    Chunked,
    /// `Content-Length`, since some gateways refuse chunked bodies.
    ContentLength,
}

impl std::str::FromStr for Framing {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "chunked" => Ok(Self::Chunked),
            "content-length" => Ok(Self::ContentLength),
            _ => Err("chunked or content-length is wanted".to_owned()),
        }
    }
}

/// One upload.
#[derive(Debug, Clone)]
pub struct UploadRequest<'a> {
    /// The interaction that the attachment is for.
    pub interaction_id: &'a InteractionId,
    /// The same for every try of the same object, so that CXone keeps one attachment.
    pub idempotency_key: &'a str,
    /// As the producer wrote it; control characters must have been refused.
    pub file_name: &'a str,
    /// The detected type.
    pub content_type: &'a str,
    /// Bytes; the body must have exactly as many.
    pub size: u64,
    /// The `metadata` part.
    pub tags: &'a BTreeMap<String, String>,
    /// The `autoScan` part.
    pub auto_scan: bool,
    /// How the body's length is told.
    pub framing: Framing,
    /// How long the whole may take, the answer included.
    pub limit: Duration,
}

/// Why an upload brought no job.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// The token was refused (401) and forgotten; the next upload fetches one with the credentials read anew. A second one in a row is a
    /// configuration fault.
    #[error("CXone refused the token (401)")]
    TokenRefused,
    /// A configuration fault that a person must mend: credentials, scopes, permissions.
    #[error("{0}")]
    Unauthorized(String),
    /// 429.
    #[error("CXone asks to wait {} s", .wait.as_secs_f32())]
    Throttled {
        /// How long.
        wait: Duration,
    },
    /// A passing fault; CXone does not hold the file.
    #[error("{0}")]
    Unavailable(String),
    /// The body was sent whole, and no answer of CXone's came, or a gateway's that it got none: CXone may hold the file.
    #[error("{0}")]
    Unanswered(String),
    /// 2xx, and the connection broke before the answer named a job: CXone likely holds the file.
    #[error("{0}")]
    Interrupted(String),
    /// 2xx that names no job: CXone likely holds the file. The reason's text repeats CXone's words, the error's does not.
    #[error("CXone accepted the upload without a usable job id")]
    NoJobId(Reason),
    /// The object could not be read to its end. The request was broken off, so CXone saw no whole body.
    #[error("reading the object failed: {0}")]
    Source(String),
    /// Final. The reason's text repeats CXone's words, the error's does not.
    #[error("CXone refused the upload: {}", .0.code)]
    Refused(Reason),
}

impl From<TokenError> for UploadError {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Unauthorized(cause) => Self::Unauthorized(cause),
            TokenError::Throttled(wait) => Self::Throttled { wait },
            TokenError::Unavailable(cause) | TokenError::CredentialsUnavailable(cause) => Self::Unavailable(cause),
        }
    }
}

/// Some answers name the job by `id`; where both are there, `id` may be something else's.
#[derive(Deserialize)]
struct Accepted {
    #[serde(rename = "jobId")]
    job_id: Option<serde_json::Value>,
    id: Option<serde_json::Value>,
}

impl Accepted {
    fn job(&self) -> Option<JobId> {
        [&self.job_id, &self.id].into_iter().flatten().find_map(|id| id.as_str()?.parse().ok())
    }
}

impl Client {
    /// Streams `body` to the interaction and returns the job that CXone started.
    ///
    /// # Errors
    /// [`UploadError`] says whether CXone may hold the file and whether another try can help.
    pub async fn upload<B>(&self, request: UploadRequest<'_>, body: B) -> Result<JobId, UploadError>
    where
        B: http_body::Body<Data = Bytes> + Send + Sync + Unpin + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let progress = Arc::new(Progress::default());
        let limit = request.limit;
        match tokio::time::timeout(limit, self.send(request, body, Arc::clone(&progress))).await {
            Ok(result) => result,
            Err(_) if progress.sent_whole() => {
                Err(UploadError::Unanswered(format!("CXone did not answer the upload within {} s", limit.as_secs())))
            }
            Err(_) => Err(UploadError::Unavailable(format!("the upload was not through after {} s", limit.as_secs()))),
        }
    }

    /// Makes sure that there is a token, so that an upload begins with its first byte.
    ///
    /// # Errors
    /// Those of [`Client::upload`] that come before it sends anything.
    pub async fn authorize(&self) -> Result<(), UploadError> {
        self.token().await.map(drop)
    }

    async fn token(&self) -> Result<Token, UploadError> {
        self.tokens.get().await.map_err(UploadError::from)
    }

    async fn send<B>(&self, request: UploadRequest<'_>, body: B, progress: Arc<Progress>) -> Result<JobId, UploadError>
    where
        B: http_body::Body<Data = Bytes> + Send + Sync + Unpin + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let token = self.token().await?;
        let envelope = Envelope::new(request.file_name, request.content_type, request.tags, request.auto_scan)
            .map_err(|error| UploadError::Source(format!("the tags have no JSON form: {error}")))?;
        let content_type = HeaderValue::try_from(format!("multipart/form-data; boundary={}", envelope.boundary))
            .map_err(|error| UploadError::Source(error.to_string()))?;
        let announced = match request.framing {
            Framing::Chunked => None,
            Framing::ContentLength => Some(envelope.length_around(request.size)),
        };
        let body = MultipartBody::new(envelope, body, request.size, announced, Arc::clone(&progress));
        let url = below(&self.endpoints.base, &["interactions", request.interaction_id.as_str(), "attachments"]);
        let sent = self
            .http
            .post(url)
            .bearer_auth(token.bearer())
            .header(CONTENT_TYPE, content_type)
            .header("Idempotency-Key", request.idempotency_key)
            .body(reqwest::Body::wrap(body))
            .send()
            .await;
        let answer = match sent {
            Ok(response) => Answer::read(response).await,
            Err(error) => {
                return Err(match progress.source_fault() {
                    Some(fault) => UploadError::Source(fault),
                    None if progress.sent_whole() => UploadError::Unanswered(format!(
                        "the connection broke before CXone's answer: {}",
                        describe(&error)
                    )),
                    None => UploadError::Unavailable(format!("CXone cannot be reached: {}", describe(&error))),
                });
            }
        };
        let read = read(&answer);
        if read.is_err() {
            progress.refuse();
        }
        match read {
            Err(UploadError::TokenRefused) => {
                self.tokens.forget(&token).await;
                Err(UploadError::TokenRefused)
            }
            Err(UploadError::Unavailable(fault)) if answer.is_a_gateways() && progress.sent_whole() => {
                Err(UploadError::Unanswered(fault))
            }
            read => read,
        }
    }
}

/// What an answer to an upload means.
pub(crate) fn read(answer: &Answer) -> Result<JobId, UploadError> {
    let Answer { status, wait, body, .. } = answer;
    let status = *status;
    match status.as_u16() {
        200..=299 => {
            let accepted = serde_json::from_slice::<Accepted>(body).ok();
            accepted.and_then(|accepted| accepted.job()).ok_or_else(|| {
                if answer.cut {
                    return UploadError::Interrupted(answer::broke_off(status));
                }
                let said = answer::text(body);
                let text = format!("CXone answered {} without a usable jobId: {said:?}", status.as_u16());
                UploadError::NoJobId(Reason::new(ReasonCode::CxoneNoJobId, text))
            })
        }
        401 => Err(UploadError::TokenRefused),
        403 if answer.names_scope_or_permission() => Err(UploadError::Unauthorized(unauthorized(status))),
        // What is missing may have named the scope.
        403 if answer.cut => Err(UploadError::Unavailable(answer::broke_off(status))),
        429 => Err(UploadError::Throttled { wait: *wait }),
        _ if answer::is_passing(status) => Err(UploadError::Unavailable(format!("CXone answered {}", status.as_u16()))),
        _ => Err(UploadError::Refused(answer::refusal(status, body, "the upload"))),
    }
}

pub(crate) fn unauthorized(status: StatusCode) -> String {
    format!(
        "CXone answered {}: the client lacks a scope or permission; grant it in CXone or correct CXONE_SCOPES",
        status.as_u16()
    )
}
