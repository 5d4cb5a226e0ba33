//! One TLS configuration for everything that the process calls.

use std::{sync::Arc, time::Duration};

use aws_smithy_runtime_api::client::http::SharedHttpClient;
use rustls::{ClientConfig, RootCertStore, pki_types::CertificateDer, pki_types::pem::PemObject};

use crate::{
    Environment,
    connector::{self, CONNECT, IDLE},
};

/// An upload goes on while CXone stops reading for a while; the default of 30 s would cut it.
const UNACKNOWLEDGED: Duration = Duration::from_mins(3);

/// The HTTP clients of a process: reqwest for CXone and the webhook, a connector for the AWS SDK, one TLS configuration.
#[derive(Debug, Clone)]
pub struct HttpClients {
    /// HTTP/1.1 only, follows no redirect, reads no proxy setting.
    pub web: reqwest::Client,
    /// For the SDK's configurations.
    pub aws: SharedHttpClient,
}

impl HttpClients {
    /// Makes both. Reads `TLS_CA_FILE`: a file of PEM certificates that are trusted besides the public roots.
    pub fn read(environment: &mut Environment) -> Option<Self> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        if let Some(path) = environment.optional("TLS_CA_FILE")
            && let Err(fault) = add_authorities(&mut roots, &path)
        {
            environment.fault("TLS_CA_FILE", fault);
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let tls = match versions {
            Ok(builder) => builder.with_root_certificates(roots).with_no_client_auth(),
            Err(error) => {
                environment.fault("TLS", error);
                return None;
            }
        };
        let aws = connector::shared(tls.clone());
        let web = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .http1_only()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .user_agent(concat!("cxone-attachments/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .pool_idle_timeout(IDLE)
            .tcp_user_timeout(UNACKNOWLEDGED)
            .build();
        match web {
            Ok(web) => Some(Self { web, aws }),
            Err(error) => {
                environment.fault("HTTP client", error);
                None
            }
        }
    }
}

fn add_authorities(roots: &mut RootCertStore, path: &str) -> Result<(), String> {
    let pem = std::fs::read(path).map_err(|error| format!("{path:?} cannot be read: {error}"))?;
    let mut added = 0;
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| format!("{path:?} is not PEM: {error}"))?;
        roots.add(certificate).map_err(|error| format!("{path:?} holds an unusable certificate: {error}"))?;
        added += 1;
    }
    if added == 0 { Err(format!("{path:?} holds no certificate")) } else { Ok(()) }
}
