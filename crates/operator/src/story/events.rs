//! An object's way, step by step.

use attachments::Timestamp;

use super::Event;
use crate::Object;

/// What happened, oldest first.
pub(super) fn events(object: &Object) -> Vec<Event> {
    let mut events = Vec::new();
    let mut add = |at: Timestamp, step: &str, fact: String, source| {
        events.push(Event { at, step: step.to_owned(), fact, source });
    };
    if let Some(source) = &object.source {
        add(source.written, "written", format!("{} bytes", source.size), "s3");
    }
    if let Some(row) = &object.row {
        add(row.first_seen, "first claimed", format!("{} claims so far", row.attempts), "ledger");
    }
    if let Some(upload) = object.upload() {
        add(upload.started_at, "upload began", String::new(), "ledger");
        if let Some(ended) = upload.ended_at {
            add(
                ended,
                "upload ended",
                object.job_id().map(|job| format!("CXone's job {job}")).unwrap_or_default(),
                "ledger",
            );
        }
    }
    for visit in &object.visits {
        add(Timestamp::from_unix_millis(millis(visit.at)), &visit.state, visit.note.clone(), "step functions");
    }
    if let (Some(execution), Some(ended)) = (&object.execution, object.execution.as_ref().and_then(|e| e.ended)) {
        add(
            Timestamp::from_unix_millis(millis(ended)),
            "execution ended",
            format!("{} {}", execution.status, execution.error.as_deref().unwrap_or_default()).trim_end().to_owned(),
            "step functions",
        );
    }
    if let Some(resolution) = object.row.as_ref().and_then(|row| row.resolution.as_ref()) {
        let locked = object.record.as_ref().map(|record| match &record.locked_until {
            Some(until) => format!("; record locked until {until}"),
            None => "; record is not locked".to_owned(),
        });
        add(
            resolution.at,
            "outcome",
            format!("{}{}", resolution.ending.outcome(), locked.unwrap_or_default()),
            "audit record",
        );
    }
    events.sort_by_key(|event| event.at);
    events
}

#[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970 fit")]
fn millis(seconds: f64) -> i64 {
    (seconds * 1000.0) as i64
}
