//! Decisions.

use ledger::{Decided, DecisionWrite, Found, Prepared, Release};

use crate::table::{LEASE, Table, at_once, decided, object, released, s};

pub(crate) async fn decision_keeps_the_exact_bytes_of_the_input(table: Table) {
    let object = object(1);
    let lease = table.lease_at(&object, 0).await;
    let input = format!("{{ \"tags\" : {{\"ä\\u0000\":\"日本\\n\"}},\r\n\"long\":\"{}\"}} ", "x".repeat(200_000));
    let decided = Decided { execution_name: "INT-1-0123".to_owned(), execution_input: input.clone() };
    let written = table.ledger.decide(&lease, decided.clone(), Found::default()).await.unwrap();
    assert_eq!(written, DecisionWrite::Start(decided));
    let row = table.row(&object).await;
    assert_eq!((&row["state"], &row["execution_name"]), (&s("decided"), &s("INT-1-0123")));
    assert_eq!(row["execution_input"], s(&input));
}

/// These attributes are large, and the execution's input repeats what they say.
pub(crate) async fn decision_removes_request_history_and_known(table: Table) {
    let object = object(1);
    let lease = table.lease_at(&object, 0).await;
    assert_eq!(table.ledger.prepare(&lease, "{}", 10, 100).await.unwrap(), Prepared::Ready);
    let release = Release { known: Some("{}".to_owned()), history: "{}".to_owned(), ..released("throttled") };
    assert!(table.ledger.release(&lease, &release).await.unwrap());
    let lease = table.lease_at(&object, 1).await;
    for attribute in ["request", "history", "known"] {
        assert!(table.row(&object).await.contains_key(attribute), "{attribute}");
    }
    assert_eq!(
        table.ledger.decide(&lease, decided("a"), Found::default()).await.unwrap(),
        DecisionWrite::Start(decided("a"))
    );
    for attribute in ["request", "history", "known"] {
        assert!(!table.row(&object).await.contains_key(attribute), "{attribute}");
    }
    assert_eq!(table.number(&object, "reserved_bytes").await, Some(10), "the bytes stay reserved");
}

pub(crate) async fn repeated_decision_returns_the_first(table: Table) {
    let lease = table.lease_at(&object(1), 0).await;
    for input in ["a", "a", "b"] {
        let written = table.ledger.decide(&lease, decided(input), Found::default()).await.unwrap();
        assert_eq!(written, DecisionWrite::Start(decided("a")));
    }
}

pub(crate) async fn decision_of_another_run_returns_the_first(table: Table) {
    let lost = table.lease_at(&object(1), 0).await;
    let holder = table.lease_at(&object(1), LEASE + 2).await;
    assert_eq!(
        table.ledger.decide(&holder, decided("a"), Found::default()).await.unwrap(),
        DecisionWrite::Start(decided("a"))
    );
    assert_eq!(
        table.ledger.decide(&lost, decided("b"), Found::default()).await.unwrap(),
        DecisionWrite::Start(decided("a"))
    );
}

pub(crate) async fn one_of_ten_concurrent_decisions_wins(table: Table) {
    let lease = table.lease_at(&object(1), 0).await;
    let writes = at_once((0..10).map(|n| {
        let (ledger, lease) = (table.ledger.clone(), lease.clone());
        async move { ledger.decide(&lease, decided(&n.to_string()), Found::default()).await.unwrap() }
    }))
    .await;
    assert!(matches!(writes[0], DecisionWrite::Start(_)), "{writes:?}");
    assert!(writes.iter().all(|written| *written == writes[0]), "{writes:?}");
}
