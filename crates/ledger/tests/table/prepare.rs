//! The upload request that every attempt repeats.

use ledger::Prepared::{QuotaExceeded, Ready};

use crate::{
    proxy::Proxy,
    table::{LEASE, Table, object, released, s},
};

const REQUEST: &str = "{ \"boundary\" : \"cxone-0\", \"tags\": {\"ä\\u0000\":\"日本\\n\"} } ";

pub(crate) async fn request_is_written_once_and_kept_after_releases_and_crashes(table: Table) {
    let object = object(1);
    let lease = table.lease_at(&object, 0).await;
    assert_eq!(lease.request, None);
    assert_eq!(table.ledger.prepare(&lease, REQUEST, 10, 0).await.unwrap(), Ready);
    assert!(table.ledger.release(&lease, &released("throttled")).await.unwrap());
    let crashed = table.lease_at(&object, 1).await;
    assert_eq!(crashed.request.as_deref(), Some(REQUEST));
    let next = table.lease_at(&object, LEASE + 3).await;
    assert_eq!((next.request.as_deref(), next.crashes), (Some(REQUEST), 1));
    assert_eq!(table.ledger.prepare(&next, "another", 10, 0).await.unwrap(), Ready);
    assert_eq!(table.row(&object).await["request"], s(REQUEST));
}

pub(crate) async fn request_without_quota_costs_one_plain_update(table: Table) {
    let lease = table.lease_at(&object(1), 0).await;
    let proxy = Proxy::start(table.endpoint()).await;
    assert_eq!(table.through(&proxy).prepare(&lease, REQUEST, 10, 0).await.unwrap(), Ready);
    assert_eq!(proxy.calls(), ["UpdateItem"]);
    assert_eq!(table.row(&object(1)).await["request"], s(REQUEST));
    assert_eq!((table.used_bytes().await, table.number(&object(1), "reserved_bytes").await), (None, None));
}

pub(crate) async fn request_of_an_earlier_run_needs_no_write(table: Table) {
    for (number, limit) in [(1, 0), (2, 100)] {
        let object = object(number);
        let lease = table.lease_at(&object, 0).await;
        assert_eq!(table.ledger.prepare(&lease, REQUEST, 10, limit).await.unwrap(), Ready);
        assert!(table.ledger.release(&lease, &released("throttled")).await.unwrap());
        let lease = table.lease_at(&object, 1).await;
        let proxy = Proxy::start(table.endpoint()).await;
        assert_eq!(table.through(&proxy).prepare(&lease, REQUEST, 10, limit).await.unwrap(), Ready);
        assert_eq!(proxy.calls(), [""; 0], "limit {limit}");
    }
}

pub(crate) async fn request_and_bytes_are_written_in_one_transaction(table: Table) {
    let leases = [table.lease_at(&object(1), 0).await, table.lease_at(&object(2), 0).await];
    let proxy = Proxy::start(table.endpoint()).await;
    let ledger = table.through(&proxy);
    assert_eq!(ledger.prepare(&leases[0], REQUEST, 100, 100).await.unwrap(), Ready);
    assert_eq!(ledger.prepare(&leases[1], REQUEST, 1, 100).await.unwrap(), QuotaExceeded);
    assert_eq!(proxy.calls(), ["TransactWriteItems"; 2]);
    assert_eq!(table.row(&object(1)).await["request"], s(REQUEST));
    assert_eq!(table.number(&object(1), "reserved_bytes").await, Some(100));
    assert!(!table.row(&object(2)).await.contains_key("request"));
    assert_eq!(table.used_bytes().await, Some(100));
}

pub(crate) async fn request_is_kept_if_a_quota_is_set_later(table: Table) {
    let object = object(1);
    let lease = table.lease_at(&object, 0).await;
    assert_eq!(table.ledger.prepare(&lease, REQUEST, 10, 0).await.unwrap(), Ready);
    assert!(table.ledger.release(&lease, &released("throttled")).await.unwrap());
    let lease = table.lease_at(&object, 1).await;
    assert_eq!(table.ledger.prepare(&lease, "another", 10, 100).await.unwrap(), Ready);
    assert_eq!(table.row(&object).await["request"], s(REQUEST));
    assert_eq!((table.used_bytes().await, table.number(&object, "reserved_bytes").await), (Some(10), Some(10)));
}
