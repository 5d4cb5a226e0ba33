//! The OAuth token: fetched once for all callers, held in memory, renewed before it ends.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    str::FromStr,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime},
};

use secrecy::{ExposeSecret, SecretString};
use tokio::{sync::Mutex, time::Instant};
use url::{Url, form_urlencoded};

use crate::{
    DEFAULT_WAIT, Settings,
    class::{Class, class},
    response::{Response, Speaker},
    untrusted::Redactor,
};

/// How long before its end a token is renewed.
const MARGIN: Duration = Duration::from_secs(30);
/// How long the token endpoint may take.
const LIMIT: Duration = Duration::from_secs(10);
/// The lifetime of a token whose `expires_in` is missing or cannot be read.
const LIFETIME: Duration = Duration::from_hours(1);
/// A longer lifetime counts as this one.
const LONGEST_LIFETIME: Duration = Duration::from_hours(24);

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

/// Why there is no token. Texts are for people.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TokenError {
    /// A person must fix credentials or scopes.
    #[error("{fault}")]
    Unauthorized {
        /// What to fix.
        fault: String,
        /// The HTTP status. None if no response came.
        status: Option<u16>,
    },
    /// 429, or another 4xx with `Retry-After`.
    #[error("{fault}")]
    Throttled {
        /// What was answered.
        fault: String,
        /// How long the endpoint asks to wait.
        wait: Duration,
        /// The HTTP status. None if no response came.
        status: Option<u16>,
    },
    /// May pass.
    #[error("{fault}")]
    Unavailable {
        /// What happened.
        fault: String,
        /// The response's `Retry-After`.
        retry_after: Option<Duration>,
        /// The HTTP status. None if no response came.
        status: Option<u16>,
    },
}

impl TokenError {
    /// How long the endpoint asks to wait, if it does.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unauthorized { .. } => None,
            Self::Throttled { wait, .. } => Some(*wait),
            Self::Unavailable { retry_after, .. } => *retry_after,
        }
    }

    /// The HTTP status of the response, if one came.
    #[must_use]
    pub const fn status(&self) -> Option<u16> {
        match self {
            Self::Unauthorized { status, .. } | Self::Throttled { status, .. } | Self::Unavailable { status, .. } => {
                *status
            }
        }
    }

    fn unavailable(fault: String) -> Self {
        Self::Unavailable { fault, retry_after: None, status: None }
    }
}

/// How the token endpoint gets the client's credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TokenAuth {
    /// `Authorization: Basic`, the two values as they are.
    #[default]
    Basic,
    /// `Authorization: Basic`, each value form-encoded first (RFC 6749, 2.3.1).
    BasicEncoded,
    /// `client_id` and `client_secret` in the form.
    Body,
}

impl FromStr for TokenAuth {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "basic" => Ok(Self::Basic),
            "basic-encoded" => Ok(Self::BasicEncoded),
            "body" => Ok(Self::Body),
            _ => Err("it must be basic, basic-encoded or body".to_owned()),
        }
    }
}

type Fetch = dyn Fn() -> Pin<Box<dyn Future<Output = Result<Credentials, CredentialsError>> + Send>> + Send + Sync;

pub(crate) struct Tokens {
    http: reqwest::Client,
    settings: Settings,
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
    /// Hides the token and the credentials that it was fetched with.
    redactor: Redactor,
}

impl Token {
    pub(crate) fn bearer(&self) -> &str {
        self.value.expose_secret()
    }

    pub(crate) fn redactor(&self) -> Redactor {
        self.redactor.clone()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("serial", &self.serial).finish_non_exhaustive()
    }
}

impl Tokens {
    pub(crate) fn new<F, R>(http: reqwest::Client, settings: Settings, credentials: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Result<Credentials, CredentialsError>> + Send + 'static,
    {
        let credentials = Box::new(move || -> Pin<Box<dyn Future<Output = _> + Send>> { Box::pin(credentials()) });
        Self {
            http,
            settings,
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
            CredentialsError::Unavailable(cause) => TokenError::unavailable(cause),
            CredentialsError::Unusable(fault) => TokenError::Unauthorized { fault, status: None },
        })?;
        let url = without_query(&self.settings.endpoints.token);
        let asked_at = SystemTime::now();
        let deadline = Instant::now() + LIMIT;
        let response = self.request(&credentials).timeout(LIMIT).send().await.map_err(|error| {
            TokenError::unavailable(format!("the token endpoint {url} did not answer: {}", describe(&error)))
        })?;
        let secret = credentials.client_secret.expose_secret();
        let redactor = Redactor::default().and_credentials(&credentials.client_id, secret);
        let response = Response::receive(response, redactor.clone(), deadline).await;
        let granted = parse(&response, &url, &self.settings.scopes)?;
        let redactor = redactor.and([granted.access_token.expose_secret()]);
        Ok(Token { renew_at: asked_at + granted.renew_in, value: granted.access_token, serial, redactor })
    }

    fn request(&self, credentials: &Credentials) -> reqwest::RequestBuilder {
        let (id, secret) = (credentials.client_id.as_str(), credentials.client_secret.expose_secret());
        let mut form = vec![("grant_type", "client_credentials"), ("scope", self.settings.scopes.as_str())];
        let request = self.http.post(self.settings.endpoints.token.clone());
        let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let request = match self.settings.token_auth {
            TokenAuth::Basic => request.basic_auth(id, Some(secret)),
            TokenAuth::BasicEncoded => request.basic_auth(encoded(id), Some(encoded(secret))),
            TokenAuth::Body => {
                form.extend([("client_id", id), ("client_secret", secret)]);
                request
            }
        };
        request.form(&form)
    }
}

/// A URL for messages: its query may hold a key.
fn without_query(url: &Url) -> Url {
    let mut shown = url.clone();
    shown.set_query(None);
    shown.set_fragment(None);
    shown
}

/// What a response of the token endpoint at `url` means, asked for `scopes`.
pub(crate) fn parse(response: &Response, url: &Url, scopes: &str) -> Result<Granted, TokenError> {
    let (code, retry_after) = (response.status(), response.retry_after);
    let unavailable = |what: &str| TokenError::Unavailable {
        fault: format!("the token endpoint {url} answered {code}{what}"),
        retry_after,
        status: Some(code),
    };
    match class(response) {
        Class::Success => Granted::read(response).ok_or_else(|| unavailable(" without a usable access token")),
        Class::Throttled => {
            let wait = retry_after.unwrap_or(DEFAULT_WAIT);
            let fault = format!("the token endpoint {url} answered {code}: it asks to wait {} s", wait.as_secs_f32());
            Err(TokenError::Throttled { fault, wait, status: Some(code) })
        }
        Class::Redirect => Err(TokenError::Unauthorized {
            fault: format!(
                "the token endpoint {url} answered with a redirect ({code}), which is never followed; set CXONE_TOKEN_URL"
            ),
            status: Some(code),
        }),
        _ if matches!(code, 400 | 401 | 403) && response.speaker() == Speaker::Cxone => Err(TokenError::Unauthorized {
            fault: format!(
                "the token endpoint {url} answered {code}{}: check client_id and client_secret in the secret, that \
                     the client has the scopes {scopes:?} (CXONE_SCOPES), and CXONE_TOKEN_AUTH",
                oauth_error(response)
            ),
            status: Some(code),
        }),
        _ => Err(unavailable("")),
    }
}

/// OAuth's own error word (RFC 6749, 5.2), the one part of the response that is known to hold nothing else.
fn oauth_error(response: &Response) -> String {
    let shown = response.shown("error");
    let word = response.member("error").filter(|word| Some(word) == shown.as_ref()).unwrap_or_default();
    let plain = (1..=40).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    if plain { format!(" ({word})") } else { String::new() }
}

pub(crate) struct Granted {
    pub(crate) access_token: SecretString,
    /// How long after it was asked for the token is renewed.
    pub(crate) renew_in: Duration,
}

impl Granted {
    fn read(response: &Response) -> Option<Self> {
        let token = response.member("access_token")?;
        // What a header takes (RFC 6750, 2.1, is narrower still). Otherwise the next request would fail, and look like a
        // CXone that cannot be reached.
        if !token.bytes().all(|b| b.is_ascii_graphic()) {
            return None;
        }
        let seconds = response.member("expires_in").and_then(|text| text.parse::<f64>().ok());
        let lifetime = seconds.map_or(LIFETIME, |seconds| Duration::try_from_secs_f64(seconds).unwrap_or(LIFETIME));
        Some(Self { access_token: token.into(), renew_in: lifetime.saturating_sub(MARGIN).min(LONGEST_LIFETIME) })
    }
}

/// A transport error without its URL. What the other side said may be in it, such as the names in a certificate.
pub(crate) fn describe(error: &reqwest::Error) -> String {
    let causes = Redactor::default().clean(&attachments::causes(error));
    if error.is_timeout() { format!("timed out: {causes}") } else { causes }
}
