//! The OAuth token: fetched once for all callers, held in memory, renewed before it ends.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime},
};

use reqwest::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::sync::Mutex;
use url::Url;

use crate::answer::Answer;

/// How long before its end a token is renewed.
const MARGIN: Duration = Duration::from_secs(30);
/// How long the token endpoint may take.
const LIMIT: Duration = Duration::from_secs(10);

/// Who we are to CXone.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The OAuth client's id.
    pub client_id: String,
    /// Its secret.
    pub client_secret: SecretString,
}

/// Why there are no credentials. The texts are for people and hold nothing secret.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CredentialsError {
    /// They could not be read now.
    #[error("{0}")]
    Unavailable(String),
    /// What was read cannot be used; a person must mend it.
    #[error("{0}")]
    Unusable(String),
}

/// Why there is no token.
#[derive(Debug, Clone)]
pub(crate) enum TokenError {
    /// A person must mend credentials or scopes.
    Unauthorized(String),
    /// Ask again after this long.
    Throttled(Duration),
    /// May pass.
    Unavailable(String),
    /// The credentials could not be read; may pass.
    CredentialsUnavailable(String),
}

type Fetch = dyn Fn() -> Pin<Box<dyn Future<Output = Result<Credentials, CredentialsError>> + Send>> + Send + Sync;

pub(crate) struct Tokens {
    http: reqwest::Client,
    url: Url,
    scopes: String,
    credentials: Box<Fetch>,
    /// Fetches begun.
    fetches: AtomicU64,
    /// Fetches ended, one way or the other.
    ended: AtomicU64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    token: Option<Token>,
    failure: Option<TokenError>,
}

#[derive(Clone)]
pub(crate) struct Token {
    value: SecretString,
    serial: u64,
    renew_at: SystemTime,
}

impl Token {
    pub(crate) fn bearer(&self) -> &str {
        self.value.expose_secret()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("serial", &self.serial).finish_non_exhaustive()
    }
}

impl Tokens {
    pub(crate) fn new<F, R>(http: reqwest::Client, url: Url, scopes: String, credentials: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Result<Credentials, CredentialsError>> + Send + 'static,
    {
        let credentials = Box::new(move || -> Pin<Box<dyn Future<Output = _> + Send>> { Box::pin(credentials()) });
        Self {
            http,
            url,
            scopes,
            credentials,
            fetches: AtomicU64::new(0),
            ended: AtomicU64::new(0),
            state: Mutex::new(State::default()),
        }
    }

    pub(crate) fn fetches(&self) -> u64 {
        self.fetches.load(Ordering::Relaxed)
    }

    /// The token, fetched where none is held. One fetch at a time: who waited for a fetch that failed shares its failure.
    pub(crate) async fn get(&self) -> Result<Token, TokenError> {
        // The end of a fetch is what counts: one that has begun when this caller comes is one that it waits for.
        let ended = self.ended.load(Ordering::Relaxed);
        let mut state = self.state.lock().await;
        if let Some(token) = state.token.as_ref().filter(|token| SystemTime::now() < token.renew_at) {
            return Ok(token.clone());
        }
        let waited_for_another = self.ended.load(Ordering::Relaxed) != ended;
        if let Some(failure) = state.failure.as_ref().filter(|_| waited_for_another) {
            return Err(failure.clone());
        }
        let serial = self.fetches.fetch_add(1, Ordering::Relaxed);
        let fetched = self.fetch(serial).await;
        self.ended.fetch_add(1, Ordering::Relaxed);
        match &fetched {
            Ok(token) => *state = State { token: Some(token.clone()), failure: None },
            Err(failure) => *state = State { token: None, failure: Some(failure.clone()) },
        }
        fetched
    }

    /// Forgets this token, unless a newer one has taken its place.
    pub(crate) async fn forget(&self, refused: &Token) {
        let mut state = self.state.lock().await;
        if state.token.as_ref().is_some_and(|token| token.serial == refused.serial) {
            state.token = None;
        }
    }

    async fn fetch(&self, serial: u64) -> Result<Token, TokenError> {
        let credentials = (self.credentials)().await.map_err(|error| match error {
            CredentialsError::Unavailable(cause) => TokenError::CredentialsUnavailable(cause),
            CredentialsError::Unusable(cause) => TokenError::Unauthorized(cause),
        })?;
        let asked_at = SystemTime::now();
        let form = [("grant_type", "client_credentials"), ("scope", self.scopes.as_str())];
        let asked = self
            .http
            .post(self.url.clone())
            .basic_auth(&credentials.client_id, Some(credentials.client_secret.expose_secret()))
            .form(&form)
            .timeout(LIMIT)
            .send()
            .await;
        let response = asked.map_err(|error| {
            TokenError::Unavailable(format!("the token endpoint {} did not answer: {}", self.url, describe(&error)))
        })?;
        let granted = read(&Answer::read(response).await, &self.url, &self.scopes)?;
        Ok(Token { renew_at: asked_at + granted.renew_in(), value: granted.access_token, serial })
    }
}

/// What an answer of the token endpoint at `url` means, asked for `scopes`.
pub(crate) fn read(answer: &Answer, url: &Url, scopes: &str) -> Result<Granted, TokenError> {
    let Answer { status, wait, body, .. } = answer;
    let code = status.as_u16();
    match *status {
        StatusCode::OK => {
            let granted = serde_json::from_slice::<Granted>(body).ok().filter(Granted::can_be_sent);
            granted.ok_or_else(|| {
                TokenError::Unavailable(format!("the token endpoint {url} answered 200 without a usable access token"))
            })
        }
        StatusCode::TOO_MANY_REQUESTS => Err(TokenError::Throttled(*wait)),
        StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            Err(TokenError::Unauthorized(format!(
                "the token endpoint {url} answered {code}{}: check client_id and client_secret in the secret, and that \
                 the client has the scopes {scopes:?} (CXONE_SCOPES)",
                oauth_error(body)
            )))
        }
        _ if status.is_redirection() => Err(TokenError::Unauthorized(format!(
            "the token endpoint {url} answered with a redirect ({code}), which is never followed; set CXONE_TOKEN_URL"
        ))),
        _ => Err(TokenError::Unavailable(format!("the token endpoint {url} answered {code}"))),
    }
}

/// OAuth's own error word (RFC 6749, 5.2), the one part of the answer that is known to hold nothing else.
fn oauth_error(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Refused {
        error: String,
    }
    let word = serde_json::from_slice::<Refused>(body).map(|refused| refused.error).unwrap_or_default();
    let plain = (1..=40).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    if plain { format!(" ({word})") } else { String::new() }
}

#[derive(Deserialize)]
pub(crate) struct Granted {
    pub(crate) access_token: SecretString,
    /// Seconds.
    expires_in: Option<u64>,
}

impl Granted {
    /// What a header takes (RFC 6750, 2.1, is narrower still). Found out only with the next request, a token that it does not
    /// take would look like a CXone that cannot be reached.
    fn can_be_sent(&self) -> bool {
        let token = self.access_token.expose_secret();
        !token.is_empty() && token.bytes().all(|b| b.is_ascii_graphic())
    }

    /// How long after it was asked for the token is renewed.
    pub(crate) fn renew_in(&self) -> Duration {
        let lifetime = Duration::from_secs(self.expires_in.unwrap_or(3600));
        lifetime.saturating_sub(MARGIN).min(Duration::from_hours(24))
    }
}

/// A transport error without its URL.
pub(crate) fn describe(error: &reqwest::Error) -> String {
    let causes = attachments::causes(error);
    if error.is_timeout() { format!("timed out: {causes}") } else { causes }
}
