//! A client of the CXone attachment API: token, upload, job.
//!
//! ```no_run
//! # use std::{collections::BTreeMap, time::Duration};
//! # async fn example(http: reqwest::Client, body: reqwest::Body) -> Result<(), Box<dyn std::error::Error>> {
//! use cxone::{Client, Credentials, Endpoints, Framing, UploadRequest};
//!
//! let endpoints = Endpoints::new("https://api-us-1.cxone.com/api/v2".parse()?, None);
//! let client = Client::new(http, endpoints, "attachment:write job:read", || async {
//!     Ok(Credentials { client_id: "id".into(), client_secret: "secret".into() })
//! });
//! let job = client
//!     .upload(
//!         UploadRequest {
//!             interaction_id: &"INT-42".parse()?,
//!             idempotency_key: "8f14e45f",
//!             file_name: "call.wav",
//!             content_type: "audio/wav",
//!             size: 1_024,
//!             tags: &BTreeMap::new(),
//!             auto_scan: true,
//!             framing: Framing::Chunked,
//!             limit: Duration::from_secs(60),
//!         },
//!         body,
//!     )
//!     .await?;
//! println!("{:?}", client.job(&job).await?.status);
//! # Ok(())
//! # }
//! ```
//!
//! What CXone's answers mean is decided here, in [`UploadError`] and [`JobError`]; what to do about it (wait, give up, reject)
//! is the caller's. An upload's body cannot be read twice, so the caller repeats an upload; a job's question is repeated here
//! where the token has gone stale.

mod answer;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod jobs;
mod multipart;
mod retry_after;
mod token;
mod upload;

use std::{fmt, future::Future, sync::Arc};

use url::Url;

pub use jobs::{Job, JobError};
pub use retry_after::{DEFAULT_WAIT, LONGEST_WAIT, retry_after};
pub use token::{Credentials, CredentialsError};
pub use upload::{Framing, UploadError, UploadRequest};

use token::Tokens;

/// Where CXone is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    base: Url,
    token: Url,
}

impl Endpoints {
    /// `base` such as `https://api-us-1.cxone.com/api/v2`; `token` where it is not `{base}/oauth/token`.
    #[must_use]
    pub fn new(base: Url, token: Option<Url>) -> Self {
        let token = token.unwrap_or_else(|| below(&base, &["oauth", "token"]));
        Self { base, token }
    }
}

/// `url` with segments added to its path, each escaped.
fn below(url: &Url, segments: &[&str]) -> Url {
    let mut url = url.clone();
    // Fails for URLs such as mailto:, which no setting admits; the URL is then left as it is.
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}

/// The client. Cheap to clone; clones share the token.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    endpoints: Arc<Endpoints>,
    tokens: Arc<Tokens>,
}

impl Client {
    /// `http` must follow no redirects and speak HTTP/1.1 only. `credentials` is asked whenever a token is to be fetched, so
    /// that a rotated secret is seen. `scopes` is the space-separated list to ask for.
    pub fn new<F, R>(http: reqwest::Client, endpoints: Endpoints, scopes: impl Into<String>, credentials: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Result<Credentials, CredentialsError>> + Send + 'static,
    {
        let tokens = Tokens::new(http.clone(), endpoints.token.clone(), scopes.into(), credentials);
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
