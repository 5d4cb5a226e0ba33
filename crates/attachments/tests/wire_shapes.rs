//! The shapes on the wire, frozen. `UPDATE_GOLDEN=1 cargo test -p attachments` writes the files anew; a changed file in a
//! commit is a changed contract, to be read as such.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test's own steps")]

use std::{fmt::Debug, fs, path::Path};

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

fn holds<T: Serialize + DeserializeOwned + PartialEq + Debug>(name: &str, value: &T) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    let shape = serde_json::to_string_pretty(value).unwrap() + "\n";
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, &shape).unwrap();
    }
    let golden = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert_eq!(shape, golden, "{name} has changed; see the head of this test");
    assert_eq!(&serde_json::from_str::<T>(&golden).unwrap(), value);
}

#[test]
fn payloads_keep_their_shape() {
    holds("v1-uploaded.json", &uploaded());
    holds("v1-rejected.json", &rejected());
    holds("v1-waiting.json", &waiting());
    holds("v1-completed.json", &completed());
    for ending in bad_endings() {
        let name = format!("v1-{}.json", ending.outcome().as_str().to_lowercase().replace('_', "-"));
        holds(&name, &unsuccessful(ending));
    }
    holds("v1-caught.json", &caught("Cxone.Unauthorized"));
    holds("v1-finalize-request.json", &request(completed()));
    holds("v1-finalized.json", &finalized(&completed()));
}

#[test]
fn audit_records_keep_their_shape() {
    let record = |attachment: &Attachment, quota| {
        AuditRecord::new(attachment, &attachment.resolution(at(9)), quota, Some(EXECUTION_ARN.to_owned()))
    };
    holds("v1-audit-completed.json", &record(&completed(), QuotaState::Settled));
    holds("v1-audit-rejected.json", &record(&rejected(), QuotaState::None));
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
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut read = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).unwrap();
        let parsed = match name.split_once('-').unwrap().1 {
            "finalize-request.json" => serde_json::from_str::<FinalizeRequest>(&text).map(drop),
            "finalized.json" => serde_json::from_str::<Finalized>(&text).map(drop),
            audit if audit.starts_with("audit-") => serde_json::from_str::<AuditRecord>(&text).map(drop),
            _ => serde_json::from_str::<Attachment>(&text).map(drop),
        };
        parsed.unwrap_or_else(|error| panic!("{name}: {error}"));
        read += 1;
    }
    assert!(read >= 12, "only {read} golden files");
}
