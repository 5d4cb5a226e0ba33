//! The shapes on the wire, frozen. `UPDATE_GOLDEN=1 cargo test -p attachments` writes the newest files anew; a changed file in a
//! commit is a changed contract, to be read as such.
//!
//! The number in a file's name counts the released shapes. `schema` in a payload is raised only when a reader must tell two
//! shapes apart. `next-*.json` are written by hand: what a release after this one may send.

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

/// As a Catch leaves it.
fn caught(error: &str) -> Attachment {
    let cause = r#"{"errorType":"x","errorMessage":"the message"}"#.to_owned();
    Attachment { error: Some(StepError { error: error.to_owned(), cause }), ..uploaded() }
}

/// What finalize is asked.
fn request(attachment: Attachment) -> FinalizeRequest {
    FinalizeRequest { execution_arn: Some(EXECUTION_ARN.to_owned()), attachment }
}

/// The record that finalize writes of it.
fn record(attachment: &Attachment, quota: QuotaState) -> AuditRecord {
    AuditRecord::new(attachment, &attachment.resolution(at(9)), quota, Some(EXECUTION_ARN.to_owned()))
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn golden(name: &str) -> String {
    fs::read_to_string(folder().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The newest release writes `value` as this file and reads it back.
fn holds<T: Serialize + DeserializeOwned + PartialEq + Debug>(name: &str, value: &T) {
    let shape = serde_json::to_string_pretty(value).unwrap() + "\n";
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(folder().join(name), &shape).unwrap();
    }
    assert_eq!(shape, golden(name), "{name} has changed; see the head of this test");
    reads(name, value);
}

/// An earlier release's file is read as `value`.
fn reads<T: DeserializeOwned + PartialEq + Debug>(name: &str, value: &T) {
    let read: T = serde_json::from_str(&golden(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(&read, value, "{name}");
}

/// Each payload with the end of its file's name.
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
fn payloads_keep_their_shape() {
    for (name, attachment) in attachments() {
        holds(&format!("v2-{name}.json"), &attachment);
        let earlier = Attachment { key_interaction: None, ..attachment };
        reads(&format!("v1-{name}.json"), &earlier);
    }
    holds("v2-blind.json", &blind());
    holds("v2-possibly-stored.json", &possibly_stored());
    holds("v2-finalize-request.json", &request(completed()));
    reads("v1-finalize-request.json", &request(Attachment { key_interaction: None, ..completed() }));
    holds("v1-finalized.json", &finalized(&completed()));
}

#[test]
fn audit_records_keep_their_shape() {
    for (name, attachment, quota) in
        [("completed", completed(), QuotaState::Settled), ("rejected", rejected(), QuotaState::None)]
    {
        let record = record(&attachment, quota);
        holds(&format!("v2-audit-{name}.json"), &record);
        reads(&format!("v1-audit-{name}.json"), &AuditRecord { key_interaction: None, ..record });
    }
    holds("v2-audit-possibly-stored.json", &record(&possibly_stored(), QuotaState::None));
    let bytes = record(&completed(), QuotaState::Settled).to_bytes().unwrap();
    assert_eq!(bytes.last(), Some(&b'\n'));
    assert_eq!(bytes.split(|b| *b == b'\n').count(), 2, "one line and nothing behind it");
}

#[test]
fn every_audit_field_is_always_there() {
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
fn readers_tolerate_what_they_do_not_know_and_what_is_not_there_yet() {
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
