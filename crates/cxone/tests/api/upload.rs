//! What an upload is made of, as it arrives.

use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use cxone::{Framing, UploadContent};
use futures_util::stream;
use http_body::Frame;
use http_body_util::StreamBody;
use servers::cxone::{AcceptedBody, PartRecord, TOKEN_PREFIX, UploadAct};

use crate::{
    fixture::{Fixture, Upload},
    seen::Sent,
    wire::{client_of, job, response, serve, serve_once},
};

const ACCEPTED: &[u8] = b"HTTP/1.1 202 Accepted\r\nContent-Length: 17\r\n\r\n{\"jobId\":\"job-1\"}";

fn with_everything(interaction: &str) -> Upload {
    let Upload { content, .. } = Upload::to(interaction);
    let content = UploadContent {
        file_name: "a\"ño 日本 1+1%20.pdf".to_owned(),
        tags: [("case", "7"), ("ärger", "a\"b\\c\n")].map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
        auto_scan: false,
        ..content
    };
    Upload { key: "8f14e45f".to_owned(), content, ..Upload::to(interaction) }
}

/// The whole body as the contract has it.
fn expected(boundary: &str) -> Vec<u8> {
    let before = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a%22ño 日本 1+1%20.pdf\"\r\n\
         Content-Type: application/pdf\r\n\r\n"
    );
    let after = format!(
        "\r\n--{boundary}\r\nContent-Disposition: form-data; name=\"metadata\"\r\nContent-Type: application/json\r\n\r\n\
         {{\"case\":\"7\",\"ärger\":\"a\\\"b\\\\c\\n\"}}\
         \r\n--{boundary}\r\nContent-Disposition: form-data; name=\"autoScan\"\r\nContent-Type: text/plain\r\n\r\n\
         false\r\n--{boundary}--\r\n"
    );
    [before.as_bytes(), crate::fixture::PDF, after.as_bytes()].concat()
}

#[tokio::test]
async fn every_byte_of_a_chunked_upload_is_as_documented() {
    let fixture = Fixture::new();
    let (base, served) = serve_once(ACCEPTED).await;
    let upload = with_everything("INT:1.a");
    assert_eq!(upload.send(&client_of(&fixture, &base)).await.job(), job("job-1"));
    let request = served.await.unwrap();
    assert!(request.head.starts_with("POST /api/v2/interactions/INT:1.a/attachments HTTP/1.1\r\n"), "{}", request.head);
    assert_eq!(request.header("transfer-encoding"), Some("chunked"));
    assert_eq!(request.header("content-length"), None);
    assert_eq!(request.header("idempotency-key"), Some("8f14e45f"));
    let bearer = request.header("authorization").unwrap();
    assert!(bearer.starts_with(&format!("Bearer {TOKEN_PREFIX}")));
    let boundary = request.header("content-type").unwrap().strip_prefix("multipart/form-data; boundary=").unwrap();
    assert_eq!(boundary, upload.content.boundary.as_str());
    assert_eq!(String::from_utf8_lossy(&request.dechunked()), String::from_utf8_lossy(&expected(boundary)));
}

#[tokio::test]
async fn every_byte_of_an_upload_with_a_length_is_as_documented() {
    let fixture = Fixture::new();
    let (base, served) = serve_once(ACCEPTED).await;
    let upload = Upload { framing: Framing::ContentLength, ..with_everything("INT-1") };
    assert_eq!(upload.send(&client_of(&fixture, &base)).await.job(), job("job-1"));
    let request = served.await.unwrap();
    assert_eq!(request.header("transfer-encoding"), None);
    assert_eq!(request.header("content-length"), Some(request.body.len().to_string().as_str()));
    let boundary = request.header("content-type").unwrap().strip_prefix("multipart/form-data; boundary=").unwrap();
    assert_eq!(boundary, upload.content.boundary.as_str());
    assert_eq!(String::from_utf8_lossy(&request.body), String::from_utf8_lossy(&expected(boundary)));
}

#[tokio::test]
async fn strict_server_finds_nothing_wrong() {
    let fixture = Fixture::new();
    let upload = with_everything("INT-1");
    let sent = fixture.send(&upload).await.job();
    let stored = fixture.control.attachments(None).await.unwrap().remove(0);
    assert_eq!(stored.job_id, sent.as_str());
    assert_eq!((stored.interaction_id.as_str(), stored.idempotency_key.as_str()), ("INT-1", "8f14e45f"));
    let named = (stored.file_name.as_str(), stored.content_type.as_str());
    assert_eq!(named, (upload.content.file_name.as_str(), "application/pdf"));
    assert_eq!((stored.size, stored.sha256), (upload.bytes.len() as u64, upload.sha256()));
    assert_eq!((stored.metadata, stored.auto_scan), (upload.content.tags, false));
    let request = fixture.uploads("INT-1").await.remove(0);
    assert_eq!(request.http_version, "HTTP/1.1");
    let parts: Vec<PartRecord> = request.upload.unwrap().parts;
    assert_eq!(
        parts.iter().filter_map(|part| part.name.as_deref()).collect::<Vec<_>>(),
        ["file", "metadata", "autoScan"]
    );
    assert_eq!(fixture.control.violations(None).await.unwrap(), []);
}

#[tokio::test]
async fn both_framings_carry_a_large_file_unchanged() {
    let fixture = Fixture::new();
    for (interaction, framing) in [("INT-1", Framing::Chunked), ("INT-2", Framing::ContentLength)] {
        let bytes: Vec<u8> = (0..5_000_000_u32).flat_map(u32::to_le_bytes).take(5_000_001).collect();
        let upload = Upload { bytes: bytes.into(), framing, ..Upload::to(interaction) };
        // As a download comes: in pieces of many sizes, empty ones too.
        let pieces: Vec<Bytes> = (0..)
            .map(|n: usize| n * n * 100)
            .map_while(|from| (from < upload.bytes.len()).then_some(from))
            .scan(None::<usize>, |last, from| Some((last.replace(from), from)))
            .filter_map(|(last, from)| last.map(|last| upload.bytes.slice(last..from)))
            .collect();
        let sent: usize = pieces.iter().map(Bytes::len).sum();
        let pieces = pieces.into_iter().chain([Bytes::new(), upload.bytes.slice(sent..), Bytes::new()]);
        let body = StreamBody::new(stream::iter(pieces.map(Frame::data).map(Ok::<_, Infallible>)));
        Sent::first(&fixture.client.upload(upload.request(), body).await).job();
        let stored = fixture.control.attachments(Some(interaction)).await.unwrap().remove(0);
        assert_eq!((stored.size, stored.sha256, stored.auto_scan), (5_000_001, upload.sha256(), true));
        let headers = fixture.uploads(interaction).await.remove(0).headers;
        let framed = (headers.contains_key("transfer-encoding"), headers.contains_key("content-length"));
        assert_eq!(framed, (framing == Framing::Chunked, framing == Framing::ContentLength));
    }
    assert_eq!(fixture.control.violations(None).await.unwrap(), []);
}

#[tokio::test]
async fn same_key_again_gives_the_same_job() {
    let fixture = Fixture::new();
    let upload = Upload::to("INT-1");
    let first = fixture.send(&upload).await.job();
    assert_eq!(fixture.send(&upload).await.job(), first);
    assert_eq!(fixture.control.attachments(None).await.unwrap().len(), 1);
}

/// CXone compares requests under one key, so every attempt must be the same, also after a new run read the content back.
#[tokio::test]
async fn every_attempt_is_the_same_request_byte_for_byte() {
    let fixture = Fixture::new();
    for framing in [Framing::Chunked, Framing::ContentLength] {
        let (base, served) = serve(3, |_| response("503 Down", "")).await;
        let mut upload = Upload { framing, ..with_everything("INT-1") };
        for _ in 0..3 {
            // Another run has another client, and its content from the ledger.
            upload.send(&client_of(&fixture, &base)).await;
            let kept = serde_json::to_string(&upload.content).unwrap();
            upload.content = serde_json::from_str(&kept).unwrap();
        }
        let mut requests: Vec<_> = served
            .await
            .unwrap()
            .into_iter()
            .map(|request| {
                let head = request
                    .head
                    .lines()
                    .filter(|line| !line.starts_with("authorization"))
                    .collect::<Vec<_>>()
                    .join("\n");
                let body = if framing == Framing::Chunked { request.dechunked() } else { request.body };
                (head, body)
            })
            .collect();
        requests.dedup();
        assert_eq!(requests.len(), 1, "{framing:?}");
    }
}

#[tokio::test]
async fn job_is_named_by_either_word_or_by_both() {
    let fixture = Fixture::new();
    fixture.uploads_do("INT-1", [UploadAct::Accept(AcceptedBody::Id)]).await;
    let named = fixture.send(&Upload::to("INT-1")).await.job();
    assert_eq!(named.as_str(), fixture.control.attachments(None).await.unwrap()[0].job_id);
    let both = crate::fixture::reply(202).body(r#"{"id": "attachment-1", "jobId": "job-1", "state": "new"}"#);
    fixture.uploads_do("INT-2", [UploadAct::Reply(both)]).await;
    assert_eq!(fixture.send(&Upload::to("INT-2")).await.job(), job("job-1"));
}

#[tokio::test]
async fn server_that_pauses_within_the_limit_is_waited_for() {
    let fixture = Fixture::new();
    fixture.uploads_do("INT-1", [UploadAct::Stall { after_bytes: 1_000_000, ms: 300 }]).await;
    let upload = Upload::big("INT-1").within(Duration::from_secs(10));
    fixture.send(&upload).await.job();
    assert_eq!(fixture.control.attachments(None).await.unwrap()[0].sha256, upload.sha256());
}
