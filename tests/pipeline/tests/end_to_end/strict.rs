//! The stack with stricter settings.

use pipeline::{File, Placed, World};
use servers::{cxone::JobAct, scripted::Step};

use crate::{
    Error,
    files::{fixture, infected_pdf, pdf},
};

async fn put(world: &World, key: &str, bytes: Vec<u8>) -> Result<Placed, Error> {
    Ok(world.put(&File::new(key, bytes)).await?)
}

pub(crate) async fn content_length_framing_is_used(world: &World) -> Result<(), Error> {
    let object = put(world, "interactions/OWN-1/a.pdf", pdf(1_000, "length")).await?;
    let ended = world.outcome_of(&object).await?;
    assert_eq!(ended.outcome, "COMPLETED");
    let upload = ended.seen_uploads.first().ok_or("no upload")?;
    assert!(!upload.headers.contains_key("transfer-encoding"), "{:?}", upload.headers);
    let announced: u64 = upload.headers.get("content-length").ok_or("no content-length")?.parse()?;
    assert_eq!(announced, upload.body_bytes);
    Ok(())
}

pub(crate) async fn narrower_settings_reject(world: &World) -> Result<(), Error> {
    let rows = [
        ("interactions/FOREIGN-1/a.pdf", pdf(1_000, "foreign"), "foreign_interaction_id"),
        ("interactions/OWN-2/large.pdf", pdf(20_001, "large"), "too_large"),
        ("interactions/OWN-2/a.png", fixture("screenshot.png")?, "unsupported_extension"),
    ];
    for (key, bytes, reason) in rows {
        let object = put(world, key, bytes).await?;
        let ended = world.outcome_of(&object).await?;
        assert_eq!(ended.reason.as_deref(), Some(reason), "{key}");
    }
    Ok(())
}

pub(crate) async fn quota_is_enforced_and_refunded(world: &World) -> Result<(), Error> {
    // 30,000 bytes in all; the other trials of this stack take less than 5,000 of them.
    let infected = put(world, "interactions/OWN-3/virus.pdf", infected_pdf("quota")).await?;
    let failed = world.outcome_of(&infected).await?;
    assert_eq!((failed.outcome.as_str(), &failed.audit.quota), ("FAILED", &attachments::audit::QuotaState::Settled));
    let first = put(world, "interactions/OWN-3/first.pdf", pdf(19_000, "first")).await?;
    assert_eq!(world.outcome_of(&first).await?.outcome, "COMPLETED");
    let second = put(world, "interactions/OWN-3/second.pdf", pdf(18_000, "second")).await?;
    let ended = world.outcome_of(&second).await?;
    assert_eq!(ended.reason.as_deref(), Some("quota_exceeded"));
    assert!(ended.seen_uploads.is_empty(), "an upload began although the quota is full");
    Ok(())
}

pub(crate) async fn job_after_its_deadline_times_out(world: &World) -> Result<(), Error> {
    world.standin.script_jobs("OWN-4", &[Step::once(JobAct::word("RUNNING")).forever()]).await?;
    let object = put(world, "interactions/OWN-4/a.pdf", pdf(1_000, "deadline")).await?;
    let ended = world.outcome_of(&object).await?;
    assert_eq!(ended.outcome, "TIMED_OUT");
    assert_eq!(ended.reason.as_deref(), Some("job_deadline"));
    assert_eq!(ended.audit.quota, attachments::audit::QuotaState::Unsettled);
    let states = world.states_of(&ended).await?;
    assert!(states.iter().any(|state| state == "WaitForJob"), "{states:?}");
    Ok(())
}
