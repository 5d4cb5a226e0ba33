//! Finding rows.

use attachments::workflow::{Ending, Resolution};
use ledger::{Claiming, DecisionWrite, Found, Release, RowState};

use crate::table::{LEASE, Table, at, claiming, decided, mine, object, released, settle};

pub(crate) async fn objects_of_an_interaction_are_found_newest_first(table: Table) {
    for (number, seconds) in [(1, 10), (2, 20), (3, 30)] {
        table.lease_at(&object(number), seconds).await;
    }
    let found = table.ledger.of_interaction("INT-1", 20).await.unwrap();
    assert_eq!(found, [object(3), object(2), object(1)]);
    assert_eq!(table.ledger.of_interaction("INT-1", 2).await.unwrap().len(), 2);
    assert!(table.ledger.of_interaction("INT-2", 20).await.unwrap().is_empty());
    assert!(table.ledger.of_interaction("INT", 20).await.unwrap().is_empty());
}

pub(crate) async fn object_is_found_by_the_interaction_that_it_was_sent_to_and_by_its_job(table: Table) {
    let object = object(1);
    let lease = table.lease_at(&object, 0).await;
    let found = Found { interaction: Some("INT-9"), job_id: Some("job-1") };
    assert!(matches!(table.ledger.decide(&lease, decided("a"), found).await.unwrap(), DecisionWrite::Start(_)));
    assert_eq!(table.ledger.of_interaction("INT-9", 20).await.unwrap(), std::slice::from_ref(&object));
    assert_eq!(table.ledger.of_job("job-1").await.unwrap(), [object]);
    assert!(table.ledger.of_interaction("INT-1", 20).await.unwrap().is_empty());
}

pub(crate) async fn key_without_an_interaction_is_in_no_index(table: Table) {
    let object = object(1);
    let claiming = Claiming { interaction: "", version_id: None, ..claiming(&object, at(0), at(LEASE), "run") };
    mine(table.ledger.claim(claiming).await.unwrap());
    let rows = table.ledger.rows(&[object]).await.unwrap();
    assert_eq!(
        (rows.len(), rows[0].key.as_deref(), rows[0].version_id.as_deref()),
        (1, Some("interactions/INT-1/a.pdf"), None)
    );
}

pub(crate) async fn hostile_key_is_harmless_in_the_row_and_read_exactly(table: Table) {
    let (object, key, interaction) = (object(1), "in/\u{1b}[2J\u{202e}\u{ad}/a.pdf", "\u{1b}[2J\u{202e}\u{ad}");
    let claiming = Claiming { key, interaction, ..claiming(&object, at(0), at(LEASE), "run") };
    mine(table.ledger.claim(claiming).await.unwrap());
    for (name, value) in table.row(&object).await {
        let text = format!("{value:?}");
        assert!(text.chars().all(attachments::is_harmless), "{name}: {text}");
    }
    assert_eq!(table.ledger.of_interaction(interaction, 20).await.unwrap(), std::slice::from_ref(&object));
    assert_eq!(table.ledger.rows(&[object]).await.unwrap()[0].key.as_deref(), Some(key));
}

pub(crate) async fn object_waits_from_its_release_to_its_decision(table: Table) {
    let (one, other) = (object(1), object(2));
    let lease = table.lease_at(&one, 0).await;
    table.lease_at(&other, 0).await;
    assert!(table.ledger.waiting(10).await.unwrap().is_empty());
    let release = Release { retry_at: at(60), ..released("CXone answered 429") };
    assert!(table.ledger.release(&lease, &release).await.unwrap());
    assert_eq!(table.ledger.waiting(10).await.unwrap(), std::slice::from_ref(&one));
    let row = table.ledger.rows(std::slice::from_ref(&one)).await.unwrap().remove(0);
    assert_eq!((row.state, row.retry_at, row.lease_until, row.crashes), (RowState::Claimed, Some(at(60)), None, 0));
    assert_eq!(row.last_fault.as_deref(), Some("CXone answered 429"));
    let lease = table.lease_at(&one, 1).await;
    table.ledger.decide(&lease, decided("a"), Found::default()).await.unwrap();
    assert!(table.ledger.waiting(10).await.unwrap().is_empty());
    let row = table.ledger.rows(&[one]).await.unwrap().remove(0);
    assert_eq!((row.state, row.retry_at, row.execution_name.as_deref()), (RowState::Decided, None, Some("name-a")));
}

pub(crate) async fn rows_are_read_in_batches_and_absent_ones_left_out(table: Table) {
    let identities: Vec<_> = (1..=130).map(object).collect();
    for identity in identities.iter().filter(|identity| **identity != object(7)) {
        table.lease_at(identity, 0).await;
    }
    let rows = table.ledger.rows(&identities).await.unwrap();
    assert_eq!(rows.len(), 129);
    assert!(rows.iter().all(|row| row.identity != object(7)));
}

pub(crate) async fn crashed_and_settled_rows_say_so(table: Table) {
    let object = object(1);
    table.lease_at(&object, 0).await;
    let lease = table.lease_at(&object, LEASE + 2).await;
    let row = table.ledger.rows(std::slice::from_ref(&object)).await.unwrap().remove(0);
    assert_eq!((row.crashes, row.attempts, row.lease_until), (1, 2, Some(at(2 * LEASE + 3))));
    table.ledger.decide(&lease, decided("a"), Found::default()).await.unwrap();
    let completed = Resolution { ending: Ending::Completed, at: at(5) };
    settle(&table.ledger, &object, &completed, false, at(5)).await.unwrap();
    let row = table.ledger.rows(&[object]).await.unwrap().remove(0);
    assert_eq!(row.state, RowState::Done);
    assert!(row.resolution.is_some());
}
