//! To an upload.

use std::time::{Duration, SystemTime};

use cxone::{
    History, NextStep,
    Stored::{self, Accepted, Maybe, No},
};
use servers::{
    cxone::{AcceptedBody, Echo, EchoForm, UploadAct},
    scripted::{Reply, RetryAfter},
};

use super::{
    OBJECT, OTHER_REFUSALS, OUTAGES, SCOPE, SCOPE_ELSEWHERE, is_about, of_gateways, redirects, refusal,
    scope_challenge, waits,
};
use crate::{
    fixture::{Fixture, Upload, page, reply},
    seen::Sent,
};

/// What the upload does, the verdict, and what CXone may hold after it.
type Row = (UploadAct, String, Stored);

fn row(act: UploadAct, word: impl Into<String>, stored: Stored) -> Row {
    (act, word.into(), stored)
}

/// The same verdict for each.
fn rows(replies: impl IntoIterator<Item = Reply>, word: &str, stored: Stored) -> Vec<Row> {
    replies.into_iter().map(|reply| row(UploadAct::Reply(reply), word, stored)).collect()
}

/// Sends one upload for each row, to an interaction of its own, and compares what came of it.
async fn compare(rows: Vec<Row>) {
    let fixture = Fixture::new();
    for (n, (act, word, stored)) in rows.into_iter().enumerate() {
        let interaction = format!("INT-{n}");
        fixture.uploads_do(&interaction, [act.clone()]).await;
        let sent = fixture.send(&Upload::to(&interaction)).await;
        assert_eq!(sent.seen(), (word, stored), "{act:?}: {sent:?}");
        assert_eq!(fixture.uploads(&interaction).await.len(), 1, "{act:?}: the client never repeats an upload");
    }
}

#[tokio::test]
async fn accepted_upload_has_a_job_named_by_either_field() {
    let named = [
        reply(200).body(r#"{"jobId": "j"}"#),
        reply(201).body(r#"{"id": "j"}"#),
        reply(202).body(r#"{"jobId": null, "id": "j"}"#),
        reply(202).body(r#"{"jobId": "", "id": "j"}"#),
        reply(202).body(r#"{"jobId": "j", "id": {"a": 1}}"#),
        reply(207).body(r#"{"jobId": 4711, "message": "queued"}"#),
        reply(202).body(r#"{"jobId": "../../interactions?a=%2e#b"}"#),
    ];
    let mut all = rows(named, "job", Accepted);
    all.extend([AcceptedBody::JobId, AcceptedBody::Id].map(|body| row(UploadAct::Accept(body), "job", Accepted)));
    compare(all).await;
}

#[tokio::test]
async fn accepted_upload_without_a_usable_job_id_is_retried() {
    let nameless = [
        reply(204),
        reply(202).body(r#"{"jobId": ".."}"#),
        reply(202).body(r#"{"jobId": "a\u0000b"}"#),
        reply(202).body(r#"{"jobId": ""}"#),
        reply(202).body(r#"{"jobId": {"id": "j"}}"#),
        reply(202).body(r#"["jobId"]"#),
        page(202),
    ];
    let mut all = rows(nameless, "unavailable", Accepted);
    let bodies = [AcceptedBody::Neither, AcceptedBody::NotJson, AcceptedBody::CutJson, AcceptedBody::Empty];
    all.extend(bodies.map(|body| row(UploadAct::Accept(body), "unavailable", Accepted)));
    compare(all).await;
}

#[tokio::test]
async fn refusal_of_cxone_itself_is_final_and_nothing_is_stored() {
    let mut all: Vec<Row> =
        OTHER_REFUSALS.map(|status| row(UploadAct::Reply(refusal(status)), format!("cxone_{status}"), No)).into();
    let forbidden =
        [refusal(403), reply(403).body(SCOPE_ELSEWHERE), reply(403).body(r#"{"message": "no", "code": 7}"#)];
    all.extend(rows(forbidden, "cxone_forbidden", No));
    all.extend(rows([refusal(404)], "cxone_404", No));
    compare(all).await;
}

#[tokio::test]
async fn size_type_and_redirects_are_final_whoever_responds() {
    let refusals = |status| of_gateways(status).into_iter().chain([refusal(status)]);
    let mut all = rows(refusals(413), "cxone_payload_too_large", No);
    all.extend(rows(refusals(415), "cxone_unsupported_type", No));
    all.extend(rows(redirects(), "cxone_redirect", No));
    all.extend(rows([reply(304)], "cxone_redirect", No));
    all.push(row(UploadAct::EarlyReply(reply(413)), "cxone_payload_too_large", No));
    compare(all).await;
}

#[tokio::test]
async fn refusal_of_a_gateway_is_retried_and_the_file_may_be_stored() {
    for status in [403, 404].into_iter().chain(OTHER_REFUSALS) {
        compare(rows(of_gateways(status), "unavailable", Maybe)).await;
    }
}

#[tokio::test]
async fn outage_after_the_whole_body_leaves_the_file_possibly_stored() {
    let mut all = rows(OUTAGES.into_iter().chain([409]).map(refusal), "unavailable", Maybe);
    all.extend(rows(OUTAGES.into_iter().chain([409]).map(reply), "unavailable", Maybe));
    all.push(row(UploadAct::StoreThenReply(reply(502)), "unavailable", Maybe));
    compare(all).await;
}

#[tokio::test]
async fn missing_scope_is_a_configuration_fault_only_in_its_exact_fields() {
    let mut all = rows([reply(403).body(SCOPE), scope_challenge()], "unauthorized", No);
    all.extend(rows([reply(403).body(SCOPE_ELSEWHERE)], "cxone_forbidden", No));
    all.extend(rows([reply(403).body("Permission denied: insufficient_scope")], "unavailable", Maybe));
    compare(all).await;
}

#[tokio::test]
async fn first_401_is_retried_with_a_fresh_token_and_the_second_is_a_configuration_fault() {
    let fixture = Fixture::new();
    fixture.uploads_do("INT-1", [401, 401, 503].map(|status| UploadAct::Reply(reply(status)))).await;
    let (upload, mut history) = (Upload::to("INT-1"), History::default());
    let mut seen = Vec::new();
    for _ in 0..4 {
        let sent = Sent::after(&mut history, &upload.attempt(&fixture.client).await);
        seen.push(sent.seen().0);
    }
    assert_eq!(seen, ["unavailable", "unauthorized", "unavailable", "job"]);
    assert_eq!(fixture.client.token_fetches(), 3, "each 401 discards the token");
}

#[tokio::test]
async fn throttled_upload_waits_as_long_as_cxone_asks() {
    let fixture = Fixture::new();
    for (after, seconds) in waits() {
        let reply = Reply { retry_after: after, ..reply(429) };
        fixture.uploads_do("INT-1", [UploadAct::Reply(reply.clone())]).await;
        let sent = fixture.send(&Upload::to("INT-1")).await;
        assert_eq!(sent.seen(), ("throttled".to_owned(), No), "{reply:?}");
        assert!(is_about(sent.retry().wait(0.0), seconds), "{reply:?}: {sent:?}");
    }
}

#[tokio::test]
async fn retry_after_is_obeyed_for_every_status() {
    let fixture = Fixture::new();
    let throttled = [400, 402, 403, 404, 405, 410, 422, 429, 451].map(|status| (status, "throttled"));
    let passing = [202, 401, 408, 409, 425, 500, 502, 503, 504].map(|status| (status, "unavailable"));
    for (status, word) in throttled.into_iter().chain(passing) {
        for reply in [refusal(status), reply(status)] {
            let reply = reply.retry_after(RetryAfter::Seconds(77));
            fixture.uploads_do("INT-1", [UploadAct::Reply(reply.clone())]).await;
            let sent = fixture.send(&Upload::to("INT-1")).await;
            assert_eq!(sent.seen().0, word, "{reply:?}: {sent:?}");
            assert_eq!(sent.retry().wait(0.0), Duration::from_secs(77), "{reply:?}: {sent:?}");
        }
    }
}

#[tokio::test]
async fn retry_after_of_zero_or_in_the_past_still_waits_and_waits_grow() {
    let fixture = Fixture::new();
    let past = serde_json::from_str(r#"{"text": "Sun, 06 Nov 1994 08:49:37 GMT"}"#).unwrap();
    for after in [RetryAfter::Seconds(0), past] {
        let (upload, mut history) = (Upload::to("INT-1"), History::default());
        let mut waits = Vec::new();
        for status in [429, 503, 429, 503, 403] {
            let reply = reply(status).retry_after(after.clone());
            fixture.uploads_do("INT-1", [UploadAct::Reply(reply)]).await;
            let sent = Sent::after(&mut history, &upload.attempt(&fixture.client).await);
            waits.push(sent.retry().wait(0.0));
        }
        assert!(waits[0] >= Duration::from_millis(250), "{waits:?}");
        assert!(waits.is_sorted_by(|earlier, later| earlier < later), "{waits:?}");
    }
}

#[tokio::test]
async fn gateway_is_final_after_three_equal_responses_over_a_minute() {
    let fixture = Fixture::new();
    fixture.uploads_do("INT-1", [0; 3].map(|_| UploadAct::Reply(page(403)))).await;
    let (upload, mut history, start) = (Upload::to("INT-1"), History::default(), SystemTime::now());
    let mut verdicts = Vec::new();
    for seconds in [0, 30, 61] {
        let attempt = upload.attempt(&fixture.client).await;
        verdicts.push(history.next_step(&attempt, (start + Duration::from_secs(seconds)).into()));
    }
    let [NextStep::Retry(_), NextStep::Retry(_), NextStep::Final(reason)] = &verdicts[..] else {
        panic!("{verdicts:?}")
    };
    assert_eq!((reason.code.to_string().as_str(), history.stored), ("cxone_forbidden", Maybe));
    assert!(reason.text.contains("may not come from CXone itself"), "{reason}");
}

#[tokio::test]
async fn third_acceptance_without_a_job_id_is_final_and_keeps_what_was_said() {
    let fixture = Fixture::new();
    let bodies = [AcceptedBody::Neither, AcceptedBody::Empty, AcceptedBody::NotJson];
    fixture.uploads_do("INT-1", bodies.map(UploadAct::Accept)).await;
    let (upload, mut history) = (Upload::to("INT-1"), History::default());
    let mut sent = Vec::new();
    for _ in bodies {
        sent.push(Sent::after(&mut history, &upload.attempt(&fixture.client).await));
    }
    assert_eq!(
        sent.iter().map(|sent| sent.seen().0).collect::<Vec<_>>(),
        ["unavailable", "unavailable", "cxone_no_job_id"]
    );
    assert_eq!(history.stored, Accepted);
    assert!(sent[2].reason().text.contains("<html>accepted</html>"), "{sent:?}");
    assert_eq!(fixture.control.attachments(None).await.unwrap().len(), 1);
}

#[tokio::test]
async fn refusal_clears_possibly_stored_only_if_a_repetition_could_not_get_it() {
    for (status, stored) in [(403, No), (404, No), (400, Maybe), (422, Maybe), (413, Maybe)] {
        let fixture = Fixture::new();
        let acts = [UploadAct::StoreThenReply(reply(502)), UploadAct::Reply(refusal(status))];
        fixture.uploads_do("INT-1", acts).await;
        let (upload, mut history) = (Upload::to("INT-1"), History::default());
        history.next_step(&upload.attempt(&fixture.client).await, SystemTime::now().into());
        let sent = Sent::after(&mut history, &upload.attempt(&fixture.client).await);
        assert_eq!(sent.stored, stored, "{status}: {sent:?}");
        assert!(matches!(sent.verdict, NextStep::Final(_)), "{status}: {sent:?}");
    }
}

#[tokio::test]
async fn refusal_keeps_the_first_kibibyte_of_what_cxone_said() {
    let fixture = Fixture::new();
    let said = format!(r#"{{"error": "tags are wrong: {}"}}"#, "é".repeat(100_000));
    fixture.uploads_do("INT-1", [UploadAct::Reply(reply(422).body(&said))]).await;
    let sent = fixture.send(&Upload::to("INT-1")).await;
    let reason = sent.reason();
    assert!(reason.text.contains("422") && reason.text.contains("tags are wrong: éé"), "{reason}");
    assert!((1000..=1024).contains(&reason.text.len()), "{}", reason.text.len());
    fixture.uploads_do("INT-1", [UploadAct::Reply(reply(422).body(OBJECT))]).await;
    let sent = fixture.send(&Upload::to("INT-1")).await;
    assert!(sent.reason().text.ends_with(OBJECT), "{sent:?}");
}

/// A file's name or an interaction's id in an echoed refusal must not look like a missing scope.
#[tokio::test]
async fn refusal_that_echoes_names_is_no_missing_scope() {
    let fixture = Fixture::new();
    for (interaction, file_name) in
        [("xscope.1", "permission.pdf"), ("insufficient_scope", "error=\"insufficient_scope\".pdf")]
    {
        fixture.uploads_do(interaction, [UploadAct::Echo(Echo::new(403, EchoForm::Json))]).await;
        let mut upload = Upload::to(interaction);
        file_name.clone_into(&mut upload.content.file_name);
        let sent = fixture.send(&upload).await;
        assert_eq!(sent.seen(), ("cxone_forbidden".to_owned(), No), "{interaction}: {sent:?}");
        assert!(sent.reason().text.contains(interaction), "nothing was echoed: {sent:?}");
    }
}
