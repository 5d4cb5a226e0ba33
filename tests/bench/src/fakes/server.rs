//! A server for HTTP/1.1 on loopback, with or without TLS.

use std::{net::SocketAddr, sync::Arc};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

use crate::Error;

pub(crate) type Answer = Response<Full<Bytes>>;

/// Serves until the process ends.
pub(crate) async fn start<S, F>(tls: Option<TlsAcceptor>, service: S) -> Result<SocketAddr, Error>
where
    S: Fn(Request<Incoming>) -> F + Send + Sync + 'static,
    F: Future<Output = Result<Answer, Error>> + Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let service = Arc::new(service);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // Without this, a small answer would wait for an acknowledgement.
            let _ = stream.set_nodelay(true);
            let (tls, service) = (tls.clone(), Arc::clone(&service));
            tokio::spawn(async move {
                match tls {
                    None => serve(stream, service).await,
                    Some(tls) => match tls.accept(stream).await {
                        Ok(stream) => serve(stream, service).await,
                        Err(error) => eprintln!("a TLS handshake failed: {error}"),
                    },
                }
            });
        }
    });
    Ok(address)
}

async fn serve<T, S, F>(stream: T, service: Arc<S>)
where
    T: AsyncRead + AsyncWrite + Unpin,
    S: Fn(Request<Incoming>) -> F,
    F: Future<Output = Result<Answer, Error>>,
{
    // Clients may drop connections.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(|request| service(request))).await;
}
