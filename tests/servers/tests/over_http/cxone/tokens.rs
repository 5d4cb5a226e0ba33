use std::time::Duration;

use http::StatusCode;
use servers::{
    cxone::{Authorization, Call, SCOPES, Settings, TOKEN_PREFIX, TokenAct},
    scripted::{CutHow, End, Reply, Step},
};

use super::fixture::{Fixture, Upload, form};
use crate::wire::Seen;

const CREDENTIALS: &str = "standin-client:standin-secret";

#[tokio::test]
async fn token_needs_credentials_and_all_scopes() {
    let fixture = Fixture::new().await;
    let mut reversed = SCOPES;
    reversed.reverse();
    let answer = fixture.ask_token(CREDENTIALS, &form(&reversed.join("%20"))).await.answer();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["expires_in"], 3600);
    assert_eq!(answer.json()["token_type"], "Bearer");
    assert!(answer.json()["access_token"].as_str().unwrap().starts_with(TOKEN_PREFIX));
    let stats = fixture.control.stats().await.unwrap();
    assert_eq!((stats.token_requests, stats.token_fetches), (2, 2));
}

#[tokio::test]
async fn each_fault_of_a_token_request_has_its_error() {
    let fixture = Fixture::new().await;
    let all = form(&SCOPES.join("+"));
    for (credentials, form, status, error) in [
        ("standin-client:wrong", all.clone(), 401, "invalid_client"),
        ("other:standin-secret", all.clone(), 401, "invalid_client"),
        (CREDENTIALS, form("job:read"), 400, "invalid_scope"),
        (CREDENTIALS, form(&format!("{}+more:read", SCOPES.join("+"))), 400, "invalid_scope"),
        (CREDENTIALS, all.replace("client_credentials", "password"), 400, "unsupported_grant_type"),
        (CREDENTIALS, format!("{all}&grant_type=client_credentials"), 400, "unsupported_grant_type"),
    ] {
        let answer = fixture.ask_token(credentials, &form).await.answer();
        assert_eq!((answer.status, answer.json()["error"].as_str()), (status, Some(error)), "{form}");
    }
    let stats = fixture.control.stats().await.unwrap();
    assert_eq!((stats.token_requests, stats.token_fetches), (7, 1));
}

#[tokio::test]
async fn upload_or_poll_needs_a_valid_token() {
    use Authorization::{Expired, Revoked, Unknown, Valid};
    let mut fixture = Fixture::with(Settings { token_expires_in: 3, ..Settings::default() }).await;
    let job = fixture.upload(&Upload::of("INT-1", "k1")).await.answer().job_id();
    tokio::time::sleep(Duration::from_millis(3050)).await;
    assert_eq!(fixture.poll(&job).await.status(), 401);
    fixture.token = fixture.fetch_token().await;
    assert_eq!(fixture.poll(&job).await.status(), 200);
    fixture.control.revoke_tokens().await.unwrap();
    assert_eq!(fixture.upload(&Upload::of("INT-1", "k2")).await.status(), 401);
    fixture.token = "made-up".to_owned();
    assert_eq!(fixture.upload(&Upload::of("INT-1", "k3")).await.status(), 401);

    let requests = fixture.control.requests(None, None).await.unwrap();
    let verdicts: Vec<_> =
        requests.iter().filter(|request| request.call != Call::Token).map(|request| request.authorization).collect();
    assert_eq!(verdicts, [Valid, Expired, Valid, Revoked, Unknown]);
    assert_eq!(fixture.control.attachments(None).await.unwrap().len(), 1);
    let shown = serde_json::to_string(&requests).unwrap();
    assert!(!shown.contains(TOKEN_PREFIX) && !shown.contains("made-up"), "a token is among the records");
}

#[tokio::test]
async fn only_rotated_credentials_are_accepted() {
    let fixture = Fixture::new().await;
    let all = form(&SCOPES.join("+"));
    fixture.control.rotate("standin-client", "second", false).await.unwrap();
    assert_eq!(fixture.ask_token(CREDENTIALS, &all).await.status(), 401);
    assert_eq!(fixture.ask_token("standin-client:second", &all).await.status(), 200);
    assert_eq!(fixture.upload(&Upload::of("INT-1", "k1")).await.status(), 202, "tokens outlive the credentials");
    fixture.control.rotate("standin-client", "third", true).await.unwrap();
    assert_eq!(fixture.upload(&Upload::of("INT-1", "k2")).await.status(), 401);
}

#[tokio::test]
async fn token_endpoint_follows_its_script() {
    let mut fixture = Fixture::new().await;
    let all = form(&SCOPES.join("+"));
    fixture
        .control
        .script_tokens(&[
            Step::once(TokenAct::Reply(Reply::status(StatusCode::SERVICE_UNAVAILABLE))),
            Step::once(TokenAct::Reply(Reply::status(StatusCode::OK).body("<html>"))),
            Step::once(TokenAct::Cut(CutHow::Reset)),
            Step::once(TokenAct::Cut(CutHow::Close)),
            Step::once(TokenAct::Normal).after(Duration::from_millis(300)),
            Step::once(TokenAct::ExpiresIn(31)),
            Step::once(TokenAct::Never),
        ])
        .await
        .unwrap();
    assert_eq!(fixture.ask_token(CREDENTIALS, &all).await.status(), 503);
    assert_eq!(fixture.ask_token(CREDENTIALS, &all).await.answer().body, "<html>");
    assert_eq!(fixture.ask_token(CREDENTIALS, &all).await, Seen::Reset);
    assert_eq!(fixture.ask_token(CREDENTIALS, &all).await, Seen::Closed);
    let start = std::time::Instant::now();
    assert_eq!(fixture.ask_token(CREDENTIALS, &all).await.status(), 200);
    assert!(start.elapsed() >= Duration::from_millis(300));
    assert_eq!(fixture.ask_token(CREDENTIALS, &all).await.answer().json()["expires_in"], 31);
    fixture.patience = Duration::from_millis(200);
    assert_eq!(fixture.ask_token(CREDENTIALS, &all).await, Seen::Silence);
    fixture.patience = Duration::from_secs(10);
    fixture
        .eventually("the unanswered call has ended", || async {
            let calls = fixture.control.requests(None, Some(Call::Token)).await.unwrap();
            calls.last().unwrap().end == Some(End::Unanswered)
        })
        .await;
    assert_eq!(fixture.ask_token(CREDENTIALS, &all).await.status(), 200, "the script is used up");
}
