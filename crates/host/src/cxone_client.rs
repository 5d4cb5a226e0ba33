//! Makes CXone's client from the settings that intake and poll share.

use cxone::{Credentials, CredentialsError, Endpoints, JobPath, Settings, TokenAuth, UploadPath};
use serde::Deserialize;
use url::Url;

use crate::{Environment, Invalid, PlainHttpHosts, SecretError, secret};

const SHAPE: &str = r#"{"client_id": "…", "client_secret": "…"}"#;
const SCOPES: &str = "interaction:write attachment:write job:read analytics:read";

/// CXone's endpoints, and the secret with the credentials.
#[derive(Debug, Clone)]
pub struct CxoneSettings {
    /// The client's settings.
    pub client: Settings,
    /// The name or ARN of the secret.
    pub secret_id: String,
}

impl CxoneSettings {
    /// Reads every setting whose name begins with `CXONE_`, except `CXONE_UPLOAD_FRAMING`.
    ///
    /// # Errors
    /// [`Invalid`] if a URL is wrong.
    pub fn from_environment(environment: &mut Environment) -> Result<Self, Invalid> {
        let plain = PlainHttpHosts::from_environment(environment);
        let mut region = environment.optional("CXONE_REGION").unwrap_or_else(|| "us-1".to_owned());
        if !region.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
            environment.fault(
                "CXONE_REGION",
                format_args!("is {region:?}: it may contain only lower-case letters, digits and -"),
            );
            // The URL below needs a valid region until `Environment::finish` reports the fault.
            "us-1".clone_into(&mut region);
        }
        let base = if environment.optional("CXONE_BASE_URL").is_some() {
            environment.url("CXONE_BASE_URL", &plain)
        } else {
            let url = Url::parse(&format!("https://api-{region}.cxone.com/api/v2"));
            url.map_err(|error| environment.fault("CXONE_REGION", format_args!("is {region:?}: {error}")))
        };
        let token = environment.optional_url("CXONE_TOKEN_URL", &plain);
        let secret_id = environment.required("CXONE_SECRET_ID");
        let scopes = environment.optional("CXONE_SCOPES").unwrap_or_else(|| SCOPES.to_owned());
        let token_auth = environment.parsed("CXONE_TOKEN_AUTH", TokenAuth::default());
        let upload = environment.parsed("CXONE_UPLOAD_PATH", UploadPath::default());
        let job = environment.parsed("CXONE_JOB_PATH", JobPath::default());
        let endpoints = Endpoints::new(base?, token?).with_paths(upload, job);
        Ok(Self { client: Settings { endpoints, scopes, token_auth }, secret_id })
    }
}

/// Makes the client. It reads the secret when it needs the first token, and again when CXone refuses a token.
#[must_use]
pub fn cxone_client(
    settings: CxoneSettings,
    web: reqwest::Client,
    secrets: aws_sdk_secretsmanager::Client,
) -> cxone::Client {
    let CxoneSettings { client, secret_id } = settings;
    cxone::Client::new(web, client, move || {
        let (secrets, secret_id) = (secrets.clone(), secret_id.clone());
        async move {
            read_credentials(&secrets, &secret_id).await.map_err(|error| match error {
                SecretError::Unreadable { .. } => CredentialsError::Unavailable(error.to_string()),
                _ => CredentialsError::Unusable(error.to_string()),
            })
        }
    })
}

/// Reads CXone's credentials from their secret.
///
/// # Errors
/// [`SecretError`]
pub async fn read_credentials(secrets: &aws_sdk_secretsmanager::Client, id: &str) -> Result<Credentials, SecretError> {
    #[derive(Deserialize)]
    struct Stored {
        client_id: secret::Text,
        client_secret: secret::Text,
    }
    let Stored { client_id, client_secret } = secret::fetch(secrets, id, SHAPE).await?;
    Ok(Credentials { client_id: client_id.into_string(), client_secret: client_secret.into_secret() })
}
