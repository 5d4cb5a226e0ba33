//! Letting an object go.

use ledger::{Lease, Prepared, Release};

use crate::table::{LEASE, Table, at, object, released};

pub(crate) async fn released_object_is_free_at_once_and_keeps_what_was_known(table: Table) {
    let object = object(1);
    let lease = table.lease_at(&object, 0).await;
    assert_eq!(table.ledger.prepare(&lease, r#"{"boundary":"b"}"#, 10, 100).await.unwrap(), Prepared::Ready);
    let release = Release {
        fault: "CXone answered 503".to_owned(),
        history: r#"{"stored":"maybe"}"#.to_owned(),
        known: Some(r#"{"size":1}"#.to_owned()),
    };
    assert!(table.ledger.release(&lease, &release).await.unwrap());
    let next = table.lease_at(&object, 1).await;
    let expected = Lease {
        identity: object.clone(),
        attempt: 2,
        first_seen: at(0),
        crashes: 0,
        reserved_bytes: 10,
        request: Some(r#"{"boundary":"b"}"#.to_owned()),
        history: Some(release.history),
        last_fault: Some(release.fault),
        known: release.known,
    };
    assert_eq!(next, expected);
}

pub(crate) async fn release_without_knowledge_keeps_what_an_earlier_run_knew(table: Table) {
    let object = object(1);
    let known = Some(r#"{"size":1}"#.to_owned());
    for (release, expected) in [
        (released("first"), None),
        (Release { known: known.clone(), ..released("second") }, known.clone()),
        (released("third"), known.clone()),
    ] {
        let lease = table.lease_at(&object, 0).await;
        assert!(table.ledger.release(&lease, &release).await.unwrap());
        let next = table.lease_at(&object, 0).await;
        assert_eq!((next.last_fault.as_ref(), &next.known), (Some(&release.fault), &expected));
        assert!(table.ledger.postpone(&next).await.unwrap());
    }
}

pub(crate) async fn crashes_count_in_a_row_since_the_last_release(table: Table) {
    let object = object(1);
    let mut crashes = Vec::new();
    for (run, releases) in [false, true, true, false, false, true, false].into_iter().enumerate() {
        let lease = table.lease_at(&object, i64::try_from(run).unwrap() * 1_000).await;
        crashes.push(lease.crashes);
        if releases {
            assert!(table.ledger.release(&lease, &released("throttled")).await.unwrap());
        }
    }
    assert_eq!(crashes, [0, 1, 0, 0, 1, 2, 0]);
}

pub(crate) async fn second_release_of_a_claim_changes_nothing(table: Table) {
    let object = object(1);
    let lease = table.lease_at(&object, 0).await;
    assert!(table.ledger.release(&lease, &released("first")).await.unwrap());
    let row = table.row(&object).await;
    assert!(!table.ledger.release(&lease, &released("second")).await.unwrap());
    assert!(!table.ledger.postpone(&lease).await.unwrap());
    assert_eq!(table.row(&object).await, row);
    assert_eq!(table.lease_at(&object, 0).await.last_fault.as_deref(), Some("first"));
}

pub(crate) async fn long_fault_is_cut(table: Table) {
    let object = object(1);
    let lease = table.lease_at(&object, 0).await;
    assert!(table.ledger.release(&lease, &released(&"é".repeat(100_000))).await.unwrap());
    assert_eq!(table.lease_at(&object, 0).await.last_fault, Some("é".repeat(256)));
}

pub(crate) async fn postpone_frees_the_lease_and_keeps_the_count_of_crashes(table: Table) {
    let object = object(1);
    let mut now = 0;
    let mut crashes = Vec::new();
    // What each run does, and whether the next one must wait for the lease to expire.
    for (end, expires) in [("postpones", false), ("crashes", true), ("crashes", true), ("postpones", false)]
        .into_iter()
        .chain([("postpones", false), ("crashes", true), ("releases", false), ("postpones", false), ("crashes", true)])
    {
        let lease = table.lease_at(&object, now).await;
        crashes.push(lease.crashes);
        match end {
            "postpones" => assert!(table.ledger.postpone(&lease).await.unwrap()),
            "releases" => assert!(table.ledger.release(&lease, &released("throttled")).await.unwrap()),
            _ => {}
        }
        now += if expires { LEASE + 2 } else { 0 };
    }
    assert_eq!(crashes, [0, 0, 1, 2, 2, 2, 3, 0, 0]);
    assert_eq!(table.lease_at(&object, now).await.crashes, 1);
}

pub(crate) async fn postpone_changes_nothing_else(table: Table) {
    let object = object(1);
    let lease = table.lease_at(&object, 0).await;
    assert_eq!(table.ledger.prepare(&lease, "{}", 10, 100).await.unwrap(), Prepared::Ready);
    let release = Release { history: "{}".to_owned(), known: Some("{}".to_owned()), ..released("throttled") };
    assert!(table.ledger.release(&lease, &release).await.unwrap());
    let before = table.lease_at(&object, 0).await;
    assert!(table.ledger.postpone(&before).await.unwrap());
    let after = table.lease_at(&object, 0).await;
    assert_eq!(after, Lease { attempt: before.attempt + 1, ..before });
}
