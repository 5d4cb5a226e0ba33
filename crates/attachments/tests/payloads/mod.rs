//! One payload of each kind, as the functions send them.

#![expect(clippy::unwrap_used, reason = "test data made of literals")]

use std::collections::BTreeMap;

use attachments::{
    Outcome, Reason, ReasonCode, Timestamp,
    workflow::{
        Attachment, Blind, Decision, Ending, Finalized, JobProgress, ObjectFacts, Resolution, SCHEMA, SourceChecksum,
        StatusChange, Upload,
    },
};

pub(crate) const EXECUTION_ARN: &str =
    "arn:aws:states:us-east-1:123456789012:execution:attachments:INT-42-0123456789abcdef0123456789abcdef";

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_millis(1_795_339_810_123 + seconds * 1000)
}

/// The input of an execution after an accepted upload.
pub(crate) fn uploaded() -> Attachment {
    Attachment {
        schema: SCHEMA,
        decision: Decision::Poll,
        wait_seconds: None,
        identity: "0123456789abcdef".repeat(4).parse().unwrap(),
        interaction_id: Some("INT-42".parse().unwrap()),
        key_interaction: Some("INT-42".into()),
        job_id: Some("job-1".parse().unwrap()),
        object: ObjectFacts {
            bucket: "drop".into(),
            key: "interactions/INT-42/año 1+1.pdf".into(),
            version_id: Some("v1".into()),
            etag: Some("9e107d9d372bb6826bd81d3542a419d6".into()),
            size_bytes: Some(43),
            sha256: Some("ab".repeat(32)),
            mime_type: Some("application/pdf".into()),
            declared_content_type: Some("application/pdf".into()),
            source_checksum: Some(SourceChecksum::Verified),
            event_time: Some(at(-2)),
        },
        tags: BTreeMap::from([("case".into(), "4711".into()), ("team".into(), "claims".into())]),
        auto_scan: false,
        upload: Some(Upload { started_at: at(0), ended_at: Some(at(1)) }),
        upload_attempts: 1,
        possibly_stored: false,
        job: JobProgress::default(),
        result: None,
        error: None,
    }
}

/// The input of an execution for an object that intake rejected.
pub(crate) fn rejected() -> Attachment {
    let reason = Reason::new(ReasonCode::Empty, "the object has no bytes");
    Attachment {
        decision: Decision::Unsuccessful,
        job_id: None,
        tags: BTreeMap::new(),
        auto_scan: true,
        upload: None,
        upload_attempts: 0,
        object: ObjectFacts {
            bucket: "drop".into(),
            key: "interactions/INT-42/a.pdf".into(),
            version_id: Some("v1".into()),
            size_bytes: Some(0),
            event_time: Some(at(-2)),
            ..ObjectFacts::default()
        },
        result: Some(Resolution { ending: Ending::Rejected(reason), at: at(0) }),
        ..uploaded()
    }
}

fn polled() -> Attachment {
    let changes = vec![
        StatusChange { status: "PENDING".into(), at: at(1) },
        StatusChange { status: "RUNNING".into(), at: at(3) },
    ];
    let job = JobProgress {
        polls: 7,
        waits: 0,
        throttled: 1,
        faults: 1,
        blind: None,
        status: Some("RUNNING".into()),
        changes,
    };
    Attachment { job, ..uploaded() }
}

/// Poll's response if the machine must wait and poll cannot read a status.
pub(crate) fn blind() -> Attachment {
    let blind = Blind { since: at(4), fault: "a gateway answered 503".into() };
    let waiting = waiting();
    Attachment { job: JobProgress { blind: Some(blind), ..waiting.job.clone() }, ..waiting }
}

/// The input of an execution for an object that intake gave up although CXone may hold it.
pub(crate) fn possibly_stored() -> Attachment {
    let reason = Reason::possibly_stored(ReasonCode::CxoneUnavailable, "the last fault: a gateway answered 503");
    Attachment {
        decision: Decision::Unsuccessful,
        job_id: None,
        upload: Some(Upload { started_at: at(0), ended_at: None }),
        upload_attempts: 3,
        possibly_stored: true,
        result: Some(Resolution { ending: Ending::TrackingFailed(reason), at: at(5) }),
        ..uploaded()
    }
}

/// Poll's response if the machine must wait.
pub(crate) fn waiting() -> Attachment {
    let polled = polled();
    let job = JobProgress { waits: 1, ..polled.job.clone() };
    Attachment { decision: Decision::Wait, wait_seconds: Some(15), job, ..polled }
}

/// Poll's response if the job has completed.
pub(crate) fn completed() -> Attachment {
    Attachment {
        decision: Decision::Completed,
        result: Some(Resolution { ending: Ending::Completed, at: at(5) }),
        ..polled()
    }
}

/// Poll's response for any other ending.
pub(crate) fn unsuccessful(ending: Ending) -> Attachment {
    Attachment { decision: Decision::Unsuccessful, result: Some(Resolution { ending, at: at(5) }), ..polled() }
}

/// Poll's endings, except for `Completed`.
pub(crate) fn bad_endings() -> [Ending; 3] {
    let reason = |code, text: &str| Reason::new(code, text);
    [
        Ending::Failed(reason(ReasonCode::JobFailed, "Virus found")),
        Ending::TimedOut(reason(ReasonCode::JobDeadline, "the job had not ended")),
        Ending::TrackingFailed(reason(ReasonCode::JobMismatch, "another interaction")),
    ]
}

/// Finalize's response.
pub(crate) fn finalized(attachment: &Attachment) -> Finalized {
    let resolution = attachment.resolution(at(9));
    let outcome: Outcome = resolution.ending.outcome();
    let code = resolution.ending.reason().map_or("completed".into(), |reason| reason.code.as_str());
    Finalized {
        schema: SCHEMA,
        outcome,
        cause: format!("{code}; audit record s3://audit/audit/date=2026-11-22/x.json"),
        identity: attachment.identity.clone(),
        audit_bucket: "audit".into(),
        audit_key: "audit/date=2026-11-22/x.json".into(),
        webhook_status: 204,
    }
}
