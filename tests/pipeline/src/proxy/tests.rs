//! The proxy over raw TCP, before a server in place of the local AWS.

use std::time::{Duration, Instant};

use axum::{Router, extract::Request};
use http::{HeaderName, HeaderValue};
use servers::scripted::faulty_body::{BodyEnd, BodyFault};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::*;

/// Answers every call with its method and a body of twelve bytes.
fn upstream() -> Running {
    let router =
        Router::new().fallback(async |request: Request| ([("x-method", request.method().to_string())], "hello, world"));
    Server::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap().spawn(router)
}

fn proxy(upstream: &Running) -> Proxy {
    Proxy::start(upstream.base_url().rsplit(':').next().unwrap().parse().unwrap()).unwrap()
}

/// The whole answer's bytes, and how long they took.
async fn call(proxy: &Proxy, head: &str, body: &str) -> (Vec<u8>, Duration) {
    let start = Instant::now();
    let mut stream = TcpStream::connect(proxy.url().strip_prefix("http://").unwrap()).await.unwrap();
    let request = format!("{head}\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    (bytes, start.elapsed())
}

#[tokio::test]
async fn headers_of_an_answer_are_any_bytes() {
    let upstream = upstream();
    let proxy = proxy(&upstream);
    let latin = HeaderValue::from_bytes(b"attachment; filename=\"Gr\xfc\xdfe.wav\"").unwrap();
    let headers = vec![
        (HeaderName::from_static("content-disposition"), latin),
        (HeaderName::from_static("x-method"), HeaderValue::from_static("another")),
    ];
    proxy.rules.plant("GetObject", "INT-1/", 0, 1, Act::Headers(headers));
    let (seen, _) = call(&proxy, "GET /b/INT-1/a HTTP/1.1", "").await;
    let at = |text: &[u8]| seen.windows(text.len()).any(|window| window == text);
    assert!(at(b"filename=\"Gr\xfc\xdfe.wav\"") && at(b"x-method: another") && !at(b"x-method: GET"));
    assert!(seen.ends_with(b"\r\n\r\nhello, world"));
}

#[tokio::test]
async fn a_body_stalls_behind_its_first_bytes() {
    let upstream = upstream();
    let proxy = proxy(&upstream);
    let fault = BodyFault { after_bytes: 5, then: BodyEnd::StallMs(300) };
    proxy.rules.plant("GetObject", "INT-1/", 0, 1, Act::Body(fault));
    let (seen, took) = call(&proxy, "GET /b/INT-1/a HTTP/1.1", "").await;
    assert!(seen.ends_with(b"\r\n\r\nhello, world") && took >= Duration::from_millis(300), "{took:?}");
}

#[tokio::test]
async fn each_call_of_an_operation_can_be_late() {
    let upstream = upstream();
    let proxy = proxy(&upstream);
    for (operation, target) in [
        ("UpdateItem", "DynamoDB_20120810.UpdateItem"),
        ("StartExecution", "AWSStepFunctions.StartExecution"),
        ("ChangeMessageVisibility", "AmazonSQS.ChangeMessageVisibility"),
    ] {
        let planted = proxy.rules.plant(operation, "id-1", 0, 4, Act::Delay(Duration::from_millis(100)));
        let head = format!("POST / HTTP/1.1\r\nx-amz-target: {target}");
        for _ in 0..4 {
            assert!(call(&proxy, &head, "id-1").await.1 >= Duration::from_millis(100), "{operation}");
        }
        assert!(call(&proxy, &head, "id-2").await.0.starts_with(b"HTTP/1.1 200 "));
        assert_eq!(planted.met(), 4, "{operation}");
    }
}
