//! A receiver behind TLS, at first with a certificate that the functions do not trust.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use rcgen::CertifiedKey;
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use servers::{
    scripted::Running,
    webhook::{Secrets, Settings},
};
use stack::{Options, WebhookServer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use super::lock;
use crate::FaultsError;
use crate::error::Calling as _;

/// Terminates TLS before a receiver in this process.
pub(crate) struct TlsFront {
    receiver: Running,
    acceptor: Arc<Mutex<TlsAcceptor>>,
    known: TlsAcceptor,
    authority: PathBuf,
    task: JoinHandle<()>,
}

impl std::fmt::Debug for TlsFront {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("TlsFront").field("receiver", &self.receiver).finish_non_exhaustive()
    }
}

impl TlsFront {
    /// Starts it with an untrusted certificate, and makes the stack send its webhooks to it.
    pub(crate) async fn start(options: &mut Options) -> Result<Self, FaultsError> {
        let secrets = Secrets::parse(&[&options.signing_secret]).calling("reading the signing secret")?;
        let receiver = servers::webhook::start(Settings { secrets, log: false }).calling("starting the receiver")?;
        let (stranger, _) = certified()?;
        let (known, certificate) = certified()?;
        // Beside the stack's directory, which is cleared when the stack starts.
        let authority = options.dir.with_extension("pem");
        let folder = authority.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).calling("writing the certificate")?;
        std::fs::write(&authority, certificate).calling("writing the certificate")?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.calling("listening")?;
        let address = listener.local_addr().calling("listening")?;
        options.webhook = WebhookServer::Other(format!("https://{address}/webhook"));
        options.environment.push(("TLS_CA_FILE".to_owned(), authority.display().to_string()));
        let acceptor = Arc::new(Mutex::new(stranger));
        let target = receiver.base_url().trim_start_matches("http://").to_owned();
        let task = tokio::spawn(accept(listener, Arc::clone(&acceptor), target));
        Ok(Self { receiver, acceptor, known, authority, task })
    }

    /// From now on, it uses the certificate that the functions trust.
    pub(crate) fn become_known(&self) {
        *lock(&self.acceptor) = self.known.clone();
    }

    /// The receiver behind it, for its control interface.
    pub(crate) fn receiver_url(&self) -> &str {
        self.receiver.base_url()
    }
}

impl Drop for TlsFront {
    fn drop(&mut self) {
        self.task.abort();
        // Nothing depends on this: a file that is left over is below target/.
        let _ = std::fs::remove_file(&self.authority);
    }
}

async fn accept(listener: TcpListener, acceptor: Arc<Mutex<TlsAcceptor>>, target: String) {
    while let Ok((stream, _)) = listener.accept().await {
        let acceptor = lock(&acceptor).clone();
        let target = target.clone();
        // A client that does not trust the certificate ends the handshake. That is the fault under test.
        tokio::spawn(async move {
            let mut client = acceptor.accept(stream).await?;
            let mut receiver = TcpStream::connect(target).await?;
            tokio::io::copy_bidirectional(&mut client, &mut receiver).await
        });
    }
}

/// TLS for 127.0.0.1 with a new self-signed certificate, and that certificate as PEM.
fn certified() -> Result<(TlsAcceptor, String), FaultsError> {
    let CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed([Ipv4Addr::LOCALHOST.to_string()]).calling("making a certificate")?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(vec![cert.der().clone()], key))
        .calling("configuring TLS")?;
    Ok((TlsAcceptor::from(Arc::new(config)), cert.pem()))
}
