//! One request per `Idempotency-Key`: every attempt is compared with the first, boundary included.

use http::StatusCode;
use servers::{
    cxone::{CutAt, UploadAct, ViolationKind},
    scripted::{End, Reply, Step},
};

use super::fixture::{Fixture, Upload};
use crate::wire::Seen;

/// The texts of the violations so far, all of one kind.
async fn reused(fixture: &Fixture) -> Vec<String> {
    let violations = fixture.control.violations(None).await.unwrap();
    assert!(violations.iter().all(|violation| violation.kind == ViolationKind::IdempotencyKeyReused), "{violations:?}");
    violations.into_iter().map(|violation| violation.text).collect()
}

/// The same upload with another boundary.
async fn with_boundary(fixture: &Fixture, upload: &Upload, boundary: &str) -> Seen {
    let change = |text: String| text.replace("xYz", boundary);
    let form = change(String::from_utf8(upload.form()).unwrap());
    fixture.send(&change(upload.head(&fixture.token, Some(form.len()))), form.as_bytes()).await
}

#[tokio::test]
async fn another_boundary_under_the_same_key_is_refused() {
    let fixture = Fixture::new().await;
    let upload = Upload::of("INT-1", "k1");
    assert_eq!(with_boundary(&fixture, &upload, "aaa").await.status(), 202);
    assert_eq!(with_boundary(&fixture, &upload, "aaa").await.status(), 202);
    assert_eq!(with_boundary(&fixture, &upload, "bbb").await.status(), 422);
    assert_eq!(reused(&fixture).await, ["the Idempotency-Key came before with another boundary"]);
    let requests = fixture.control.requests(Some("INT-1"), None).await.unwrap();
    let digests: Vec<_> = requests.iter().map(|request| request.body_sha256.clone().unwrap()).collect();
    assert!(digests[0] == digests[1] && digests[1] != digests[2], "{digests:?}");
}

#[tokio::test]
async fn attempt_that_was_not_stored_counts_as_the_first() {
    let fixture = Fixture::new().await;
    let busy = Reply::status(StatusCode::SERVICE_UNAVAILABLE);
    fixture.control.script_uploads("INT-1", &[Step::once(UploadAct::Reply(busy))]).await.unwrap();
    let first = Upload::of("INT-1", "k1");
    assert_eq!(fixture.upload(&first).await.status(), 503);
    assert_eq!(fixture.upload(&Upload { metadata: r#"{"scanned":"clean"}"#, ..first.clone() }).await.status(), 422);
    assert_eq!(reused(&fixture).await, ["the Idempotency-Key came before with another metadata"]);
    assert_eq!(fixture.upload(&first).await.status(), 202, "the first request is still the right one");
    assert_eq!(fixture.control.attachments(None).await.unwrap().len(), 1);
}

#[tokio::test]
async fn aborted_attempt_fixes_the_boundary() {
    let fixture = Fixture::new().await;
    let cut = [Step::once(UploadAct::cut(CutAt::BeforeBody)), Step::once(UploadAct::cut(CutAt::AfterBytes(100)))];
    fixture.control.script_uploads("INT-1", &cut).await.unwrap();
    let upload = Upload { bytes: vec![b'x'; 4_000_000], ..Upload::of("INT-1", "k1") };
    assert_eq!(with_boundary(&fixture, &upload, "aaa").await, Seen::Reset);
    assert_eq!(with_boundary(&fixture, &upload, "bbb").await, Seen::Reset);
    fixture
        .eventually("both have ended", || async {
            let requests = fixture.control.requests(Some("INT-1"), None).await.unwrap();
            requests.iter().all(|request| request.end == Some(End::Cut))
        })
        .await;
    assert_eq!(reused(&fixture).await, ["the Idempotency-Key came before with another boundary"]);
    assert_eq!(with_boundary(&fixture, &upload, "aaa").await.status(), 202);
    assert_eq!(reused(&fixture).await.len(), 1);
}

#[tokio::test]
async fn attempt_with_a_refused_token_counts_as_the_first() {
    let mut fixture = Fixture::new().await;
    let token = std::mem::replace(&mut fixture.token, "made-up".to_owned());
    let upload = Upload::of("INT-1", "k1");
    assert_eq!(with_boundary(&fixture, &upload, "aaa").await.status(), 401);
    fixture.token = token;
    assert_eq!(with_boundary(&fixture, &upload, "bbb").await.status(), 422);
    assert_eq!(reused(&fixture).await.len(), 1);
    fixture.control.reset().await.unwrap();
    assert_eq!(with_boundary(&fixture, &upload, "bbb").await.status(), 202, "a reset forgets what came before");
}
