//! Status × body × sent whole × earlier attempts.

use std::time::{Duration, SystemTime};

use proptest::prelude::*;
use reqwest::header::{HeaderMap, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};

use super::*;
use crate::untrusted::Redactor;

const OBJECT: &str = r#"{"error": "no", "detail": "as the row says"}"#;
const HTML: &str = "<html><h1>403 Forbidden</h1></html>";
const API_GATEWAY: &str = r#"{"message": "Forbidden"}"#;
const SCOPE: &str = r#"{"error": "insufficient_scope"}"#;
const JOB: &str = r#"{"jobId": "job-1"}"#;
const WHOLE: bool = true;
const PART: bool = false;

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    pairs.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_str(value).unwrap())).collect()
}

fn response(status: u16, headers: &HeaderMap, body: &str) -> Response {
    Response::new(status, headers, body.as_bytes().to_vec(), true, Redactor::default(), SystemTime::UNIX_EPOCH)
}

fn answered(status: u16, body: &str, sent_whole: bool) -> Attempt {
    Attempt { sent_whole, end: End::Response(response(status, &HeaderMap::new(), body)) }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(1_000_000 + seconds)
}

/// A verdict in a form in which rows can be compared.
#[derive(Debug, PartialEq)]
enum Seen {
    Accepted,
    Retry(Cause),
    Final(String),
}

fn seen(verdict: NextStep) -> Seen {
    match verdict {
        NextStep::Accepted(_) => Seen::Accepted,
        NextStep::Retry(retry) => Seen::Retry(retry.cause),
        NextStep::Final(reason) => Seen::Final(reason.code.to_string()),
    }
}

fn last(code: &str) -> Seen {
    Seen::Final(code.to_owned())
}

const PASSING: Seen = Seen::Retry(Cause::Unavailable);
const THROTTLED: Seen = Seen::Retry(Cause::Throttled);

#[test]
fn first_response_decides_by_status_sender_and_body_sent() {
    use Stored::{Accepted, Maybe, No};
    let rows = [
        // status, body, sent whole, verdict, what CXone may hold
        (202, JOB, WHOLE, Seen::Accepted, Accepted),
        (200, r#"{"id": 4711}"#, WHOLE, Seen::Accepted, Accepted),
        (202, JOB, PART, PASSING, Accepted),
        (202, "", WHOLE, PASSING, Accepted),
        (204, "", WHOLE, PASSING, Accepted),
        (202, HTML, WHOLE, PASSING, Accepted),
        (302, "", WHOLE, last("cxone_redirect"), No),
        (304, HTML, WHOLE, last("cxone_redirect"), No),
        (400, OBJECT, WHOLE, last("cxone_400"), No),
        (400, HTML, WHOLE, PASSING, Maybe),
        (400, HTML, PART, PASSING, No),
        (401, "", WHOLE, PASSING, No),
        (403, OBJECT, WHOLE, last("cxone_forbidden"), No),
        (403, SCOPE, WHOLE, Seen::Retry(Cause::Unauthorized), No),
        (403, HTML, WHOLE, PASSING, Maybe),
        (403, API_GATEWAY, WHOLE, PASSING, Maybe),
        (403, "", PART, PASSING, No),
        (404, OBJECT, WHOLE, last("cxone_404"), No),
        (404, "default backend - 404", WHOLE, PASSING, Maybe),
        (405, HTML, WHOLE, PASSING, Maybe),
        (405, OBJECT, WHOLE, last("cxone_405"), No),
        (408, OBJECT, WHOLE, PASSING, Maybe),
        (408, OBJECT, PART, PASSING, No),
        (409, OBJECT, WHOLE, PASSING, Maybe),
        (413, "", WHOLE, last("cxone_payload_too_large"), No),
        (413, HTML, PART, last("cxone_payload_too_large"), No),
        (415, OBJECT, WHOLE, last("cxone_unsupported_type"), No),
        (422, OBJECT, WHOLE, last("cxone_422"), No),
        (422, "{}", WHOLE, last("cxone_422"), No),
        (422, "[1]", WHOLE, PASSING, Maybe),
        (425, "", WHOLE, PASSING, Maybe),
        (429, "", WHOLE, THROTTLED, No),
        (429, HTML, PART, THROTTLED, No),
        (500, OBJECT, WHOLE, PASSING, Maybe),
        (500, "", PART, PASSING, No),
        (502, HTML, WHOLE, PASSING, Maybe),
        (503, "", WHOLE, PASSING, Maybe),
        (504, "", PART, PASSING, No),
        (599, "", WHOLE, PASSING, Maybe),
        (600, "", WHOLE, PASSING, Maybe),
        (999, OBJECT, PART, PASSING, No),
        (101, "", WHOLE, PASSING, Maybe),
    ];
    for (status, body, sent_whole, expected, stored) in rows {
        let mut history = History::default();
        let verdict = seen(history.next_step(&answered(status, body, sent_whole), at(0)));
        assert_eq!((verdict, history.stored), (expected, stored), "{status} {body:?}, sent whole: {sent_whole}");
    }
}

#[test]
fn retry_after_makes_any_4xx_throttling_but_401_413_and_415() {
    let rows = [
        (400, THROTTLED),
        (403, THROTTLED),
        (404, THROTTLED),
        (422, THROTTLED),
        (429, THROTTLED),
        (401, PASSING),
        (408, PASSING),
        (409, PASSING),
        (413, last("cxone_payload_too_large")),
        (415, last("cxone_unsupported_type")),
        (503, PASSING),
    ];
    for (status, expected) in rows {
        let response = response(status, &headers(&[("retry-after", "60")]), OBJECT);
        let verdict = History::default().next_step(&Attempt { sent_whole: WHOLE, end: End::Response(response) }, at(0));
        if let NextStep::Retry(retry) = &verdict {
            assert_eq!(retry.wait(0.0), Duration::from_mins(1), "{status}");
        }
        assert_eq!(seen(verdict), expected, "{status}");
    }
}

#[test]
fn zero_or_past_retry_after_still_waits_for_a_growing_backoff() {
    for value in ["0", "Thu, 01 Jan 1970 00:00:00 GMT"] {
        let mut history = History::default();
        let waits: Vec<_> = (0..12)
            .map(|_| {
                let end = End::Response(response(503, &headers(&[("retry-after", value)]), ""));
                let NextStep::Retry(retry) = history.next_step(&Attempt { sent_whole: WHOLE, end }, at(0)) else {
                    panic!()
                };
                retry.wait(0.0)
            })
            .collect();
        assert!(waits.is_sorted() && waits[0] >= Duration::from_millis(250), "{waits:?}");
        assert_eq!(waits[11], LONGEST_WAIT / 2);
    }
}

#[test]
fn throttling_without_a_wait_is_five_seconds() {
    let NextStep::Retry(retry) = History::default().next_step(&answered(429, "", WHOLE), at(0)) else { panic!() };
    assert_eq!(retry.wait(1.0), DEFAULT_WAIT);
}

#[test]
fn scope_is_read_from_exact_fields_only() {
    let named = |headers: &HeaderMap, body: &str| class(&response(403, headers, body)) == Class::ScopeMissing;
    let challenge = |value: &str| headers(&[(WWW_AUTHENTICATE.as_str(), value)]);
    assert!(named(&challenge(r#"Bearer realm="cxone", error="insufficient_scope""#), ""));
    assert!(named(&challenge("Bearer error=insufficient_scope"), HTML));
    assert!(named(&HeaderMap::new(), r#"{"error": " INSUFFICIENT_SCOPE "}"#));
    assert!(!named(&challenge(r#"Bearer realm="error=\"insufficient_scope\"""#), OBJECT));
    assert!(!named(&challenge(r#"Bearer error="invalid_token", error_description="insufficient_scope""#), OBJECT));
    for body in [
        r#"{"error": "no", "file": "permission.pdf"}"#,
        r#"{"message": "insufficient scope"}"#,
        r#"{"error": "xinsufficient_scope.1"}"#,
    ] {
        assert!(!named(&HeaderMap::new(), body), "{body}");
    }
}

#[test]
fn second_refused_token_in_a_row_is_a_configuration_fault() {
    let mut history = History::default();
    let verdicts = [401, 401, 503, 401].map(|status| seen(history.next_step(&answered(status, "{}", WHOLE), at(0))));
    assert_eq!(verdicts, [PASSING, Seen::Retry(Cause::Unauthorized), PASSING, PASSING]);
}

#[test]
fn gateway_is_final_after_three_equal_responses_over_a_minute() {
    let mut history = History::default();
    let mut step_after = |status, second| seen(history.next_step(&answered(status, HTML, WHOLE), at(second)));
    assert_eq!([step_after(403, 0), step_after(403, 5), step_after(403, 30)], [PASSING, PASSING, PASSING]);
    assert_eq!(step_after(403, 60), last("cxone_forbidden"));
    let NextStep::Final(reason) = history.next_step(&answered(403, HTML, WHOLE), at(70)) else { panic!() };
    assert!(reason.text.contains("may not come from CXone itself"), "{reason}");
    assert_eq!(history.stored, Stored::Maybe);
}

#[test]
fn gateway_count_starts_anew_after_another_status_or_cxone_itself() {
    for between in [(404, HTML), (503, ""), (429, "")] {
        let mut history = History::default();
        let mut step_after =
            |(status, body), second| seen(history.next_step(&answered(status, body, PART), at(second)));
        step_after((403, HTML), 0);
        step_after((403, HTML), 50);
        step_after(between, 55);
        assert_eq!(step_after((403, HTML), 100), PASSING, "{between:?}");
        assert_eq!(step_after((403, HTML), 130), PASSING, "{between:?}");
    }
}

#[test]
fn gateway_that_took_a_part_of_the_body_leaves_nothing_at_cxone() {
    let mut history = History::default();
    for second in [0, 30] {
        history.next_step(&answered(403, "", PART), at(second));
    }
    assert_eq!(seen(history.next_step(&answered(403, "", PART), at(61))), last("cxone_forbidden"));
    assert_eq!(history.stored, Stored::No);
}

#[test]
fn refusal_clears_what_may_be_held_only_where_a_repetition_cannot_get_it() {
    use Stored::{Accepted, Maybe, No};
    let earlier = [
        ("nothing", None, No),
        ("unanswered", Some(Attempt { sent_whole: WHOLE, end: End::Unanswered("lost".to_owned()) }), Maybe),
        ("interrupted", Some(answered(202, JOB, PART)), Accepted),
        ("no job id", Some(answered(202, "", WHOLE)), Accepted),
        ("503", Some(answered(503, "", WHOLE)), Maybe),
    ];
    for (name, attempt, before) in earlier {
        for (status, body, clears) in [
            (403, OBJECT, true),
            (404, OBJECT, true),
            (400, OBJECT, false),
            (422, OBJECT, false),
            (413, OBJECT, false),
            (415, OBJECT, false),
            (413, HTML, false),
            (307, "", false),
        ] {
            let mut history = History::default();
            if let Some(attempt) = &attempt {
                history.next_step(attempt, at(0));
            }
            assert_eq!(history.stored, before, "{name}");
            assert!(matches!(history.next_step(&answered(status, body, WHOLE), at(1)), NextStep::Final(_)));
            let expected = if clears && before == Maybe { No } else { before };
            assert_eq!(history.stored, expected, "{name}, then {status} {body}");
        }
    }
}

#[test]
fn tenth_conflict_is_final_with_cxone_s_own_text() {
    let mut history = History::default();
    let body = r#"{"error": "conflict", "detail": "attachment exists already"}"#;
    for _ in 1..10 {
        assert_eq!(seen(history.next_step(&answered(409, body, WHOLE), at(0))), PASSING);
    }
    let NextStep::Final(reason) = history.next_step(&answered(409, body, WHOLE), at(0)) else { panic!() };
    assert!(reason.code.to_string() == "cxone_409" && reason.text.contains("exists already"), "{reason}");
    assert_eq!(history.stored, Stored::Maybe);
}

#[test]
fn third_response_that_cannot_be_parsed_is_final() {
    let mut history = History::default();
    let unreadable = || Attempt { sent_whole: WHOLE, end: End::Unreadable("invalid header".to_owned()) };
    let verdicts = [0, 1, 2].map(|second| seen(history.next_step(&unreadable(), at(second))));
    assert_eq!(verdicts, [PASSING, PASSING, last("cxone_unavailable")]);
    assert_eq!(history.stored, Stored::Maybe);
}

#[test]
fn third_2xx_without_a_job_id_is_final_and_keeps_cxone_s_text() {
    let mut history = History::default();
    let verdicts = ["", HTML].map(|body| seen(history.next_step(&answered(202, body, WHOLE), at(0))));
    assert_eq!(verdicts, [PASSING, PASSING]);
    let NextStep::Final(reason) = history.next_step(&answered(202, "queued", WHOLE), at(0)) else { panic!() };
    assert!(reason.code == ReasonCode::CxoneNoJobId && reason.text.contains("queued"), "{reason}");
}

#[test]
fn crashed_run_may_have_sent_the_file_only_if_an_upload_was_prepared() {
    for (crashes, prepared, stored, uploads) in
        [(0, true, Stored::No, 0), (2, false, Stored::No, 0), (2, true, Stored::Maybe, 2)]
    {
        let mut history = History::default();
        history.add_crashes(crashes, prepared);
        assert_eq!((history.stored, history.uploads), (stored, uploads));
    }
}

#[test]
fn history_survives_the_ledger_and_unknown_forms_count_as_nothing() {
    let mut history = History { uploads: 3, ..History::default() };
    history.next_step(&answered(403, HTML, WHOLE), at(0));
    let text = serde_json::to_string(&history).unwrap();
    assert_eq!(History::parse(Some(&text)), history);
    assert_eq!(History::parse(Some(r#"{"stored": "elsewhere"}"#)), History::default());
    assert_eq!(History::parse(Some(r#"{"uploads": 2, "added_later": 1}"#)).uploads, 2);
    assert_eq!(History::parse(None), History::default());
}

#[test]
fn job_that_moved_on_is_said_to_have_moved_on() {
    let text = |status| refusal(&response(status, &HeaderMap::new(), ""), "the job").text;
    assert!(text(303).contains("has moved on") && !text(302).contains("moved on"), "{}", text(303));
}

proptest! {
    #[test]
    fn backoff_grows_and_is_bounded(faults in any::<u32>(), random in -1.0..2.0) {
        let wait = backoff(faults, random);
        prop_assert!(wait <= LONGEST_WAIT && wait >= SHORTEST_BACKOFF / 2);
        prop_assert!(backoff(faults.saturating_add(1), 0.0) >= backoff(faults, 0.0));
    }

    #[test]
    fn what_may_be_held_is_forgotten_only_by_cxone_itself(
        statuses in proptest::collection::vec((100_u16..999, any::<bool>(), any::<bool>()), 1..12),
    ) {
        let mut history = History::default();
        for (status, json, sent_whole) in statuses {
            let before = history.stored;
            history.next_step(&answered(status, if json { OBJECT } else { HTML }, sent_whole), at(0));
            if history.stored < before {
                prop_assert!(before == Stored::Maybe && json && matches!(status, 403 | 404), "{}", status);
            }
        }
    }

    #[test]
    fn retry_after_is_never_cut_short(seconds in 0_u64..900, status in 400_u16..600, random in 0.0..1.0) {
        let value = seconds.to_string();
        let end = End::Response(response(status, &headers(&[(RETRY_AFTER.as_str(), &value)]), OBJECT));
        if let NextStep::Retry(retry) = History::default().next_step(&Attempt { sent_whole: WHOLE, end }, at(0)) {
            prop_assert!(retry.wait(random) >= Duration::from_secs(seconds));
        }
    }
}
