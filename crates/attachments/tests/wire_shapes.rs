//! Compares the wire formats with the golden files. `UPDATE_GOLDEN=1 cargo test -p attachments` rewrites the newest files.
//! A changed golden file is a changed contract: review it as such.
//!
//! The number in a file's name counts the released formats. `schema` in a payload is raised only if a reader must distinguish
//! two formats. The files `next-*.json` are written by hand: a later release may send such payloads.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test's own steps")]

use std::{fmt::Debug, fs, path::PathBuf};

use attachments::{
    audit::{AuditRecord, QuotaState},
    workflow::{Attachment, FinalizeRequest, Finalized, StepError},
};
use serde::{Serialize, de::DeserializeOwned};

#[path = "payloads/mod.rs"]
mod payloads;
use payloads::*;

/// A payload after a Catch.
fn caught(error: &str) -> Attachment {
    let cause = r#"{"errorType":"x","errorMessage":"the message"}"#.to_owned();
    Attachment { error: Some(StepError { error: error.to_owned(), cause }), ..uploaded() }
}

/// Finalize's payload.
fn request(attachment: Attachment) -> FinalizeRequest {
    FinalizeRequest { execution_arn: Some(EXECUTION_ARN.to_owned()), attachment }
}

/// The record that finalize writes.
fn record(attachment: &Attachment, quota: QuotaState) -> AuditRecord {
    AuditRecord::new(attachment, &attachment.resolution(at(9)), quota, Some(EXECUTION_ARN.to_owned()))
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn golden(name: &str) -> String {
    fs::read_to_string(folder().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Asserts that this release writes `value` as this file and reads it back.
fn assert_written_and_read<T: Serialize + DeserializeOwned + PartialEq + Debug>(name: &str, value: &T) {
    let shape = serde_json::to_string_pretty(value).unwrap() + "\n";
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(folder().join(name), &shape).unwrap();
    }
    assert_eq!(shape, golden(name), "{name} has changed; see the head of this test");
    assert_read(name, value);
}

/// Asserts that this release reads the file as `value`.
fn assert_read<T: DeserializeOwned + PartialEq + Debug>(name: &str, value: &T) {
    let read: T = serde_json::from_str(&golden(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(&read, value, "{name}");
}

/// Each payload with its name, which ends the golden file's name.
fn attachments() -> Vec<(String, Attachment)> {
    let mut all = vec![
        ("uploaded".to_owned(), uploaded()),
        ("rejected".to_owned(), rejected()),
        ("waiting".to_owned(), waiting()),
        ("completed".to_owned(), completed()),
        ("caught".to_owned(), caught("Cxone.Unauthorized")),
    ];
    all.extend(
        bad_endings().map(|ending| (ending.outcome().as_str().to_lowercase().replace('_', "-"), unsuccessful(ending))),
    );
    all
}

#[test]
fn payloads_keep_their_wire_format() {
    for (name, attachment) in attachments() {
        assert_written_and_read(&format!("v2-{name}.json"), &attachment);
        let earlier = Attachment { key_interaction: None, ..attachment };
        assert_read(&format!("v1-{name}.json"), &earlier);
    }
    assert_written_and_read("v2-blind.json", &blind());
    assert_written_and_read("v2-possibly-stored.json", &possibly_stored());
    assert_written_and_read("v2-finalize-request.json", &request(completed()));
    assert_read("v1-finalize-request.json", &request(Attachment { key_interaction: None, ..completed() }));
    assert_written_and_read("v1-finalized.json", &finalized(&completed()));
}

#[test]
fn audit_records_keep_their_wire_format() {
    for (name, attachment, quota) in
        [("completed", completed(), QuotaState::Settled), ("rejected", rejected(), QuotaState::None)]
    {
        let record = record(&attachment, quota);
        assert_written_and_read(&format!("v2-audit-{name}.json"), &record);
        assert_read(&format!("v1-audit-{name}.json"), &AuditRecord { key_interaction: None, ..record });
    }
    assert_written_and_read("v2-audit-possibly-stored.json", &record(&possibly_stored(), QuotaState::None));
    let bytes = record(&completed(), QuotaState::Settled).to_bytes().unwrap();
    assert_eq!(bytes.last(), Some(&b'\n'));
    assert_eq!(bytes.split(|b| *b == b'\n').count(), 2, "the record must be one line");
}

#[test]
fn every_audit_field_is_always_present() {
    let fields = |value: &serde_json::Value| -> Vec<String> {
        let mut names = Vec::new();
        for (name, value) in value.as_object().unwrap() {
            names.push(name.clone());
            if name == "object" || name == "timings" {
                names.extend(value.as_object().unwrap().keys().map(|inner| format!("{name}.{inner}")));
            }
        }
        names
    };
    let record = |attachment: Attachment| {
        let attachment = Attachment { key_interaction: None, ..attachment };
        serde_json::to_value(AuditRecord::new(&attachment, &attachment.resolution(at(9)), QuotaState::None, None))
            .unwrap()
    };
    assert_eq!(fields(&record(completed())), fields(&record(rejected())));
}

#[test]
fn payload_with_unknown_or_missing_fields_is_read() {
    let mut value = serde_json::to_value(uploaded()).unwrap();
    value["added_later"] = serde_json::json!({"a": 1});
    assert_eq!(serde_json::from_value::<Attachment>(value).unwrap(), uploaded());
    let least = serde_json::json!({
        "schema": 1, "decision": "poll", "identity": "0123456789abcdef".repeat(4),
        "object": {"bucket": "drop", "key": "interactions/INT-42/a.pdf"}
    });
    let read: Attachment = serde_json::from_value(least).unwrap();
    assert!(read.auto_scan && read.result.is_none() && read.job.polls == 0);
}

#[test]
fn released_payloads_parse() {
    let mut read = 0;
    for entry in fs::read_dir(folder()).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        let text = golden(&name);
        let parsed = match name.split_once('-').unwrap().1 {
            "finalize-request.json" => serde_json::from_str::<FinalizeRequest>(&text).map(drop),
            "finalized.json" => serde_json::from_str::<Finalized>(&text).map(drop),
            audit if audit.starts_with("audit-") => serde_json::from_str::<AuditRecord>(&text).map(drop),
            _ => serde_json::from_str::<Attachment>(&text).map(drop),
        };
        parsed.unwrap_or_else(|error| panic!("{name}: {error}"));
        read += 1;
    }
    assert!(read >= 28, "only {read} golden files");
}
