//! What a stack is started with.

use std::fmt;
use std::io::Read as _;
use std::path::PathBuf;

use base64::Engine as _;

use crate::error::Trying as _;
use crate::variables::{self, Asked};
use crate::{StackError, parameters, workspace};

/// What a stack is started with.
#[derive(Debug)]
pub struct Options {
    /// The directory for logs, packages and state; what is in it is removed first.
    pub dir: PathBuf,
    /// The endpoint's port; a free one is taken if none is given.
    pub port: Option<u16>,
    /// The cargo profile that the functions are built with.
    pub profile: String,
    /// Where `sam build` left the functions; they are compiled if there is no such place.
    pub built: Option<PathBuf>,
    /// What stands for `CXone`.
    pub cxone: CxoneServer,
    /// The credentials that go into the secret; the stand-in is started with the same ones.
    pub credentials: Credentials,
    /// Where webhooks go.
    pub webhook: WebhookServer,
    /// The webhook's signing secret, `whsec_` and Base64.
    pub signing_secret: String,
    /// Overrides of template parameters, as in `PARAMS`: `Name=value Name=value`.
    pub parameters: String,
    /// By what factor the state machine's waits are stretched: 1 in real time, 0.01 in a test.
    pub wait_scale: f64,
    /// Variables of the functions for which the template has no parameter (`PLAIN_HTTP_HOSTS`, `TLS_CA_FILE`).
    pub environment: Vec<(String, String)>,
    /// The variables of `make up` that are set.
    pub(crate) asked: Asked,
}

/// What stands for `CXone`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CxoneServer {
    /// A stand-in of the stack's own.
    StandIn,
    /// A server that somebody else runs, by its API's base URL.
    Other(String),
}

/// Where webhooks go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WebhookServer {
    /// A receiver of the stack's own.
    Receiver,
    /// A server that somebody else runs, by its whole URL.
    Other(String),
}

/// `CXone` API credentials.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The client's name.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Credentials").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

impl Options {
    /// A stack for one test or demo: its own port and directory, everything within reach of this process alone.
    pub fn private(name: &str) -> Result<Self, StackError> {
        Ok(Self {
            dir: workspace::root().join(format!("target/stack-{name}-{}", std::process::id())),
            port: None,
            profile: "dev".to_owned(),
            built: None,
            cxone: CxoneServer::StandIn,
            credentials: Credentials {
                client_id: "local-client".to_owned(),
                client_secret: "local-4c6f63616c20776f726473".to_owned(),
            },
            webhook: WebhookServer::Receiver,
            signing_secret: random_signing_secret()?,
            parameters: String::new(),
            wait_scale: 1.0,
            environment: Vec::new(),
            asked: Asked::new(),
        })
    }

    /// The same with the functions that `PROFILE` and `BUILT` ask for.
    #[must_use]
    pub fn functions(self, variable: impl Fn(&str) -> Option<String>) -> Self {
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        Self {
            profile: variable("PROFILE").unwrap_or(self.profile),
            built: variable("BUILT").map(PathBuf::from),
            ..self
        }
    }

    /// The stack of `make up`: in the place where `status` and `down` look for it, with the caller's wishes.
    ///
    /// `variable` looks up an environment variable.
    pub fn background(variable: impl Fn(&str) -> Option<String>) -> Result<Self, StackError> {
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        let mut options = Self::private("unnamed")?;
        options.asked = variables::asked(variable);
        options.dir = crate::state::background_dir();
        options.port = match variable("PORT") {
            None => None,
            Some(text) => Some(text.parse().ok().filter(|port| *port > 0).ok_or_else(|| StackError::Setting {
                name: "PORT",
                reason: format!("{text:?} is not a port from 1 to 65535"),
            })?),
        };
        options = options.functions(variable);
        if let Some(url) = variable("CXONE_BASE_URL") {
            options.cxone = CxoneServer::Other(http_url("CXONE_BASE_URL", url)?);
        }
        if let Some(url) = variable("WEBHOOK_URL") {
            options.webhook = WebhookServer::Other(http_url("WEBHOOK_URL", url)?);
        }
        if let Some(client_id) = variable("CXONE_CLIENT_ID") {
            options.credentials.client_id = client_id;
        }
        if let Some(client_secret) = variable("CXONE_CLIENT_SECRET") {
            options.credentials.client_secret = client_secret;
        }
        if let Some(secret) = variable("WEBHOOK_SIGNING_SECRET") {
            options.signing_secret = signing_secret(secret)?;
        }
        options.parameters = variable("PARAMS").unwrap_or_default();
        parameters::asked(&options.parameters)?;
        let passed_on = ["PLAIN_HTTP_HOSTS", "TLS_CA_FILE"];
        options.environment = passed_on.iter().filter_map(|name| Some(((*name).to_owned(), variable(name)?))).collect();
        Ok(options)
    }
}

fn http_url(name: &'static str, url: String) -> Result<String, StackError> {
    if url.starts_with("http://") || url.starts_with("https://") {
        Ok(url)
    } else {
        Err(StackError::Setting { name, reason: format!("{url:?} does not begin with http:// or https://") })
    }
}

fn signing_secret(secret: String) -> Result<String, StackError> {
    let key = secret.strip_prefix("whsec_").and_then(|key| base64::engine::general_purpose::STANDARD.decode(key).ok());
    if key.is_some_and(|key| key.len() >= 24) {
        Ok(secret)
    } else {
        Err(StackError::Setting {
            name: "WEBHOOK_SIGNING_SECRET",
            reason: "it must be whsec_ with Base64 of at least 24 bytes after it".to_owned(),
        })
    }
}

fn random_signing_secret() -> Result<String, StackError> {
    let mut key = [0; 32];
    std::fs::File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut key))
        .trying(|| "drawing a signing secret".to_owned())?;
    Ok(format!("whsec_{}", base64::engine::general_purpose::STANDARD.encode(key)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn background(variables: &[(&str, &str)]) -> Result<Options, StackError> {
        Options::background(|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn nothing_set_means_servers_of_its_own() {
        let options = background(&[("CXONE_BASE_URL", "")]).unwrap();
        assert_eq!((options.cxone, options.webhook), (CxoneServer::StandIn, WebhookServer::Receiver));
        assert_eq!((options.port, options.profile.as_str()), (None, "dev"));
    }

    #[test]
    fn other_servers_and_credentials_are_taken() {
        let options = background(&[
            ("CXONE_BASE_URL", "http://127.0.0.1:9/api/v2"),
            ("WEBHOOK_URL", "https://example.org/hook"),
            ("CXONE_CLIENT_ID", "me"),
            ("CXONE_CLIENT_SECRET", "hidden"),
            ("PORT", "4566"),
        ])
        .unwrap();
        assert_eq!(options.cxone, CxoneServer::Other("http://127.0.0.1:9/api/v2".to_owned()));
        assert_eq!(options.webhook, WebhookServer::Other("https://example.org/hook".to_owned()));
        assert_eq!((options.port, options.credentials.client_id.as_str()), (Some(4566), "me"));
        assert!(!format!("{options:?}").contains("hidden"));
    }

    #[test]
    fn what_cannot_be_meant_is_refused_by_name() {
        for (name, value) in [
            ("PORT", "0"),
            ("PORT", "http"),
            ("CXONE_BASE_URL", "localhost:80"),
            ("WEBHOOK_URL", "ftp://x"),
            ("WEBHOOK_SIGNING_SECRET", "whsec_"),
            ("WEBHOOK_SIGNING_SECRET", "whsec_QUJD"),
            ("WEBHOOK_SIGNING_SECRET", "secret"),
        ] {
            let error = background(&[(name, value)]).unwrap_err().to_string();
            assert!(error.starts_with(name), "{error}");
        }
    }

    #[test]
    fn signing_secrets_differ_and_are_well_formed() {
        let (one, other) = (random_signing_secret().unwrap(), random_signing_secret().unwrap());
        assert_ne!(one, other);
        assert_eq!(signing_secret(one.clone()).unwrap(), one);
    }
}
