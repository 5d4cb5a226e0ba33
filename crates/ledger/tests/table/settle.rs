//! Fixing the outcome.

use std::time::Duration;

use attachments::{
    Reason, ReasonCode,
    audit::QuotaState,
    workflow::{Ending, Resolution},
};
use ledger::{Prepared, Settled};

use crate::{
    proxy::{Disturbance, Proxy},
    table::{Table, at, at_once, decided, n, object, s},
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

/// A decided object with so many bytes reserved; none where 0.
async fn an_object(table: &Table, number: usize, bytes: u64) {
    let lease = table.lease_at(&object(number), 0).await;
    if bytes > 0 {
        assert_eq!(table.ledger.prepare(&lease, "{}", bytes, 1_000).await.unwrap(), Prepared::Ready);
    }
    table.ledger.decide(&lease, decided("a")).await.unwrap();
}

pub(crate) async fn the_first_writer_wins(table: Table) {
    an_object(&table, 1, 0).await;
    let first = table.ledger.settle(&object(1), &failed(5), false, at(5)).await.unwrap();
    assert_eq!(first, Settled { resolution: failed(5), quota: QuotaState::None, first: true });
    let row = table.row(&object(1)).await;
    assert_eq!((&row["state"], &row["outcome"]), (&s("done"), &s("FAILED")));
    for resolution in [failed(5), failed(9), completed(9), ended(rejected(), 9)] {
        let later = table.ledger.settle(&object(1), &resolution, false, at(9)).await.unwrap();
        assert_eq!(later, Settled { first: false, ..first.clone() });
    }
    assert_eq!(table.row(&object(1)).await, row);
    // Codes that carry a number come back as well.
    an_object(&table, 2, 0).await;
    table.ledger.settle(&object(2), &ended(rejected(), 5), false, at(5)).await.unwrap();
    let later = table.ledger.settle(&object(2), &completed(6), false, at(6)).await.unwrap();
    assert_eq!(later.resolution, ended(rejected(), 5));
}

pub(crate) async fn bytes_are_given_back_once(table: Table) {
    an_object(&table, 1, 30).await;
    an_object(&table, 2, 50).await;
    for (number, resolution, left) in [(1, failed(5), 50), (2, ended(rejected(), 5), 0)] {
        for first in [true, false] {
            let settled = table.ledger.settle(&object(number), &resolution, false, at(5)).await.unwrap();
            let expected = Settled { resolution: resolution.clone(), quota: QuotaState::Settled, first };
            assert_eq!(settled, expected);
            assert_eq!(table.used_bytes().await, Some(left));
        }
        assert_eq!(table.number(&object(number), "reserved_bytes").await, Some(0));
    }
}

pub(crate) async fn what_may_be_stored_stays_counted_and_is_marked(table: Table) {
    let reason = |code| Reason::new(code, "unknown");
    let endings = [
        (Ending::TimedOut(reason(ReasonCode::JobDeadline)), false),
        (Ending::TrackingFailed(reason(ReasonCode::PollFailed)), false),
        (rejected(), true),
    ];
    for (number, (ending, possibly_stored)) in endings.into_iter().enumerate() {
        an_object(&table, number, 10).await;
        for first in [true, false] {
            let resolution = ended(ending.clone(), 5);
            let settled = table.ledger.settle(&object(number), &resolution, possibly_stored, at(5)).await.unwrap();
            assert_eq!(settled, Settled { resolution, quota: QuotaState::Unsettled, first });
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
    an_object(&table, 1, 10).await;
    for first in [true, false] {
        let settled = table.ledger.settle(&object(1), &ended(held.clone(), 5), false, at(5)).await.unwrap();
        assert_eq!(settled, Settled { resolution: ended(held.clone(), 5), quota: QuotaState::Unsettled, first });
    }
    assert_eq!(table.used_bytes().await, Some(10));
    let row = table.row(&object(1)).await;
    assert_eq!((&row["outcome"], &row["reason_code"]), (&s("HELD_FOR_REVIEW"), &s("held_by_policy")));
    // As that release itself may have written it.
    let written = [("outcome", s("REJECTED")), ("reason_code", s("content_withheld")), ("reason_text", s("not yet"))];
    let others = [("state", s("done")), ("outcome_at", s("2026-11-22T09:30:10Z")), ("quota", s("on_hold"))];
    table.put(&object(2), written.into_iter().chain(others)).await;
    let settled = table.ledger.settle(&object(2), &completed(5), false, at(5)).await.unwrap();
    let rejected = Ending::Rejected(Reason::new("content_withheld".parse().unwrap(), "not yet"));
    assert_eq!((settled.resolution.ending, settled.quota.as_str(), settled.first), (rejected, "on_hold", false));
}

pub(crate) async fn a_completed_file_stays_counted(table: Table) {
    an_object(&table, 1, 10).await;
    for first in [true, false] {
        let settled = table.ledger.settle(&object(1), &completed(5), false, at(5)).await.unwrap();
        assert_eq!(settled, Settled { resolution: completed(5), quota: QuotaState::Settled, first });
    }
    assert_eq!((table.used_bytes().await, table.number(&object(1), "reserved_bytes").await), (Some(10), Some(10)));
}

pub(crate) async fn without_a_reservation_there_is_nothing_to_settle(table: Table) {
    for (number, resolution) in [completed(5), failed(5), ended(rejected(), 5)].into_iter().enumerate() {
        an_object(&table, number, 0).await;
        let settled = table.ledger.settle(&object(number), &resolution, true, at(5)).await.unwrap();
        assert_eq!((settled.quota, settled.first), (QuotaState::None, true));
    }
    assert_eq!(table.used_bytes().await, None);
}

pub(crate) async fn of_ten_endings_at_once_one_wins(table: Table) {
    an_object(&table, 1, 10).await;
    let settled = at_once((0..10).map(|n| {
        let ledger = table.ledger.clone();
        let resolution = if n % 2 == 0 { completed(n) } else { failed(n) };
        async move { ledger.settle(&object(1), &resolution, false, at(n)).await.unwrap() }
    }))
    .await;
    let winner = settled.iter().find(|one| one.first).unwrap().clone();
    assert_eq!(settled.iter().filter(|one| one.first).count(), 1);
    assert!(settled.iter().all(|one| one.resolution == winner.resolution), "{settled:?}");
    let kept = if winner.resolution.ending == Ending::Completed { 10 } else { 0 };
    assert_eq!(table.used_bytes().await, Some(kept));
    assert_eq!(table.number(&object(1), "reserved_bytes").await, Some(kept));
}

pub(crate) async fn no_more_is_given_back_than_the_row_holds_at_the_end(table: Table) {
    an_object(&table, 1, 30).await;
    let proxy = Proxy::start(table.endpoint()).await;
    proxy.next("TransactWriteItems", Disturbance::Delay(Duration::from_millis(500)));
    let ledger = table.through(&proxy);
    let settled = tokio::spawn(async move { ledger.settle(&object(1), &failed(5), false, at(5)).await.unwrap() });
    while proxy.disturbances_left() > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // Behind the look at the row, before the write.
    table.put(&object(1), [("state", s("decided")), ("reserved_bytes", n(20))]).await;
    assert!(settled.await.unwrap().first);
    assert_eq!(table.used_bytes().await, Some(10));
}

pub(crate) async fn an_object_without_a_row_has_an_end_too(table: Table) {
    // A redrive after the row has expired.
    let settled = table.ledger.settle(&object(1), &failed(5), false, at(5)).await.unwrap();
    assert_eq!(settled, Settled { resolution: failed(5), quota: QuotaState::None, first: true });
    assert_eq!(table.row(&object(1)).await["state"], s("done"));
    assert_eq!(table.used_bytes().await, None);
}
