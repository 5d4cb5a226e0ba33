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

/// How long a closed connection still reads from a client that is still sending.
const LINGER: Duration = Duration::from_secs(5);

/// How a connection is ended without an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CutHow {
    /// A TCP reset: the client sees "connection reset by peer".
    #[default]
    Reset,
    /// An orderly end of stream: the client sees the end of the connection instead of an answer.
    Close,
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// With an answer.
    Answered,
    /// A script cut the connection.
    Cut,
    /// The client ended the connection before its body was complete or before it had the answer.
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

/// The limit of a wait for the end of the connection. With an unread body, the server does not see that the client is
/// gone.
pub const NEVER: Duration = Duration::from_mins(30);

/// A request's connection. The server adds one to the extensions of every request.
#[derive(Clone, Debug)]
pub struct ConnectionHandle {
    peer: SocketAddr,
    signals: Arc<Signals>,
    closed: watch::Receiver<()>,
}

#[derive(Debug, Default)]
struct Signals {
    reset: AtomicBool,
    cut: Notify,
    /// The connection's task takes it before it ends the connection.
    final_bytes: Mutex<Option<FinalBytes>>,
}

/// Bytes to write before the connection ends.
#[derive(Debug)]
pub(crate) struct FinalBytes {
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

    /// Ends the connection. Never returns, because no answer can be sent. A handler must record everything before.
    pub async fn cut(&self, how: CutHow) -> Infallible {
        self.cut_now(how);
        future::pending().await
    }

    /// Ends the connection, also after an answer that is being sent.
    pub fn cut_now(&self, how: CutHow) {
        self.signals.reset.store(how == CutHow::Reset, Ordering::SeqCst);
        self.signals.cut.notify_one();
    }

    /// Writes these bytes in place of an answer, and ends the connection after `stays`. Never returns, as
    /// [`ConnectionHandle::cut`].
    pub async fn write_raw(&self, bytes: Bytes, stays: Duration, how: CutHow) -> Infallible {
        // Nothing panics while it holds the lock.
        *self.signals.final_bytes.lock().unwrap_or_else(PoisonError::into_inner) = Some(FinalBytes { bytes, stays });
        self.cut(how).await
    }

    /// Waits this long; false if the connection ended before, on either side.
    pub async fn stays_for(&self, wait: Duration) -> bool {
        if wait.is_zero() {
            return true;
        }
        tokio::select! {
            () = tokio::time::sleep(wait) => true,
            () = self.closed() => false,
        }
    }

    /// Waits until the connection has ended, on either side.
    pub async fn closed(&self) {
        let mut closed = self.closed.clone();
        // Nothing is ever sent. The only change is that the connection's task drops its end.
        while closed.changed().await.is_ok() {}
    }
}

/// The connection task's end of a [`ConnectionHandle`].
pub(crate) struct ConnectionOwner {
    signals: Arc<Signals>,
    _open: watch::Sender<()>,
}

impl ConnectionOwner {
    pub(crate) fn new(peer: SocketAddr) -> (Self, ConnectionHandle) {
        let signals = Arc::new(Signals::default());
        let (open, closed) = watch::channel(());
        let handle = ConnectionHandle { peer, signals: Arc::clone(&signals), closed };
        (Self { signals, _open: open }, handle)
    }

    pub(crate) fn socket(&self, stream: TcpStream) -> Socket {
        Socket { stream: Some(stream), signals: Arc::clone(&self.signals) }
    }

    /// Waits until the connection must end, and gives the bytes to write before.
    pub(crate) async fn cut_requested(&self) -> Option<FinalBytes> {
        self.signals.cut.notified().await;
        self.signals.final_bytes.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A TCP stream that ends as its handle asks.
///
/// Dropping a socket that holds unread bytes makes the kernel send a reset, which may overtake an answer given before
/// the body was read. So a normal end sends the end of stream and then reads the rest.
pub(crate) struct Socket {
    stream: Option<TcpStream>,
    signals: Arc<Signals>,
}

impl Socket {
    /// Writes the bytes, then waits for their time or until the client ends the connection.
    pub(crate) async fn write_final(&mut self, words: FinalBytes) {
        // If the client is gone, there is nothing to wait for.
        let said = self.write_all(&words.bytes).await.is_ok() && self.flush().await.is_ok();
        if said && !words.stays.is_zero() {
            let mut scrap = vec![0; 16 * 1024];
            let until_it_leaves = async { while matches!(self.read(&mut scrap).await, Ok(count) if count > 0) {} };
            // The timeout and the client's end are both fine.
            let _ = tokio::time::timeout(words.stays, until_it_leaves).await;
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let Some(stream) = self.stream.take() else { return };
        if self.signals.reset.load(Ordering::SeqCst) {
            // A linger of zero turns the close into a reset. If the peer has closed before, there is nothing to reset.
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
