//! One token for all callers, renewed in time, replaced when refused.

use std::time::Duration;

use cxone::{CredentialsError, JobError, Stored::No, TokenError};
use futures_util::future::join_all;
use servers::{
    cxone::{Authorization, Call, JobAct, TokenAct},
    scripted::Step,
};

use crate::{
    fixture::{Fixture, Upload, reply},
    seen::row,
};

#[tokio::test]
async fn fifty_callers_share_one_fetch() {
    let fixture = Fixture::new();
    fixture.tokens_do(&[Step::once(TokenAct::Normal).after(Duration::from_millis(200))]).await;
    let uploads: Vec<_> = (0..50).map(|n| Upload::to(&format!("INT-{n}"))).collect();
    let sent = join_all(uploads.iter().map(|upload| fixture.send(upload))).await;
    assert!(sent.iter().all(|sent| sent.seen().0 == "job"), "{sent:?}");
    assert_eq!((fixture.token_calls().await, fixture.client.token_fetches()), (1, 1));
    assert_eq!(fixture.vault.reads(), 1);
}

#[tokio::test]
async fn callers_that_waited_for_a_failed_fetch_share_its_failure() {
    let fixture = Fixture::new();
    fixture.tokens_do(&[Step::once(TokenAct::Reply(reply(503))).after(Duration::from_millis(200))]).await;
    let uploads: Vec<_> = (0..50).map(|n| Upload::to(&format!("INT-{n}"))).collect();
    let sent = join_all(uploads.iter().map(|upload| fixture.send(upload))).await;
    assert!(sent.iter().all(|sent| sent.seen() == row("unavailable", No)), "{sent:?}");
    assert_eq!(fixture.token_calls().await, 1);
    fixture.send(&uploads[0]).await.job();
    assert_eq!(fixture.token_calls().await, 2, "a later caller tries anew");
}

#[tokio::test]
async fn caller_that_leaves_during_the_fetch_blocks_nobody() {
    let fixture = Fixture::new();
    fixture.tokens_do(&[Step::once(TokenAct::Never)]).await;
    let leaving = Upload::to("INT-1").within(Duration::from_millis(200));
    let staying = Upload::to("INT-2");
    let (left, stayed) = tokio::join!(fixture.send(&leaving), fixture.send(&staying));
    assert_eq!(left.seen(), row("unavailable", No), "{left:?}");
    stayed.job();
}

#[tokio::test]
async fn token_is_renewed_thirty_seconds_before_it_expires() {
    let fixture = Fixture::new();
    fixture.tokens_do(&[Step::once(TokenAct::ExpiresIn(32)).times(2)]).await;
    let job = fixture.a_job_of("INT-1").await;
    fixture.client.job(&job).await.unwrap();
    assert_eq!(fixture.client.token_fetches(), 1, "for two more seconds it is good");
    tokio::time::sleep(Duration::from_millis(2_050)).await;
    fixture.client.job(&job).await.unwrap();
    fixture.client.job(&job).await.unwrap();
    assert_eq!(fixture.client.token_fetches(), 2);
    assert_eq!(fixture.vault.reads(), 2, "the credentials are read for each fetch");
}

#[tokio::test]
async fn token_that_lasts_no_longer_than_the_margin_serves_one_call() {
    let fixture = Fixture::new();
    fixture.tokens_do(&[Step::once(TokenAct::ExpiresIn(30)).forever()]).await;
    let job = fixture.a_job_of("INT-1").await;
    fixture.client.job(&job).await.unwrap();
    assert_eq!(fixture.client.token_fetches(), 2);
}

#[tokio::test]
async fn rotated_secret_is_read_when_cxone_refuses_the_token() {
    let fixture = Fixture::new();
    let job = fixture.a_job_of("INT-1").await;
    fixture.control.rotate("second-client", "second-secret", true).await.unwrap();
    fixture.vault.put(Ok(("second-client", "second-secret")));
    fixture.client.job(&job).await.unwrap();
    let polls = fixture.control.requests(None, Some(Call::Job)).await.unwrap();
    let seen: Vec<_> = polls.iter().map(|poll| poll.authorization).collect();
    assert_eq!(seen, [Authorization::Revoked, Authorization::Valid]);
    assert_eq!((fixture.client.token_fetches(), fixture.vault.reads()), (2, 2));
}

#[tokio::test]
async fn token_refused_to_an_upload_is_discarded_and_the_next_upload_fetches_one() {
    let fixture = Fixture::new();
    fixture.a_job_of("INT-1").await;
    fixture.control.rotate("second-client", "second-secret", true).await.unwrap();
    fixture.vault.put(Ok(("second-client", "second-secret")));
    let upload = Upload::to("INT-2");
    let refused = fixture.send(&upload).await;
    assert_eq!(refused.seen(), row("unavailable", No), "{refused:?}");
    assert_eq!(fixture.client.token_fetches(), 1, "its body cannot be sent twice: the caller repeats it");
    fixture.send(&upload).await.job();
    assert_eq!(fixture.client.token_fetches(), 2);
}

#[tokio::test]
async fn second_401_to_a_poll_is_a_configuration_fault() {
    let fixture = Fixture::new();
    let job = fixture.a_job_of("INT-1").await;
    fixture.jobs_do("INT-1", [JobAct::Reply(reply(401)), JobAct::Reply(reply(401))]).await;
    let asked = fixture.client.job(&job).await;
    assert!(matches!(&asked, Err(JobError::Unauthorized { fault, .. }) if fault.contains("job:read")), "{asked:?}");
    assert_eq!((fixture.polls("INT-1").await, fixture.client.token_fetches()), (2, 2));
    fixture.client.job(&job).await.unwrap();
    assert_eq!(fixture.client.token_fetches(), 3, "the second token was forgotten as well");
}

#[tokio::test]
async fn late_401_to_an_old_token_keeps_the_new_one() {
    let fixture = Fixture::new();
    let (slow, quick) = (fixture.a_job_of("INT-slow").await, fixture.a_job_of("INT-quick").await);
    let late = Step::once(JobAct::Reply(reply(401))).after(Duration::from_millis(300));
    fixture.control.script_jobs("INT-slow", &[late]).await.unwrap();
    fixture.jobs_do("INT-quick", [JobAct::Reply(reply(401))]).await;
    let (slow, quick) = tokio::join!(fixture.client.job(&slow), fixture.client.job(&quick));
    slow.unwrap();
    quick.unwrap();
    assert_eq!(fixture.client.token_fetches(), 2);
}

#[tokio::test]
async fn token_request_is_as_documented() {
    let fixture = Fixture::new();
    fixture.a_job_of("INT-1").await;
    let asked = fixture.control.requests(None, Some(Call::Token)).await.unwrap().remove(0);
    assert_eq!((asked.method.as_str(), asked.path.as_str()), ("POST", "/api/v2/oauth/token"));
    assert_eq!(asked.authorization, Authorization::Valid);
    // The stand-in grants a token only for `client_credentials` and exactly its scopes.
    assert_eq!(asked.status, Some(200));
    assert_eq!(asked.headers["content-type"], "application/x-www-form-urlencoded");
}

#[tokio::test]
async fn unreadable_credentials_are_an_outage_and_unusable_ones_a_configuration_fault() {
    let fixture = Fixture::new();
    let job = "job-1".parse().unwrap();
    fixture.vault.put(Err(CredentialsError::Unavailable("the vault is shut".to_owned())));
    let sent = fixture.send(&Upload::to("INT-1")).await;
    assert_eq!((sent.seen(), sent.text()), (row("unavailable", No), "the vault is shut"));
    let asked = fixture.client.job(&job).await;
    assert!(matches!(&asked, Err(JobError::Blind { fault, .. }) if fault == "the vault is shut"), "{asked:?}");
    let token = fixture.client.authorize().await;
    assert!(matches!(&token, Err(TokenError::Unavailable { retry_after: None, .. })), "{token:?}");
    fixture.vault.put(Err(CredentialsError::Unusable("the secret is a placeholder".to_owned())));
    let sent = fixture.send(&Upload::to("INT-1")).await;
    assert_eq!((sent.seen(), sent.text()), (row("unauthorized", No), "the secret is a placeholder"));
    let asked = fixture.client.job(&job).await;
    assert!(matches!(&asked, Err(JobError::Unauthorized { fault, .. }) if fault.contains("placeholder")), "{asked:?}");
    assert_eq!(fixture.token_calls().await, 0);
}

/// So that a token failure does not count as an upload attempt.
#[tokio::test]
async fn authorize_fetches_a_token_that_the_upload_uses() {
    let fixture = Fixture::new();
    fixture.tokens_do(&[Step::once(TokenAct::Reply(reply(503)))]).await;
    let token = fixture.client.authorize().await;
    assert!(matches!(token, Err(TokenError::Unavailable { .. })), "{token:?}");
    fixture.client.authorize().await.unwrap();
    fixture.send(&Upload::to("INT-1")).await.job();
    assert_eq!(fixture.client.token_fetches(), 2);
}
