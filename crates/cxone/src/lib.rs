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
//!     NextStep::Retry(retry) => println!("again in {:?}: {}", retry.wait(0.5), retry.fault),
//!     NextStep::Final(reason) => println!("{reason}"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! [`History::next_step`] decides what an upload's response means. The caller repeats an upload, because its body cannot be read
//! twice. A poll has no history: [`JobError`] says what a response means, and a poll with a stale token is repeated here.

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

pub use jobs::{Job, JobError, LIMIT as JOB_LIMIT};
pub use multipart::{Boundary, InvalidBoundary, NoRandomness};
pub use paths::{InvalidPath, JobPath, PathTemplate, UploadPath};
pub use policy::{
    Attempt, Cause, History, NextStep, Retry, Stored, UPLOADS_IN_FIRST_RUN, UPLOADS_IN_LATER_RUN, backoff,
};
pub use retry_after::{DEFAULT_WAIT, LONGEST_WAIT, retry_after};
pub use token::{Credentials, CredentialsError, TokenAuth, TokenError};
pub use upload::{Framing, UploadContent, UploadRequest};

use token::Tokens;

/// Where CXone is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    base: Url,
    token: Url,
    upload: UploadPath,
    job: JobPath,
}

impl Endpoints {
    /// `base` such as `https://api-us-1.cxone.com/api/v2`; `token` where it is not `{base}/oauth/token`.
    #[must_use]
    pub fn new(base: Url, token: Option<Url>) -> Self {
        let token = token.unwrap_or_else(|| {
            let mut token = base.clone();
            token.set_path(&format!("{}/oauth/token", base.path().trim_end_matches('/')));
            token
        });
        Self { base, token, upload: UploadPath::default(), job: JobPath::default() }
    }

    /// The same with other paths below the base.
    #[must_use]
    pub fn with_paths(self, upload: UploadPath, job: JobPath) -> Self {
        Self { upload, job, ..self }
    }
}

/// What a client needs to know of CXone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Where CXone is.
    pub endpoints: Endpoints,
    /// The scopes to ask for, separated by spaces.
    pub scopes: String,
    /// How the token endpoint gets the credentials.
    pub token_auth: TokenAuth,
}

impl Settings {
    /// Settings with the default way to authenticate.
    #[must_use]
    pub fn new(endpoints: Endpoints, scopes: impl Into<String>) -> Self {
        Self { endpoints, scopes: scopes.into(), token_auth: TokenAuth::default() }
    }
}

/// The client. Cheap to clone; clones share the token.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    endpoints: Arc<Endpoints>,
    tokens: Arc<Tokens>,
}

impl Client {
    /// `http` must follow no redirects and speak HTTP/1.1 only. `credentials` is called before each fetch of a token, so
    /// that a rotated secret is seen.
    pub fn new<F, R>(http: reqwest::Client, settings: Settings, credentials: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Result<Credentials, CredentialsError>> + Send + 'static,
    {
        let endpoints = settings.endpoints.clone();
        let tokens = Tokens::new(http.clone(), settings, credentials);
        Self { http, endpoints: Arc::new(endpoints), tokens: Arc::new(tokens) }
    }

    /// How many tokens were fetched, or tried to, by this client and its clones.
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
