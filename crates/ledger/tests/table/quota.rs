//! Reservations in the quota.

use ledger::Prepared::{QuotaExceeded, Ready};

use crate::{
    proxy::{Disturbance, Proxy},
    table::{Table, at_once, object, released},
};

pub(crate) async fn bytes_are_reserved_once_per_object(table: Table) {
    let object = object(1);
    let lease = table.lease_at(&object, 0).await;
    for _ in 0..2 {
        assert_eq!(table.ledger.prepare(&lease, "{}", 30, 100).await.unwrap(), Ready);
        assert_eq!(table.used_bytes().await, Some(30));
    }
    assert!(table.ledger.release(&lease, &released("throttled")).await.unwrap());
    let next = table.lease_at(&object, 1).await;
    assert_eq!(next.reserved_bytes, 30);
    assert_eq!(table.ledger.prepare(&next, "{}", 30, 100).await.unwrap(), Ready);
    assert_eq!(table.used_bytes().await, Some(30));
    assert_eq!(table.number(&object, "reserved_bytes").await, Some(30));
}

pub(crate) async fn quota_has_room_for_its_last_byte_and_no_more(table: Table) {
    let leases = [table.lease_at(&object(1), 0).await, table.lease_at(&object(2), 0).await];
    assert_eq!(table.ledger.prepare(&leases[0], "{}", 100, 100).await.unwrap(), Ready);
    let row = table.row(&object(2)).await;
    assert_eq!(table.ledger.prepare(&leases[1], "{}", 1, 100).await.unwrap(), QuotaExceeded);
    assert_eq!(table.row(&object(2)).await, row);
    assert_eq!(table.used_bytes().await, Some(100));
    assert_eq!(table.ledger.prepare(&leases[1], "{}", 1, 101).await.unwrap(), Ready);
    assert_eq!(table.used_bytes().await, Some(101));
}

pub(crate) async fn object_larger_than_the_quota_exceeds_it(table: Table) {
    let lease = table.lease_at(&object(1), 0).await;
    assert_eq!(table.ledger.prepare(&lease, "{}", 101, 100).await.unwrap(), QuotaExceeded);
    assert_eq!((table.used_bytes().await, table.number(&object(1), "reserved_bytes").await), (None, None));
    assert!(!table.row(&object(1)).await.contains_key("request"));
}

pub(crate) async fn reservation_above_a_lowered_limit_is_refused(table: Table) {
    let leases = [table.lease_at(&object(1), 0).await, table.lease_at(&object(2), 0).await];
    assert_eq!(table.ledger.prepare(&leases[0], "{}", 80, 100).await.unwrap(), Ready);
    assert_eq!(table.ledger.prepare(&leases[1], "{}", 10, 50).await.unwrap(), QuotaExceeded);
    assert_eq!(table.used_bytes().await, Some(80));
    assert_eq!(table.number(&object(2), "reserved_bytes").await, None);
    assert!(!table.row(&object(2)).await.contains_key("request"));
}

pub(crate) async fn ten_of_forty_concurrent_reservations_fit(table: Table) {
    let mut leases = Vec::new();
    for n in 0..40 {
        leases.push(table.lease_at(&object(n), 0).await);
    }
    let reserved = at_once(leases.into_iter().map(|lease| {
        let ledger = table.ledger.clone();
        async move { ledger.prepare(&lease, "{}", 7, 76).await.unwrap() }
    }))
    .await;
    let won = reserved.iter().filter(|one| **one == Ready).count();
    let refused = reserved.iter().filter(|one| **one == QuotaExceeded).count();
    assert_eq!((won, refused), (10, 30));
    assert_eq!(table.used_bytes().await, Some(70));
    let mut sum = 0;
    for n in 0..40 {
        sum += table.number(&object(n), "reserved_bytes").await.unwrap_or(0);
    }
    assert_eq!(sum, 70, "the quota must count what the objects have reserved");
}

pub(crate) async fn conflict_is_retried(table: Table) {
    let lease = table.lease_at(&object(1), 0).await;
    let proxy = Proxy::start(table.endpoint()).await;
    for codes in [["TransactionConflict", "None"], ["None", "TransactionConflict"], ["None", "ThrottlingError"]] {
        proxy.disturb("TransactWriteItems", Disturbance::Cancel(codes));
    }
    assert_eq!(table.through(&proxy).prepare(&lease, "{}", 7, 7).await.unwrap(), Ready);
    assert_eq!(proxy.disturbances_left(), 0);
    assert_eq!(table.used_bytes().await, Some(7));
}
