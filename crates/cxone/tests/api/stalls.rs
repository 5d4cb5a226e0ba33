//! Responses whose body stalls or breaks off. Their status and headers count.

use std::time::{Duration, Instant};

use cxone::{
    Client, Endpoints, JobError,
    Stored::{self, Accepted, Maybe, No},
    TokenError,
};

use crate::{
    fixture::{Fixture, Upload, client},
    seen::{Sent, row},
    wire::{client_of, job, serve_and_stall, serve_once},
};

/// A response that ends after the start of its body.
fn cut(status: u16, start: &str) -> String {
    format!("HTTP/1.1 {status} As Said\r\nRetry-After: 77\r\nContent-Length: 100\r\n\r\n{start}")
}

const ROWS: [(u16, &str, &str, Stored); 9] = [
    // status, start of the body, next step, whether CXone may hold the file
    (202, "", "unavailable", Accepted),
    (202, "{\"jobId\":", "unavailable", Accepted),
    (413, "", "cxone_payload_too_large", No),
    (415, "<html>", "cxone_unsupported_type", No),
    (307, "", "cxone_redirect", No),
    (429, "", "throttled", No),
    (403, "{\"error\":", "throttled", No),
    (503, "<html>", "unavailable", Maybe),
    (401, "", "unavailable", No),
];

fn assert_as(sent: &Sent, (status, start, word, stored): (u16, &str, &str, Stored)) {
    assert_eq!(sent.seen(), row(word, stored), "{status} {start:?}: {sent:?}");
    if !word.starts_with("cxone_") {
        assert_eq!(sent.retry().wait(0.0), Duration::from_secs(77), "{status} {start:?}: {sent:?}");
    }
}

#[tokio::test]
async fn upload_whose_response_stalls_keeps_status_and_retry_after() {
    let fixture = Fixture::new();
    for row in ROWS {
        let base = serve_and_stall(cut(row.0, row.1)).await;
        let begun = Instant::now();
        let upload = Upload::to("INT-1").within(Duration::from_millis(300));
        let sent = upload.send(&client_of(&fixture, &base)).await;
        assert_as(&sent, row);
        assert!(begun.elapsed() < Duration::from_secs(4), "{row:?}: {:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn upload_whose_response_breaks_off_keeps_status_and_retry_after() {
    let fixture = Fixture::new();
    for row in ROWS {
        let (base, served) = serve_once(cut(row.0, row.1)).await;
        let sent = Upload::to("INT-1").send(&client_of(&fixture, &base)).await;
        served.await.unwrap();
        assert_as(&sent, row);
    }
}

/// The missing rest would have shown whether CXone itself refused.
#[tokio::test]
async fn refusal_that_breaks_off_does_not_count_as_one_of_cxone() {
    let fixture = Fixture::new();
    for start in ["{\"error\":", "{\"error\": \"insufficient_scope\""] {
        let response = format!("HTTP/1.1 403 Forbidden\r\nContent-Length: 100\r\n\r\n{start}");
        let (base, served) = serve_once(response.clone()).await;
        let sent = Upload::to("INT-1").send(&client_of(&fixture, &base)).await;
        served.await.unwrap();
        assert_eq!(sent.seen(), row("unavailable", Maybe), "{start}: {sent:?}");
        let (base, served) = serve_once(response).await;
        let asked = client_of(&fixture, &base).job(&job("job-1")).await;
        served.await.unwrap();
        assert!(matches!(asked, Err(JobError::Blind { .. })), "{start}: {asked:?}");
    }
}

#[tokio::test]
async fn missing_scope_in_the_header_counts_if_the_body_breaks_off() {
    let fixture = Fixture::new();
    let challenge =
        "HTTP/1.1 403 Forbidden\r\nWWW-Authenticate: Bearer error=\"insufficient_scope\"\r\nContent-Length: 9\r\n\r\n{";
    let (base, served) = serve_once(challenge).await;
    let sent = Upload::to("INT-1").send(&client_of(&fixture, &base)).await;
    served.await.unwrap();
    assert_eq!(sent.seen(), row("unauthorized", No), "{sent:?}");
}

fn token_from(base: &str) -> Client {
    client(Endpoints::new(base.parse().unwrap(), None)).0
}

#[tokio::test]
async fn poll_and_token_whose_response_breaks_off_keep_status_and_retry_after() {
    let fixture = Fixture::new();
    let (base, served) = serve_once(cut(429, "{")).await;
    let asked = client_of(&fixture, &base).job(&job("job-1")).await;
    served.await.unwrap();
    assert!(matches!(asked, Err(JobError::Throttled { wait, .. }) if wait.as_secs() == 77), "{asked:?}");
    let (base, served) = serve_once(cut(503, "{")).await;
    let asked = client_of(&fixture, &base).job(&job("job-1")).await;
    served.await.unwrap();
    let seventy_seven = Some(Duration::from_secs(77));
    assert!(matches!(asked, Err(JobError::Blind { retry_after, .. }) if retry_after == seventy_seven), "{asked:?}");
    let (base, served) = serve_once(cut(429, "{")).await;
    let token = token_from(&base).authorize().await;
    served.await.unwrap();
    assert!(matches!(token, Err(TokenError::Throttled { wait, .. }) if wait.as_secs() == 77), "{token:?}");
}

/// The limits of polls and token requests are 10 s. This test waits for them.
#[tokio::test]
async fn poll_and_token_whose_response_stalls_end_within_their_limit() {
    let fixture = Fixture::new();
    let (poll, token) = (serve_and_stall(cut(429, "{")).await, serve_and_stall(cut(503, "{")).await);
    let begun = Instant::now();
    let (poll, token) = (client_of(&fixture, &poll), token_from(&token));
    let job = job("job-1");
    let (asked, token) = tokio::join!(poll.job(&job), token.authorize());
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    assert!(matches!(asked, Err(JobError::Throttled { wait, .. }) if wait.as_secs() == 77), "{asked:?}");
    let seventy_seven = Some(Duration::from_secs(77));
    assert!(
        matches!(token, Err(TokenError::Unavailable { retry_after, .. }) if retry_after == seventy_seven),
        "{token:?}"
    );
}
