//! A 202 before the body: what becomes of the rest.

use std::time::{Duration, Instant};

use servers::{
    cxone::{EarlyEnd, RequestRecord, UploadAct},
    scripted::{End, Step},
};

use super::fixture::{Fixture, Upload};

const BIG: usize = 6 * 1024 * 1024;

async fn scripted(then: EarlyEnd, pause_ms: u64) -> Fixture {
    let fixture = Fixture::new().await;
    let step = Step::once(UploadAct::AcceptEarly { then, pause_ms });
    fixture.control.script_uploads("INT-1", &[step]).await.unwrap();
    fixture
}

fn big() -> Upload {
    Upload { bytes: vec![b'x'; BIG], chunked: false, ..Upload::of("INT-1", "k1") }
}

async fn first(fixture: &Fixture) -> RequestRecord {
    fixture.control.requests(Some("INT-1"), None).await.unwrap().remove(0)
}

/// Opens an early accepted upload, reads its 202, and gives the connection and the job.
async fn accepted(fixture: &Fixture, upload: &Upload) -> (tokio::net::TcpStream, Vec<u8>, String) {
    use tokio::io::AsyncReadExt as _;
    let (head, body) = upload.request(&fixture.token);
    let mut stream = fixture.open(&head.replace("connection: close", "")).await;
    let mut answer = Vec::new();
    while !answer.ends_with(b"}") {
        answer.push(stream.read_u8().await.unwrap());
    }
    let text = String::from_utf8(answer).unwrap();
    assert!(text.starts_with("HTTP/1.1 202 "), "{text}");
    let job = text.rsplit('"').nth(1).unwrap().to_owned();
    (stream, body, job)
}

async fn status(fixture: &Fixture, job: &str) -> serde_json::Value {
    fixture.poll(job).await.answer().json()
}

#[tokio::test]
async fn slowly_read_rest_is_stored_only_when_complete() {
    use tokio::io::AsyncWriteExt as _;
    let fixture = scripted(EarlyEnd::Read, 2).await;
    let upload = big();
    let (mut stream, body, job) = accepted(&fixture, &upload).await;
    assert_eq!(status(&fixture, &job).await["status"], "RUNNING");
    assert!(!first(&fixture).await.body_whole);
    assert_eq!(fixture.control.attachments(None).await.unwrap(), []);
    let start = Instant::now();
    stream.write_all(&body).await.unwrap();
    fixture.eventually("the file is stored", || async { first(&fixture).await.body_whole }).await;
    // At least 96 pieces of 64 KiB.
    assert!(start.elapsed() >= Duration::from_millis(190), "{:?}", start.elapsed());
    let stored = fixture.control.attachments(None).await.unwrap().remove(0);
    assert_eq!((stored.job_id.as_str(), stored.size), (job.as_str(), BIG as u64));
    let request = first(&fixture).await;
    assert_eq!((request.end, request.status), (Some(End::Answered), Some(202)));
    assert!(request.upload.unwrap().stored);
    fixture.eventually("the job ends", || async { status(&fixture, &job).await["status"] == "COMPLETED" }).await;
}

#[tokio::test]
async fn aborted_body_after_an_early_202_is_not_stored() {
    use tokio::io::AsyncWriteExt as _;
    let fixture = scripted(EarlyEnd::Read, 0).await;
    let upload = big();
    let (mut stream, body, job) = accepted(&fixture, &upload).await;
    stream.write_all(&body[..BIG / 2]).await.unwrap();
    drop(stream);
    fixture.eventually("the job fails", || async { status(&fixture, &job).await["status"] == "FAILED" }).await;
    assert!(!first(&fixture).await.body_whole);
    assert_eq!(fixture.control.attachments(None).await.unwrap(), []);
    assert_eq!(fixture.control.violations(None).await.unwrap(), []);
    assert_eq!(fixture.upload(&upload).await.answer().job_id(), job, "the repetition has the job that was promised");
    fixture.eventually("the job ends", || async { status(&fixture, &job).await["status"] == "COMPLETED" }).await;
}

#[tokio::test]
async fn connection_can_end_after_an_early_202() {
    for then in [EarlyEnd::Close, EarlyEnd::Reset] {
        let fixture = scripted(then, 0).await;
        let upload = big();
        let job = fixture.upload(&upload).await.answer().job_id();
        let request = first(&fixture).await;
        assert_eq!((request.body_bytes, request.body_whole), (0, false), "{then:?}");
        assert_eq!(status(&fixture, &job).await["status"], "RUNNING");
        assert_eq!(fixture.upload(&upload).await.answer().job_id(), job, "{then:?}");
        assert_eq!(fixture.control.attachments(None).await.unwrap().len(), 1);
    }
}
