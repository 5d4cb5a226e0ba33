//! A server on bare TCP, for what must be seen byte by byte.

use std::time::Duration;

use attachments::JobId;
use cxone::{Client, Endpoints};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    task::JoinHandle,
};

use crate::fixture::{Fixture, client};

/// One request as it came.
pub(crate) struct Request {
    /// Request line and headers, without the empty line.
    pub(crate) head: String,
    /// The body, with the chunks' framing if it came so.
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// A header's value; a header that comes twice fails the test.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.head.lines().skip(1).filter_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        });
        let value = values.next();
        assert_eq!(values.next(), None, "{name} comes twice");
        value
    }

    fn is_whole(&self) -> bool {
        match self.header("content-length") {
            Some(length) => self.body.len() >= length.parse().unwrap(),
            None => self.header("transfer-encoding").is_none() || self.body.ends_with(b"\r\n0\r\n\r\n"),
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

/// A server for one request, which it answers with these bytes once it is whole, and then hangs up.
pub(crate) async fn serve_once(answer: &'static [u8]) -> (String, JoinHandle<Request>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/api/v2", listener.local_addr().unwrap());
    let served = tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await.unwrap();
        let mut seen = Vec::new();
        loop {
            assert_ne!(connection.read_buf(&mut seen).await.unwrap(), 0, "the client broke off");
            let Some(head) = seen.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
            let request =
                Request { head: String::from_utf8(seen[..head].to_vec()).unwrap(), body: seen[head + 4..].to_vec() };
            if request.is_whole() {
                connection.write_all(answer).await.unwrap();
                connection.shutdown().await.unwrap();
                return request;
            }
        }
    });
    (url, served)
}

/// A server that answers as soon as a request begins, and reads on only when the answer must have been read: how many bytes
/// then came in all.
pub(crate) async fn answer_early(answer: &'static [u8]) -> (String, JoinHandle<usize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/api/v2", listener.local_addr().unwrap());
    let served = tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await.unwrap();
        let mut seen = vec![0; 65_536];
        let mut count = connection.read(&mut seen).await.unwrap();
        connection.write_all(answer).await.unwrap();
        // The sockets between hold a few MiB; the sender then waits.
        tokio::time::sleep(Duration::from_millis(500)).await;
        while let Ok(more @ 1..) = connection.read(&mut seen).await {
            count += more;
        }
        count
    });
    (url, served)
}

/// A client that has its tokens from the fixture's stand-in, and all else from `base`.
pub(crate) fn client_of(fixture: &Fixture, base: &str) -> Client {
    let token = format!("{}/oauth/token", fixture.control.api_url());
    client(Endpoints::new(base.parse().unwrap(), Some(token.parse().unwrap()))).0
}

pub(crate) fn job(id: &str) -> JobId {
    id.parse().unwrap()
}
