//! Tests with forged payloads, and with genuine ones of this and other releases.

use super::*;
use crate::{
    Reason, ReasonCode, Timestamp,
    workflow::{Ending, Resolution, StepError},
};

fn golden(name: &str) -> Attachment {
    let text = match name {
        "uploaded" => include_str!("../../../tests/golden/v2-uploaded.json"),
        "rejected" => include_str!("../../../tests/golden/v2-rejected.json"),
        "possibly-stored" => include_str!("../../../tests/golden/v2-possibly-stored.json"),
        "completed" => include_str!("../../../tests/golden/v2-completed.json"),
        "failed" => include_str!("../../../tests/golden/v2-failed.json"),
        "timed-out" => include_str!("../../../tests/golden/v2-timed-out.json"),
        "tracking-failed" => include_str!("../../../tests/golden/v2-tracking-failed.json"),
        "caught" => include_str!("../../../tests/golden/v2-caught.json"),
        "v1-completed" => include_str!("../../../tests/golden/v1-completed.json"),
        _ => panic!("{name}"),
    };
    serde_json::from_str(text).unwrap()
}

fn ended(ending: Ending) -> Resolution {
    Resolution { ending, at: Timestamp::from_unix_seconds(1_795_339_815) }
}

#[test]
fn progress_and_end_from_polling_are_accepted() {
    for name in ["completed", "failed", "timed-out", "tracking-failed", "caught"] {
        let message = golden(name);
        assert_eq!(message.clone().checked_against(golden("uploaded")), Ok(message), "{name}");
    }
}

#[test]
fn ending_of_intake_is_kept_when_a_later_state_fails() {
    for name in ["rejected", "possibly-stored"] {
        let decided = golden(name);
        assert_eq!(decided.clone().checked_against(decided.clone()), Ok(decided.clone()));
        let error = StepError { error: "Lambda.Unknown".into(), cause: String::new() };
        let caught = Attachment { error: Some(error), ..decided.clone() };
        assert_eq!(caught.checked_against(decided.clone()), Ok(decided), "{name}");
    }
}

#[test]
fn fields_that_an_earlier_poll_dropped_come_from_the_ledger() {
    let checked = golden("v1-completed").checked_against(golden("uploaded")).unwrap();
    assert_eq!(checked, golden("completed"));
    assert!(checked.key_interaction.is_some());
}

/// Changes one field of a payload.
type Forger = fn(&mut Attachment);

#[test]
fn forged_fact_is_refused_and_named() {
    let forgeries: [(&str, Forger); 15] = [
        ("identity", |it| it.identity = "f".repeat(64).parse().unwrap()),
        ("interaction_id", |it| it.interaction_id = Some("INT-43".parse().unwrap())),
        ("key_interaction", |it| it.key_interaction = Some("INT-43".into())),
        ("job_id", |it| it.job_id = Some("job-2".parse().unwrap())),
        ("object.bucket", |it| it.object.bucket = "other".into()),
        ("object.key", |it| it.object.key.push('x')),
        ("object.version_id", |it| it.object.version_id = Some("v2".into())),
        ("object.sha256", |it| it.object.sha256 = Some("cd".repeat(32))),
        ("object.size_bytes", |it| it.object.size_bytes = Some(44)),
        ("object.event_time", |it| it.object.event_time = Some(Timestamp::from_unix_seconds(0))),
        ("tags", |it| drop(it.tags.insert("more".into(), "1".into()))),
        ("tags", |it| it.tags.retain(|name, _| name == "case")),
        ("auto_scan", |it| it.auto_scan = !it.auto_scan),
        ("upload_attempts", |it| it.upload_attempts = 2),
        ("possibly_stored", |it| it.possibly_stored = true),
    ];
    for (name, forge) in forgeries {
        let mut forged = golden("completed");
        forge(&mut forged);
        let refused = forged.checked_against(golden("uploaded"));
        assert_eq!(refused, Err(Contradiction::Fact(name.to_owned())), "{name}");
    }
    let mut forged = golden("completed");
    forged.upload.as_mut().unwrap().started_at = Timestamp::from_unix_seconds(0);
    let refused = forged.checked_against(golden("uploaded"));
    assert_eq!(refused, Err(Contradiction::Fact("upload.started_at".to_owned())));
}

#[test]
fn forged_result_of_an_object_that_intake_ended_is_refused() {
    for decided in ["rejected", "possibly-stored"] {
        for ending in [Ending::Completed, Ending::Failed(Reason::new(ReasonCode::JobFailed, "refund"))] {
            let forged = Attachment { result: Some(ended(ending)), ..golden(decided) };
            let refused = forged.checked_against(golden(decided)).unwrap_err();
            assert!(refused.to_string().contains("intake ended the object"), "{refused}");
        }
    }
}

#[test]
fn rejection_of_an_accepted_object_and_completion_without_a_job_are_refused() {
    let reason = Reason::new(ReasonCode::Empty, "refund");
    let forged = Attachment { result: Some(ended(Ending::Rejected(reason))), ..golden("completed") };
    let refused = forged.checked_against(golden("uploaded")).unwrap_err();
    assert!(refused.to_string().contains("REJECTED is not possible"), "{refused}");
    let without_job = Attachment { job_id: None, ..golden("uploaded") };
    let forged = Attachment { job_id: None, ..golden("completed") };
    let refused = forged.checked_against(without_job).unwrap_err();
    assert!(refused.to_string().contains("the object has no job"), "{refused}");
}

#[test]
fn long_reason_of_a_payload_is_shortened() {
    let reason = Reason { code: ReasonCode::JobFailed, text: "x\n".repeat(100_000) };
    let long = Attachment { result: Some(ended(Ending::Failed(reason))), ..golden("failed") };
    let checked = long.checked_against(golden("uploaded")).unwrap();
    let Some(Resolution { ending: Ending::Failed(reason), .. }) = checked.result else { panic!("{checked:?}") };
    assert!(reason.text.len() <= crate::REASON_TEXT_BYTES && !reason.text.contains('\n'));
}
