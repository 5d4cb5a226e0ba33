//! Claims.

use ledger::{Claim, Found, Lease, LedgerError, RETENTION_DAYS};

use crate::table::{LEASE, START, Table, at, at_once, claiming, decided, mine, object, s, settle};

pub(crate) async fn first_claim_of_an_object_gets_a_lease(table: Table) {
    let object = object(1);
    let lease = table.lease_at(&object, 0).await;
    let expected = Lease {
        identity: object.clone(),
        attempt: 1,
        first_seen: at(0),
        crashes: 0,
        crashed_run: None,
        reserved_bytes: 0,
        request: None,
        history: None,
        last_fault: None,
        known: None,
    };
    assert_eq!(lease, expected);
    assert_eq!(table.row(&object).await["state"], s("claimed"));
    assert_eq!(table.number(&object, "attempts").await, Some(1));
    assert_eq!(table.number(&object, "expires_at").await, Some(START + RETENTION_DAYS * 86_400));
}

pub(crate) async fn claim_during_another_lease_returns_its_end(table: Table) {
    let object = object(1);
    table.lease_at(&object, 0).await;
    // Times in the table are whole seconds; the lease lasts to the end of its last one.
    for seconds in [0, 1, LEASE, LEASE + 1] {
        let Claim::Leased { until } = table.claim_at(&object, seconds).await else {
            panic!("claimed after {seconds} s")
        };
        assert_eq!(until, at(LEASE + 1));
    }
    assert_eq!(table.number(&object, "attempts").await, Some(1));
}

pub(crate) async fn claim_after_an_expired_lease_counts_a_crash(table: Table) {
    let object = object(1);
    table.lease_at(&object, 0).await;
    let lease = table.lease_at(&object, LEASE + 2).await;
    assert_eq!((lease.attempt, lease.crashes, lease.first_seen), (2, 1, at(0)));
    let expires = START + LEASE + 2 + RETENTION_DAYS * 86_400;
    assert_eq!(table.number(&object, "expires_at").await, Some(expires), "each claim extends the row's time to live");
}

pub(crate) async fn one_of_twenty_concurrent_claims_wins(table: Table) {
    let claims = at_once((0..20).map(|_| {
        let table = table.clone();
        async move { table.claim_at(&object(1), 0).await }
    }));
    let (won, lost): (Vec<_>, Vec<_>) = claims.await.into_iter().partition(|claim| matches!(claim, Claim::Mine(_)));
    assert_eq!((won.len(), lost.len()), (1, 19));
    assert!(lost.iter().all(|claim| matches!(claim, Claim::Leased { .. })), "{lost:?}");
    assert_eq!(table.number(&object(1), "attempts").await, Some(1));
}

pub(crate) async fn claim_of_a_decided_object_returns_the_decision(table: Table) {
    let object = object(1);
    let lease = table.lease_at(&object, 0).await;
    table.ledger.decide(&lease, decided("a"), Found::default()).await.unwrap();
    let row = table.row(&object).await;
    // During the lease, and long after it.
    for seconds in [0, 10 * LEASE] {
        let Claim::Decided(found) = table.claim_at(&object, seconds).await else { panic!("after {seconds} s") };
        assert_eq!(found, decided("a"));
    }
    assert_eq!(table.row(&object).await, row, "a claim of a decided object writes nothing");
}

pub(crate) async fn claim_of_a_done_object_changes_nothing(table: Table) {
    let object = object(1);
    let lease = table.lease_at(&object, 0).await;
    table.ledger.decide(&lease, decided("a"), Found::default()).await.unwrap();
    settle(&table.ledger, &object, &crate::settle::completed(5), false, at(5)).await.unwrap();
    let row = table.row(&object).await;
    for seconds in [0, 10 * LEASE] {
        let claim = table.claim_at(&object, seconds).await;
        assert!(matches!(claim, Claim::Done), "{claim:?}");
    }
    assert_eq!(table.row(&object).await, row);
    // Other objects can still be claimed.
    assert_eq!(mine(table.claim_at(&crate::table::object(2), 0).await).attempt, 1);
}

pub(crate) async fn missing_table_is_unavailable(table: Table) {
    let client = stack::Clients::new(table.endpoint()).dynamodb;
    let error = ledger::Ledger::new(client, "no-such-table".to_owned())
        .claim(claiming(&object(1), at(0), at(1), "run"))
        .await
        .unwrap_err();
    assert!(matches!(error, LedgerError::Unavailable { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.starts_with("the ledger did not claim the object: ") && text.contains("ResourceNotFound"), "{text}");
}
