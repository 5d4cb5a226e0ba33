//! The OAuth token. The client fetches it once for all callers, keeps it in memory and renews it before it expires.

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
    class::{Class, classify},
    response::{Response, Sender},
    untrusted::Redactor,
};

/// A token is renewed this long before it expires.
const RENEWAL_MARGIN: Duration = Duration::from_secs(30);
/// The time limit of a token request.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The lifetime of a token whose `expires_in` is missing or cannot be read.
const DEFAULT_LIFETIME: Duration = Duration::from_hours(1);
/// A token is renewed after this time even if it lasts longer.
const LONGEST_LIFETIME: Duration = Duration::from_hours(24);

/// The credentials of the OAuth client.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The OAuth client's id.
    pub client_id: String,
    /// The OAuth client's secret.
    pub client_secret: SecretString,
}

/// Why there are no credentials. The texts are for people and contain no secret.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CredentialsError {
    /// The credentials cannot be read now. A later retry may help.
    #[error("{0}")]
    Unavailable(String),
    /// The stored credentials cannot be used. A person must correct them.
    #[error("{0}")]
    Unusable(String),
}

/// Why there is no token. The texts are for people.
///
/// The errors hold texts instead of a source: callers that waited for the same request share a clone, and a transport error may
/// repeat a secret or a URL.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TokenError {
    /// A person must correct the credentials or the scopes.
    #[error("{fault}")]
    Unauthorized {
        /// What to correct.
        fault: String,
        /// The HTTP status. None if no response came.
        status: Option<u16>,
    },
    /// 429, or another 4xx with `Retry-After`.
    #[error("{fault}")]
    Throttled {
        /// What happened.
        fault: String,
        /// How long the endpoint asks to wait.
        wait: Duration,
        /// The HTTP status. None if no response came.
        status: Option<u16>,
    },
    /// There is no token now. A later retry may help.
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
    /// How long the endpoint asks to wait. None if it does not ask.
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

/// How the client sends its credentials to the token endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TokenAuth {
    /// `Authorization: Basic` with both values unchanged.
    #[default]
    Basic,
    /// `Authorization: Basic` with both values form-encoded (RFC 6749, 2.3.1).
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

type ReadCredentials =
    dyn Fn() -> Pin<Box<dyn Future<Output = Result<Credentials, CredentialsError>> + Send>> + Send + Sync;

pub(crate) struct Tokens {
    http: reqwest::Client,
    settings: Settings,
    credentials: Box<ReadCredentials>,
    /// Token requests that were started.
    fetches: AtomicU64,
    /// Token requests that have ended, successful or not.
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
    /// Redacts the token and its credentials.
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

    /// The token. Fetches one if there is none. Only one caller fetches at a time, and the callers that waited for a failed
    /// fetch share its failure.
    pub(crate) async fn get(&self) -> Result<Token, TokenError> {
        // A fetch that ends after this point is one that this caller has waited for, even if it started earlier.
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

    /// Discards the refused token, unless a newer one has replaced it.
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
        let deadline = Instant::now() + TIMEOUT;
        let response = self.request(&credentials).timeout(TIMEOUT).send().await.map_err(|error| {
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

/// A URL for messages, without its query, which may contain a key.
fn without_query(url: &Url) -> Url {
    let mut shown = url.clone();
    shown.set_query(None);
    shown.set_fragment(None);
    shown
}

/// Reads a response of the token endpoint at `url` to a request for `scopes`.
pub(crate) fn parse(response: &Response, url: &Url, scopes: &str) -> Result<Granted, TokenError> {
    let (code, retry_after) = (response.status(), response.retry_after);
    let unavailable = |what: &str| TokenError::Unavailable {
        fault: format!("the token endpoint {url} answered {code}{what}"),
        retry_after,
        status: Some(code),
    };
    match classify(response) {
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
        _ if matches!(code, 400 | 401 | 403) && response.sender() == Sender::Cxone => Err(TokenError::Unauthorized {
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

/// OAuth's error code (RFC 6749, 5.2), the only part of the response that is shown.
fn oauth_error(response: &Response) -> String {
    let shown = response.shown("error");
    let word = response.member("error").filter(|word| Some(word) == shown.as_ref()).unwrap_or_default();
    let plain = (1..=40).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    if plain { format!(" ({word})") } else { String::new() }
}

pub(crate) struct Granted {
    pub(crate) access_token: SecretString,
    /// The time from the request to the token's renewal.
    pub(crate) renew_in: Duration,
}

impl Granted {
    fn read(response: &Response) -> Option<Self> {
        let token = response.member("access_token")?;
        // Accept only characters that a header may contain (RFC 6750, 2.1, allows even fewer). Otherwise the next request would
        // fail as if CXone could not be reached.
        if !token.bytes().all(|b| b.is_ascii_graphic()) {
            return None;
        }
        let seconds = response.member("expires_in").and_then(|text| text.parse::<f64>().ok());
        let lifetime = seconds
            .map_or(DEFAULT_LIFETIME, |seconds| Duration::try_from_secs_f64(seconds).unwrap_or(DEFAULT_LIFETIME));
        Some(Self {
            access_token: token.into(),
            renew_in: lifetime.saturating_sub(RENEWAL_MARGIN).min(LONGEST_LIFETIME),
        })
    }
}

/// The text of a transport error without its URL, cleaned, because it may contain text from outside, such as the names in a
/// certificate.
pub(crate) fn describe(error: &reqwest::Error) -> String {
    let causes = Redactor::default().clean(&attachments::causes(error));
    if error.is_timeout() { format!("timed out: {causes}") } else { causes }
}
