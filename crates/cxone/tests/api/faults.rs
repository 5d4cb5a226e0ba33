//! Connections that end or stand still: whether CXone may hold the file is what the caller must learn.

use std::time::{Duration, Instant};

use cxone::{Endpoints, JobError, UploadError};
use cxone_standin::{CutAt, CutHow, End, JobAct, Step, TokenAct, UploadAct};
use tokio::net::TcpListener;

use crate::{
    fixture::{Fixture, Upload, client, reply},
    wire::{client_of, job, serve_once},
};

#[tokio::test]
async fn a_cut_tells_whether_the_body_was_sent_whole() {
    let fixture = Fixture::new();
    for (n, how) in [CutHow::Reset, CutHow::Close].into_iter().enumerate() {
        let interaction = format!("INT-{n}");
        let at = [CutAt::BeforeBody, CutAt::AfterBytes(1_000_000), CutAt::AfterBody];
        fixture.uploads_do(&interaction, at.map(|at| UploadAct::Cut { at, how, store: true })).await;
        let upload = Upload::big(&interaction);
        let before = fixture.send(&upload).await;
        assert!(matches!(before, Err(UploadError::Unavailable(_))), "{how:?} before: {before:?}");
        let within = fixture.send(&upload).await;
        assert!(matches!(within, Err(UploadError::Unavailable(_))), "{how:?} in: {within:?}");
        let after = fixture.send(&upload).await;
        assert!(matches!(after, Err(UploadError::Unanswered(_))), "{how:?} after: {after:?}");
        let whole: Vec<_> = fixture.uploads(&interaction).await.iter().map(|one| one.body_whole).collect();
        assert_eq!(whole, [false, false, true]);
        // The stand-in stored what it did not answer; the same key finds it.
        let job = fixture.send(&upload).await.unwrap();
        let stored = fixture.control.attachments(Some(&interaction)).await.unwrap();
        assert_eq!(stored.iter().map(|one| one.job_id.as_str()).collect::<Vec<_>>(), [job.as_str()]);
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_none() {
    let fixture = Fixture::new();
    let sent = async |cut| {
        let (base, served) = serve_once(cut).await;
        let sent = Upload::to("INT-1").send(&client_of(&fixture, &base)).await;
        served.await.unwrap();
        sent
    };
    let accepted = sent(b"HTTP/1.1 202 Accepted\r\nContent-Length: 100\r\n\r\n{\"jobId\":").await;
    assert!(matches!(accepted, Err(UploadError::Interrupted(_))), "{accepted:?}");
    // The rest may have said that a scope is missing, which is no refusal of the object.
    let forbidden = sent(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 100\r\n\r\n{\"error\":").await;
    assert!(matches!(forbidden, Err(UploadError::Unavailable(_))), "{forbidden:?}");
    let told = sent(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 100\r\n\r\n{\"error\": \"insufficient_scope\"").await;
    assert!(matches!(told, Err(UploadError::Unauthorized(_))), "{told:?}");
    let (base, served) = serve_once(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 9\r\n\r\n{").await;
    let asked = client_of(&fixture, &base).job(&job("job-1")).await;
    served.await.unwrap();
    assert!(matches!(asked, Err(JobError::Unavailable(_))), "{asked:?}");
}

#[tokio::test]
async fn a_gateway_that_did_not_take_the_whole_body_holds_nothing() {
    let fixture = Fixture::new();
    fixture.uploads_do("INT-1", [UploadAct::EarlyReply(reply(504))]).await;
    let sent = fixture.send(&Upload::big("INT-1")).await;
    assert!(matches!(sent, Err(UploadError::Unavailable(_))), "{sent:?}");
}

#[tokio::test]
async fn what_is_not_http_may_have_been_an_answer() {
    let fixture = Fixture::new();
    let (base, served) = serve_once(b"SSH-2.0-OpenSSH\r\n\r\n").await;
    let sent = Upload::to("INT-1").send(&client_of(&fixture, &base)).await;
    assert!(matches!(sent, Err(UploadError::Unanswered(_))), "{sent:?}");
    served.await.unwrap();
}

/// How an upload within 400 ms ends, and that it takes no longer.
async fn within_the_limit(fixture: &Fixture, upload: Upload) -> UploadError {
    let begun = Instant::now();
    let error = fixture.send(&upload.within(Duration::from_millis(400))).await.unwrap_err();
    let took = begun.elapsed();
    assert!((Duration::from_millis(390)..Duration::from_secs(3)).contains(&took), "{took:?}");
    error
}

#[tokio::test]
async fn no_answer_ends_with_the_limit() {
    let fixture = Fixture::new();
    fixture.uploads_do("INT-1", [UploadAct::Never { read: true, store: true }]).await;
    let read = within_the_limit(&fixture, Upload::to("INT-1")).await;
    assert!(matches!(read, UploadError::Unanswered(_)), "{read:?}");
    assert_eq!(fixture.uploads("INT-1").await[0].end, Some(End::Unanswered), "the connection was let go");
    fixture.uploads_do("INT-2", [UploadAct::Never { read: false, store: false }]).await;
    let unread = within_the_limit(&fixture, Upload::big("INT-2")).await;
    assert!(matches!(unread, UploadError::Unavailable(_)), "{unread:?}");
}

#[tokio::test]
async fn the_limit_holds_for_the_token_too() {
    let fixture = Fixture::new();
    fixture.tokens_do(&[Step::once(TokenAct::Never)]).await;
    let error = within_the_limit(&fixture, Upload::to("INT-1")).await;
    assert!(matches!(error, UploadError::Unavailable(_)), "{error:?}");
    assert_eq!(fixture.uploads("INT-1").await, []);
}

#[tokio::test]
async fn a_job_s_cut_connection_is_passing() {
    let fixture = Fixture::new();
    let job = fixture.a_job_of("INT-1").await;
    fixture.jobs_do("INT-1", [JobAct::Cut(CutHow::Reset), JobAct::Cut(CutHow::Close)]).await;
    for _ in 0..2 {
        let asked = fixture.client.job(&job).await;
        assert!(matches!(asked, Err(JobError::Unavailable(_))), "{asked:?}");
    }
    fixture.client.job(&job).await.unwrap();
}

#[tokio::test]
async fn a_cut_token_fetch_is_passing() {
    let fixture = Fixture::new();
    fixture.tokens_do(&[Step::once(TokenAct::Cut(CutHow::Reset)), Step::once(TokenAct::Cut(CutHow::Close))]).await;
    let sent = fixture.send(&Upload::to("INT-1")).await;
    assert!(matches!(sent, Err(UploadError::Unavailable(_))), "{sent:?}");
    let asked = fixture.client.job(&job("job-1")).await;
    assert!(matches!(asked, Err(JobError::Unavailable(_))), "{asked:?}");
}

#[tokio::test]
async fn nobody_there_is_passing_and_says_why() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/api/v2", listener.local_addr().unwrap());
    drop(listener);
    let (client, _) = client(Endpoints::new(base.parse().unwrap(), None));
    let error = Upload::to("INT-1").send(&client).await.unwrap_err();
    let UploadError::Unavailable(text) = error else { panic!("{error:?}") };
    assert!(text.contains(&format!("{base}/oauth/token")) && text.contains("refused"), "{text}");
}
