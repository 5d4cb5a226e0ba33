//! Of the token endpoint.

use std::time::Duration;

use cxone::{JobError, Stored::No};
use servers::{
    cxone::TokenAct,
    scripted::{Reply, RetryAfter, Step},
};

use super::{OUTAGES, is_about, of_gateways, redirects, refusal, waits};
use crate::{
    fixture::{Fixture, Upload, page, reply},
    seen::{polled, row},
    wire::job,
};

/// What an upload and a poll make of the same response.
async fn compare(replies: impl IntoIterator<Item = Reply>, upload: &str, poll: &str) {
    let fixture = Fixture::new();
    for reply in replies {
        fixture.tokens_do(&[Step::once(TokenAct::Reply(reply.clone())).times(2)]).await;
        let sent = fixture.send(&Upload::to("INT-1")).await;
        assert_eq!(sent.seen(), row(upload, No), "{reply:?}: {sent:?}");
        let asked = fixture.client.job(&job("job-1")).await;
        assert_eq!(polled(&asked), poll, "{reply:?}: {asked:?}");
    }
    assert_eq!(fixture.uploads("INT-1").await, [], "without a token nothing is sent");
}

#[tokio::test]
async fn refusal_in_json_and_redirect_are_configuration_faults() {
    let refusals = [400, 401, 403].map(|status| reply(status).body(r#"{"error": "invalid_client"}"#));
    compare(refusals.into_iter().chain(redirects()), "unauthorized", "unauthorized").await;
}

#[tokio::test]
async fn refusal_without_json_is_an_outage() {
    compare([400, 401, 403].into_iter().flat_map(of_gateways), "unavailable", "blind").await;
}

#[tokio::test]
async fn other_statuses_are_outages() {
    let statuses = OUTAGES.into_iter().chain([404, 405, 409, 413, 415, 422]);
    compare(statuses.flat_map(|status| [refusal(status), page(status)]), "unavailable", "blind").await;
}

#[tokio::test]
async fn success_without_a_usable_token_is_an_outage() {
    let bodies = [
        "",
        "<html>",
        r#"{"expires_in": 3600}"#,
        r#"{"access_token": ""}"#,
        r#"{"access_token": null}"#,
        r#"{"access_token": {"value": "t"}}"#,
        r#"{"access_token": "a\nb"}"#,
        r#"{"access_token": "t"#,
    ];
    compare(bodies.map(|body| reply(200).body(body)), "unavailable", "blind").await;
}

#[tokio::test]
async fn throttled_fetch_waits_as_long_as_the_endpoint_asks() {
    let fixture = Fixture::new();
    let other = [refusal(400), refusal(403), page(403), refusal(404)];
    let other = other.map(|reply| (reply.retry_after(RetryAfter::Seconds(77)), 77));
    let too_many = waits().map(|(after, seconds)| (Reply { retry_after: after, ..reply(429) }, seconds));
    for (reply, seconds) in too_many.into_iter().chain(other) {
        fixture.tokens_do(&[Step::once(TokenAct::Reply(reply.clone())).times(2)]).await;
        let sent = fixture.send(&Upload::to("INT-1")).await;
        assert_eq!(sent.seen(), row("throttled", No), "{reply:?}: {sent:?}");
        assert!(is_about(sent.retry().wait(0.0), seconds), "{reply:?}: {sent:?}");
        let asked = fixture.client.job(&job("job-1")).await;
        let Err(JobError::Throttled { wait, .. }) = asked else { panic!("{reply:?}: {asked:?}") };
        assert!(is_about(wait, seconds), "{reply:?}: {wait:?}");
    }
}

#[tokio::test]
async fn retry_after_of_an_outage_is_obeyed() {
    let fixture = Fixture::new();
    for reply in [reply(503), page(500), page(401), reply(200)] {
        let reply = reply.retry_after(RetryAfter::Seconds(77));
        fixture.tokens_do(&[Step::once(TokenAct::Reply(reply.clone())).times(2)]).await;
        let sent = fixture.send(&Upload::to("INT-1")).await;
        assert_eq!(sent.seen(), row("unavailable", No), "{reply:?}: {sent:?}");
        assert_eq!(sent.retry().wait(0.0), Duration::from_secs(77), "{reply:?}: {sent:?}");
        let asked = fixture.client.job(&job("job-1")).await;
        let Err(JobError::Blind { retry_after, .. }) = asked else { panic!("{reply:?}: {asked:?}") };
        assert_eq!(retry_after, Some(Duration::from_secs(77)), "{reply:?}");
    }
}

#[tokio::test]
async fn any_2xx_with_a_token_grants_it() {
    let fixture = Fixture::new();
    for status in [200, 201, 202, 203, 206] {
        let granted = reply(status).body(r#"{"access_token": "t", "expires_in": 30}"#);
        fixture.tokens_do(&[Step::once(TokenAct::Reply(granted))]).await;
        fixture.client.authorize().await.unwrap();
    }
    assert_eq!(fixture.client.token_fetches(), 5);
}

#[tokio::test]
async fn refused_credentials_name_what_to_fix() {
    let fixture = Fixture::new();
    fixture.vault.put(Ok(("standin-client", "stale")));
    let sent = fixture.send(&Upload::to("INT-1")).await;
    assert_eq!(sent.seen(), row("unauthorized", No), "{sent:?}");
    let fault = &sent.retry().fault;
    for named in ["client_secret", "CXONE_SCOPES", "CXONE_TOKEN_AUTH", "401", "invalid_client"] {
        assert!(fault.contains(named), "{fault}");
    }
}
