//! The state machine's payloads.

use std::{str, sync::LazyLock, time::Duration};

use attachments::{
    Timestamp,
    audit::{AuditRecord, QuotaState, audit_key},
    polling::{SHORTEST_WAIT_SECONDS, wait_seconds},
    workflow::{Attachment, Decision, FinalizeRequest, Finalized, JobProgress},
};

use crate::{assert_bounded, assert_reads_back};

/// 2026-11-22T09:30:10Z.
const NOW: Timestamp = Timestamp::from_unix_seconds(1_795_339_810);

/// The payload that intake decided for the object of the seeds.
static DECIDED: LazyLock<Attachment> = LazyLock::new(|| {
    let text = include_str!("../../../crates/attachments/tests/golden/v2-uploaded.json");
    serde_json::from_str(text).expect("a golden payload")
});

/// A payload reads back from its JSON. Each payload has an ending, and an audit record of one line that reads back too.
pub fn workflow(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else { return };
    if let Ok(finalized) = serde_json::from_str::<Finalized>(text) {
        assert_reads_back(&finalized);
    }
    let request = serde_json::from_str::<FinalizeRequest>(text);
    let (attachment, execution_arn) = match request {
        Ok(request) => {
            assert_reads_back(&request);
            (request.attachment, request.execution_arn)
        }
        Err(_) => match serde_json::from_str::<Attachment>(text) {
            Ok(attachment) => (attachment, None),
            Err(_) => return,
        },
    };
    assert_reads_back(&attachment);
    assert_polling(&attachment);
    assert_facts_come_from_the_ledger(attachment.clone());
    assert_record(&attachment, execution_arn);
}

/// Asserts that finalize uses the facts that intake decided, and not those of the payload.
fn assert_facts_come_from_the_ledger(attachment: Attachment) {
    let facts = |of: Attachment| Attachment {
        decision: Decision::Poll,
        wait_seconds: None,
        job: JobProgress::default(),
        result: None,
        error: None,
        ..of
    };
    if let Ok(checked) = attachment.checked_against(DECIDED.clone()) {
        assert_eq!(facts(checked), facts(DECIDED.clone()));
    }
}

fn assert_polling(attachment: &Attachment) {
    let Some(uploaded_at) = attachment.upload.and_then(|upload| upload.ended_at) else { return };
    let deadline = uploaded_at.plus_millis(300_000);
    let asked = attachment.wait_seconds.map(|seconds| Duration::from_secs(u64::from(seconds)));
    for now in [NOW, uploaded_at, uploaded_at.plus_millis(288_001), uploaded_at.plus_millis(400_000)] {
        let wait = wait_seconds(attachment.job.waits, asked, now, deadline);
        assert!(wait >= SHORTEST_WAIT_SECONDS);
        let left = deadline.seconds_since(now).max(f64::from(SHORTEST_WAIT_SECONDS)).ceil();
        assert!(f64::from(wait) <= left, "{wait} s of {left} s");
    }
}

fn assert_record(attachment: &Attachment, execution_arn: Option<String>) {
    let resolution = attachment.resolution(NOW);
    if attachment.result.is_none() || attachment.error.is_some() {
        assert_eq!(resolution.at, NOW);
        assert_bounded(resolution.ending.reason().expect("a reason"));
    }
    assert_reads_back(&resolution);
    let quota = QuotaState::of(
        attachment.object.size_bytes.unwrap_or(0),
        resolution.ending.settlement(attachment.possibly_stored),
    );
    let record = AuditRecord::new(attachment, &resolution, quota, execution_arn);
    assert_reads_back(&record);
    let bytes = record.to_bytes().expect("a JSON form");
    assert!(bytes.iter().position(|b| *b == b'\n') == Some(bytes.len() - 1), "one line");
    let timings = &record.timings;
    let all = [record.latency_seconds, timings.queued_seconds, timings.upload_seconds, timings.processing_seconds];
    assert!(all.into_iter().flatten().all(|seconds| seconds.is_finite() && seconds >= 0.0), "{all:?}");
    let day = resolution.at.date();
    assert_eq!(
        audit_key("audit/", &attachment.identity, &resolution),
        format!("audit/date={day}/{}.json", attachment.identity)
    );
    let digits =
        day.bytes().enumerate().all(|(at, b)| if matches!(at, 4 | 7) { b == b'-' } else { b.is_ascii_digit() });
    assert!(day.len() == 10 && digits, "{day}");
}
