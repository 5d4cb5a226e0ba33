//! Responses with malformed heads that some servers send, and with heads that cannot be read.

use std::fmt::Write as _;

use cxone::{
    History, JobError,
    Stored::{Accepted, Maybe, No},
};

use crate::{
    fixture::{Fixture, Upload},
    seen::{Sent, polled, row},
    wire::{client_of, job, serve, serve_once},
};

const BODY: &str = "Content-Length: 37\r\n\r\n{\"jobId\":\"job-1\",\"status\":\"RUNNING\"}\n";

/// A response with so many headers besides the length.
fn with_headers(count: usize) -> String {
    let mut head = "HTTP/1.1 202 Accepted\r\n".to_owned();
    for n in 0..count {
        write!(head, "X-Gateway-{n}: {n}\r\n").unwrap();
    }
    head + BODY
}

#[tokio::test]
async fn malformed_head_in_use_is_read() {
    let fixture = Fixture::new();
    let heads = [
        format!("HTTP/1.1 202 Accepted\r\nX-Gateway: a\r\n b\r\n\tc\r\n{BODY}"),
        format!("HTTP/1.1 202 Accepted\r\nX-Gateway : a\r\n{}", BODY.replacen(':', "  :", 1)),
        format!("HTTP/1.1 202\r\n{BODY}"),
        format!("HTTP/1.1 202 Accepted \u{e9}\r\nX-Gateway: \u{e9}\r\n{BODY}"),
        format!("HTTP/1.0 202 Accepted\r\n{BODY}"),
        format!("HTTP/1.1 202 Accepted\n{}", BODY.replace("\r\n", "\n")),
        "HTTP/1.1 202 Accepted\r\n\r\n{\"jobId\":\"job-1\",\"status\":\"RUNNING\"}".to_owned(),
        with_headers(150),
        with_headers(900),
    ];
    for head in heads {
        let (base, served) = serve_once(head.clone()).await;
        let sent = Upload::to("INT-1").send(&client_of(&fixture, &base)).await;
        served.await.unwrap();
        assert_eq!(sent.seen(), row("job", Accepted), "{head}: {sent:?}");
        let (base, served) = serve_once(head.clone()).await;
        let asked = client_of(&fixture, &base).job(&job("job-1")).await;
        served.await.unwrap();
        assert_eq!(polled(&asked), "RUNNING", "{head}: {asked:?}");
    }
}

#[tokio::test]
async fn malformed_header_keeps_its_value() {
    let fixture = Fixture::new();
    let throttled = "HTTP/1.1 429 Slow Down\r\nRetry-After : 77\r\nContent-Length: 0\r\n\r\n";
    let (base, served) = serve_once(throttled).await;
    let sent = Upload::to("INT-1").send(&client_of(&fixture, &base)).await;
    served.await.unwrap();
    assert_eq!((sent.seen(), sent.retry().wait(0.0).as_secs()), (row("throttled", No), 77), "{sent:?}");
    let folded = "HTTP/1.1 403 Forbidden\r\nWWW-Authenticate: Bearer realm=\"cxone\",\r\n error=\"insufficient_scope\"\r\n\
                  Content-Length: 0\r\n\r\n";
    let (base, served) = serve_once(folded).await;
    let sent = Upload::to("INT-1").send(&client_of(&fixture, &base)).await;
    served.await.unwrap();
    assert_eq!(sent.seen(), row("unauthorized", No), "{sent:?}");
}

fn unreadable() -> [String; 7] {
    [
        format!("HTTP/1.1 202 Accepted\r\nno colon here\r\n{BODY}"),
        format!("HTTP/1.1 600 Odd\r\n{BODY}"),
        format!("HTTP/1.1 999 Request denied\r\n{BODY}"),
        format!("HTTP/1.1 2022 Accepted\r\n{BODY}"),
        format!("HTTP/1.1 202 Accepted\r\nContent-Length: many\r\n{BODY}"),
        "SSH-2.0-OpenSSH\r\n\r\n".to_owned(),
        with_headers(1_100),
    ]
}

#[tokio::test]
async fn unreadable_response_leaves_the_file_possibly_stored() {
    let fixture = Fixture::new();
    for response in unreadable() {
        let (base, served) = serve_once(response.clone()).await;
        let sent = Upload::to("INT-1").send(&client_of(&fixture, &base)).await;
        served.await.unwrap();
        assert_eq!(sent.seen(), row("unavailable", Maybe), "{response}: {sent:?}");
    }
}

#[tokio::test]
async fn third_unreadable_response_is_final() {
    let fixture = Fixture::new();
    for response in unreadable() {
        let bytes = response.clone().into_bytes();
        let (base, served) = serve(3, move |_| bytes.clone()).await;
        let (client, upload, mut history) = (client_of(&fixture, &base), Upload::to("INT-1"), History::default());
        let mut seen = Vec::new();
        for _ in 0..3 {
            seen.push(Sent::after(&mut history, &upload.attempt(&client).await).seen());
        }
        served.await.unwrap();
        assert_eq!(
            seen,
            ["unavailable", "unavailable", "cxone_unavailable"].map(|word| row(word, Maybe)),
            "{response}"
        );
    }
}

#[tokio::test]
async fn response_with_an_invalid_status_keeps_retry_after_and_its_text() {
    let fixture = Fixture::new();
    let response = format!("HTTP/1.1 600 Odd\r\nRetry-After: 77\r\n{BODY}");
    let (base, served) = serve(3, move |_| response.clone().into_bytes()).await;
    let (client, upload, mut history) = (client_of(&fixture, &base), Upload::to("INT-1"), History::default());
    for _ in 0..2 {
        let sent = Sent::after(&mut history, &upload.attempt(&client).await);
        assert_eq!(sent.retry().wait(0.0).as_secs(), 77, "{sent:?}");
    }
    let sent = Sent::after(&mut history, &upload.attempt(&client).await);
    served.await.unwrap();
    assert!(sent.reason().text.contains(r#"{"jobId":"job-1","status":"RUNNING"}"#), "{sent:?}");
}

#[tokio::test]
async fn poll_with_an_unreadable_response_is_blind() {
    let fixture = Fixture::new();
    for response in unreadable() {
        let (base, served) = serve_once(response.clone()).await;
        let asked = client_of(&fixture, &base).job(&job("job-1")).await;
        served.await.unwrap();
        assert!(matches!(asked, Err(JobError::Blind { .. })), "{response}: {asked:?}");
    }
}
