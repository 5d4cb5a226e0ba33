//! Files that are attached.

use pipeline::{File, World};
use servers::{cxone::JobAct, scripted::Step};
use stack::fixtures::{self, Fixture};

use crate::{Error, files::pdf};

pub(crate) async fn every_type_completes(world: &World) -> Result<(), Error> {
    let mut sent = Vec::new();
    for Fixture { media_type, name, content } in fixtures::one_of_each()? {
        let file = File::new(format!("interactions/TYPES/{name}"), content);
        sent.push((name, media_type.as_str(), world.put(&file).await?));
    }
    for (name, mime_type, object) in sent {
        let ended = world.outcome_of(&object).await?;
        assert_eq!((ended.outcome.as_str(), ended.reason), ("COMPLETED", None), "{name}");
        assert_eq!(ended.audit.object.mime_type.as_deref(), Some(mime_type), "{name}");
        assert_eq!(ended.audit.object.sha256.as_deref(), Some(object.sha256.as_str()), "{name}");
        let stored = ended.attachment.as_ref().ok_or("nothing stored")?;
        assert_eq!(
            (stored.sha256.as_str(), stored.content_type.as_str()),
            (object.sha256.as_str(), mime_type),
            "{name}"
        );
        assert_eq!(ended.seen_uploads.len(), 1, "{name} was uploaded more than once");
    }
    Ok(())
}

pub(crate) async fn one_file_is_checked_in_every_detail(world: &World) -> Result<(), Error> {
    let key = "interactions/INT-42/2026/año 1+1 (final).pdf";
    let file = File {
        tagging: Some("case=4711&team=claims%20%2B%20returns".to_owned()),
        metadata: vec![("auto-scan", "false".to_owned())],
        content_type: Some("application/x-own".to_owned()),
        ..File::new(key, pdf(20_000, "detail"))
    };
    let object = world.put(&file).await?;
    let ended = world.outcome_of(&object).await?;
    assert_eq!(ended.outcome, "COMPLETED");
    assert!(object.execution_name.starts_with("INT-42-"), "{}", object.execution_name);
    let states = world.states_of(&ended).await?;
    assert_eq!(states.first().map(String::as_str), Some("Route"));
    assert_eq!(states.last().map(String::as_str), Some("RecordCompletion"));

    let upload = ended.seen_uploads.first().ok_or("no upload")?;
    assert_eq!(upload.http_version, "HTTP/1.1");
    assert_eq!(upload.headers.get("transfer-encoding").map(String::as_str), Some("chunked"));
    assert!(!upload.headers.contains_key("content-length"), "{:?}", upload.headers);
    assert!(upload.violations.is_empty(), "{:?}", upload.violations);

    let stored = ended.attachment.as_ref().ok_or("nothing stored")?;
    assert_eq!(stored.interaction_id, "INT-42");
    assert_eq!(stored.file_name, "año 1+1 (final).pdf");
    assert_eq!((stored.sha256.as_str(), stored.size), (object.sha256.as_str(), 20_000));
    assert!(!stored.auto_scan);
    let tags: Vec<_> = stored.metadata.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(tags, [("case", "4711"), ("team", "claims + returns")]);

    let audit = &ended.audit;
    assert_eq!(audit.event, "ATTACHMENT_UPLOAD_COMPLETED");
    assert_eq!(audit.job_id.as_deref(), Some(stored.job_id.as_str()));
    assert_eq!(audit.object.key, key);
    assert_eq!(audit.object.declared_content_type.as_deref(), Some("application/x-own"));
    assert_eq!(audit.object.size_bytes, Some(20_000));
    assert_eq!(audit.tags.len(), 2);
    assert!(!audit.auto_scan);
    assert_eq!(audit.upload_attempts, 1);
    assert!(audit.polls >= 1 && audit.latency_seconds.is_some() && audit.timings.queued_seconds.is_some());
    assert!(
        audit.execution_arn.as_deref().is_some_and(|arn| arn.ends_with(&object.execution_name)),
        "{:?}",
        audit.execution_arn
    );
    assert!(world.audit_text(object.identity.as_str()).await?.ends_with('\n'));
    Ok(())
}

pub(crate) async fn metadata_overrides_the_path(world: &World) -> Result<(), Error> {
    let metadata = vec![("interaction-id", "OTHER:1".to_owned())];
    let file = File { metadata, ..File::new("interactions/not an id/a.pdf", pdf(1_000, "override")) };
    let object = world.put(&file).await?.at_interaction("OTHER:1");
    let ended = world.outcome_of(&object).await?;
    assert_eq!(ended.outcome, "COMPLETED");
    assert_eq!(ended.audit.interaction_id.as_deref(), Some("OTHER:1"));
    assert!(object.execution_name.starts_with("OTHER_1-"), "{}", object.execution_name);
    assert!(ended.audit.auto_scan);
    Ok(())
}

pub(crate) async fn unknown_status_is_polled_again(world: &World) -> Result<(), Error> {
    let says = |status: &str| Step::once(JobAct::word(status));
    world.standin.script_jobs("WORD", &[says("PENDING"), says("SIMMERING").times(2)]).await?;
    let file = File::new("interactions/WORD/a.pdf", pdf(1_000, "word"));
    let object = world.put(&file).await?;
    let ended = world.outcome_of(&object).await?;
    assert_eq!(ended.outcome, "COMPLETED");
    assert!(ended.audit.polls >= 4, "{} polls", ended.audit.polls);
    Ok(())
}
