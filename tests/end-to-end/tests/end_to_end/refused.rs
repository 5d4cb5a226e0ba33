//! Files that do not arrive, and why.

use attachments::{ObjectRef, ObjectVersion};
use cxone_standin::{JobAct, Reply, StatusAnswer, Step, UploadAct};
use end_to_end::{Error, Put, World};
use serde_json::json;
use stack::fixtures;

use crate::files::{infected_pdf, pdf};

pub(crate) async fn each_fault_has_its_reason(world: &World) -> Result<(), Error> {
    world.cxone.script_uploads("GONE-404", &[Step::once(reply(404, "no such interaction"))]).await?;
    world.cxone.script_uploads("TEAPOT", &[Step::once(reply(418, "short and stout"))]).await?;
    let rows: [(&str, Vec<u8>, &str, &str); 9] = [
        ("interactions/REFUSED/empty.pdf", Vec::new(), "REFUSED", "empty"),
        ("interactions/REFUSED/notes.txt", b"hello".to_vec(), "REFUSED", "unsupported_extension"),
        ("interactions/REFUSED/photo.pdf", fixtures::read("screenshot.png")?, "REFUSED", "type_mismatch"),
        ("interactions/REFUSED/text.pdf", b"just text".to_vec(), "REFUSED", "unsupported_type"),
        ("interactions/no good/a.pdf", pdf(1_000, "id"), "no good", "bad_interaction_id"),
        ("interactions/../a.pdf", pdf(1_000, "dots"), "..", "bad_interaction_id"),
        ("interactions/a.pdf", pdf(1_000, "no folder"), "", "bad_key"),
        ("interactions/GONE-404/a.pdf", pdf(1_000, "404"), "GONE-404", "cxone_404"),
        ("interactions/TEAPOT/a.pdf", pdf(1_000, "418"), "TEAPOT", "cxone_418"),
    ];
    let mut sent = Vec::new();
    for (key, bytes, interaction, reason) in rows {
        sent.push((key, interaction, reason, world.put(Put { key, bytes, ..Put::default() }).await?));
    }
    for (key, interaction, reason, object) in sent {
        let journey = world.journey(&object, interaction).await?;
        journey.check()?;
        assert_eq!(journey.reason().as_deref(), Some(reason), "{key}");
        assert_eq!((journey.status.as_str(), journey.error.as_deref()), ("FAILED", Some("REJECTED")), "{key}");
        let cause = journey.cause.clone().unwrap_or_default();
        assert!(cause.starts_with(reason) && cause.contains("s3://"), "{key}: {cause}");
        assert_eq!(journey.states, ["Route", "RecordFailure", "AttachmentFailed"], "{key}");
        assert!(journey.attachments.is_empty(), "{key} is at CXone");
        assert_eq!(journey.uploads.len(), usize::from(reason.starts_with("cxone_")), "{key}");
    }
    Ok(())
}

/// CXone's own refusal: a JSON object with more than a `message`, or it would be taken for a gateway's.
fn reply(status: u16, message: &str) -> UploadAct {
    let body = json!({ "error": "Refused", "message": message }).to_string();
    UploadAct::Reply(Reply::status(status.try_into().unwrap_or_default()).body(body))
}

pub(crate) async fn an_infected_file_fails(world: &World) -> Result<(), Error> {
    let put = Put { key: "interactions/VIRUS/a.pdf", bytes: infected_pdf("virus"), ..Put::default() };
    let object = world.put(put).await?;
    let journey = world.journey(&object, "VIRUS").await?;
    journey.check()?;
    assert_eq!(journey.error.as_deref(), Some("FAILED"));
    assert_eq!(journey.audit.event, "ATTACHMENT_UPLOAD_FAILED");
    let reason = journey.audit.error_reason.ok_or("no reason")?;
    assert_eq!(reason.code.as_str(), "job_failed");
    assert!(reason.text.contains("EICAR"), "{}", reason.text);
    Ok(())
}

pub(crate) async fn what_is_gone_is_said_so(world: &World) -> Result<(), Error> {
    let bucket = &world.stack.description().bucket;
    let key = "interactions/LATE/a.pdf";
    // A delete marker hides nothing: the version is pinned. A version that never was is gone.
    let gone = ObjectRef::new(bucket, key, ObjectVersion::Id("3f2c1b9e-0000-4000-8000-000000000000".to_owned()))?;
    let event = json!({"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": bucket}, "object": {"key": key, "versionId": "3f2c1b9e-0000-4000-8000-000000000000"}}}]});
    world.enqueue(&event.to_string()).await?;
    let journey = world.journey(&gone, "LATE").await?;
    journey.check()?;
    assert_eq!(journey.reason().as_deref(), Some("object_gone"));
    Ok(())
}

pub(crate) async fn an_answer_for_another_interaction_is_not_believed(world: &World) -> Result<(), Error> {
    let answer = StatusAnswer {
        word: "COMPLETED".into(),
        interaction_id: Some("SOMEBODY-ELSE".into()),
        reason: None,
        reason_bytes: None,
    };
    world.cxone.script_jobs("MISMATCH", &[Step::once(JobAct::Status(answer))]).await?;
    let put = Put { key: "interactions/MISMATCH/a.pdf", bytes: pdf(1_000, "mismatch"), ..Put::default() };
    let object = world.put(put).await?;
    let journey = world.journey(&object, "MISMATCH").await?;
    journey.check()?;
    assert_eq!(journey.error.as_deref(), Some("TRACKING_FAILED"));
    assert_eq!(journey.reason().as_deref(), Some("job_mismatch"));
    Ok(())
}
