//! DynamoDB did what was asked, the response was lost, and the SDK asked again.

use attachments::{
    Reason, ReasonCode,
    workflow::{Ending, Resolution},
};
use ledger::{DecisionWrite, Prepared, Release};

use crate::{
    proxy::{Disturbance, Proxy},
    table::{LEASE, Table, at, decided, mine, object, released, s, settle},
};

async fn losing(table: &Table, operation: &'static str) -> Proxy {
    let proxy = Proxy::start(table.endpoint()).await;
    proxy.next(operation, Disturbance::LoseAnswer);
    proxy
}

pub(crate) async fn a_claim_is_made_once(table: Table) {
    let proxy = losing(&table, "UpdateItem").await;
    let lease = mine(table.through(&proxy).claim(&object(1), at(0), at(LEASE), "run at 0").await.unwrap());
    assert_eq!(proxy.disturbances_left(), 0);
    assert_eq!((lease.attempt, lease.crashes), (1, 0));
    assert_eq!(table.number(&object(1), "attempts").await, Some(1));
}

pub(crate) async fn a_claim_is_released_once(table: Table) {
    let lease = table.lease_at(&object(1), 0).await;
    let proxy = losing(&table, "UpdateItem").await;
    let release = Release { history: "{}".to_owned(), ..released("throttled") };
    table.through(&proxy).release(&lease, &release).await.unwrap();
    assert_eq!(proxy.disturbances_left(), 0);
    assert_eq!(table.number(&object(1), "released").await, Some(1));
    let lease = table.lease_at(&object(1), 0).await;
    assert_eq!((lease.crashes, lease.history.as_deref()), (0, Some("{}")));
}

pub(crate) async fn a_claim_is_postponed_once(table: Table) {
    table.lease_at(&object(1), 0).await;
    let lease = table.lease_at(&object(1), LEASE + 2).await;
    let proxy = losing(&table, "UpdateItem").await;
    table.through(&proxy).postpone(&lease).await.unwrap();
    assert_eq!(proxy.disturbances_left(), 0);
    assert_eq!(table.lease_at(&object(1), LEASE + 2).await.crashes, 1);
}

pub(crate) async fn a_request_is_written_once(table: Table) {
    let lease = table.lease_at(&object(1), 0).await;
    let proxy = losing(&table, "UpdateItem").await;
    assert_eq!(table.through(&proxy).prepare(&lease, "{}", 7, 0).await.unwrap(), Prepared::Ready);
    assert_eq!(proxy.disturbances_left(), 0);
    assert_eq!(table.row(&object(1)).await["request"], s("{}"));
}

pub(crate) async fn a_decision_is_taken_once(table: Table) {
    let lease = table.lease_at(&object(1), 0).await;
    let proxy = losing(&table, "UpdateItem").await;
    let verdict = table.through(&proxy).decide(&lease, decided("a")).await.unwrap();
    assert_eq!(proxy.disturbances_left(), 0);
    assert_eq!(verdict, DecisionWrite::Start(decided("a")));
}

pub(crate) async fn bytes_are_reserved_once(table: Table) {
    let lease = table.lease_at(&object(1), 0).await;
    let proxy = losing(&table, "TransactWriteItems").await;
    assert_eq!(table.through(&proxy).prepare(&lease, "{}", 7, 10).await.unwrap(), Prepared::Ready);
    assert_eq!(proxy.disturbances_left(), 0);
    assert_eq!(table.row(&object(1)).await["request"], s("{}"));
    assert_eq!(table.used_bytes().await, Some(7));
}

pub(crate) async fn bytes_are_refunded_once(table: Table) {
    let lease = table.lease_at(&object(1), 0).await;
    table.ledger.prepare(&lease, "{}", 7, 10).await.unwrap();
    table.ledger.decide(&lease, decided("a")).await.unwrap();
    let failed = Resolution { ending: Ending::Failed(Reason::new(ReasonCode::JobFailed, "virus")), at: at(5) };
    let proxy = losing(&table, "TransactWriteItems").await;
    let settled = settle(&table.through(&proxy), &object(1), &failed, false, at(5)).await.unwrap();
    assert_eq!(proxy.disturbances_left(), 0);
    assert_eq!(settled.resolution, failed);
    assert_eq!(table.used_bytes().await, Some(0));
}

pub(crate) async fn a_plain_ending_is_written_once(table: Table) {
    let lease = table.lease_at(&object(1), 0).await;
    table.ledger.decide(&lease, decided("a")).await.unwrap();
    let completed = crate::settle::completed(5);
    let proxy = losing(&table, "UpdateItem").await;
    let settled = settle(&table.through(&proxy), &object(1), &completed, false, at(5)).await.unwrap();
    assert_eq!(proxy.disturbances_left(), 0);
    assert_eq!(settled.resolution, completed);
}
