//! A client of the CXone attachment API: token, upload, job.
//!
//! ```no_run
//! # use std::time::{Duration, SystemTime};
//! # async fn example(http: reqwest::Client, body: reqwest::Body) -> Result<(), Box<dyn std::error::Error>> {
//! use cxone::{Boundary, Client, Credentials, Endpoints, Framing, History, Settings, UploadContent, UploadRequest, NextStep};
//!
//! let endpoints = Endpoints::new("https://api-us-1.cxone.com/api/v2".parse()?, None);
//! let client = Client::new(http, Settings::new(endpoints, "attachment:write job:read"), || async {
//!     Ok(Credentials { client_id: "id".into(), client_secret: "secret".into() })
//! });
//! let content = UploadContent {
//!     boundary: Boundary::generate()?,
//!     interaction_id: "INT-42".parse()?,
//!     file_name: "call.wav".to_owned(),
//!     content_type: "audio/wav".to_owned(),
//!     tags: Default::default(),
//!     auto_scan: true,
//! };
//! let request = UploadRequest {
//!     content: &content,
//!     idempotency_key: "8f14e45f",
//!     size: 1_024,
//!     framing: Framing::Chunked,
//!     limit: Duration::from_secs(60),
//! };
//! let attempt = client.upload(request, body).await;
//! match History::default().next_step(&attempt, SystemTime::now().into()) {
//!     NextStep::Accepted(job) => println!("{:?}", client.job(&job).await?.status),
//!     NextStep::Retry(retry) => println!("retry in {:?}: {}", retry.wait(0.5), retry.fault),
//!     NextStep::Final(reason) => println!("{reason}"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! [`History::next_step`] decides what to do after an upload. The caller repeats an upload, because the client cannot read the
//! body twice. A poll has no history: [`JobError`] says what to do. The client itself repeats a poll with a stale token.

mod attempt;
mod class;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod jobs;
mod multipart;
mod paths;
mod policy;
mod response;
mod retry_after;
mod token;
mod untrusted;
mod upload;

use std::{fmt, future::Future, sync::Arc};

use url::Url;

pub use attempt::Attempt;
pub use jobs::{Job, JobError, TIMEOUT as JOB_TIMEOUT};
pub use multipart::{Boundary, InvalidBoundary, NoRandomness};
pub use paths::{InvalidPath, JobPath, PathTemplate, UploadPath};
pub use policy::{Cause, History, NextStep, Retry, Stored, UPLOADS_IN_FIRST_RUN, UPLOADS_IN_LATER_RUN, backoff};
pub use retry_after::{DEFAULT_WAIT, LONGEST_WAIT, retry_after};
pub use token::{Credentials, CredentialsError, TokenAuth, TokenError};
pub use upload::{Framing, UploadContent, UploadRequest};

use token::Tokens;

/// The URLs of CXone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    base: Url,
    token: Url,
    upload: UploadPath,
    job: JobPath,
}

impl Endpoints {
    /// `base` is a URL such as `https://api-us-1.cxone.com/api/v2`. `token` is by default `{base}/oauth/token`.
    #[must_use]
    pub fn new(base: Url, token: Option<Url>) -> Self {
        let token = token.unwrap_or_else(|| {
            let mut token = base.clone();
            token.set_path(&format!("{}/oauth/token", base.path().trim_end_matches('/')));
            token
        });
        Self { base, token, upload: UploadPath::default(), job: JobPath::default() }
    }

    /// Replaces the paths below the base.
    #[must_use]
    pub fn with_paths(self, upload: UploadPath, job: JobPath) -> Self {
        Self { upload, job, ..self }
    }
}

/// The settings of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The URLs of CXone.
    pub endpoints: Endpoints,
    /// The scopes that the client requests, separated by spaces.
    pub scopes: String,
    /// How the client sends the credentials to the token endpoint.
    pub token_auth: TokenAuth,
}

impl Settings {
    /// Settings with the default [`TokenAuth`].
    #[must_use]
    pub fn new(endpoints: Endpoints, scopes: impl Into<String>) -> Self {
        Self { endpoints, scopes: scopes.into(), token_auth: TokenAuth::default() }
    }
}

/// The client. It is cheap to clone. Clones share the token.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    endpoints: Arc<Endpoints>,
    tokens: Arc<Tokens>,
}

impl Client {
    /// `http` must follow no redirects and use HTTP/1.1 only. The client calls `credentials` before each token request, so that
    /// it sees a rotated secret.
    pub fn new<F, R>(http: reqwest::Client, settings: Settings, credentials: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Result<Credentials, CredentialsError>> + Send + 'static,
    {
        let endpoints = settings.endpoints.clone();
        let tokens = Tokens::new(http.clone(), settings, credentials);
        Self { http, endpoints: Arc::new(endpoints), tokens: Arc::new(tokens) }
    }

    /// How many token requests this client and its clones have started.
    #[must_use]
    pub fn token_fetches(&self) -> u64 {
        self.tokens.fetches()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("endpoints", &self.endpoints).finish_non_exhaustive()
    }
}
