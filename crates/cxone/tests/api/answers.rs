//! What each answer of CXone means, row by row.

use std::time::Duration;

use cxone::{JobError, UploadError};
use cxone_standin::{AcceptedBody, JobAct, Reply, RetryAfter, StatusAnswer, Step, TokenAct, UploadAct};

use reqwest::header::{HeaderValue, WWW_AUTHENTICATE};

use crate::{
    fixture::{Fixture, Upload, redirect, reply},
    wire::job,
};

const SCOPE: &str = r#"{"error": "insufficient_scope", "needed": "attachment:write"}"#;
const PERMISSION: &str = "Permission denied";
const INTERACTION: &str = r#"{"error": "not your interaction"}"#;
/// How far a wait may be off that was given as a date of whole seconds.
const DATE_SLACK: Duration = Duration::from_secs(5);

/// What an answer means, in a form in which rows can be compared.
#[derive(Debug, Clone, PartialEq)]
enum Meaning {
    Accepted,
    Status(&'static str),
    NoJobId,
    TokenRefused,
    NotFound,
    Unauthorized,
    CredentialsUnavailable,
    Passing,
    Unanswered,
    /// Seconds.
    Wait(u64),
    /// The reason's code.
    Final(String),
}

use Meaning::{Accepted, NoJobId, NotFound, Passing, Status, TokenRefused, Unanswered, Unauthorized, Wait};

fn last(code: &str) -> Meaning {
    Meaning::Final(code.to_owned())
}

/// A wait as its row gives it.
fn wait(wait: Duration, row: &Meaning) -> Meaning {
    let Wait(seconds) = row else { return Wait(wait.as_secs()) };
    let off = Duration::from_secs(*seconds).abs_diff(wait);
    if off < DATE_SLACK { row.clone() } else { Wait(wait.as_secs()) }
}

fn of_upload(sent: Result<attachments::JobId, UploadError>, row: &Meaning) -> Meaning {
    match sent {
        Ok(_) => Accepted,
        Err(UploadError::NoJobId(_)) => NoJobId,
        Err(UploadError::TokenRefused) => TokenRefused,
        Err(UploadError::Unauthorized(_)) => Unauthorized,
        Err(UploadError::Throttled { wait: given }) => wait(given, row),
        Err(UploadError::Unavailable(_)) => Passing,
        Err(UploadError::Unanswered(_) | UploadError::Interrupted(_)) => Unanswered,
        Err(UploadError::Refused(reason)) => Meaning::Final(reason.code.to_string()),
        Err(UploadError::Source(text)) => panic!("{text}"),
    }
}

fn of_job(asked: Result<cxone::Job, JobError>, row: &Meaning) -> Meaning {
    match asked {
        Ok(job) => match row {
            Status(word) if job.status.as_str() == *word => row.clone(),
            _ => panic!("{job:?}"),
        },
        Err(JobError::NotFound) => NotFound,
        Err(JobError::Unauthorized(_)) => Unauthorized,
        Err(JobError::Throttled { wait: given }) => wait(given, row),
        Err(JobError::Unavailable(_)) => Passing,
        Err(JobError::CredentialsUnavailable(_)) => Meaning::CredentialsUnavailable,
        Err(JobError::Refused(reason)) => Meaning::Final(reason.code.to_string()),
    }
}

fn throttled(retry_after: RetryAfter) -> Reply {
    reply(429).retry_after(retry_after)
}

/// As RFC 6750 has it: in the header, with nothing in the body.
fn insufficient_scope() -> Reply {
    let challenge = HeaderValue::from_static(r#"Bearer realm="cxone", error="insufficient_scope""#);
    reply(403).header(WWW_AUTHENTICATE, challenge)
}

fn soon() -> RetryAfter {
    serde_json::from_str(r#"{"text": "soon"}"#).unwrap()
}

fn refusals() -> Vec<(Reply, Meaning)> {
    let redirects = [301, 302, 303, 307, 308].map(|code| (redirect(code, "/elsewhere"), last("cxone_redirect")));
    let other =
        [400, 402, 405, 406, 410, 411, 412, 418, 422, 451].map(|code| (reply(code), last(&format!("cxone_{code}"))));
    let passing = [408, 409, 425, 500, 501, 503, 599].map(|code| (reply(code), Passing));
    let waits = [
        (throttled(RetryAfter::Seconds(7)), Wait(7)),
        (throttled(RetryAfter::Seconds(0)), Wait(0)),
        (throttled(RetryAfter::DateInSeconds(120)), Wait(120)),
        (throttled(RetryAfter::Seconds(86_400)), Wait(900)),
        (throttled(RetryAfter::DateInSeconds(86_400)), Wait(900)),
        (throttled(soon()), Wait(5)),
        (reply(429), Wait(5)),
    ];
    [
        (reply(304), last("cxone_redirect")),
        (reply(403), last("cxone_forbidden")),
        (reply(403).body(INTERACTION), last("cxone_forbidden")),
    ]
    .into_iter()
    .chain(redirects)
    .chain(other)
    .chain(passing)
    .chain(waits)
    .collect()
}

#[tokio::test]
async fn to_an_upload() {
    let rows = refusals().into_iter().chain([
        (reply(200).body(r#"{"jobId": "j"}"#), Accepted),
        (reply(201).body(r#"{"id": "j"}"#), Accepted),
        (reply(202).body(r#"{"jobId": null, "id": "j"}"#), Accepted),
        (reply(202).body(r#"{"jobId": "j", "id": 7}"#), Accepted),
        (reply(204), NoJobId),
        (reply(202).body(r#"{"jobId": "../../interactions"}"#), NoJobId),
        (reply(202).body(r#"{"jobId": ""}"#), NoJobId),
        (reply(202).body(r#"{"jobId": 7}"#), NoJobId),
        (reply(202).body(r#"["jobId"]"#), NoJobId),
        (reply(401), TokenRefused),
        (reply(403).body(SCOPE), Unauthorized),
        (reply(403).body(PERMISSION), Unauthorized),
        (insufficient_scope(), Unauthorized),
        // The gateway got no answer from CXone, or one that it did not understand.
        (reply(502), Unanswered),
        (reply(504), Unanswered),
        (reply(404), last("cxone_404")),
        (reply(413), last("cxone_payload_too_large")),
        (reply(415), last("cxone_unsupported_type")),
    ]);
    let rows = rows.map(|(reply, meaning)| (UploadAct::Reply(reply), meaning)).chain([
        (UploadAct::Accept(AcceptedBody::JobId), Accepted),
        (UploadAct::Accept(AcceptedBody::Id), Accepted),
        (UploadAct::Accept(AcceptedBody::Neither), NoJobId),
        (UploadAct::Accept(AcceptedBody::NotJson), NoJobId),
        (UploadAct::Accept(AcceptedBody::CutJson), NoJobId),
        (UploadAct::Accept(AcceptedBody::Empty), NoJobId),
        (UploadAct::StoreThenReply(reply(502)), Unanswered),
        (UploadAct::EarlyReply(reply(413)), last("cxone_payload_too_large")),
        (UploadAct::EarlyReply(reply(503)), Passing),
    ]);
    let fixture = Fixture::new();
    for (n, (act, meaning)) in rows.enumerate() {
        let interaction = format!("INT-{n}");
        fixture.uploads_do(&interaction, [act.clone()]).await;
        let sent = fixture.send(&Upload::to(&interaction)).await;
        let seen = format!("{act:?}: {sent:?}");
        assert_eq!(of_upload(sent, &meaning), meaning, "{seen}");
        assert_eq!(fixture.uploads(&interaction).await.len(), 1, "{act:?}: an upload is never repeated here");
    }
}

#[tokio::test]
async fn to_a_job_s_question() {
    let rows = refusals().into_iter().chain([
        (reply(200), Passing),
        (reply(200).body("<html>"), Passing),
        (reply(200).body(r#"{"interactionId": "INT-1"}"#), Passing),
        (reply(200).body(r#"{"status": 7}"#), Passing),
        (reply(200).body(r#"{"status": "PENDING", "more": [1]}"#), Status("PENDING")),
        (reply(200).body(r#"{"status": "PENDING", "interactionId": 1}"#), Status("PENDING")),
        (reply(502), Passing),
        (reply(504), Passing),
        (reply(202).body(r#"{"status": "PENDING"}"#), Passing),
        (reply(204), Passing),
        (reply(403).body(SCOPE), last("cxone_unauthorized")),
        (reply(403).body(PERMISSION), last("cxone_unauthorized")),
        (insufficient_scope(), last("cxone_unauthorized")),
        (reply(404), NotFound),
    ]);
    let words = ["PENDING", "RUNNING", "COMPLETED", "FAILED", "QUARANTINED"];
    let rows = rows
        .map(|(reply, meaning)| (JobAct::Reply(reply), meaning))
        .chain(words.map(|word| (JobAct::word(word), Status(word))));
    let fixture = Fixture::new();
    let job = fixture.a_job_of("INT-1").await;
    for (n, (act, meaning)) in rows.enumerate() {
        fixture.jobs_do("INT-1", [act.clone()]).await;
        let asked = fixture.client.job(&job).await;
        let seen = format!("{act:?}: {asked:?}");
        assert_eq!(of_job(asked, &meaning), meaning, "{seen}");
        assert_eq!(fixture.polls("INT-1").await, n + 1, "{act:?}: asked more than once");
    }
}

#[tokio::test]
async fn of_the_token_endpoint() {
    let rows = [
        (reply(400), Unauthorized),
        (reply(401), Unauthorized),
        (reply(403), Unauthorized),
        (redirect(302, "/elsewhere"), Unauthorized),
        (redirect(307, "/elsewhere"), Unauthorized),
        (throttled(RetryAfter::Seconds(7)), Wait(7)),
        (throttled(RetryAfter::Seconds(86_400)), Wait(900)),
        (reply(429), Wait(5)),
        (reply(404), Passing),
        (reply(408), Passing),
        (reply(500), Passing),
        (reply(503), Passing),
        (reply(200), Passing),
        (reply(200).body("<html>"), Passing),
        (reply(200).body(r#"{"expires_in": 3600}"#), Passing),
        (reply(200).body(r#"{"access_token": ""}"#), Passing),
    ];
    let fixture = Fixture::new();
    for (reply, meaning) in rows {
        fixture.tokens_do(&[Step::once(TokenAct::Reply(reply.clone())).times(2)]).await;
        let sent = fixture.send(&Upload::to("INT-1")).await;
        let seen = format!("{reply:?}: {sent:?}");
        assert_eq!(of_upload(sent, &meaning), meaning, "{seen}");
        let asked = fixture.client.job(&job("job-1")).await;
        let seen = format!("{reply:?}: {asked:?}");
        assert_eq!(of_job(asked, &meaning), meaning, "{seen}");
    }
    assert_eq!(fixture.uploads("INT-1").await, [], "without a token nothing is sent");
}

#[tokio::test]
async fn wrong_credentials_and_scopes_name_what_to_mend() {
    let fixture = Fixture::new();
    fixture.vault.put(Ok(("standin-client", "stale")));
    let error = fixture.send(&Upload::to("INT-1")).await.unwrap_err();
    let UploadError::Unauthorized(text) = error else { panic!("{error:?}") };
    for named in ["client_secret", "CXONE_SCOPES", "401", "invalid_client"] {
        assert!(text.contains(named), "{text}");
    }
}

#[tokio::test]
async fn a_refusal_keeps_the_first_kibibyte_of_what_cxone_said() {
    let fixture = Fixture::new();
    let said = format!("tags are wrong: {}", "é".repeat(100_000));
    fixture.uploads_do("INT-1", [UploadAct::Reply(reply(422).body(&said))]).await;
    let error = fixture.send(&Upload::to("INT-1")).await.unwrap_err();
    let UploadError::Refused(reason) = error else { panic!("{error:?}") };
    assert!(reason.text.contains("422") && reason.text.contains("tags are wrong: éé"), "{reason}");
    assert!((1000..=1024).contains(&reason.text.len()), "{}", reason.text.len());
}

#[tokio::test]
async fn an_endless_answer_is_read_in_bounds() {
    let fixture = Fixture::new();
    let failed = StatusAnswer {
        word: "FAILED".to_owned(),
        reason_bytes: Some(100_000),
        interaction_id: Some("INT-9".to_owned()),
        ..StatusAnswer::default()
    };
    let too_long =
        StatusAnswer { word: "PENDING".to_owned(), reason_bytes: Some(2_000_000), ..StatusAnswer::default() };
    let job = fixture.a_job_of("INT-1").await;
    fixture.jobs_do("INT-1", [JobAct::Status(too_long), JobAct::Status(failed)]).await;
    let asked = fixture.client.job(&job).await;
    assert!(matches!(asked, Err(JobError::Unavailable(_))), "{asked:?}");
    let asked = fixture.client.job(&job).await.unwrap();
    assert_eq!(asked.interaction_id.as_deref(), Some("INT-9"), "the caller judges whose job it is");
    assert_eq!(asked.reason.map(|reason| reason.len()), Some(100_000));
}
