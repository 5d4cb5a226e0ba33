//! Outcomes.

use std::time::Duration;

use attachments::{
    Reason, ReasonCode,
    audit::QuotaState,
    workflow::{Ending, Resolution},
};
use aws_sdk_dynamodb::types::AttributeValue;
use ledger::{Found, LedgerError, Prepared, Settled};

use crate::{
    proxy::{Disturbance, Proxy},
    table::{Table, at, at_once, decided, digest, n, object, s, settle},
};

fn ended(ending: Ending, seconds: i64) -> Resolution {
    Resolution { ending, at: at(seconds).plus_millis(123) }
}

pub(crate) fn completed(seconds: i64) -> Resolution {
    ended(Ending::Completed, seconds)
}

fn failed(seconds: i64) -> Resolution {
    ended(Ending::Failed(Reason::new(ReasonCode::JobFailed, "Virus found: «EICAR»")), seconds)
}

fn rejected() -> Ending {
    Ending::Rejected(Reason::new(ReasonCode::CxoneStatus(422), "tags are wrong"))
}

/// The outcome that [`settle`] returns. `first`: this call wrote it.
fn settled(resolution: Resolution, quota: QuotaState, first: bool) -> Settled {
    Settled { resolution, quota, record_sha256: Some(digest(quota)), first }
}

/// Puts a decided object with so many reserved bytes into the table. 0: no reservation.
async fn decided_object(table: &Table, number: usize, bytes: u64) {
    let lease = table.lease_at(&object(number), 0).await;
    if bytes > 0 {
        assert_eq!(table.ledger.prepare(&lease, "{}", bytes, 1_000).await.unwrap(), Prepared::Ready);
    }
    table.ledger.decide(&lease, decided("a"), Found::default()).await.unwrap();
}

pub(crate) async fn first_outcome_is_kept(table: Table) {
    decided_object(&table, 1, 0).await;
    let first = settle(&table.ledger, &object(1), &failed(5), false, at(5)).await.unwrap();
    assert_eq!(first, settled(failed(5), QuotaState::None, true));
    let row = table.row(&object(1)).await;
    assert_eq!((&row["state"], &row["outcome"]), (&s("done"), &s("FAILED")));
    assert_eq!(row["record_sha256"], s("digest-none"));
    for resolution in [failed(5), failed(9), completed(9), ended(rejected(), 9)] {
        let later = settle(&table.ledger, &object(1), &resolution, false, at(9)).await.unwrap();
        assert_eq!(later, Settled { first: false, ..first.clone() });
    }
    assert_eq!(table.row(&object(1)).await, row);
    // Codes that contain a number are read back too.
    decided_object(&table, 2, 0).await;
    settle(&table.ledger, &object(2), &ended(rejected(), 5), false, at(5)).await.unwrap();
    let later = settle(&table.ledger, &object(2), &completed(6), false, at(6)).await.unwrap();
    assert_eq!(later.resolution, ended(rejected(), 5));
}

pub(crate) async fn reserved_bytes_are_refunded_once(table: Table) {
    decided_object(&table, 1, 30).await;
    decided_object(&table, 2, 50).await;
    for (number, resolution, left) in [(1, failed(5), 50), (2, ended(rejected(), 5), 0)] {
        for first in [true, false] {
            let seen = settle(&table.ledger, &object(number), &resolution, false, at(5)).await.unwrap();
            assert_eq!(seen, settled(resolution.clone(), QuotaState::Settled, first));
            assert_eq!(table.used_bytes().await, Some(left));
        }
        assert_eq!(table.number(&object(number), "reserved_bytes").await, Some(0));
    }
}

pub(crate) async fn bytes_of_a_possibly_stored_file_stay_reserved_and_unsettled(table: Table) {
    let reason = |code| Reason::new(code, "unknown");
    let endings = [
        (Ending::TimedOut(reason(ReasonCode::JobDeadline)), false),
        (Ending::TrackingFailed(reason(ReasonCode::PollFailed)), false),
        (rejected(), true),
    ];
    for (number, (ending, possibly_stored)) in endings.into_iter().enumerate() {
        decided_object(&table, number, 10).await;
        for first in [true, false] {
            let resolution = ended(ending.clone(), 5);
            let seen = settle(&table.ledger, &object(number), &resolution, possibly_stored, at(5)).await.unwrap();
            assert_eq!(seen, settled(resolution, QuotaState::Unsettled, first));
        }
        assert_eq!(table.number(&object(number), "reserved_bytes").await, Some(10));
    }
    assert_eq!(table.used_bytes().await, Some(30));
}

pub(crate) async fn words_of_a_newer_release_are_kept(table: Table) {
    let held = Ending::Other {
        outcome: "HELD_FOR_REVIEW".parse().unwrap(),
        reason: Some(Reason::new("held_by_policy".parse().unwrap(), "a person reviews it")),
    };
    decided_object(&table, 1, 10).await;
    for first in [true, false] {
        let seen = settle(&table.ledger, &object(1), &ended(held.clone(), 5), false, at(5)).await.unwrap();
        assert_eq!(seen, settled(ended(held.clone(), 5), QuotaState::Unsettled, first));
    }
    assert_eq!(table.used_bytes().await, Some(10));
    let row = table.row(&object(1)).await;
    assert_eq!((&row["outcome"], &row["reason_code"]), (&s("HELD_FOR_REVIEW"), &s("held_by_policy")));
    // A row as a newer release may write it.
    let written = [("outcome", s("REJECTED")), ("reason_code", s("content_withheld")), ("reason_text", s("not yet"))];
    let others = [("state", s("done")), ("outcome_at", s("2026-11-22T09:30:10Z")), ("quota", s("on_hold"))];
    table.put(&object(2), written.into_iter().chain(others).chain(decision())).await;
    let settled = settle(&table.ledger, &object(2), &completed(5), false, at(5)).await.unwrap();
    assert_eq!(settled.record_sha256, None);
    let rejected = Ending::Rejected(Reason::new("content_withheld".parse().unwrap(), "not yet"));
    assert_eq!((settled.resolution.ending, settled.quota.as_str(), settled.first), (rejected, "on_hold", false));
}

pub(crate) async fn bytes_of_a_completed_file_stay_reserved(table: Table) {
    decided_object(&table, 1, 10).await;
    for first in [true, false] {
        let seen = settle(&table.ledger, &object(1), &completed(5), false, at(5)).await.unwrap();
        assert_eq!(seen, settled(completed(5), QuotaState::Settled, first));
    }
    assert_eq!((table.used_bytes().await, table.number(&object(1), "reserved_bytes").await), (Some(10), Some(10)));
}

pub(crate) async fn outcome_without_a_reservation_leaves_the_quota_unchanged(table: Table) {
    for (number, resolution) in [completed(5), failed(5), ended(rejected(), 5)].into_iter().enumerate() {
        decided_object(&table, number, 0).await;
        let settled = settle(&table.ledger, &object(number), &resolution, true, at(5)).await.unwrap();
        assert_eq!((settled.quota, settled.first), (QuotaState::None, true));
    }
    assert_eq!(table.used_bytes().await, None);
}

pub(crate) async fn one_of_ten_concurrent_outcomes_wins(table: Table) {
    decided_object(&table, 1, 10).await;
    let settled = at_once((0..10).map(|n| {
        let ledger = table.ledger.clone();
        let resolution = if n % 2 == 0 { completed(n) } else { failed(n) };
        async move { settle(&ledger, &object(1), &resolution, false, at(n)).await.unwrap() }
    }))
    .await;
    let winner = settled.iter().find(|one| one.first).unwrap().clone();
    assert_eq!(settled.iter().filter(|one| one.first).count(), 1);
    assert!(settled.iter().all(|one| one.resolution == winner.resolution), "{settled:?}");
    let kept = if winner.resolution.ending == Ending::Completed { 10 } else { 0 };
    assert_eq!(table.used_bytes().await, Some(kept));
    assert_eq!(table.number(&object(1), "reserved_bytes").await, Some(kept));
}

pub(crate) async fn refund_is_what_the_row_holds_at_the_write(table: Table) {
    decided_object(&table, 1, 30).await;
    let proxy = Proxy::start(table.endpoint()).await;
    proxy.disturb("TransactWriteItems", Disturbance::Delay(Duration::from_millis(500)));
    let ledger = table.through(&proxy);
    let settled = tokio::spawn(async move { settle(&ledger, &object(1), &failed(5), false, at(5)).await.unwrap() });
    while proxy.disturbances_left() > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // Changes the row after `settle` has read it and before it writes.
    let row = [("state", s("decided")), ("reserved_bytes", n(20))];
    table.put(&object(1), row.into_iter().chain(decision())).await;
    assert!(settled.await.unwrap().first);
    assert_eq!(table.used_bytes().await, Some(10));
}

/// The attributes that a decision writes.
fn decision() -> [(&'static str, AttributeValue); 3] {
    [("execution_name", s("name-a")), ("execution_input", s("{}")), ("first_seen", n(1))]
}

/// Asserts that the call is refused for this reason and has written nothing.
async fn assert_foreign(table: &Table, number: usize, execution: &str, why: &str) {
    let (before, used) = (table.row(&object(number)).await, table.used_bytes().await);
    let refused = table.ledger.entry(&object(number), execution).await.unwrap_err();
    let text = refused.to_string();
    let LedgerError::Foreign { pk, .. } = refused else { panic!("{text}") };
    assert_eq!(pk, format!("object#{}", object(number)));
    assert!(text.ends_with(why), "{text}");
    assert_eq!((table.row(&object(number)).await, table.used_bytes().await), (before, used));
}

pub(crate) async fn entry_of_an_unknown_object_is_refused(table: Table) {
    assert_foreign(&table, 1, "name-a", "does not exist").await;
    assert!(table.row(&object(1)).await.is_empty());
}

pub(crate) async fn entry_of_a_claimed_object_is_refused(table: Table) {
    let lease = table.lease_at(&object(1), 0).await;
    assert_eq!(table.ledger.prepare(&lease, "{}", 30, 1_000).await.unwrap(), Prepared::Ready);
    for execution in ["name-a", ""] {
        assert_foreign(&table, 1, execution, "is still claimed by intake").await;
    }
    assert_eq!(table.used_bytes().await, Some(30), "nothing is refunded");
}

pub(crate) async fn entry_for_another_execution_is_refused(table: Table) {
    decided_object(&table, 1, 30).await;
    for execution in ["name-b", "name-", "name-a ", "NAME-A", ""] {
        assert_foreign(&table, 1, execution, "names another execution").await;
    }
    settle(&table.ledger, &object(1), &completed(5), false, at(5)).await.unwrap();
    assert_foreign(&table, 1, "name-b", "names another execution").await;
}

pub(crate) async fn entry_holds_what_intake_decided(table: Table) {
    decided_object(&table, 1, 0).await;
    let entry = table.ledger.entry(&object(1), "name-a").await.unwrap();
    assert_eq!((entry.execution_input.as_str(), entry.first_seen), ("{\"input\": \"a\"}", at(0)));
}

pub(crate) async fn row_whose_execution_changed_after_the_read_is_not_settled(table: Table) {
    decided_object(&table, 1, 0).await;
    let entry = table.ledger.entry(&object(1), "name-a").await.unwrap();
    let other = [("state", s("decided")), ("execution_name", s("name-b")), ("execution_input", s("{}"))];
    table.put(&object(1), other.into_iter().chain([("first_seen", n(1))])).await;
    let before = table.row(&object(1)).await;
    let refused = table.ledger.settle(&entry, &completed(5), false, digest, at(5)).await.unwrap_err();
    assert!(refused.to_string().ends_with("names another execution"), "{refused}");
    assert_eq!(table.row(&object(1)).await, before);
}
