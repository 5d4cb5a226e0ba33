//! To a poll.

use std::time::Duration;

use cxone::JobError;
use servers::{
    cxone::{JobAct, StatusAnswer},
    scripted::{Reply, RetryAfter},
};

use super::{
    OTHER_REFUSALS, OUTAGES, SCOPE, SCOPE_ELSEWHERE, is_about, of_gateways, redirects, refusal, scope_challenge, waits,
};
use crate::{
    fixture::{Fixture, page, reply},
    seen::polled,
};

fn rows(replies: impl IntoIterator<Item = Reply>, word: &str) -> Vec<(JobAct, String)> {
    replies.into_iter().map(|reply| (JobAct::Reply(reply), word.to_owned())).collect()
}

/// Polls once for each row and compares what came of it.
async fn compare(rows: Vec<(JobAct, String)>) {
    let fixture = Fixture::new();
    let job = fixture.a_job_of("INT-1").await;
    for (n, (act, word)) in rows.into_iter().enumerate() {
        fixture.jobs_do("INT-1", [act.clone()]).await;
        let asked = fixture.client.job(&job).await;
        assert_eq!(polled(&asked), word, "{act:?}: {asked:?}");
        assert_eq!(fixture.polls("INT-1").await, n + 1, "{act:?}: one call polls once");
    }
}

#[tokio::test]
async fn any_2xx_with_a_status_word_is_a_status() {
    let words = ["PENDING", "RUNNING", "COMPLETED", "FAILED", "QUARANTINED"];
    let mut all: Vec<_> = words.map(|word| (JobAct::word(word), word.to_owned())).into();
    let statuses = [
        reply(200).body(r#"{"status": "PENDING", "more": [1]}"#),
        reply(200).body(r#"{"status": "PENDING", "interactionId": 1}"#),
        reply(200).body(r#"{"status": " PENDING\n"}"#),
        reply(200).body(r#"{"status": "pending"}"#),
        reply(202).body(r#"{"status": "PENDING"}"#),
        reply(203).body(r#"{"status": "PENDING"}"#),
    ];
    all.extend(rows(statuses, "PENDING"));
    all.extend(rows([reply(200).body(r#"{"status": 7}"#)], "7"));
    compare(all).await;
}

#[tokio::test]
async fn response_that_says_nothing_of_the_job_is_blind() {
    let silent = [
        reply(200),
        reply(204),
        page(200),
        reply(200).body(r#"{"interactionId": "INT-1"}"#),
        reply(200).body(r#"{"status": ""}"#),
        reply(200).body(r#"{"status": null}"#),
        reply(200).body(r#"{"status": ["FAILED"]}"#),
        reply(200).body(r#"[{"status": "FAILED"}]"#),
        reply(200).body(r#"{"status": "FAILED""#),
    ];
    let mut all = rows(silent, "blind");
    for status in OUTAGES.into_iter().chain([409]) {
        all.extend(rows([reply(status), refusal(status), page(status)], "blind"));
    }
    for status in [403, 404].into_iter().chain(OTHER_REFUSALS) {
        all.extend(rows(of_gateways(status), "blind"));
    }
    compare(all).await;
}

#[tokio::test]
async fn refusal_of_cxone_itself_and_redirects_are_final() {
    let mut all: Vec<_> =
        OTHER_REFUSALS.map(|status| (JobAct::Reply(refusal(status)), format!("cxone_{status}"))).into();
    all.extend(rows([refusal(403), reply(403).body(SCOPE_ELSEWHERE)], "cxone_forbidden"));
    all.extend(rows([refusal(404)], "not found"));
    all.extend(rows(redirects(), "cxone_redirect"));
    compare(all).await;
}

#[tokio::test]
async fn missing_scope_is_a_configuration_fault_only_in_its_exact_fields() {
    let mut all = rows([reply(403).body(SCOPE), scope_challenge()], "unauthorized");
    all.extend(rows([reply(403).body("Permission denied: insufficient_scope")], "blind"));
    compare(all).await;
}

#[tokio::test]
async fn throttled_poll_waits_as_long_as_cxone_asks() {
    let fixture = Fixture::new();
    let job = fixture.a_job_of("INT-1").await;
    for (after, seconds) in waits() {
        let reply = Reply { retry_after: after, ..reply(429) };
        fixture.jobs_do("INT-1", [JobAct::Reply(reply.clone())]).await;
        let asked = fixture.client.job(&job).await;
        let Err(JobError::Throttled { wait, .. }) = asked else { panic!("{reply:?}: {asked:?}") };
        assert!(is_about(wait, seconds), "{reply:?}: {wait:?}");
    }
}

#[tokio::test]
async fn retry_after_is_obeyed_for_every_status() {
    let fixture = Fixture::new();
    let job = fixture.a_job_of("INT-1").await;
    let throttled = [400, 403, 404, 405, 422, 429].map(|status| (status, "throttled"));
    let blind = [200, 204, 408, 409, 425, 500, 502, 503, 504].map(|status| (status, "blind"));
    for (status, word) in throttled.into_iter().chain(blind) {
        for reply in [refusal(status), reply(status)] {
            let reply = reply.retry_after(RetryAfter::Seconds(77));
            fixture.jobs_do("INT-1", [JobAct::Reply(reply.clone())]).await;
            let asked = fixture.client.job(&job).await;
            assert_eq!(polled(&asked), word, "{reply:?}: {asked:?}");
            let asked_for = match asked {
                Err(JobError::Throttled { wait, .. }) => Some(wait),
                Err(JobError::Blind { retry_after, .. }) => retry_after,
                other => panic!("{reply:?}: {other:?}"),
            };
            assert_eq!(asked_for, Some(Duration::from_secs(77)), "{reply:?}");
        }
    }
}

#[tokio::test]
async fn second_401_in_a_row_is_a_configuration_fault_with_its_wait() {
    let fixture = Fixture::new();
    let job = fixture.a_job_of("INT-1").await;
    for refused in [refusal(401), reply(401), page(401)] {
        let refused = refused.retry_after(RetryAfter::Seconds(77));
        fixture.jobs_do("INT-1", [JobAct::Reply(refused.clone()), JobAct::Reply(refused)]).await;
        let asked = fixture.client.job(&job).await;
        let Err(JobError::Unauthorized { fault, retry_after, status }) = asked else { panic!("{asked:?}") };
        assert!(fault.contains("job:read"), "{fault}");
        assert_eq!((retry_after, status), (Some(Duration::from_secs(77)), Some(401)));
    }
}

#[tokio::test]
async fn long_response_is_read_within_bounds() {
    let fixture = Fixture::new();
    let job = fixture.a_job_of("INT-1").await;
    let answer =
        |bytes| StatusAnswer { word: "FAILED".to_owned(), reason_bytes: Some(bytes), ..StatusAnswer::default() };
    let elsewhere = StatusAnswer { interaction_id: Some("INT-9".to_owned()), ..answer(100_000) };
    fixture.jobs_do("INT-1", [JobAct::Status(answer(2_000_000)), JobAct::Status(elsewhere)]).await;
    let asked = fixture.client.job(&job).await;
    assert_eq!(polled(&asked), "blind", "{asked:?}");
    let asked = fixture.client.job(&job).await.unwrap();
    assert_eq!(asked.interaction_id.as_deref(), Some("INT-9"), "the caller judges whose job it is");
    assert_eq!(asked.reason.map(|reason| reason.len()), Some(1024));
}
