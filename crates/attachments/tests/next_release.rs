//! Payloads of the next release, which this release reads in a canary deployment or after a rollback. It must keep all words
//! that it does not know, and treat none of them as a success.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test's own steps")]

use std::{fs, path::Path};

use attachments::{
    Outcome, ReasonCode, Timestamp,
    audit::{AuditRecord, QuotaState},
    workflow::{Attachment, Decision, Ending, FinalizeRequest, Finalized, Settlement, SourceChecksum},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

const NOW: Timestamp = Timestamp::from_unix_seconds(1_795_339_820);

fn golden(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}

/// Reads a payload and writes it back. Asserts that it is unchanged, except for the fields that this release does not know.
fn read_and_written_back<T: Serialize + DeserializeOwned>(name: &str, unknown: &[&str]) -> T {
    let mut value = golden(name);
    let read: T = serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("{name}: {error}"));
    for pointer in unknown {
        let (parent, field) = pointer.rsplit_once('/').unwrap();
        let removed = value.pointer_mut(parent).and_then(|parent| parent.as_object_mut()?.remove(field));
        assert!(removed.is_some(), "{name} has no {pointer}");
    }
    assert_eq!(serde_json::to_value(&read).unwrap(), value, "{name}");
    read
}

#[test]
fn unknown_source_checksum_is_kept() {
    let read: Attachment = read_and_written_back("next-uploaded.json", &["/escalation", "/object/storage_class"]);
    assert_eq!(read.decision, Decision::Poll);
    assert_eq!(read.object.source_checksum, Some(SourceChecksum::Other("verified_by_parts".parse().unwrap())));
}

#[test]
fn unknown_decision_ends_as_tracking_failed_and_is_named() {
    let read: Attachment = read_and_written_back("next-escalated.json", &["/escalation", "/object/storage_class"]);
    assert_eq!(read.decision, Decision::Other("escalate".parse().unwrap()));
    let resolution = read.resolution(NOW);
    let Ending::TrackingFailed(reason) = &resolution.ending else { panic!("{resolution:?}") };
    assert_eq!(reason.code, ReasonCode::PollFailed);
    assert!(reason.text.starts_with(attachments::POSSIBLY_STORED) && reason.text.contains("\"escalate\""), "{reason}");
    assert!(read.possibly_stored_after(Outcome::TrackingFailed));
}

#[test]
fn unknown_reason_code_is_recorded_unchanged() {
    let read: Attachment = read_and_written_back("next-rejected.json", &["/escalation", "/object/storage_class"]);
    let record = record(&read);
    assert_eq!(record["event"], "ATTACHMENT_REJECTED");
    assert_eq!(record["error_reason"]["code"], "content_withheld");
    assert_eq!((&record["possibly_stored"], &record["quota"]), (&false.into(), &"settled".into()));
}

#[test]
fn unknown_outcome_is_recorded_unchanged_and_is_no_success() {
    let unknown = [
        "/attachment/escalation",
        "/attachment/object/storage_class",
        "/state_entered_at",
        "/attachment/result/by",
        "/attachment/result/reason/severity",
    ];
    let read: FinalizeRequest = read_and_written_back("next-finalize-request.json", &unknown);
    assert_eq!(
        read.attachment,
        read_and_written_back(
            "next-held-for-review.json",
            &["/escalation", "/object/storage_class", "/result/by", "/result/reason/severity"]
        )
    );
    let resolution = read.attachment.resolution(NOW);
    assert_eq!(resolution.ending.settlement(false), Settlement::KeepUnsettled);
    let record = record(&read.attachment);
    assert_eq!((&record["event"], &record["success"]), (&"ATTACHMENT_HELD_FOR_REVIEW".into(), &false.into()));
    assert_eq!(record["error_reason"]["code"], "held_by_policy");
    assert_eq!(record["object"]["source_checksum"], "verified_by_parts");
    assert_eq!((&record["possibly_stored"], &record["quota"]), (&true.into(), &"unsettled".into()));
}

#[test]
fn audit_record_of_the_next_release_keeps_its_words() {
    let read: AuditRecord = read_and_written_back("next-audit-held-for-review.json", &["/retention"]);
    assert_eq!(read.quota, QuotaState::Other("on_hold".parse().unwrap()));
}

#[test]
fn finalize_response_of_the_next_release_keeps_its_outcome() {
    let read: Finalized = read_and_written_back("next-finalized.json", &["/webhook_attempts"]);
    assert!(!read.outcome.is_success());
}

#[test]
fn text_that_is_no_word_is_refused() {
    for (pointer, text) in [("/decision", ""), ("/decision", "two words"), ("/object/source_checksum", "\u{1b}[31m")] {
        let mut value = golden("next-uploaded.json");
        *value.pointer_mut(pointer).unwrap() = text.into();
        let error = serde_json::from_value::<Attachment>(value).unwrap_err();
        assert!(error.to_string().contains("is not a word"), "{pointer}: {error}");
    }
}

/// The record that finalize of this release writes.
fn record(attachment: &Attachment) -> Value {
    let resolution = attachment.resolution(NOW);
    let quota = QuotaState::of(10, resolution.ending.settlement(attachment.possibly_stored));
    serde_json::to_value(AuditRecord::new(attachment, &resolution, quota, None)).unwrap()
}
