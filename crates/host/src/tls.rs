//! One TLS configuration for everything that the process calls.

use std::{sync::Arc, time::Duration};

use aws_smithy_runtime_api::client::http::SharedHttpClient;
use rustls::{ClientConfig, RootCertStore};

use crate::{
    Environment, Invalid, authorities,
    connector::{self, CONNECT, IDLE},
};

/// An upload goes on while CXone stops reading for a while; the default of 30 s would cut it.
const UNACKNOWLEDGED: Duration = Duration::from_mins(3);

/// Headers of a response that are read. Gateways add their own, and the library's default of 100 is not enough for some.
const MAX_HEADERS: usize = 1_000;

/// The HTTP clients of a process: reqwest for CXone and the webhook, a connector for the AWS SDK, one TLS configuration.
#[derive(Debug, Clone)]
pub struct HttpClients {
    /// HTTP/1.1 only, follows no redirect, reads no proxy setting. Tolerates headers that are odd but in use.
    pub web: reqwest::Client,
    /// For the SDK's configurations.
    pub aws: SharedHttpClient,
}

impl HttpClients {
    /// Makes both. Reads `TLS_CA_FILE`: a file of PEM certificates that are trusted besides the public roots.
    ///
    /// # Errors
    /// [`Invalid`] where TLS or the client cannot be set up.
    pub fn from_environment(environment: &mut Environment) -> Result<Self, Invalid> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        if let Some(path) = environment.optional("TLS_CA_FILE")
            && let Err(fault) = authorities::add(&mut roots, &path, &provider.signature_verification_algorithms)
        {
            environment.fault("TLS_CA_FILE", fault);
        }
        let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let tls = versions.map_err(|error| environment.fault("TLS", error))?;
        let tls = tls.with_root_certificates(roots).with_no_client_auth();
        let aws = connector::shared(tls.clone());
        let web = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .http1_only()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .http1_allow_obsolete_multiline_headers_in_responses(true)
            .http1_allow_spaces_after_header_name_in_responses(true)
            .http1_max_headers(MAX_HEADERS)
            .user_agent(concat!("cxone-attachments/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .pool_idle_timeout(IDLE)
            .tcp_user_timeout(UNACKNOWLEDGED)
            .build();
        Ok(Self { web: web.map_err(|error| environment.fault("HTTP client", error))?, aws })
    }
}
