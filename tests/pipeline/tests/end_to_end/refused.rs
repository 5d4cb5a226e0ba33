//! Files that are not attached, and why.

use pipeline::{File, World};
use serde_json::json;
use servers::{
    cxone::{JobAct, StatusAnswer, UploadAct},
    scripted::{Reply, Step},
};

use crate::{
    Error,
    files::{fixture, infected_pdf, pdf},
};

pub(crate) async fn each_bad_file_has_its_reason(world: &World) -> Result<(), Error> {
    world.standin.script_uploads("GONE-404", &[Step::once(reply(404, "no such interaction"))]).await?;
    world.standin.script_uploads("TEAPOT", &[Step::once(reply(418, "short and stout"))]).await?;
    let rows: [(&str, Vec<u8>, &str); 9] = [
        ("interactions/REFUSED/empty.pdf", Vec::new(), "empty"),
        ("interactions/REFUSED/notes.txt", b"hello".to_vec(), "unsupported_extension"),
        ("interactions/REFUSED/photo.pdf", fixture("screenshot.png")?, "type_mismatch"),
        ("interactions/REFUSED/text.pdf", b"just text".to_vec(), "unsupported_type"),
        ("interactions/no good/a.pdf", pdf(1_000, "id"), "bad_interaction_id"),
        ("interactions/../a.pdf", pdf(1_000, "dots"), "bad_interaction_id"),
        ("interactions/a.pdf", pdf(1_000, "no folder"), "bad_key"),
        ("interactions/GONE-404/a.pdf", pdf(1_000, "404"), "cxone_404"),
        ("interactions/TEAPOT/a.pdf", pdf(1_000, "418"), "cxone_418"),
    ];
    let mut sent = Vec::new();
    for (key, bytes, reason) in rows {
        sent.push((key, reason, world.put(&File::new(key, bytes)).await?));
    }
    for (key, reason, object) in sent {
        let ended = world.outcome_of(&object).await?;
        assert_eq!(ended.reason.as_deref(), Some(reason), "{key}");
        assert_eq!(ended.outcome, "REJECTED", "{key}");
        let cause = ended.cause.clone().unwrap_or_default();
        assert!(cause.starts_with(reason) && cause.contains("s3://"), "{key}: {cause}");
        assert_eq!(world.states_of(&ended).await?, ["Route", "RecordFailure", "AttachmentFailed"], "{key}");
        assert!(ended.attachment.is_none(), "{key} is at CXone");
        assert_eq!(ended.seen_uploads.len(), usize::from(reason.starts_with("cxone_")), "{key}");
    }
    Ok(())
}

/// CXone's own refusal: a JSON object with more than a `message`, which would be a gateway's.
fn reply(status: u16, message: &str) -> UploadAct {
    let body = json!({ "error": "Refused", "message": message }).to_string();
    UploadAct::Reply(Reply::status(status.try_into().unwrap_or_default()).body(body))
}

pub(crate) async fn infected_file_fails(world: &World) -> Result<(), Error> {
    let file = File::new("interactions/VIRUS/a.pdf", infected_pdf("virus"));
    let object = world.put(&file).await?;
    let ended = world.outcome_of(&object).await?;
    assert_eq!(ended.outcome, "FAILED");
    assert_eq!(ended.audit.event, "ATTACHMENT_UPLOAD_FAILED");
    let reason = ended.audit.error_reason.ok_or("no reason")?;
    assert_eq!(reason.code.as_str(), "job_failed");
    assert!(reason.text.contains("EICAR"), "{}", reason.text);
    Ok(())
}

pub(crate) async fn missing_version_is_rejected_as_gone(world: &World) -> Result<(), Error> {
    // A delete marker hides nothing: the version is pinned. A version that was never written is gone.
    let gone = world.never_written("interactions/LATE/a.pdf", "3f2c1b9e-0000-4000-8000-000000000000")?;
    world.announce(&gone).await?;
    let ended = world.outcome_of(&gone).await?;
    assert_eq!(ended.reason.as_deref(), Some("object_gone"));
    Ok(())
}

pub(crate) async fn status_of_another_interaction_is_job_mismatch(world: &World) -> Result<(), Error> {
    let answer = StatusAnswer {
        word: "COMPLETED".into(),
        interaction_id: Some("SOMEBODY-ELSE".into()),
        reason: None,
        reason_bytes: None,
    };
    world.standin.script_jobs("MISMATCH", &[Step::once(JobAct::Status(answer))]).await?;
    let file = File::new("interactions/MISMATCH/a.pdf", pdf(1_000, "mismatch"));
    let object = world.put(&file).await?;
    let ended = world.outcome_of(&object).await?;
    assert_eq!(ended.outcome, "TRACKING_FAILED");
    assert_eq!(ended.reason.as_deref(), Some("job_mismatch"));
    Ok(())
}
