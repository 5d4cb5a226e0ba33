//! What is said of an object in each state.

use attachments::{
    Identity, Reason, ReasonCode,
    workflow::{Ending, Resolution},
};
use ledger::{ObjectRow, RowState};

use super::*;
use crate::{
    execution::{Execution, Visit},
    object::Source,
};

const LIMITS: Limits = Limits { give_up_seconds: 259_200, visibility_seconds: 1_800 };

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(1_795_000_000 + seconds)
}

fn identity() -> Identity {
    "0123456789abcdef".repeat(4).parse().unwrap()
}

fn row(state: RowState) -> ObjectRow {
    ObjectRow {
        identity: identity(),
        state,
        key: Some("interactions/INT-42/a.pdf".to_owned()),
        version_id: Some("v1".to_owned()),
        attempts: 2,
        first_seen: at(0),
        lease_until: None,
        crashes: 0,
        claimed_by: None,
        crashed_run: None,
        last_fault: None,
        retry_at: None,
        execution_name: None,
        resolution: None,
    }
}

fn object(row: Option<ObjectRow>) -> Object {
    Object {
        identity: Some(identity()),
        key: Some("interactions/INT-42/a.pdf".to_owned()),
        version_id: Some("v1".to_owned()),
        ignored: None,
        source: Some(Source { size: 11_176, written: at(0), is_delete_marker: false }),
        row,
        execution: None,
        visits: Vec::new(),
        record: None,
    }
}

fn execution(status: &str, error: Option<&str>) -> Execution {
    Execution {
        arn: "arn:aws:states:eu-central-1:1:execution:M:INT-42-0123".to_owned(),
        name: "INT-42-0123".to_owned(),
        status: status.to_owned(),
        error: error.map(str::to_owned),
        cause: Some("the receiver answered 500".to_owned()),
        output: None,
        input: None,
        started: 1_795_000_001.0,
        ended: (status != "RUNNING").then_some(1_795_000_009.0),
    }
}

fn visit(state: &str, failures: u32) -> Visit {
    let last_error = (failures > 0).then(|| "Webhook.Undelivered".to_owned());
    Visit { state: state.to_owned(), at: 1_795_000_002.0, note: String::new(), failures, last_error, left: false }
}

fn told(object: &Object, seconds: i64) -> Story {
    Story::of(object, LIMITS, at(seconds))
}

#[test]
fn unclaimed_object_is_queued_then_unseen() {
    assert_eq!(told(&object(None), 10).verdict, Verdict::Queued);
    let unseen = told(&object(None), 3_600);
    assert!(unseen.verdict == Verdict::Unseen && unseen.advice.contains("doctor"), "{unseen:?}");
    assert_eq!(told(&Object { source: None, ..object(None) }, 0).verdict.exit(), Exit::NotFound);
}

#[test]
fn ignored_key_is_never_said_to_be_queued() {
    let story = told(&Object { ignored: Some("the key names a folder".to_owned()), ..object(None) }, 10);
    assert_eq!((story.verdict, story.verdict.exit()), (Verdict::Ignored, Exit::Bad));
}

#[test]
fn object_older_than_the_ledger_s_rows_is_not_to_be_written_again() {
    let story = told(&object(None), 121 * 86_400);
    assert!(story.verdict == Verdict::Unseen && story.words.contains("120 days"), "{story:?}");
    assert!(!story.advice.contains("write"), "{story:?}");
}

#[test]
fn retry_that_is_long_overdue_is_stuck() {
    let fault = Some("CXone answered 429".to_owned());
    let waiting = object(Some(ObjectRow { last_fault: fault, retry_at: Some(at(60)), ..row(RowState::Claimed) }));
    let gives_up = 259_200;
    assert_eq!(told(&waiting, gives_up + 3_600).verdict, Verdict::Waiting);
    assert_eq!(told(&waiting, gives_up + 90_000).verdict, Verdict::Stuck);
}

#[test]
fn released_object_waits_until_its_next_attempt() {
    let fault = Some("CXone answered 429".to_owned());
    let waiting = object(Some(ObjectRow { last_fault: fault, retry_at: Some(at(60)), ..row(RowState::Claimed) }));
    let story = told(&waiting, 10);
    assert_eq!((story.verdict, story.words.as_str()), (Verdict::Waiting, "CXone answered 429"));
    assert_eq!(story.next_at.as_deref(), Some(at(60).to_string().as_str()));
    assert!(story.next.as_deref().is_some_and(|next| next.starts_with("attempt 3; intake gives up at")), "{story:?}");
    assert!(told(&waiting, 90).next.is_some_and(|next| next.starts_with("attempt 3 is due")));
}

#[test]
fn lease_that_ended_without_a_release_is_a_crash() {
    let claimed = |crashes| ObjectRow {
        lease_until: Some(at(100)),
        crashes,
        claimed_by: Some("request-7".to_owned()),
        ..row(RowState::Claimed)
    };
    assert_eq!(told(&object(Some(claimed(0))), 50).verdict, Verdict::Working);
    let story = told(&object(Some(claimed(0))), 150);
    assert!(story.verdict == Verdict::Crashing && story.words.contains("1 time in a row"), "{story:?}");
    assert!(story.advice.contains("request-7"), "{story:?}");
    assert!(told(&object(Some(claimed(3))), 150).words.contains("4 times in a row"));
    // The run after the crash holds the lease; the log to read is that of the run before it.
    let next = ObjectRow { crashed_run: Some("request-6".to_owned()), ..claimed(1) };
    let story = told(&object(Some(next)), 50);
    assert!(story.verdict == Verdict::Crashing && story.advice.contains("request-6"), "{story:?}");
}

#[test]
fn decided_object_is_scanned_recorded_or_stuck() {
    let decided = |execution: Option<Execution>, visits: Vec<Visit>| Object {
        execution,
        visits,
        ..object(Some(row(RowState::Decided)))
    };
    let verdict = |execution, visits| told(&decided(execution, visits), 10).verdict;
    assert_eq!(verdict(None, Vec::new()), Verdict::Recording);
    assert_eq!(verdict(Some(execution("RUNNING", None)), vec![visit("PollJob", 0)]), Verdict::Scanning);
    assert_eq!(verdict(Some(execution("RUNNING", None)), vec![visit("RecordCompletion", 0)]), Verdict::Recording);
    // The row was read a moment before the execution ended.
    assert_eq!(verdict(Some(execution("SUCCEEDED", None)), Vec::new()), Verdict::Recording);
    assert_eq!(verdict(Some(execution("FAILED", Some("REJECTED"))), Vec::new()), Verdict::Recording);
    let stuck = told(&decided(Some(execution("FAILED", Some("Audit.Unwritable"))), Vec::new()), 10);
    assert!(stuck.verdict == Verdict::Stuck && stuck.advice.contains("redrive-execution"), "{stuck:?}");
    let forged = told(&decided(Some(execution("FAILED", Some("Audit.Foreign"))), Vec::new()), 10);
    assert!(forged.advice.contains("runbook") && !forged.advice.contains("redrive-execution"), "{forged:?}");
}

#[test]
fn outcome_says_what_to_do_and_whether_the_webhook_was_delivered() {
    let done = |ending: Ending| Object {
        execution: Some(execution("RUNNING", None)),
        visits: vec![visit("RecordCompletion", 6)],
        ..object(Some(ObjectRow { resolution: Some(Resolution { ending, at: at(5) }), ..row(RowState::Done) }))
    };
    let completed = told(&done(Ending::Completed), 10);
    assert_eq!((completed.verdict, completed.verdict.exit()), (Verdict::Completed, Exit::Success));
    assert_eq!(completed.webhook.as_deref(), Some("not delivered yet: Webhook.Undelivered, 6 attempts"));
    let aborted = told(&Object { execution: Some(execution("ABORTED", None)), ..done(Ending::Completed) }, 10);
    assert!(aborted.webhook.is_some() && aborted.advice.contains("redrive-execution"), "{aborted:?}");
    let infected = Ending::Failed(Reason::new(ReasonCode::JobFailed, "Virus found"));
    let infected = told(&Object { execution: None, ..done(infected) }, 10);
    assert_eq!((infected.reason_code.as_deref(), infected.verdict.exit()), (Some("job_failed"), Exit::Bad));
    assert!(infected.words.contains("Virus found") && infected.advice.contains("security team"), "{infected:?}");
}

#[test]
fn json_is_the_contract_of_the_docs() {
    let fault = Some("CXone answered 429".to_owned());
    let waiting = object(Some(ObjectRow { last_fault: fault, retry_at: Some(at(60)), ..row(RowState::Claimed) }));
    let json = serde_json::to_string_pretty(&told(&waiting, 10)).unwrap();
    assert_eq!(json.trim(), include_str!("../../tests/golden/story.json").trim(), "{json}");
}
