//! Fixing an object's fate at intake.

use ledger::{Decided, DecisionWrite, Prepared, Release};

use crate::table::{LEASE, Table, at_once, decided, object, s};

pub(crate) async fn the_bytes_are_kept_exactly(table: Table) {
    let object = object(1);
    let lease = table.lease_at(&object, 0).await;
    let input = format!("{{ \"tags\" : {{\"ä\\u0000\":\"日本\\n\"}},\r\n\"long\":\"{}\"}} ", "x".repeat(200_000));
    let decided = Decided { execution_name: "INT-1-0123".to_owned(), execution_input: input.clone() };
    let verdict = table.ledger.decide(&lease, decided.clone()).await.unwrap();
    assert_eq!(verdict, DecisionWrite::Start(decided));
    let row = table.row(&object).await;
    assert_eq!((&row["state"], &row["execution_name"]), (&s("decided"), &s("INT-1-0123")));
    assert_eq!(row["execution_input"], s(&input));
}

/// They are large, and the execution's input says the same.
pub(crate) async fn decision_removes_request_history_and_known(table: Table) {
    let object = object(1);
    let lease = table.lease_at(&object, 0).await;
    assert_eq!(table.ledger.prepare(&lease, "{}", 10, 100).await.unwrap(), Prepared::Ready);
    let release = Release { known: Some("{}".to_owned()), history: "{}".to_owned(), ..Release::default() };
    assert!(table.ledger.release(&lease, &release).await.unwrap());
    let lease = table.lease_at(&object, 1).await;
    for attribute in ["request", "history", "known"] {
        assert!(table.row(&object).await.contains_key(attribute), "{attribute}");
    }
    assert_eq!(table.ledger.decide(&lease, decided("a")).await.unwrap(), DecisionWrite::Start(decided("a")));
    for attribute in ["request", "history", "known"] {
        assert!(!table.row(&object).await.contains_key(attribute), "{attribute}");
    }
    assert_eq!(table.number(&object, "reserved_bytes").await, Some(10), "the bytes stay reserved");
}

pub(crate) async fn a_repeat_starts_what_the_first_fixed(table: Table) {
    let lease = table.lease_at(&object(1), 0).await;
    for wanted in ["a", "a", "b"] {
        let verdict = table.ledger.decide(&lease, decided(wanted)).await.unwrap();
        assert_eq!(verdict, DecisionWrite::Start(decided("a")));
    }
}

pub(crate) async fn a_later_run_starts_what_the_first_fixed(table: Table) {
    let lost = table.lease_at(&object(1), 0).await;
    let holder = table.lease_at(&object(1), LEASE + 2).await;
    assert_eq!(table.ledger.decide(&holder, decided("a")).await.unwrap(), DecisionWrite::Start(decided("a")));
    assert_eq!(table.ledger.decide(&lost, decided("b")).await.unwrap(), DecisionWrite::Start(decided("a")));
}

pub(crate) async fn of_ten_decisions_at_once_one_wins(table: Table) {
    let lease = table.lease_at(&object(1), 0).await;
    let verdicts = at_once((0..10).map(|n| {
        let (ledger, lease) = (table.ledger.clone(), lease.clone());
        async move { ledger.decide(&lease, decided(&n.to_string())).await.unwrap() }
    }))
    .await;
    assert!(matches!(verdicts[0], DecisionWrite::Start(_)), "{verdicts:?}");
    assert!(verdicts.iter().all(|verdict| *verdict == verdicts[0]), "{verdicts:?}");
}
