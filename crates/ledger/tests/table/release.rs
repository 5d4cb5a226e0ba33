//! Releases.

use ledger::{Lease, Prepared, Release};

use crate::table::{LEASE, Table, at, object, released};

pub(crate) async fn released_object_can_be_claimed_at_once_with_all_stored_facts(table: Table) {
    let object = object(1);
    let lease = table.lease_at(&object, 0).await;
    assert_eq!(table.ledger.prepare(&lease, r#"{"boundary":"b"}"#, 10, 100).await.unwrap(), Prepared::Ready);
    let release = Release {
        fault: "CXone answered 503".to_owned(),
        retry_at: at(60),
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
        crashed_run: None,
        reserved_bytes: 10,
        request: Some(r#"{"boundary":"b"}"#.to_owned()),
        history: Some(release.history),
        last_fault: Some(release.fault),
        known: release.known,
    };
    assert_eq!(next, expected);
}

pub(crate) async fn release_without_known_facts_keeps_those_of_an_earlier_run(table: Table) {
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
    let mut runs = Vec::new();
    for (run, releases) in [false, true, true, false, false, true, false].into_iter().enumerate() {
        let lease = table.lease_at(&object, i64::try_from(run).unwrap() * 1_000).await;
        crashes.push(lease.crashes);
        runs.push(lease.crashed_run.clone());
        if releases {
            assert!(table.ledger.release(&lease, &released("throttled")).await.unwrap());
        }
    }
    assert_eq!(crashes, [0, 1, 0, 0, 1, 2, 0]);
    let names = |times: &[Option<u32>]| times.iter().map(|at| at.map(|at| format!("run at {at}"))).collect::<Vec<_>>();
    assert_eq!(runs, names(&[None, Some(0), None, None, Some(3000), Some(4000), None]));
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

pub(crate) async fn long_fault_is_shortened(table: Table) {
    let object = object(1);
    let lease = table.lease_at(&object, 0).await;
    assert!(table.ledger.release(&lease, &released(&"é".repeat(100_000))).await.unwrap());
    assert_eq!(table.lease_at(&object, 0).await.last_fault, Some("é".repeat(256)));
}

pub(crate) async fn postpone_releases_the_lease_and_keeps_the_count_of_crashes(table: Table) {
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

pub(crate) async fn postpone_keeps_the_name_of_the_crashed_run(table: Table) {
    let object = object(1);
    table.lease_at(&object, 0).await;
    let after_crash = table.lease_at(&object, LEASE + 2).await;
    assert!(table.ledger.postpone(&after_crash).await.unwrap());
    let next = table.lease_at(&object, LEASE + 2).await;
    assert_eq!((next.crashes, next.crashed_run.as_deref()), (1, Some("run at 0")));
}

pub(crate) async fn noted_crash_becomes_the_last_fault(table: Table) {
    let object = object(1);
    let first = table.lease_at(&object, 0).await;
    assert!(table.ledger.release(&first, &released("throttled")).await.unwrap());
    let crashing = table.lease_at(&object, 0).await;
    let next = table.lease_at(&object, LEASE + 2).await;
    table.ledger.note_crash(&next, "it crashed").await.unwrap();
    // A run that has lost the lease overwrites nothing.
    table.ledger.note_crash(&crashing, "stale").await.unwrap();
    assert_eq!(table.lease_at(&object, 2 * (LEASE + 2)).await.last_fault.as_deref(), Some("it crashed"));
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
