//! What must be true of each object, and what differs.

use serde_json::Value;
use servers::cxone::Attachment;

use super::samples::Sample;
use super::seen::{Record, Seen, Webhook};

/// Everything that is not as it must be, in words; nothing if all is.
pub(crate) fn differences(sample: &Sample, seen: &Seen) -> Vec<String> {
    let Some(execution) = &seen.execution else {
        let mut found = Differences(vec![]);
        found.add(format!("it has no end: {}", seen.stuck.as_deref().unwrap_or("nothing is known of it")));
        // The likeliest cause of an execution that does not end.
        if let Webhook::Refused(fault) = &seen.webhook {
            found.add(format!("the webhook was not taken: {fault}"));
        }
        return found.0;
    };
    let mut found = Differences(Vec::new());
    let expected = sample.expected;
    let reason = expected.reason.map(|code| code.as_str().into_owned());
    found.unless_equal("outcome", Some(execution.outcome().as_str()), Some(expected.outcome.as_str()));
    found.unless_equal("reason in the execution's cause", execution.reason().as_deref(), reason.as_deref());
    match &seen.record {
        None => found.add("there is no audit record"),
        Some(record) => {
            found.unless_equal("audit record's event", text(record, "/event"), Some(&expected.outcome.event()));
            found.unless_equal("audit record's reason", text(record, "/error_reason/code"), reason.as_deref());
        }
    }
    match (&seen.webhook, &seen.record) {
        (Webhook::Missing, _) => found.add("no webhook came"),
        (Webhook::Refused(fault), _) => found.add(format!("the webhook was not taken: {fault}")),
        (Webhook::Verified { sha256 }, Some(record)) if *sha256 != record.sha256 => {
            found.add("the webhook's bytes are not the audit record's");
        }
        (Webhook::Verified { .. }, _) => {}
    }
    if expected.outcome.is_success() {
        match &seen.stored {
            Some(file) => stored(&mut found, sample, file, seen.record.as_ref()),
            None => found.add("the stand-in does not hold it"),
        }
    } else if seen.stored.as_ref().is_some_and(|file| file.live) {
        found.add("the stand-in holds it although it did not complete");
    }
    found.0
}

/// A file that completed, beside what was written to the bucket.
fn stored(found: &mut Differences, sample: &Sample, file: &Attachment, record: Option<&Record>) {
    if !file.live {
        found.add("the stand-in's job failed");
    }
    let sha256 = sample.sha256();
    found.unless_equal("stand-in's SHA-256", Some(&file.sha256), Some(&sha256));
    found.unless_equal("stand-in's interaction", Some(&file.interaction_id), Some(&sample.interaction));
    found.unless_equal("stand-in's file name", Some(&file.file_name), Some(sample.file_name()));
    let tags = file.metadata.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    if !tags.eq(sample.tags.iter().copied()) {
        found.add(format!("the stand-in's metadata is {:?} instead of {:?}", file.metadata, sample.tags));
    }
    if let Some(record) = record {
        found.unless_equal("audit record's SHA-256", text(record, "/object/sha256"), Some(&sha256));
        found.unless_equal("audit record's job", text(record, "/job_id"), Some(&file.job_id));
    }
}

fn text<'a>(record: &'a Record, pointer: &str) -> Option<&'a str> {
    record.json.pointer(pointer).and_then(Value::as_str)
}

struct Differences(Vec<String>);

impl Differences {
    fn add(&mut self, text: impl Into<String>) {
        self.0.push(text.into());
    }

    fn unless_equal(&mut self, what: &str, is: Option<&str>, must_be: Option<&str>) {
        if is != must_be {
            let word = |value: Option<&str>| value.unwrap_or("none").to_owned();
            self.add(format!("{what}: {} instead of {}", word(is), word(must_be)));
        }
    }
}

#[cfg(test)]
mod tests {
    use attachments::{Outcome, ReasonCode};
    use serde_json::json;

    use super::super::follow::Execution;
    use super::super::samples::Expected;
    use super::*;

    fn sample(outcome: Outcome, reason: Option<ReasonCode>) -> Sample {
        let expected = Expected { outcome, reason };
        Sample {
            interaction: "INT-1".to_owned(),
            path: "x/a.pdf".to_owned(),
            body: b"abc".to_vec(),
            tags: &[("a", "b")],
            expected,
        }
    }

    fn execution(error: Option<&str>, cause: Option<&str>) -> Execution {
        Execution {
            arn: "arn".to_owned(),
            status: if error.is_some() { "FAILED" } else { "SUCCEEDED" }.to_owned(),
            error: error.map(str::to_owned),
            cause: cause.map(str::to_owned),
            output: error.is_none().then(|| json!({ "outcome": "COMPLETED" }).to_string()),
            began: 0.0,
            ended: 1.0,
        }
    }

    fn record(json: Value) -> Record {
        Record {
            location: "s3://a/b".to_owned(),
            sha256: "r".to_owned(),
            locked_until: None,
            text: String::new(),
            json,
        }
    }

    /// A completed object of which everything is right.
    fn completed() -> (Sample, Seen) {
        let sample = sample(Outcome::Completed, None);
        let sha256 = sample.sha256();
        let file = json!({
            "job_id": "job-1", "interaction_id": "INT-1", "idempotency_key": "k", "file_name": "a.pdf",
            "content_type": "application/pdf", "size": 3, "sha256": sha256, "metadata": { "a": "b" }, "auto_scan": true,
            "infected": false, "stored_ms": 0, "status": "COMPLETED", "live": true, "requests": [1],
        });
        let seen = Seen {
            execution: Some(execution(None, None)),
            record: Some(record(json!({
                "event": "ATTACHMENT_UPLOAD_COMPLETED", "error_reason": null, "job_id": "job-1",
                "object": { "sha256": sha256 },
            }))),
            webhook: Webhook::Verified { sha256: "r".to_owned() },
            stored: Some(serde_json::from_value(file).unwrap()),
            seconds: Some(1.0),
            stuck: None,
        };
        (sample, seen)
    }

    /// A rejected object of which everything is right.
    fn rejected() -> (Sample, Seen) {
        let seen = Seen {
            execution: Some(execution(Some("REJECTED"), Some("empty; audit record s3://a/b"))),
            record: Some(record(json!({ "event": "ATTACHMENT_REJECTED", "error_reason": { "code": "empty" } }))),
            webhook: Webhook::Verified { sha256: "r".to_owned() },
            ..Seen::default()
        };
        (sample(Outcome::Rejected, Some(ReasonCode::Empty)), seen)
    }

    #[test]
    fn nothing_differs_where_all_is_right() {
        for (sample, seen) in [completed(), rejected()] {
            assert_eq!(differences(&sample, &seen), Vec::<String>::new());
        }
    }

    #[test]
    fn an_object_without_an_end_is_told_with_how_far_it_came() {
        let (sample, seen) = completed();
        let seen = Seen { execution: None, stuck: Some("its execution still runs".to_owned()), ..seen };
        let found = differences(&sample, &seen);
        assert_eq!(found, ["it has no end: its execution still runs"]);
        let (sample, seen) = rejected();
        let seen = Seen { execution: None, webhook: Webhook::Refused("bad signature".to_owned()), ..seen };
        let found = differences(&sample, &seen);
        assert!(found.len() == 2 && found[1].contains("bad signature"), "{found:?}");
    }

    #[test]
    fn another_outcome_and_another_reason_both_differ() {
        let (_, seen) = rejected();
        let found = differences(&sample(Outcome::Rejected, Some(ReasonCode::TooLarge)), &seen);
        assert_eq!(
            found,
            [
                "reason in the execution's cause: empty instead of too_large",
                "audit record's reason: empty instead of too_large",
            ]
        );
        let found = differences(&sample(Outcome::Failed, Some(ReasonCode::Empty)), &seen);
        assert_eq!(
            found,
            [
                "outcome: REJECTED instead of FAILED",
                "audit record's event: ATTACHMENT_REJECTED instead of ATTACHMENT_UPLOAD_FAILED",
            ]
        );
    }

    #[test]
    fn a_webhook_must_come_be_verified_and_carry_the_record() {
        for (webhook, said) in [
            (Webhook::Missing, "no webhook came"),
            (Webhook::Refused("bad signature".to_owned()), "bad signature"),
            (Webhook::Verified { sha256: "other".to_owned() }, "not the audit record's"),
        ] {
            let (sample, seen) = rejected();
            let found = differences(&sample, &Seen { webhook, ..seen });
            assert!(found.len() == 1 && found[0].contains(said), "{found:?}");
        }
    }

    #[test]
    fn the_stand_in_must_hold_what_completed_as_it_was_and_nothing_else() {
        type Change = fn(&mut Attachment);
        let changes: [(&str, Change); 5] = [
            ("SHA-256", |file| file.sha256 = "0".repeat(64)),
            ("file name", |file| file.file_name.push('x')),
            ("interaction", |file| file.interaction_id.push('x')),
            ("metadata", |file| file.metadata.clear()),
            ("job failed", |file| file.live = false),
        ];
        for (said, change) in changes {
            let (sample, mut seen) = completed();
            change(seen.stored.as_mut().unwrap());
            let found = differences(&sample, &seen);
            assert!(found.len() == 1 && found[0].contains(said), "{said}: {found:?}");
        }
        let (sample, seen) = completed();
        let stored = seen.stored.clone();
        let found = differences(&sample, &Seen { stored: None, ..seen });
        assert_eq!(found, ["the stand-in does not hold it"]);
        let (sample, seen) = rejected();
        let found = differences(&sample, &Seen { stored, ..seen });
        assert_eq!(found, ["the stand-in holds it although it did not complete"]);
    }

    #[test]
    fn a_missing_record_differs() {
        let (sample, seen) = rejected();
        assert_eq!(differences(&sample, &Seen { record: None, ..seen }), ["there is no audit record"]);
    }
}
