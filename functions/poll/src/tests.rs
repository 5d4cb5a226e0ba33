//! Which refusals of a poll concern every job.

use std::time::Instant;

use cxone::{Client, Credentials, Endpoints, Settings};
use host::HttpClients;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::*;

/// A CXone that grants tokens or refuses them, and refuses every poll for a missing scope.
async fn refusing(token: &'static str) -> Poll {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/api/v2", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut connection, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut request = vec![0; 16 * 1024];
                while let Ok(read @ 1..) = connection.read(&mut request).await {
                    let asks_for_token = String::from_utf8_lossy(&request[..read]).contains("/oauth/token");
                    let (status, body) = match (asks_for_token, token) {
                        (true, "granted") => ("200 OK", r#"{"access_token": "t", "expires_in": 3600}"#),
                        (true, _) => ("401 No", r#"{"error": "invalid_client"}"#),
                        (false, _) => ("403 No", r#"{"error": "insufficient_scope"}"#),
                    };
                    let length = body.len();
                    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{body}");
                    connection.write_all(head.as_bytes()).await.unwrap();
                }
            });
        }
    });
    let web = HttpClients::from_environment(&mut Environment::new(|_| None)).unwrap().web;
    let settings = Settings::new(Endpoints::new(base.parse().unwrap(), None), "job:read");
    let credentials = || async { Ok(Credentials { client_id: "id".into(), client_secret: "secret".into() }) };
    let limits = Limits { window: Duration::ZERO, deadline: Duration::ZERO, patience: Duration::ZERO };
    Poll { cxone: Client::new(web, settings, credentials), limits, refusals: Refusals::default() }
}

async fn asked(poll: &Poll, interaction: &InteractionId) {
    let answer = poll.question(&"job-1".parse().unwrap(), Some(interaction)).await;
    assert!(matches!(answer, Err(JobError::Unauthorized { .. })), "{answer:?}");
}

#[tokio::test]
async fn refused_poll_counts_with_one_for_another_interaction_and_a_refused_token_by_itself() {
    let (one, other): (InteractionId, InteractionId) = ("xscope.1".parse().unwrap(), "INT-2".parse().unwrap());
    for (token, noted) in [("granted", true), ("refused", false)] {
        let poll = refusing(token).await;
        asked(&poll, &one).await;
        asked(&poll, &one).await;
        assert!(!poll.refusals.counts(Refused::Call(&one), Instant::now()) || !noted, "{token}: one interaction");
        let poll = refusing(token).await;
        asked(&poll, &one).await;
        assert_eq!(poll.refusals.counts(Refused::Call(&other), Instant::now()), noted, "{token}: another one");
    }
}
