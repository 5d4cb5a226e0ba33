//! What the log shows of a stored record.

use super::*;

const COMPLETED: &str = include_str!("../../../crates/attachments/tests/golden/v2-audit-completed.json");
const REJECTED: &str = include_str!("../../../crates/attachments/tests/golden/v2-audit-rejected.json");

#[test]
fn log_shows_the_stored_record_without_tags_and_texts() {
    for stored in [COMPLETED, REJECTED] {
        let mut expected: Value = serde_json::from_str(stored).unwrap();
        let tags = expected["tags"].as_object().unwrap().len();
        expected["tags"] = serde_json::json!({});
        if expected["error_reason"].is_object() {
            expected["error_reason"]["text"] = "".into();
        }
        let (line, counted) = shown(stored.as_bytes()).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&line).unwrap(), expected);
        assert_eq!(counted, tags);
        assert!(!line.contains('\n'));
    }
    assert!(COMPLETED.contains("4711") && !shown(COMPLETED.as_bytes()).unwrap().0.contains("4711"));
}

#[test]
fn stored_bytes_that_are_no_record_are_not_shown() {
    for stored in [&b"{\"tags\": {\"name\": \"Miller\"}}"[..], b"", b"\xff", b"[]"] {
        assert!(shown(stored).is_err(), "{stored:?}");
    }
}
