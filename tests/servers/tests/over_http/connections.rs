//! Connections that are cut, answered early or kept open, as a client sees them.

use std::{convert::Infallible, io::ErrorKind, net::SocketAddr, time::Duration};

use axum::{Extension, Router, body::Body, routing::post};
use http::StatusCode;
use http_body_util::BodyExt as _;
use servers::{
    Error,
    scripted::{
        connection::{ConnectionHandle, CutHow},
        control::ControlClient,
        faulty_body::{BodyEnd, BodyFault},
        raw::RawReply,
        reply::Reply,
        server::{Running, Server},
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::mpsc,
    time::timeout,
};

use crate::wire;

const SECOND: Duration = Duration::from_secs(1);
/// An answer that must be sent unchanged.
const ODD: &str = "HTTP/1.0 999 odd\r\nName : a\r\n b\r\nContent-length: {content_length}\r\n\r\n";

async fn cut(connection: ConnectionHandle, how: CutHow) -> StatusCode {
    let never: Infallible = connection.cut(how).await;
    match never {}
}

async fn raw(connection: ConnectionHandle, reply: RawReply) -> StatusCode {
    let never: Infallible = connection.write_raw(reply.wire_bytes(&[]), reply.stays(), reply.end).await;
    match never {}
}

/// An answer that announces twelve bytes and sends five of them first.
fn broken(connection: &ConnectionHandle, then: BodyEnd) -> http::Response<Body> {
    let reply = Reply::status(StatusCode::OK).body("hello, world").body_fault(BodyFault { after_bytes: 5, then });
    reply.to_response(std::time::SystemTime::now(), connection)
}

fn server(closed: mpsc::UnboundedSender<&'static str>) -> Running {
    let on_close = move |Extension(connection): Extension<ConnectionHandle>, body: Body| async move {
        let whole = body.collect().await.is_ok();
        if whole {
            connection.closed().await;
        }
        closed.send(if whole { "closed" } else { "aborted" }).unwrap();
    };
    let router = Router::new()
        .route("/reset", post(|Extension(it): Extension<ConnectionHandle>| cut(it, CutHow::Reset)))
        .route("/close", post(|Extension(it): Extension<ConnectionHandle>| cut(it, CutHow::Close)))
        .route("/early", post(|| async { (StatusCode::PAYLOAD_TOO_LARGE, "too large") }))
        .route("/never", post(on_close))
        .route("/raw", post(|Extension(it): Extension<ConnectionHandle>| raw(it, RawReply::text(ODD).bytes([0xff]))))
        .route(
            "/raw-stays",
            post(|Extension(it): Extension<ConnectionHandle>| {
                raw(it, RawReply { stays_ms: 400, ..RawReply::text("HTTP/1.1 202 \r\n") })
            }),
        )
        .route("/stall", post(async |Extension(it): Extension<ConnectionHandle>| broken(&it, BodyEnd::StallMs(300))))
        .route(
            "/break-reset",
            post(async |Extension(it): Extension<ConnectionHandle>| broken(&it, BodyEnd::Cut(CutHow::Reset))),
        )
        .route(
            "/break-close",
            post(async |Extension(it): Extension<ConnectionHandle>| broken(&it, BodyEnd::Cut(CutHow::Close))),
        );
    Server::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap().spawn(router)
}

async fn send(server: &Running, head: &str, body: &[u8]) -> TcpStream {
    let mut stream = wire::open(server.base_url(), head).await;
    stream.write_all(body).await.unwrap();
    stream
}

async fn read_to_end(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut answer = Vec::new();
    timeout(SECOND, stream.read_to_end(&mut answer)).await.expect("the connection stays open")?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// The bytes until the connection ends, whether it ends in an orderly way, and the time.
async fn seen(stream: &mut TcpStream) -> (String, bool, Duration) {
    let (mut answer, start) = (Vec::new(), std::time::Instant::now());
    let orderly = timeout(SECOND, stream.read_to_end(&mut answer)).await.expect("the connection stays open").is_ok();
    (String::from_utf8_lossy(&answer).into_owned(), orderly, start.elapsed())
}

#[tokio::test]
async fn reset_is_seen_as_a_reset() {
    let server = server(mpsc::unbounded_channel().0);
    let mut stream = send(&server, "POST /reset HTTP/1.1\r\ncontent-length: 2", b"ab").await;
    assert_eq!(read_to_end(&mut stream).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn close_is_an_end_of_stream_even_with_unread_bytes() {
    let server = server(mpsc::unbounded_channel().0);
    let mut stream = send(&server, "POST /close HTTP/1.1\r\ncontent-length: 200000", &vec![b'x'; 100_000]).await;
    assert_eq!(read_to_end(&mut stream).await.unwrap(), "");
}

#[tokio::test]
async fn raw_bytes_are_sent_unchanged() {
    let server = server(mpsc::unbounded_channel().0);
    let mut stream = send(&server, "POST /raw HTTP/1.1\r\ncontent-length: 2", b"ab").await;
    let expected = ODD.replace("{content_length}", "1") + "\u{fffd}";
    assert_eq!(read_to_end(&mut stream).await.unwrap(), expected);
}

#[tokio::test]
async fn connection_can_stay_open_after_raw_bytes() {
    let server = server(mpsc::unbounded_channel().0);
    let mut stream = send(&server, "POST /raw-stays HTTP/1.1\r\ncontent-length: 2", b"ab").await;
    let (text, orderly, took) = seen(&mut stream).await;
    assert_eq!((text.as_str(), orderly), ("HTTP/1.1 202 \r\n", true));
    assert!(took >= Duration::from_millis(350), "{took:?}");
}

#[tokio::test]
async fn stalled_body_is_late_and_complete() {
    let server = server(mpsc::unbounded_channel().0);
    let mut stream = send(&server, "POST /stall HTTP/1.1\r\nconnection: close\r\ncontent-length: 0", b"").await;
    let (text, orderly, took) = seen(&mut stream).await;
    assert!(text.contains("content-length: 12\r\n") && text.ends_with("hello, world") && orderly, "{text}");
    assert!(took >= Duration::from_millis(300), "{took:?}");
}

#[tokio::test]
async fn cut_body_ends_after_its_first_bytes() {
    let server = server(mpsc::unbounded_channel().0);
    for (path, closed) in [("/break-reset", false), ("/break-close", true)] {
        let mut stream = send(&server, &format!("POST {path} HTTP/1.1\r\ncontent-length: 0"), b"").await;
        let (text, orderly, _) = seen(&mut stream).await;
        assert!(text.contains("content-length: 12\r\n") && text.ends_with("\r\n\r\nhello"), "{text}");
        assert_eq!(orderly, closed, "{path}");
    }
}

#[tokio::test]
async fn early_answer_reaches_a_client_that_goes_on_sending() {
    let server = server(mpsc::unbounded_channel().0);
    let mut stream = send(&server, "POST /early HTTP/1.1\r\ncontent-length: 9000000", &[b'x'; 100]).await;
    // The server has answered and ended the connection before the client sends more.
    tokio::time::sleep(Duration::from_millis(100)).await;
    for _ in 0..20 {
        stream.write_all(&vec![b'x'; 100_000]).await.unwrap();
    }
    let answer = read_to_end(&mut stream).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 413 ") && answer.ends_with("too large"), "{answer}");
}

#[tokio::test]
async fn handler_goes_on_after_the_client_has_gone() {
    let (closed, mut seen) = mpsc::unbounded_channel();
    let server = server(closed);
    let stream = send(&server, "POST /never HTTP/1.1\r\ncontent-length: 9", b"abc").await;
    drop(stream);
    assert_eq!(timeout(SECOND, seen.recv()).await.unwrap(), Some("aborted"));
    let stream = send(&server, "POST /never HTTP/1.1\r\ncontent-length: 3", b"abc").await;
    assert!(timeout(Duration::from_millis(100), seen.recv()).await.is_err(), "still waiting for an answer");
    drop(stream);
    assert_eq!(timeout(SECOND, seen.recv()).await.unwrap(), Some("closed"));
}

#[tokio::test]
async fn stopping_cuts_open_connections_and_frees_the_port() {
    let server = server(mpsc::unbounded_channel().0);
    let mut stream = send(&server, "POST /never HTTP/1.1\r\ncontent-length: 3", b"abc").await;
    let address: SocketAddr = server.base_url().strip_prefix("http://").unwrap().parse().unwrap();
    server.stop().await;
    // The system resets a connection that was not accepted yet.
    let end = read_to_end(&mut stream).await.map_err(|fault| fault.kind());
    assert!(end.as_ref().map_or_else(|kind| *kind == ErrorKind::ConnectionReset, String::is_empty), "{end:?}");
    assert!(Server::bind(address).is_ok());
}

#[tokio::test]
async fn only_loopback_is_bound() {
    let fault = Server::bind(SocketAddr::from(([0, 0, 0, 0], 0))).unwrap_err();
    assert!(matches!(fault, Error::NotLoopback(_)), "{fault}");
}

#[tokio::test]
async fn control_call_distinguishes_refusal_from_no_answer() {
    let server = server(mpsc::unbounded_channel().0);
    let control = ControlClient::new(server.base_url()).unwrap();
    let refused = control.post("/early").await.unwrap_err();
    assert!(matches!(&refused, Error::Refused { status: 413, body, .. } if body == "too large"), "{refused}");
    let silence = control.post("/reset").await.unwrap_err();
    assert!(matches!(silence, Error::NoAnswer { .. }), "{silence}");
}
