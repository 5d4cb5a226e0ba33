//! Servers on plain TCP, for tests that need every byte.

use std::time::Duration;

use attachments::JobId;
use cxone::{Client, Endpoints};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use crate::fixture::{Fixture, client};

/// The end of a chunked body.
const LAST_CHUNK: &[u8] = b"\r\n0\r\n\r\n";

/// One received request.
pub(crate) struct Request {
    /// Request line and headers, without the empty line.
    pub(crate) head: String,
    /// The body, with its framing if it is chunked.
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// None until the whole head has arrived.
    fn parse(seen: &[u8]) -> Option<Self> {
        let end = seen.windows(4).position(|four| four == b"\r\n\r\n")?;
        Some(Self { head: String::from_utf8(seen[..end].to_vec()).unwrap(), body: seen[end + 4..].to_vec() })
    }

    /// Path and query.
    pub(crate) fn path(&self) -> &str {
        self.head.split(' ').nth(1).unwrap()
    }

    /// A header's value. Panics if the request has the header twice.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.head.lines().skip(1).filter_map(|line| {
            let (header, value) = line.split_once(':')?;
            header.eq_ignore_ascii_case(name).then(|| value.trim())
        });
        let value = values.next();
        assert_eq!(values.next(), None, "the request has {name} twice");
        value
    }

    fn is_whole(&self) -> bool {
        match self.header("content-length") {
            Some(length) => self.body.len() >= length.parse().unwrap(),
            None => self.header("transfer-encoding").is_none() || self.body.ends_with(LAST_CHUNK),
        }
    }

    /// The body without the chunks' framing.
    pub(crate) fn dechunked(&self) -> Vec<u8> {
        let (mut rest, mut whole) = (self.body.as_slice(), Vec::new());
        loop {
            let end = rest.windows(2).position(|two| two == b"\r\n").unwrap();
            let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
            rest = &rest[end + 2..];
            if size == 0 {
                assert_eq!(rest, b"\r\n");
                return whole;
            }
            whole.extend_from_slice(&rest[..size]);
            assert_eq!(&rest[size..size + 2], b"\r\n");
            rest = &rest[size + 2..];
        }
    }
}

/// A response with a length, after which the server closes the connection. `head` is the status and the headers, each on a line.
pub(crate) fn response(head: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let (head, body) = (head.replace('\n', "\r\n"), body.as_ref());
    let head = format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

async fn listen() -> (String, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    (format!("http://{}/api/v2", listener.local_addr().unwrap()), listener)
}

/// Starts a server for so many requests. It responds to each whole request and then closes the connection.
pub(crate) async fn serve(
    count: usize,
    respond: impl Fn(&Request) -> Vec<u8> + Send + 'static,
) -> (String, JoinHandle<Vec<Request>>) {
    let (url, listener) = listen().await;
    let served = tokio::spawn(async move {
        let mut requests = Vec::new();
        while requests.len() < count {
            let (mut connection, _) = listener.accept().await.unwrap();
            let mut seen = Vec::new();
            let request = loop {
                assert_ne!(connection.read_buf(&mut seen).await.unwrap(), 0, "the client closed the connection");
                if let Some(request) = Request::parse(&seen).filter(Request::is_whole) {
                    break request;
                }
            };
            connection.write_all(&respond(&request)).await.unwrap();
            connection.shutdown().await.unwrap();
            requests.push(request);
        }
        requests
    });
    (url, served)
}

/// Starts a server for one request.
pub(crate) async fn serve_once(response: impl Into<Vec<u8>>) -> (String, JoinHandle<Request>) {
    let response = response.into();
    let (url, served) = serve(1, move |_| response.clone()).await;
    (url, tokio::spawn(async move { served.await.unwrap().remove(0) }))
}

/// Starts a server that responds to one whole request, and then neither sends more nor closes the connection.
pub(crate) async fn serve_and_stall(response: impl Into<Vec<u8>>) -> String {
    let (url, listener) = listen().await;
    let response = response.into();
    tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await.unwrap();
        let mut seen = Vec::new();
        while !Request::parse(&seen).is_some_and(|request| request.is_whole()) {
            assert_ne!(connection.read_buf(&mut seen).await.unwrap(), 0, "the client closed the connection");
        }
        connection.write_all(&response).await.unwrap();
        hold(connection).await;
    });
    url
}

/// Keeps a connection open until the test ends.
async fn hold(connection: TcpStream) {
    std::future::pending::<()>().await;
    drop(connection);
}

/// What a server does after an early response.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Then {
    /// Reads to the last chunk, or until the client closes the connection.
    ReadOn,
    /// Closes the connection.
    Close,
    /// Stops reading.
    Stall,
}

/// Starts a server that responds as soon as a request begins, and waits until the client must have read the response. The sockets
/// buffer only a few MiB, so the sender of a large body waits meanwhile. Returns every received byte.
pub(crate) async fn respond_early(response: impl Into<Vec<u8>>, then: Then) -> (String, JoinHandle<Vec<u8>>) {
    let (url, listener) = listen().await;
    let response = response.into();
    let served = tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await.unwrap();
        let mut seen = vec![0; 65_536];
        let count = connection.read(&mut seen).await.unwrap();
        seen.truncate(count);
        connection.write_all(&response).await.unwrap();
        tokio::time::sleep(Duration::from_millis(500)).await;
        match then {
            Then::ReadOn => {
                while !seen.ends_with(LAST_CHUNK) && matches!(connection.read_buf(&mut seen).await, Ok(1..)) {}
            }
            Then::Close => {}
            Then::Stall => hold(connection).await,
        }
        seen
    });
    (url, served)
}

/// The request that an early server received.
pub(crate) async fn received(served: JoinHandle<Vec<u8>>) -> Request {
    Request::parse(&served.await.unwrap()).unwrap()
}

/// A client that gets its tokens from the fixture's stand-in and sends other calls to `base`.
pub(crate) fn client_of(fixture: &Fixture, base: &str) -> Client {
    let token = format!("{}/oauth/token", fixture.control.api_url());
    client(Endpoints::new(base.parse().unwrap(), Some(token.parse().unwrap()))).0
}

pub(crate) fn job(id: &str) -> JobId {
    id.parse().unwrap()
}
