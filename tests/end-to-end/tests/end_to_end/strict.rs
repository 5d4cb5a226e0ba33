//! The stack with stricter settings.

use attachments::ObjectRef;
use cxone_standin::{JobAct, Step};
use end_to_end::{Error, Put, World};
use stack::fixtures;

use crate::files::{infected_pdf, pdf};

async fn put(world: &World, key: &str, bytes: Vec<u8>) -> Result<ObjectRef, Error> {
    world.put(Put { key, bytes, ..Put::default() }).await
}

pub(crate) async fn content_length_goes_on_the_wire(world: &World) -> Result<(), Error> {
    let object = put(world, "interactions/OWN-1/a.pdf", pdf(1_000, "length")).await?;
    let journey = world.journey(&object, "OWN-1").await?;
    journey.check()?;
    assert_eq!(journey.status, "SUCCEEDED");
    let upload = journey.uploads.first().ok_or("no upload")?;
    assert!(!upload.headers.contains_key("transfer-encoding"), "{:?}", upload.headers);
    let announced: u64 = upload.headers.get("content-length").ok_or("no content-length")?.parse()?;
    assert_eq!(announced, upload.body_bytes);
    Ok(())
}

pub(crate) async fn narrower_settings_refuse(world: &World) -> Result<(), Error> {
    let rows = [
        ("interactions/FOREIGN-1/a.pdf", pdf(1_000, "foreign"), "FOREIGN-1", "foreign_interaction_id"),
        ("interactions/OWN-2/large.pdf", pdf(20_001, "large"), "OWN-2", "too_large"),
        ("interactions/OWN-2/a.png", fixtures::read("screenshot.png")?, "OWN-2", "unsupported_extension"),
    ];
    for (key, bytes, interaction, reason) in rows {
        let object = put(world, key, bytes).await?;
        let journey = world.journey(&object, interaction).await?;
        journey.check()?;
        assert_eq!(journey.reason().as_deref(), Some(reason), "{key}");
    }
    Ok(())
}

pub(crate) async fn the_quota_is_kept_and_given_back(world: &World) -> Result<(), Error> {
    // 30,000 bytes in all; the other trials of this stack take less than 5,000 of them.
    let infected = put(world, "interactions/OWN-3/virus.pdf", infected_pdf("quota")).await?;
    let failed = world.journey(&infected, "OWN-3").await?;
    assert_eq!(
        (failed.error.as_deref(), &failed.audit.quota),
        (Some("FAILED"), &attachments::audit::QuotaState::Settled)
    );
    let first = put(world, "interactions/OWN-3/first.pdf", pdf(19_000, "first")).await?;
    assert_eq!(world.journey(&first, "OWN-3").await?.status, "SUCCEEDED");
    let second = put(world, "interactions/OWN-3/second.pdf", pdf(18_000, "second")).await?;
    let journey = world.journey(&second, "OWN-3").await?;
    journey.check()?;
    assert_eq!(journey.reason().as_deref(), Some("quota_exceeded"));
    assert!(journey.uploads.is_empty(), "a byte was sent without room for it");
    Ok(())
}

pub(crate) async fn a_job_past_its_deadline_times_out(world: &World) -> Result<(), Error> {
    world.cxone.script_jobs("OWN-4", &[Step::once(JobAct::word("RUNNING")).forever()]).await?;
    let object = put(world, "interactions/OWN-4/a.pdf", pdf(1_000, "deadline")).await?;
    let journey = world.journey(&object, "OWN-4").await?;
    journey.check()?;
    assert_eq!(journey.error.as_deref(), Some("TIMED_OUT"));
    assert_eq!(journey.reason().as_deref(), Some("job_deadline"));
    assert_eq!(journey.audit.quota, attachments::audit::QuotaState::Unsettled);
    assert!(journey.states.iter().any(|state| state == "WaitForJob"), "{:?}", journey.states);
    Ok(())
}
