//! An HTTP/1.1 server whose handlers own their connections.

use std::{
    future::Future,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use axum::{Router, body::Body};
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    sync::oneshot,
    task::{JoinHandle, JoinSet},
};
use tower_service::Service;

use super::connection::{ConnectionHandle, ConnectionOwner};
use crate::Error;

/// Small buffers on this side, so that the sender notices early when the server stops reading, and a cut in the middle
/// of a body is not after its end. Measured on loopback: 3 MB still go out after the server stops reading, and 4 MB
/// with the system's default sizes, which also grow. Most of it is in the sender's buffer.
const BUFFER_BYTES: u32 = 64 * 1024;
const BACKLOG: u32 = 1024;

/// A bound server that does not answer yet.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
}

/// A server that runs in a task of this process, until it is stopped or dropped.
#[derive(Debug)]
pub struct Running {
    base_url: String,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Server {
    /// Binds to a loopback address; port 0 takes a free one.
    pub fn bind(address: SocketAddr) -> Result<Self, Error> {
        if !address.ip().is_loopback() {
            return Err(Error::NotLoopback(address));
        }
        let listen = || {
            let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
            socket.set_reuseaddr(true)?;
            socket.set_recv_buffer_size(BUFFER_BYTES)?;
            socket.bind(address)?;
            let listener = socket.listen(BACKLOG)?;
            let address = listener.local_addr()?;
            Ok(Self { listener, address })
        };
        listen().map_err(|source| Error::Listen { address, source })
    }

    /// `http://host:port`, without a slash at the end.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Answers requests until `stop` is ready, then cuts what is still open.
    pub async fn run(self, router: Router, stop: impl Future<Output = ()>) {
        let mut connections = JoinSet::new();
        tokio::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => break,
                Some(_) = connections.join_next() => {}
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, peer)) => { connections.spawn(serve(stream, peer, router.clone())); }
                    // For example, no free descriptors: the next attempt may succeed. A busy loop would starve other
                    // tasks.
                    Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
                },
            }
        }
        connections.shutdown().await;
    }

    /// Starts a server on a free loopback port, in a task of the current runtime.
    pub fn start(router: Router) -> Result<Running, Error> {
        Ok(Self::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?.spawn(router))
    }

    /// Runs the server in a task of the current runtime.
    #[must_use]
    pub fn spawn(self, router: Router) -> Running {
        let base_url = self.base_url();
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(self.run(router, async move {
            // A dropped sender stops the server too.
            let _ = stopped.await;
        }));
        Running { base_url, stop: Some(stop), task }
    }
}

impl Running {
    /// `http://host:port`, without a slash at the end.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Stops listening, cuts what is open, and waits until that is done.
    pub async fn stop(mut self) {
        self.stop.take();
        // The task has no result; a panic in it has been reported on standard error.
        let _ = self.task.await;
    }
}

async fn serve(stream: TcpStream, peer: SocketAddr, router: Router) {
    let (owner, handle) = ConnectionOwner::new(peer);
    let socket = owner.socket(stream);
    let service = service_fn(move |request| answer(request, router.clone(), handle.clone()));
    let mut connection =
        http1::Builder::new().max_buf_size(BUFFER_BYTES as usize).serve_connection(TokioIo::new(socket), service);
    tokio::select! {
        // If the client ends the connection, the handler that reads its body records that.
        _ = &mut connection => {}
        // This drops the connection and its socket, which ends as its handle asked.
        final_bytes = owner.cut_requested() => {
            if let Some(words) = final_bytes {
                connection.into_parts().io.into_inner().write_final(words).await;
            }
        }
    }
}

/// Runs the handler in a task of its own, so that it finishes its record even if the client is gone.
async fn answer(
    request: Request<Incoming>,
    mut router: Router,
    handle: ConnectionHandle,
) -> Result<http::Response<Body>, tokio::task::JoinError> {
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(handle);
    tokio::spawn(async move {
        match router.call(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    })
    .await
}
