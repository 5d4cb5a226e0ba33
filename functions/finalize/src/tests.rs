//! Tests the log of a stored record.

use super::*;

const COMPLETED: &str = include_str!("../../../crates/attachments/tests/golden/v2-audit-completed.json");
const REJECTED: &str = include_str!("../../../crates/attachments/tests/golden/v2-audit-rejected.json");

#[test]
fn logged_record_has_no_tags_and_texts() {
    for stored in [COMPLETED, REJECTED] {
        let mut expected: Value = serde_json::from_str(stored).unwrap();
        let tags = expected["tags"].as_object().unwrap().len();
        expected["tags"] = serde_json::json!({});
        if expected["error_reason"].is_object() {
            expected["error_reason"]["text"] = "".into();
        }
        let (line, counted) = for_log(stored.as_bytes()).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&line).unwrap(), expected);
        assert_eq!(counted, tags);
        assert!(!line.contains('\n'));
    }
    assert!(COMPLETED.contains("4711") && !for_log(COMPLETED.as_bytes()).unwrap().0.contains("4711"));
}

#[test]
fn stored_bytes_that_are_no_record_are_not_logged() {
    for stored in [&b"{\"tags\": {\"name\": \"Miller\"}}"[..], b"", b"\xff", b"[]"] {
        assert!(for_log(stored).is_err(), "{stored:?}");
    }
}
