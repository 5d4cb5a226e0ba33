//! Files that arrive.

use cxone_standin::{JobAct, Step};
use end_to_end::{Error, Put, World};
use sha2::{Digest, Sha256};

use stack::fixtures::{self, Fixture};

use crate::files::pdf;

pub(crate) async fn every_type_completes(world: &World) -> Result<(), Error> {
    let mut sent = Vec::new();
    for Fixture { media_type, name, content: bytes } in fixtures::one_of_each()? {
        let (key, digest) = (format!("interactions/TYPES/{name}"), hex::encode(Sha256::digest(&bytes)));
        sent.push((name, media_type.as_str(), digest, world.put(Put { key: &key, bytes, ..Put::default() }).await?));
    }
    for (name, mime_type, digest, object) in sent {
        let journey = world.journey(&object, "TYPES").await?;
        journey.check()?;
        assert_eq!((journey.status.as_str(), journey.reason()), ("SUCCEEDED", None), "{name}");
        assert_eq!(journey.audit.object.mime_type.as_deref(), Some(mime_type), "{name}");
        assert_eq!(journey.audit.object.sha256.as_deref(), Some(digest.as_str()), "{name}");
        let stored = journey.attachments.first().ok_or("nothing stored")?;
        assert_eq!((stored.sha256.as_str(), stored.content_type.as_str()), (digest.as_str(), mime_type), "{name}");
        assert_eq!(journey.uploads.len(), 1, "{name} was uploaded more than once");
    }
    Ok(())
}

pub(crate) async fn one_file_in_every_detail(world: &World) -> Result<(), Error> {
    let key = "interactions/INT-42/2026/año 1+1 (final).pdf";
    let put = Put {
        key,
        bytes: pdf(20_000, "detail"),
        tagging: Some("case=4711&team=claims%20%2B%20returns"),
        metadata: &[("auto-scan", "false")],
        content_type: Some("application/x-own"),
    };
    let digest = hex::encode(Sha256::digest(&put.bytes));
    let object = world.put(put).await?;
    let journey = world.journey(&object, "INT-42").await?;
    journey.check()?;
    assert_eq!(journey.status, "SUCCEEDED");
    assert!(journey.name.starts_with("INT-42-"), "{}", journey.name);
    assert_eq!(journey.states.first().map(String::as_str), Some("Route"));
    assert_eq!(journey.states.last().map(String::as_str), Some("RecordCompletion"));

    let upload = journey.uploads.first().ok_or("no upload")?;
    assert_eq!(upload.http_version, "HTTP/1.1");
    assert_eq!(upload.headers.get("transfer-encoding").map(String::as_str), Some("chunked"));
    assert!(!upload.headers.contains_key("content-length"), "{:?}", upload.headers);
    assert!(upload.violations.is_empty(), "{:?}", upload.violations);

    let stored = journey.attachments.first().ok_or("nothing stored")?;
    assert_eq!(stored.interaction_id, "INT-42");
    assert_eq!(stored.file_name, "año 1+1 (final).pdf");
    assert_eq!((stored.sha256.as_str(), stored.size), (digest.as_str(), 20_000));
    assert!(!stored.auto_scan);
    let tags: Vec<_> = stored.metadata.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(tags, [("case", "4711"), ("team", "claims + returns")]);

    let audit = &journey.audit;
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
        audit.execution_arn.as_deref().is_some_and(|arn| arn.ends_with(&journey.name)),
        "{:?}",
        audit.execution_arn
    );
    assert_eq!(journey.audit_bytes.last(), Some(&b'\n'));
    Ok(())
}

pub(crate) async fn metadata_overrides_the_path(world: &World) -> Result<(), Error> {
    let put = Put {
        key: "interactions/not an id/a.pdf",
        bytes: pdf(1_000, "override"),
        metadata: &[("interaction-id", "OTHER:1")],
        ..Put::default()
    };
    let object = world.put(put).await?;
    let journey = world.journey(&object, "OTHER:1").await?;
    journey.check()?;
    assert_eq!(journey.status, "SUCCEEDED");
    assert_eq!(journey.audit.interaction_id.as_deref(), Some("OTHER:1"));
    assert!(journey.name.starts_with("OTHER_1-"), "{}", journey.name);
    assert!(journey.audit.auto_scan);
    Ok(())
}

pub(crate) async fn an_unknown_word_is_polled_on(world: &World) -> Result<(), Error> {
    let says = |status: &str| Step::once(JobAct::word(status));
    world.cxone.script_jobs("WORD", &[says("PENDING"), says("SIMMERING").times(2)]).await?;
    let put = Put { key: "interactions/WORD/a.pdf", bytes: pdf(1_000, "word"), ..Put::default() };
    let object = world.put(put).await?;
    let journey = world.journey(&object, "WORD").await?;
    journey.check()?;
    assert_eq!(journey.status, "SUCCEEDED");
    assert!(journey.audit.polls >= 4, "{} polls", journey.audit.polls);
    Ok(())
}
