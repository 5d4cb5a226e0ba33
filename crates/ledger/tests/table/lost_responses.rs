//! Writes whose response is lost, so that the SDK repeats them.

use attachments::{
    Reason, ReasonCode,
    workflow::{Ending, Resolution},
};
use ledger::{DecisionWrite, Found, Prepared, Release};

use crate::{
    proxy::{Disturbance, Proxy},
    table::{LEASE, Table, at, claiming, decided, mine, object, released, s, settle},
};

async fn proxy_that_loses(table: &Table, operation: &'static str) -> Proxy {
    let proxy = Proxy::start(table.endpoint()).await;
    proxy.disturb(operation, Disturbance::LoseResponse);
    proxy
}

pub(crate) async fn claim_whose_response_is_lost_counts_once(table: Table) {
    let proxy = proxy_that_loses(&table, "UpdateItem").await;
    let lease = mine(table.through(&proxy).claim(claiming(&object(1), at(0), at(LEASE), "run at 0")).await.unwrap());
    assert_eq!(proxy.disturbances_left(), 0);
    assert_eq!((lease.attempt, lease.crashes), (1, 0));
    assert_eq!(table.number(&object(1), "attempts").await, Some(1));
}

pub(crate) async fn release_whose_response_is_lost_counts_once(table: Table) {
    let lease = table.lease_at(&object(1), 0).await;
    let proxy = proxy_that_loses(&table, "UpdateItem").await;
    let release = Release { history: "{}".to_owned(), ..released("throttled") };
    table.through(&proxy).release(&lease, &release).await.unwrap();
    assert_eq!(proxy.disturbances_left(), 0);
    assert_eq!(table.number(&object(1), "released").await, Some(1));
    let lease = table.lease_at(&object(1), 0).await;
    assert_eq!((lease.crashes, lease.history.as_deref()), (0, Some("{}")));
}

pub(crate) async fn postponement_whose_response_is_lost_counts_once(table: Table) {
    table.lease_at(&object(1), 0).await;
    let lease = table.lease_at(&object(1), LEASE + 2).await;
    let proxy = proxy_that_loses(&table, "UpdateItem").await;
    table.through(&proxy).postpone(&lease).await.unwrap();
    assert_eq!(proxy.disturbances_left(), 0);
    assert_eq!(table.lease_at(&object(1), LEASE + 2).await.crashes, 1);
}

pub(crate) async fn request_whose_response_is_lost_is_written(table: Table) {
    let lease = table.lease_at(&object(1), 0).await;
    let proxy = proxy_that_loses(&table, "UpdateItem").await;
    assert_eq!(table.through(&proxy).prepare(&lease, "{}", 7, 0).await.unwrap(), Prepared::Ready);
    assert_eq!(proxy.disturbances_left(), 0);
    assert_eq!(table.row(&object(1)).await["request"], s("{}"));
}

pub(crate) async fn decision_whose_response_is_lost_is_written(table: Table) {
    let lease = table.lease_at(&object(1), 0).await;
    let proxy = proxy_that_loses(&table, "UpdateItem").await;
    let written = table.through(&proxy).decide(&lease, decided("a"), Found::default()).await.unwrap();
    assert_eq!(proxy.disturbances_left(), 0);
    assert_eq!(written, DecisionWrite::Start(decided("a")));
}

pub(crate) async fn reservation_whose_response_is_lost_counts_once(table: Table) {
    let lease = table.lease_at(&object(1), 0).await;
    let proxy = proxy_that_loses(&table, "TransactWriteItems").await;
    assert_eq!(table.through(&proxy).prepare(&lease, "{}", 7, 10).await.unwrap(), Prepared::Ready);
    assert_eq!(proxy.disturbances_left(), 0);
    assert_eq!(table.row(&object(1)).await["request"], s("{}"));
    assert_eq!(table.used_bytes().await, Some(7));
}

pub(crate) async fn refund_whose_response_is_lost_counts_once(table: Table) {
    let lease = table.lease_at(&object(1), 0).await;
    table.ledger.prepare(&lease, "{}", 7, 10).await.unwrap();
    table.ledger.decide(&lease, decided("a"), Found::default()).await.unwrap();
    let failed = Resolution { ending: Ending::Failed(Reason::new(ReasonCode::JobFailed, "virus")), at: at(5) };
    let proxy = proxy_that_loses(&table, "TransactWriteItems").await;
    let settled = settle(&table.through(&proxy), &object(1), &failed, false, at(5)).await.unwrap();
    assert_eq!(proxy.disturbances_left(), 0);
    assert_eq!(settled.resolution, failed);
    assert_eq!(table.used_bytes().await, Some(0));
}

pub(crate) async fn outcome_whose_response_is_lost_is_written(table: Table) {
    let lease = table.lease_at(&object(1), 0).await;
    table.ledger.decide(&lease, decided("a"), Found::default()).await.unwrap();
    let completed = crate::settle::completed(5);
    let proxy = proxy_that_loses(&table, "UpdateItem").await;
    let settled = settle(&table.through(&proxy), &object(1), &completed, false, at(5)).await.unwrap();
    assert_eq!(proxy.disturbances_left(), 0);
    assert_eq!(settled.resolution, completed);
}
