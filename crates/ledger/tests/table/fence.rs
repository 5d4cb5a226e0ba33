//! A run whose object is no longer its own.

use ledger::{Reservation, Verdict};

use crate::table::{LEASE, Table, at, decided, object};

pub(crate) async fn a_run_that_lost_its_lease_changes_nothing(table: Table) {
    let object = object(1);
    let lost = table.lease_at(&object, 0).await;
    let holder = table.lease_at(&object, LEASE + 2).await;
    let row = table.row(&object).await;
    assert_eq!(table.ledger.decide(&lost, decided("lost")).await.unwrap(), Verdict::Lost);
    assert!(!table.ledger.give_back(&lost, "lost").await.unwrap());
    assert_eq!(table.ledger.reserve(&lost, 10, 100).await.unwrap(), Reservation::Lost);
    assert_eq!(table.row(&object).await, row);
    assert_eq!(table.used_bytes().await, None);
    // The holder is not hindered.
    assert_eq!(table.ledger.reserve(&holder, 10, 100).await.unwrap(), Reservation::Reserved);
    assert_eq!(table.ledger.reserve(&lost, 10, 100).await.unwrap(), Reservation::Lost);
    assert_eq!(table.used_bytes().await, Some(10));
    assert_eq!(table.ledger.decide(&holder, decided("held")).await.unwrap(), Verdict::Start(decided("held")));
}

pub(crate) async fn after_the_decision_nothing_is_given_back_or_reserved(table: Table) {
    let object = object(1);
    let lost = table.lease_at(&object, 0).await;
    let holder = table.lease_at(&object, LEASE + 2).await;
    table.ledger.decide(&holder, decided("held")).await.unwrap();
    let row = table.row(&object).await;
    for lease in [&lost, &holder] {
        assert!(!table.ledger.give_back(lease, "late").await.unwrap());
        assert_eq!(table.ledger.reserve(lease, 10, 100).await.unwrap(), Reservation::Lost);
    }
    assert_eq!(table.row(&object).await, row);
    assert_eq!(table.used_bytes().await, None);
}

pub(crate) async fn after_the_end_nothing_is_decided(table: Table) {
    let object = object(1);
    let lost = table.lease_at(&object, 0).await;
    let holder = table.lease_at(&object, LEASE + 2).await;
    table.ledger.decide(&holder, decided("held")).await.unwrap();
    table.ledger.settle(&object, &crate::settle::completed(5), false, at(5)).await.unwrap();
    let row = table.row(&object).await;
    for lease in [&lost, &holder] {
        assert_eq!(table.ledger.decide(lease, decided("late")).await.unwrap(), Verdict::Done);
        assert!(!table.ledger.give_back(lease, "late").await.unwrap());
        assert_eq!(table.ledger.reserve(lease, 10, 100).await.unwrap(), Reservation::Lost);
    }
    assert_eq!(table.row(&object).await, row);
}
