use std::collections::BTreeMap;

use servers::{
    cxone::{Call, Settings, Violation, ViolationKind},
    scripted::End,
};
use sha2::{Digest as _, Sha256};

use super::fixture::{Fixture, PDF, Upload};
use crate::wire::Seen;

#[tokio::test]
async fn upload_is_stored_and_recorded() {
    let fixture = Fixture::new().await;
    let job = fixture.upload(&Upload { auto_scan: "false", ..Upload::of("INT-1", "k1") }).await.answer().job_id();
    let stored = fixture.control.attachments(Some("INT-1")).await.unwrap().remove(0);
    assert_eq!(stored.job_id, job);
    assert_eq!(stored.idempotency_key, "k1");
    assert_eq!(stored.file_name, "año 1+1 (final).pdf");
    assert_eq!(stored.content_type, "application/pdf");
    assert_eq!(stored.size, PDF.len() as u64);
    assert_eq!(stored.sha256, hex::encode(Sha256::digest(PDF)));
    let tags = [("case", "7"), ("owner", "Zoë")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(stored.metadata, BTreeMap::from(tags));
    assert!(!stored.auto_scan && stored.live && !stored.infected);

    let request = fixture.control.requests(Some("INT-1"), Some(Call::Upload)).await.unwrap().remove(0);
    assert_eq!(request.headers["transfer-encoding"], "chunked");
    assert_eq!(request.headers.get("content-length"), None);
    assert_eq!(request.headers["idempotency-key"], "k1");
    assert_eq!(request.headers["user-agent"], "wire");
    assert_eq!(request.http_version, "HTTP/1.1");
    assert_eq!((request.end, request.status), (Some(End::Answered), Some(202)));
    assert!(request.body_whole && request.ended_ms.unwrap() >= request.started_ms);
    assert_eq!(request.body_bytes, Upload { auto_scan: "false", ..Upload::of("", "") }.form().len() as u64);
    let upload = request.upload.unwrap();
    assert_eq!(
        upload.parts.iter().map(|part| part.name.as_deref().unwrap()).collect::<Vec<_>>(),
        ["file", "metadata", "autoScan"]
    );
    assert_eq!(upload.file_name_raw.as_deref(), Some("año 1+1 (final).pdf"));
    assert!(upload.stored && !upload.replayed);
    assert_eq!(stored.requests, [request.seq]);
    assert_eq!(fixture.control.violations(None).await.unwrap(), []);
}

#[tokio::test]
async fn content_length_is_accepted_like_chunks() {
    let fixture = Fixture::new().await;
    let upload = Upload { chunked: false, ..Upload::of("INT-1", "k1") };
    assert_eq!(fixture.upload(&upload).await.status(), 202);
    let request = fixture.control.requests(Some("INT-1"), None).await.unwrap().remove(0);
    assert_eq!(request.headers["content-length"], upload.form().len().to_string());
    assert_eq!(request.headers.get("transfer-encoding"), None);
}

#[tokio::test]
async fn same_key_and_content_make_one_attachment() {
    let fixture = Fixture::new().await;
    let upload = Upload::of("INT-1", "k1");
    let (first, second) = tokio::join!(fixture.upload(&upload), fixture.upload(&upload));
    let job = first.answer().job_id();
    assert_eq!(second.answer().job_id(), job);
    assert_eq!(fixture.upload(&Upload { chunked: false, ..upload }).await.answer().job_id(), job);
    let stored = fixture.control.attachments(None).await.unwrap();
    assert_eq!(stored.len(), 1);
    assert_eq!(stored[0].requests.len(), 3);
    let stats = fixture.control.stats().await.unwrap();
    assert_eq!((stats.uploads_stored, stats.uploads_replayed, stats.violations), (1, 2, 0));
    assert_ne!(fixture.upload(&Upload::of("INT-1", "k2")).await.answer().job_id(), job, "another key, another one");
}

#[tokio::test]
async fn same_key_with_another_content_is_a_violation() {
    let fixture = Fixture::new().await;
    let first = Upload::of("INT-1", "k1");
    assert_eq!(fixture.upload(&first).await.status(), 202);
    let others = [
        (Upload { bytes: b"%PDF-1.4 other".to_vec(), ..first.clone() }, "content"),
        (Upload { file_name: "b.pdf", ..first.clone() }, "file name"),
        (Upload { content_type: "image/png", ..first.clone() }, "content type"),
        (Upload { metadata: "{}", ..first.clone() }, "metadata"),
        (Upload { auto_scan: "false", ..first.clone() }, "autoScan"),
        (Upload { interaction: "INT-2", ..first }, "interaction"),
    ];
    for (index, (other, what)) in others.iter().enumerate() {
        let answer = fixture.upload(other).await.answer();
        assert_eq!(answer.status, 422, "{what}");
        let violations = fixture.control.violations(None).await.unwrap();
        assert_eq!(violations.len(), index + 1);
        let Violation { kind, text, .. } = violations.last().unwrap();
        assert_eq!(*kind, ViolationKind::IdempotencyKeyReused);
        assert!(text.ends_with(&format!("another {what}")), "{text}");
    }
    assert_eq!(fixture.control.attachments(None).await.unwrap().len(), 1);
}

#[tokio::test]
async fn upload_without_a_key_is_refused() {
    let fixture = Fixture::new().await;
    assert_eq!(fixture.upload(&Upload::of("INT-1", "")).await.status(), 400);
    let violations = fixture.control.violations(Some("INT-1")).await.unwrap();
    assert_eq!(
        violations.iter().map(|violation| violation.kind).collect::<Vec<_>>(),
        [ViolationKind::IdempotencyKeyMissing]
    );
    assert_eq!(fixture.control.violations(Some("INT-2")).await.unwrap(), []);
}

#[tokio::test]
async fn too_large_file_and_unknown_type_are_refused() {
    let fixture = Fixture::new().await;
    let limit = 25 * 1024 * 1024;
    let just = Upload { bytes: vec![b'x'; limit], ..Upload::of("INT-1", "k1") };
    assert_eq!(fixture.upload(&just).await.status(), 202);
    let over = Upload { bytes: vec![b'x'; limit + 1], ..Upload::of("INT-1", "k2") };
    assert_eq!(fixture.upload(&over).await.status(), 413);
    let wrong = Upload { content_type: "text/html", ..Upload::of("INT-1", "k3") };
    assert_eq!(fixture.upload(&wrong).await.status(), 415);
    assert_eq!(fixture.control.attachments(None).await.unwrap().len(), 1);
    assert_eq!(fixture.control.violations(None).await.unwrap(), [], "a refusal is no violation");
}

#[tokio::test]
async fn aborted_body_is_never_stored() {
    use tokio::io::AsyncWriteExt as _;
    let fixture = Fixture::new().await;
    for (interaction, key, chunked) in [("INT-1", "k1", true), ("INT-2", "k2", false)] {
        let upload = Upload { chunked, bytes: vec![b'x'; 300_000], ..Upload::of(interaction, key) };
        let (head, body) = upload.request(&fixture.token);
        let mut stream = fixture.open(&head).await;
        // Whole but for the last byte, which is the last of the closing chunk or of the closing boundary's line end.
        stream.write_all(&body[..body.len() - 1]).await.unwrap();
        drop(stream);
        fixture
            .eventually("the upload is recorded as aborted", || async {
                let requests = fixture.control.requests(Some(interaction), None).await.unwrap();
                requests.first().is_some_and(|request| request.end == Some(End::Aborted))
            })
            .await;
        let request = fixture.control.requests(Some(interaction), None).await.unwrap().remove(0);
        assert!(!request.body_whole && request.status.is_none());
        let upload = request.upload.unwrap();
        assert_eq!((upload.size, upload.stored), (300_000, false));
    }
    let stats = fixture.control.stats().await.unwrap();
    assert_eq!((stats.uploads_begun, stats.uploads_completed, stats.uploads_aborted), (2, 0, 2));
    assert_eq!(fixture.control.attachments(None).await.unwrap(), []);
    assert_eq!(fixture.control.violations(None).await.unwrap(), []);
}

#[tokio::test]
async fn kept_files_have_the_received_bytes() {
    let directory = std::env::temp_dir().join(format!("cxone-standin-keep-{}", std::process::id()));
    let fixture = Fixture::with(Settings { keep: Some(directory.clone()), ..Settings::default() }).await;
    let bytes: Vec<u8> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
    let upload = Upload { bytes: bytes.clone(), ..Upload::of("INT-1", "k1") };
    assert_eq!(fixture.upload(&upload).await.status(), 202);
    assert_eq!(fixture.upload(&upload).await.status(), 202);
    assert_eq!(fixture.upload(&Upload { content_type: "text/html", ..Upload::of("INT-1", "k2") }).await.status(), 415);
    let kept = std::fs::read(directory.join(hex::encode(Sha256::digest(&bytes)))).unwrap();
    let files = std::fs::read_dir(&directory).unwrap().count();
    std::fs::remove_dir_all(&directory).unwrap();
    assert!(kept == bytes, "{} bytes kept of {}", kept.len(), bytes.len());
    assert_eq!(files, 1, "nothing partial stays");
}

#[tokio::test]
async fn unknown_path_or_method_is_a_violation() {
    let fixture = Fixture::new().await;
    let token = &fixture.token;
    for (line, with) in [
        ("GET /elsewhere?a=b HTTP/1.1\r\n".to_owned(), "GET /elsewhere?a=b without credentials"),
        (
            format!("PUT /api/v2/jobs/x HTTP/1.1\r\nauthorization: Bearer {token}\r\n"),
            "PUT /api/v2/jobs/x with credentials",
        ),
    ] {
        assert_eq!(fixture.send(&line, b"").await.status(), 404);
        let last = fixture.control.violations(None).await.unwrap().pop().unwrap();
        assert_eq!((last.kind, last.text.as_str()), (ViolationKind::UnexpectedRequest, with));
    }
    let unknown = fixture.send("GET /_control/nonsense HTTP/1.1\r\n", b"").await;
    assert!(matches!(unknown, Seen::Answer(answer) if answer.status == 404));
    assert_eq!(fixture.control.violations(None).await.unwrap().len(), 2, "the control interface is not the API");
}

#[tokio::test]
async fn reset_removes_all_but_credentials_and_tokens() {
    use servers::{
        cxone::{CutAt, JobAct, ScriptsLeft, Stats, TokenAct, UploadAct},
        scripted::Step,
    };
    let fixture = Fixture::new().await;
    let job = fixture.upload(&Upload::of("INT-1", "k1")).await.answer().job_id();
    fixture.upload(&Upload::of("INT-1", "")).await.answer();
    fixture.control.script_uploads("INT-1", &[Step::once(UploadAct::cut(CutAt::BeforeBody))]).await.unwrap();
    fixture.control.script_jobs("INT-1", &[Step::once(JobAct::Never)]).await.unwrap();
    fixture.control.script_tokens(&[Step::once(TokenAct::Never)]).await.unwrap();
    fixture.control.reset().await.unwrap();
    assert_eq!(fixture.control.stats().await.unwrap(), Stats::default());
    assert_eq!(fixture.control.scripts_left().await.unwrap(), ScriptsLeft::default());
    assert_eq!(fixture.control.requests(None, None).await.unwrap(), []);
    assert_eq!(fixture.control.attachments(None).await.unwrap(), []);
    assert_eq!(fixture.control.violations(None).await.unwrap(), []);
    assert_eq!(fixture.poll(&job).await.status(), 404);
    assert_ne!(fixture.upload(&Upload::of("INT-1", "k1")).await.answer().job_id(), job);
}
