//! One token for all callers, renewed in time, replaced when refused.

use std::time::Duration;

use attachments::ReasonCode;
use cxone::{CredentialsError, JobError, UploadError};
use cxone_standin::{Authorization, Call, JobAct, Step, TokenAct};
use futures_util::future::join_all;

use crate::fixture::{Fixture, Upload, reply};

#[tokio::test]
async fn fifty_callers_share_one_fetch() {
    let fixture = Fixture::new();
    fixture.tokens_do(&[Step::once(TokenAct::Normal).after(Duration::from_millis(200))]).await;
    let uploads: Vec<_> = (0..50).map(|n| Upload::to(&format!("INT-{n}"))).collect();
    let sent = join_all(uploads.iter().map(|upload| fixture.send(upload))).await;
    assert!(sent.iter().all(Result::is_ok), "{sent:?}");
    assert_eq!((fixture.token_calls().await, fixture.client.token_fetches()), (1, 1));
    assert_eq!(fixture.vault.reads(), 1);
}

#[tokio::test]
async fn who_waited_for_a_fetch_that_failed_shares_its_failure() {
    let fixture = Fixture::new();
    fixture.tokens_do(&[Step::once(TokenAct::Reply(reply(503))).after(Duration::from_millis(200))]).await;
    let uploads: Vec<_> = (0..50).map(|n| Upload::to(&format!("INT-{n}"))).collect();
    let sent = join_all(uploads.iter().map(|upload| fixture.send(upload))).await;
    assert!(sent.iter().all(|sent| matches!(sent, Err(UploadError::Unavailable(_)))), "{sent:?}");
    assert_eq!(fixture.token_calls().await, 1);
    fixture.send(&uploads[0]).await.unwrap();
    assert_eq!(fixture.token_calls().await, 2, "a later caller tries anew");
}

#[tokio::test]
async fn a_caller_that_leaves_during_the_fetch_holds_nobody_up() {
    let fixture = Fixture::new();
    fixture.tokens_do(&[Step::once(TokenAct::Never)]).await;
    let leaving = Upload::to("INT-1").within(Duration::from_millis(200));
    let staying = Upload::to("INT-2");
    let (left, stayed) = tokio::join!(fixture.send(&leaving), fixture.send(&staying));
    assert!(matches!(left, Err(UploadError::Unavailable(_))), "{left:?}");
    stayed.unwrap();
}

#[tokio::test]
async fn a_token_is_renewed_thirty_seconds_before_its_end() {
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
async fn a_token_that_lasts_no_longer_than_the_margin_serves_one_call() {
    let fixture = Fixture::new();
    fixture.tokens_do(&[Step::once(TokenAct::ExpiresIn(30)).forever()]).await;
    let job = fixture.a_job_of("INT-1").await;
    fixture.client.job(&job).await.unwrap();
    assert_eq!(fixture.client.token_fetches(), 2);
}

#[tokio::test]
async fn a_rotated_secret_is_read_when_cxone_refuses_the_token() {
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
async fn an_upload_s_refused_token_is_forgotten_and_the_next_upload_fetches_one() {
    let fixture = Fixture::new();
    fixture.a_job_of("INT-1").await;
    fixture.control.rotate("second-client", "second-secret", true).await.unwrap();
    fixture.vault.put(Ok(("second-client", "second-secret")));
    let upload = Upload::to("INT-2");
    let refused = fixture.send(&upload).await;
    assert!(matches!(refused, Err(UploadError::TokenRefused)), "{refused:?}");
    assert_eq!(fixture.client.token_fetches(), 1, "its body cannot be sent twice: the caller repeats it");
    fixture.send(&upload).await.unwrap();
    assert_eq!(fixture.client.token_fetches(), 2);
}

#[tokio::test]
async fn a_job_s_second_refusal_in_a_row_is_final() {
    let fixture = Fixture::new();
    let job = fixture.a_job_of("INT-1").await;
    fixture.jobs_do("INT-1", [JobAct::Reply(reply(401)), JobAct::Reply(reply(401))]).await;
    let Err(JobError::Refused(reason)) = fixture.client.job(&job).await else { panic!("not refused") };
    assert_eq!(reason.code, ReasonCode::CxoneUnauthorized);
    assert!(reason.text.contains("job:read"), "{reason}");
    assert_eq!((fixture.polls("INT-1").await, fixture.client.token_fetches()), (2, 2));
    fixture.client.job(&job).await.unwrap();
    assert_eq!(fixture.client.token_fetches(), 3, "the second token was forgotten as well");
}

#[tokio::test]
async fn a_late_refusal_of_an_old_token_leaves_the_new_one_alone() {
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
async fn the_form_is_as_documented() {
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
async fn credentials_that_cannot_be_read_are_no_configuration_fault() {
    let fixture = Fixture::new();
    let job = "job-1".parse().unwrap();
    fixture.vault.put(Err(CredentialsError::Unavailable("the vault is shut".to_owned())));
    let upload = fixture.send(&Upload::to("INT-1")).await;
    assert!(matches!(&upload, Err(UploadError::Unavailable(text)) if text == "the vault is shut"), "{upload:?}");
    let asked = fixture.client.job(&job).await;
    assert!(matches!(&asked, Err(JobError::CredentialsUnavailable(text)) if text == "the vault is shut"), "{asked:?}");
    fixture.vault.put(Err(CredentialsError::Unusable("the secret is a placeholder".to_owned())));
    let upload = fixture.send(&Upload::to("INT-1")).await;
    assert!(matches!(&upload, Err(UploadError::Unauthorized(text)) if text.contains("placeholder")), "{upload:?}");
    let asked = fixture.client.job(&job).await;
    assert!(matches!(&asked, Err(JobError::Unauthorized(text)) if text.contains("placeholder")), "{asked:?}");
    assert_eq!(fixture.token_calls().await, 0);
}
