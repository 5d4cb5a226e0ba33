//! A run whose object is no longer its own.

use ledger::{DecisionWrite, Lease, Prepared};

use crate::table::{LEASE, Table, at, decided, object, released, s, settle};

/// That the lease prepares nothing and is not let go again, with and without a quota.
async fn assert_lost(table: &Table, lease: &Lease) {
    for limit in [0, 100] {
        assert_eq!(table.ledger.prepare(lease, "{}", 10, limit).await.unwrap(), Prepared::Lost, "limit {limit}");
    }
    assert!(!table.ledger.release(lease, &released("late")).await.unwrap());
    assert!(!table.ledger.postpone(lease).await.unwrap());
}

pub(crate) async fn a_run_that_lost_its_lease_changes_nothing(table: Table) {
    let object = object(1);
    let lost = table.lease_at(&object, 0).await;
    let holder = table.lease_at(&object, LEASE + 2).await;
    let row = table.row(&object).await;
    assert_eq!(table.ledger.decide(&lost, decided("lost")).await.unwrap(), DecisionWrite::Lost);
    assert_lost(&table, &lost).await;
    assert_eq!(table.row(&object).await, row);
    assert_eq!(table.used_bytes().await, None);
    // The holder is not hindered.
    assert_eq!(table.ledger.prepare(&holder, "held", 10, 100).await.unwrap(), Prepared::Ready);
    assert_lost(&table, &lost).await;
    assert_eq!(table.row(&object).await["request"], s("held"));
    assert_eq!(table.used_bytes().await, Some(10));
    assert_eq!(table.ledger.decide(&holder, decided("held")).await.unwrap(), DecisionWrite::Start(decided("held")));
}

pub(crate) async fn after_the_decision_nothing_is_released_or_prepared(table: Table) {
    let object = object(1);
    let lost = table.lease_at(&object, 0).await;
    let holder = table.lease_at(&object, LEASE + 2).await;
    table.ledger.decide(&holder, decided("held")).await.unwrap();
    let row = table.row(&object).await;
    for lease in [&lost, &holder] {
        assert_lost(&table, lease).await;
    }
    assert_eq!(table.row(&object).await, row);
    assert_eq!(table.used_bytes().await, None);
}

pub(crate) async fn after_the_end_nothing_is_decided(table: Table) {
    let object = object(1);
    let lost = table.lease_at(&object, 0).await;
    let holder = table.lease_at(&object, LEASE + 2).await;
    table.ledger.decide(&holder, decided("a")).await.unwrap();
    settle(&table.ledger, &object, &crate::settle::completed(5), false, at(5)).await.unwrap();
    let row = table.row(&object).await;
    for lease in [&lost, &holder] {
        assert_eq!(table.ledger.decide(lease, decided("late")).await.unwrap(), DecisionWrite::Done);
        assert_lost(&table, lease).await;
    }
    assert_eq!(table.row(&object).await, row);
}
