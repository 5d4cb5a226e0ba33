//! Responses that come while the body is still being sent.

use std::{
    io,
    time::{Duration, Instant},
};

use bytes::Bytes;
use cxone::Stored::{Accepted, No};
use futures_util::{StreamExt as _, stream};
use http_body::Frame;
use http_body_util::StreamBody;
use servers::cxone::UploadAct;

use crate::{
    fixture::{BIG, Fixture, Upload, reply},
    seen::{Sent, row},
    wire::{Then, answer_early, client_of, job, received},
};

const ACCEPTED: &str = "HTTP/1.1 202 Accepted\r\nContent-Length: 17\r\n\r\n{\"jobId\":\"job-1\"}";
const ACCEPTED_THEN_CLOSE: &str =
    "HTTP/1.1 202 Accepted\r\nContent-Length: 17\r\nConnection: close\r\n\r\n{\"jobId\":\"job-1\"}";

#[tokio::test]
async fn early_2xx_is_accepted_once_the_rest_of_the_body_is_sent() {
    let fixture = Fixture::new();
    for accepted in [ACCEPTED, ACCEPTED_THEN_CLOSE] {
        let (base, served) = answer_early(accepted, Then::ReadOn).await;
        let upload = Upload::big("INT-1");
        let sent = upload.send(&client_of(&fixture, &base)).await;
        assert_eq!(sent.seen(), row("job", Accepted), "{sent:?}");
        assert_eq!(sent.job(), job("job-1"));
        let body = received(served).await.dechunked();
        let file = body.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
        assert!(body[file..file + BIG] == upload.bytes[..], "the file came changed");
        let end = format!("--{}--\r\n", upload.content.boundary);
        assert!(body.ends_with(end.as_bytes()), "{}", String::from_utf8_lossy(&body[file + BIG..]));
    }
}

#[tokio::test]
async fn early_2xx_whose_connection_closes_is_interrupted() {
    let fixture = Fixture::new();
    let (base, _served) = answer_early(ACCEPTED, Then::Close).await;
    let sent = Upload::big("INT-1").send(&client_of(&fixture, &base)).await;
    assert_eq!(sent.seen(), row("unavailable", Accepted), "{sent:?}");
    assert!(sent.retry().fault.contains("202"), "{sent:?}");
}

#[tokio::test]
async fn early_2xx_whose_server_reads_no_more_is_interrupted_at_the_limit() {
    let fixture = Fixture::new();
    let (base, _served) = answer_early(ACCEPTED, Then::Stall).await;
    let begun = Instant::now();
    let sent = Upload::big("INT-1").within(Duration::from_secs(1)).send(&client_of(&fixture, &base)).await;
    assert_eq!(sent.seen(), row("unavailable", Accepted), "{sent:?}");
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

/// A file whose second half never comes, or comes broken.
#[tokio::test]
async fn early_2xx_whose_source_breaks_is_interrupted() {
    let fixture = Fixture::new();
    let (base, served) = answer_early(ACCEPTED, Then::ReadOn).await;
    let upload = Upload::big("INT-1");
    let half = upload.bytes.slice(..BIG / 2);
    let broken = stream::once(async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        Err::<Bytes, _>(io::Error::other("checksum mismatch"))
    });
    let source = stream::iter([Ok(half)]).chain(broken).map(|piece| piece.map(Frame::data));
    let body = StreamBody::new(Box::pin(source));
    let sent = Sent::first(&client_of(&fixture, &base).upload(upload.request(), body).await);
    assert_eq!(sent.seen(), row("unavailable", Accepted), "{sent:?}");
    let request = received(served).await;
    assert!(!String::from_utf8_lossy(&request.body).contains("autoScan"), "the form was ended after half a file");
}

/// The next attempt may begin while the rest of this one is still on its way, which would be two uploads at once.
#[tokio::test]
async fn early_failure_ends_the_sending() {
    let fixture = Fixture::new();
    for head in ["503 Service Unavailable", "413 Payload Too Large", "429 Too Many Requests"] {
        let response = format!("HTTP/1.1 {head}\r\nContent-Length: 0\r\n\r\n");
        let (base, served) = answer_early(response, Then::ReadOn).await;
        let upload = Upload { bytes: vec![b'x'; 64 * 1024 * 1024].into(), ..Upload::to("INT-1") };
        let pieces = (0..upload.bytes.len()).step_by(65_536).map(|at| upload.bytes.slice(at..at + 65_536));
        let pieces: Vec<_> = pieces.map(Frame::data).map(Ok::<_, io::Error>).collect();
        let body = StreamBody::new(stream::iter(pieces));
        let sent = Sent::first(&client_of(&fixture, &base).upload(upload.request(), body).await);
        assert_eq!(sent.stored, No, "{head}: {sent:?}");
        let received = served.await.unwrap().len();
        assert!(received < upload.bytes.len() / 2, "{head}: {received} bytes came");
    }
}

#[tokio::test]
async fn early_failure_leaves_nothing_at_cxone() {
    let fixture = Fixture::new();
    let rows = [
        (504, "unavailable"),
        (403, "unavailable"),
        (409, "unavailable"),
        (429, "throttled"),
        (413, "cxone_payload_too_large"),
    ];
    for (status, word) in rows {
        fixture.uploads_do("INT-1", [UploadAct::EarlyReply(reply(status))]).await;
        let sent = fixture.send(&Upload::big("INT-1")).await;
        assert_eq!(sent.seen(), row(word, No), "{status}: {sent:?}");
    }
}
