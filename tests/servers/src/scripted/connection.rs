//! Connections that a handler can cut.

use std::{
    convert::Infallible,
    future,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf},
    net::TcpStream,
    sync::{Notify, watch},
};

/// How long a closed connection still takes bytes from a client that goes on sending.
const LINGER: Duration = Duration::from_secs(5);

/// How a connection is ended without an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CutHow {
    /// A TCP reset: the client sees "connection reset by peer".
    #[default]
    Reset,
    /// An orderly end of stream: the client sees the end of the connection where an answer should be.
    Close,
}

/// How a request ended, as the records of the test servers say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// With an answer.
    Answered,
    /// A script cut the connection.
    Cut,
    /// The client broke off, before its body was whole or before it had the answer.
    Aborted,
    /// A script withheld the answer until the client gave up.
    Unanswered,
}

impl End {
    /// For a line of the log: the answer's status, or how the request ended without one.
    pub(crate) fn shown(end: Option<Self>, status: Option<u16>) -> String {
        match (status, end) {
            (Some(status), _) => status.to_string(),
            (None, Some(end)) => format!("{end:?}").to_lowercase(),
            (None, None) => "open".to_owned(),
        }
    }
}

/// How long an answer is withheld that is never to come. An unread body hides that the client is gone, so that waiting
/// for its end needs an end of its own.
pub const NEVER: Duration = Duration::from_mins(30);

/// A request's connection; the server puts one into the extensions of every request.
#[derive(Clone, Debug)]
pub struct ConnectionHandle {
    peer: SocketAddr,
    wires: Arc<Wires>,
    closed: watch::Receiver<()>,
}

#[derive(Debug, Default)]
struct Wires {
    reset: AtomicBool,
    cut: Notify,
    /// Taken by the connection's task once it is told to end the connection.
    last_words: Mutex<Option<LastWords>>,
}

/// Bytes to write before the connection ends.
#[derive(Debug)]
pub(crate) struct LastWords {
    pub(crate) bytes: Bytes,
    /// How long the connection then stays open without another byte, unless the client ends it before.
    pub(crate) stays: Duration,
}

impl ConnectionHandle {
    /// The client's end of the connection.
    #[must_use]
    pub const fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// Ends the connection. Never returns: there is nobody left to answer. Whatever the handler wants to have noted,
    /// it notes before.
    pub async fn cut(&self, how: CutHow) -> Infallible {
        self.cut_now(how);
        future::pending().await
    }

    /// Ends the connection, also behind an answer that is on its way.
    pub fn cut_now(&self, how: CutHow) {
        self.wires.reset.store(how == CutHow::Reset, Ordering::SeqCst);
        self.wires.cut.notify_one();
    }

    /// Writes the bytes as they are, in place of an answer, and ends the connection after `stays`. Never returns, as
    /// [`ConnectionHandle::cut`].
    pub async fn write_raw(&self, bytes: Bytes, stays: Duration, how: CutHow) -> Infallible {
        // Nothing panics while it holds the lock.
        *self.wires.last_words.lock().unwrap_or_else(PoisonError::into_inner) = Some(LastWords { bytes, stays });
        self.cut(how).await
    }

    /// Waits so long; false if the connection ended before, whoever ended it.
    pub async fn stays_for(&self, wait: Duration) -> bool {
        if wait.is_zero() {
            return true;
        }
        tokio::select! {
            () = tokio::time::sleep(wait) => true,
            () = self.closed() => false,
        }
    }

    /// Waits until the connection has ended, whoever ended it.
    pub async fn closed(&self) {
        let mut closed = self.closed.clone();
        // Nothing is ever sent: the only change is that the connection's task has dropped its end.
        while closed.changed().await.is_ok() {}
    }
}

/// The connection task's end of a [`ConnectionHandle`].
pub(crate) struct ConnectionOwner {
    wires: Arc<Wires>,
    _open: watch::Sender<()>,
}

impl ConnectionOwner {
    pub(crate) fn new(peer: SocketAddr) -> (Self, ConnectionHandle) {
        let wires = Arc::new(Wires::default());
        let (open, closed) = watch::channel(());
        let handle = ConnectionHandle { peer, wires: Arc::clone(&wires), closed };
        (Self { wires, _open: open }, handle)
    }

    pub(crate) fn socket(&self, stream: TcpStream) -> Socket {
        Socket { stream: Some(stream), wires: Arc::clone(&self.wires) }
    }

    /// Waits until the connection is to end, and gives what is to be written before.
    pub(crate) async fn cut_asked_for(&self) -> Option<LastWords> {
        self.wires.cut.notified().await;
        self.wires.last_words.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A TCP stream that ends as its handle says.
///
/// Dropping a socket that holds unread bytes makes the kernel send a reset, which may overtake an answer given before
/// the body was read. So an ordinary end sends its own end of stream and then takes what still comes.
pub(crate) struct Socket {
    stream: Option<TcpStream>,
    wires: Arc<Wires>,
}

impl Socket {
    /// Writes the bytes, then waits as long as asked, or until the client ends the connection.
    pub(crate) async fn say(&mut self, words: LastWords) {
        // A client that is gone hears nothing; its end of the connection says so.
        let said = self.write_all(&words.bytes).await.is_ok() && self.flush().await.is_ok();
        if said && !words.stays.is_zero() {
            let mut scrap = vec![0; 16 * 1024];
            let until_it_leaves = async { while matches!(self.read(&mut scrap).await, Ok(count) if count > 0) {} };
            // Either end is the end.
            let _ = tokio::time::timeout(words.stays, until_it_leaves).await;
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let Some(stream) = self.stream.take() else { return };
        if self.wires.reset.load(Ordering::SeqCst) {
            // A linger of zero turns the close into a reset. Where the peer was faster, there is nothing to reset.
            let _ = stream.set_zero_linger();
        } else if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(tokio::time::timeout(LINGER, drain(stream)));
        }
    }
}

async fn drain(mut stream: TcpStream) {
    let mut scrap = vec![0; 16 * 1024];
    if stream.shutdown().await.is_ok() {
        while matches!(stream.read(&mut scrap).await, Ok(count) if count > 0) {}
    }
}

fn gone() -> std::io::Error {
    std::io::Error::from(std::io::ErrorKind::NotConnected)
}

impl AsyncRead for Socket {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        match self.stream.as_mut() {
            Some(stream) => Pin::new(stream).poll_read(cx, buf),
            None => Poll::Ready(Err(gone())),
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<std::io::Result<usize>> {
        match self.stream.as_mut() {
            Some(stream) => Pin::new(stream).poll_write(cx, buf),
            None => Poll::Ready(Err(gone())),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match self.stream.as_mut() {
            Some(stream) => Pin::new(stream).poll_flush(cx),
            None => Poll::Ready(Err(gone())),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match self.stream.as_mut() {
            Some(stream) => Pin::new(stream).poll_shutdown(cx),
            None => Poll::Ready(Err(gone())),
        }
    }
}
