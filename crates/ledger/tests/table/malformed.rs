//! Rows that something else wrote.

use aws_sdk_dynamodb::types::AttributeValue;
use ledger::LedgerError;

use crate::table::{Table, at, claiming, n, object, s, settle};

type Row = Vec<(&'static str, AttributeValue)>;

fn expired_lease(attribute: &'static str, value: AttributeValue) -> Row {
    let row = [("state", s("claimed")), ("lease_until", n(0)), ("attempts", n(1)), ("first_seen", n(1))];
    row.into_iter().filter(|(name, _)| *name != attribute).chain([(attribute, value)]).collect()
}

/// Asserts that the error names the row and the attribute.
fn assert_names(error: LedgerError, number: usize, attribute: &str) {
    let text = error.to_string();
    let LedgerError::Malformed { pk, attribute: named } = error else { panic!("row {number}: {text}") };
    assert_eq!((pk, named), (format!("object#{}", object(number)), attribute), "row {number}");
    assert!(text.contains(&format!("object#{}", object(number))) && text.ends_with(attribute), "{text}");
}

pub(crate) async fn claim_of_a_malformed_row_names_the_attribute(table: Table) {
    let rows: [(Row, &str); 12] = [
        (vec![], "state"),
        (vec![("state", s("paused"))], "state"),
        (vec![("state", n(1))], "state"),
        (vec![("state", s("decided"))], "execution_name"),
        (vec![("state", s("decided")), ("execution_name", s("a"))], "execution_input"),
        (vec![("state", s("decided")), ("execution_name", s("a")), ("execution_input", n(1))], "execution_input"),
        (vec![("state", s("claimed"))], "lease_until"),
        (vec![("state", s("claimed")), ("lease_until", s("tomorrow"))], "lease_until"),
        (expired_lease("reserved_bytes", s("many")), "reserved_bytes"),
        (expired_lease("reserved_bytes", n(-1)), "reserved_bytes"),
        (expired_lease("first_seen", AttributeValue::N("1.5".to_owned())), "first_seen"),
        (expired_lease("released", AttributeValue::Bool(true)), "released"),
    ];
    for (number, (row, attribute)) in rows.into_iter().enumerate() {
        table.put(&object(number), row).await;
        assert_names(
            table.ledger.claim(claiming(&object(number), at(0), at(1), "run")).await.unwrap_err(),
            number,
            attribute,
        );
    }
}

pub(crate) async fn settling_a_malformed_row_names_the_attribute(table: Table) {
    let rows: [(Row, &str); 6] = [
        (vec![("state", s("done")), ("outcome", s("two words")), ("outcome_at", s("2026-11-22T09:30:10Z"))], "outcome"),
        (vec![("state", s("done")), ("outcome", n(1))], "outcome"),
        (vec![("state", s("done")), ("outcome", s("COMPLETED"))], "outcome_at"),
        (vec![("state", s("done")), ("outcome", s("COMPLETED")), ("outcome_at", s("today"))], "outcome_at"),
        (vec![("state", s("decided")), ("reserved_bytes", s("many"))], "reserved_bytes"),
        (vec![("state", s("decided")), ("first_seen", AttributeValue::N("1.5".to_owned()))], "first_seen"),
    ];
    for (number, (row, attribute)) in rows.into_iter().enumerate() {
        let decision = [("execution_name", s("name-a")), ("execution_input", s("{}")), ("first_seen", n(1))];
        let row = decision.into_iter().chain(row);
        table.put(&object(number), row).await;
        let before = table.row(&object(number)).await;
        let settled = settle(&table.ledger, &object(number), &crate::settle::completed(5), false, at(5)).await;
        assert_names(settled.unwrap_err(), number, attribute);
        assert_eq!(table.row(&object(number)).await, before);
    }
}

pub(crate) async fn malformed_claim_count_is_not_overwritten(table: Table) {
    table.put(&object(1), expired_lease("attempts", s("many"))).await;
    let before = table.row(&object(1)).await;
    let error = table.ledger.claim(claiming(&object(1), at(0), at(1), "run")).await.unwrap_err();
    assert!(error.to_string().starts_with("the ledger did not claim the object: "), "{error}");
    assert_eq!(table.row(&object(1)).await, before);
}
