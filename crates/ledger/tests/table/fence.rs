//! Writes of a run that has lost its lease.

use ledger::{DecisionWrite, Found, Lease, Prepared};

use crate::table::{LEASE, Table, at, decided, object, released, s, settle};

/// Asserts that the lease can neither prepare an upload, with and without a quota, nor be released.
async fn assert_lost(table: &Table, lease: &Lease) {
    for limit in [0, 100] {
        assert_eq!(table.ledger.prepare(lease, "{}", 10, limit).await.unwrap(), Prepared::Lost, "limit {limit}");
    }
    assert!(!table.ledger.release(lease, &released("late")).await.unwrap());
    assert!(!table.ledger.postpone(lease).await.unwrap());
}

pub(crate) async fn run_without_its_lease_changes_nothing(table: Table) {
    let object = object(1);
    let lost = table.lease_at(&object, 0).await;
    let holder = table.lease_at(&object, LEASE + 2).await;
    let row = table.row(&object).await;
    assert_eq!(table.ledger.decide(&lost, decided("lost"), Found::default()).await.unwrap(), DecisionWrite::Lost);
    assert_lost(&table, &lost).await;
    assert_eq!(table.row(&object).await, row);
    assert_eq!(table.used_bytes().await, None);
    // The run that holds the lease is not affected.
    assert_eq!(table.ledger.prepare(&holder, "held", 10, 100).await.unwrap(), Prepared::Ready);
    assert_lost(&table, &lost).await;
    assert_eq!(table.row(&object).await["request"], s("held"));
    assert_eq!(table.used_bytes().await, Some(10));
    assert_eq!(
        table.ledger.decide(&holder, decided("held"), Found::default()).await.unwrap(),
        DecisionWrite::Start(decided("held"))
    );
}

pub(crate) async fn decided_object_is_neither_released_nor_prepared(table: Table) {
    let object = object(1);
    let lost = table.lease_at(&object, 0).await;
    let holder = table.lease_at(&object, LEASE + 2).await;
    table.ledger.decide(&holder, decided("held"), Found::default()).await.unwrap();
    let row = table.row(&object).await;
    for lease in [&lost, &holder] {
        assert_lost(&table, lease).await;
    }
    assert_eq!(table.row(&object).await, row);
    assert_eq!(table.used_bytes().await, None);
}

pub(crate) async fn done_object_is_not_decided_again(table: Table) {
    let object = object(1);
    let lost = table.lease_at(&object, 0).await;
    let holder = table.lease_at(&object, LEASE + 2).await;
    table.ledger.decide(&holder, decided("a"), Found::default()).await.unwrap();
    settle(&table.ledger, &object, &crate::settle::completed(5), false, at(5)).await.unwrap();
    let row = table.row(&object).await;
    for lease in [&lost, &holder] {
        assert_eq!(table.ledger.decide(lease, decided("late"), Found::default()).await.unwrap(), DecisionWrite::Done);
        assert_lost(&table, lease).await;
    }
    assert_eq!(table.row(&object).await, row);
}
