//! Connections that end or stand still. Whether the body was sent whole decides whether CXone may hold the file.

use std::time::{Duration, Instant};

use cxone::{
    Endpoints,
    Stored::{Maybe, No},
};
use servers::{
    cxone::{CutAt, JobAct, TokenAct, UploadAct},
    scripted::{CutHow, End, Step},
};
use tokio::net::TcpListener;

use crate::{
    fixture::{Fixture, Upload, client},
    seen::{Sent, polled, row},
    wire::job,
};

#[tokio::test]
async fn file_may_be_stored_only_if_the_connection_broke_after_the_whole_body() {
    let fixture = Fixture::new();
    for (n, how) in [CutHow::Reset, CutHow::Close].into_iter().enumerate() {
        let interaction = format!("INT-{n}");
        let at = [CutAt::BeforeBody, CutAt::AfterBytes(1_000_000), CutAt::AfterBody];
        fixture.uploads_do(&interaction, at.map(|at| UploadAct::Cut { at, how, store: true })).await;
        let upload = Upload::big(&interaction);
        for (at, stored) in [("before", No), ("within", No), ("after", Maybe)] {
            let sent = fixture.send(&upload).await;
            assert_eq!(sent.seen(), row("unavailable", stored), "{how:?} {at}: {sent:?}");
        }
        let whole: Vec<_> = fixture.uploads(&interaction).await.iter().map(|one| one.body_whole).collect();
        assert_eq!(whole, [false, false, true]);
        // The stand-in stored what it did not answer; the same key finds it.
        let job = fixture.send(&upload).await.job();
        let stored = fixture.control.attachments(Some(&interaction)).await.unwrap();
        assert_eq!(stored.iter().map(|one| one.job_id.as_str()).collect::<Vec<_>>(), [job.as_str()]);
    }
}

/// How an upload within 400 ms ends, and that it takes no longer.
async fn within_the_limit(fixture: &Fixture, upload: Upload) -> Sent {
    let begun = Instant::now();
    let sent = fixture.send(&upload.within(Duration::from_millis(400))).await;
    let took = begun.elapsed();
    assert!((Duration::from_millis(390)..Duration::from_secs(3)).contains(&took), "{took:?}");
    sent
}

#[tokio::test]
async fn upload_without_a_response_ends_at_its_limit() {
    let fixture = Fixture::new();
    fixture.uploads_do("INT-1", [UploadAct::Never { read: true, store: true }]).await;
    let read = within_the_limit(&fixture, Upload::to("INT-1")).await;
    assert_eq!(read.seen(), row("unavailable", Maybe), "{read:?}");
    assert_eq!(fixture.uploads("INT-1").await[0].end, Some(End::Unanswered), "the connection was let go");
    fixture.uploads_do("INT-2", [UploadAct::Never { read: false, store: false }]).await;
    let unread = within_the_limit(&fixture, Upload::big("INT-2")).await;
    assert_eq!(unread.seen(), row("unavailable", No), "{unread:?}");
}

#[tokio::test]
async fn upload_s_limit_includes_the_token() {
    let fixture = Fixture::new();
    fixture.tokens_do(&[Step::once(TokenAct::Never)]).await;
    let sent = within_the_limit(&fixture, Upload::to("INT-1")).await;
    assert_eq!(sent.seen(), row("unavailable", No), "{sent:?}");
    assert_eq!(fixture.uploads("INT-1").await, []);
}

#[tokio::test]
async fn poll_whose_connection_breaks_is_blind() {
    let fixture = Fixture::new();
    let job = fixture.a_job_of("INT-1").await;
    fixture.jobs_do("INT-1", [JobAct::Cut(CutHow::Reset), JobAct::Cut(CutHow::Close)]).await;
    for _ in 0..2 {
        let asked = fixture.client.job(&job).await;
        assert_eq!(polled(&asked), "blind", "{asked:?}");
    }
    fixture.client.job(&job).await.unwrap();
}

#[tokio::test]
async fn token_fetch_whose_connection_breaks_is_retried() {
    let fixture = Fixture::new();
    fixture.tokens_do(&[Step::once(TokenAct::Cut(CutHow::Reset)), Step::once(TokenAct::Cut(CutHow::Close))]).await;
    let sent = fixture.send(&Upload::to("INT-1")).await;
    assert_eq!(sent.seen(), row("unavailable", No), "{sent:?}");
    let asked = fixture.client.job(&job("job-1")).await;
    assert_eq!(polled(&asked), "blind", "{asked:?}");
}

#[tokio::test]
async fn unreachable_endpoint_is_retried_and_the_fault_says_why() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/api/v2", listener.local_addr().unwrap());
    drop(listener);
    let (client, _) = client(Endpoints::new(base.parse().unwrap(), None));
    let sent = Upload::to("INT-1").send(&client).await;
    assert_eq!(sent.seen(), row("unavailable", No), "{sent:?}");
    let text = sent.text();
    assert!(text.contains(&format!("{base}/oauth/token")) && text.contains("refused"), "{text}");
}
