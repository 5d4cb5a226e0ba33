//! The HTTP clients, with one TLS configuration for the whole process.

use std::{sync::Arc, time::Duration};

use aws_smithy_runtime_api::client::http::SharedHttpClient;
use rustls::{ClientConfig, RootCertStore};

use crate::{
    Environment, Invalid, authorities,
    connector::{self, CONNECT_TIMEOUT, IDLE_TIMEOUT},
};

/// How long sent bytes may stay unacknowledged. CXone may stop reading an upload for a while, and the default of 30 s would
/// abort it.
const UNACKNOWLEDGED_TIMEOUT: Duration = Duration::from_mins(3);

/// The most headers in a response. Gateways add their own, and some need more than the library's default of 100.
const MAX_HEADERS: usize = 1_000;

/// The HTTP clients of a process, which share one TLS configuration.
#[derive(Debug, Clone)]
pub struct HttpClients {
    /// The client for CXone and the webhook. It uses HTTP/1.1 only, follows no redirect and ignores proxy settings. It accepts
    /// malformed headers that some gateways send.
    pub web: reqwest::Client,
    /// The connector for the AWS SDK.
    pub aws: SharedHttpClient,
}

impl HttpClients {
    /// Makes both clients. `TLS_CA_FILE` names a file of PEM certificates that they trust besides the public roots.
    ///
    /// # Errors
    /// [`Invalid`] if TLS or the web client cannot be set up.
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
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .tcp_user_timeout(UNACKNOWLEDGED_TIMEOUT)
            .build();
        Ok(Self { web: web.map_err(|error| environment.fault("HTTP client", error))?, aws })
    }
}
