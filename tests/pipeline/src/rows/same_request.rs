//! A retry is the same request, even if the object's tags have changed meanwhile.
//!
//! CXone stores the file and its answer is lost or an error; then a scanner tags the object's version. The stand-in
//! compares every attempt with the first one, and the row's invariants find any difference.

use std::time::Duration;

use servers::{
    cxone::{CutAt, UploadAct},
    scripted::Step,
};

use super::{
    Acting, Play, Row,
    replies::{own, stored},
    row,
};
use crate::case::{Case, Expect, ensure};
use crate::places::Place;
use crate::world::File;

/// How long the answer takes, so that the tag is set before the next attempt.
const MEANWHILE: Duration = Duration::from_secs(3);
const AGAIN: Expect = Expect::COMPLETED.uploads(2, 2);

const fn tagged(name: &'static str, fault: &'static str, act: fn(Case) -> Acting) -> Row {
    row(name, fault, "the same request again, COMPLETED, one attachment", Play::Other(act))
}

pub(super) const ROWS: &[Row] = &[
    tagged("same/cut", "stored, then cut; a tag is added", |case| {
        then_tagged(case, || Step::once(UploadAct::cut(CutAt::AfterBody)))
    })
    .fast(),
    tagged("same/500", "stored, then 500; a tag is added", |case| then_tagged(case, || stored(own(500)))).fast(),
    tagged("same/503", "stored, then 503; a tag is added", |case| then_tagged(case, || stored(own(503)))).fast(),
    tagged("same/408", "stored, then 408; a tag is added", |case| then_tagged(case, || stored(own(408)))).fast(),
    tagged("same/409", "stored, then 409; a tag is added", |case| then_tagged(case, || stored(own(409)))).fast(),
    tagged("same/other-run", "stored, then five times 503 and other tags before the next run", other_run).within(150),
    tagged("same/crash", "stored, then intake is killed; other tags before the next run", crash)
        .at(Place::Unmetered)
        .within(200),
];

fn then_tagged(case: Case, act: fn() -> Step<UploadAct>) -> Acting {
    Box::pin(async move {
        case.world.standin.script_uploads(&case.interaction, &[act().after(MEANWHILE)]).await?;
        let placed = case.world.put(&File { tagging: None, ..case.file() }).await?;
        case.stored(&placed, 1).await?;
        case.world.tag(&placed, "scan", "clean").await?;
        let seen = case.expect(&placed, &AGAIN).await?;
        kept_tags(&case, &[]).await?;
        Ok(seen)
    })
}

/// Checks that the attachment has the tags of the first attempt.
async fn kept_tags(case: &Case, names: &[&str]) -> Result<(), crate::FaultsError> {
    let held = case.world.standin.attachments(Some(&case.interaction)).await?;
    let tags: Vec<Vec<&String>> = held.iter().map(|one| one.metadata.keys().collect()).collect();
    ensure(tags.len() == 1 && tags.iter().all(|tags| tags == names), || format!("tags at CXone: {tags:?}"))
}

fn other_run(case: Case) -> Acting {
    Box::pin(async move {
        let script = [stored(own(503)).times(4), stored(own(503)).after(MEANWHILE)];
        case.world.standin.script_uploads(&case.interaction, &script).await?;
        let placed = case.world.put(&case.file()).await?;
        case.stored(&placed, 5).await?;
        case.world.tag(&placed, "scan", "clean").await?;
        let seen = case.expect(&placed, &AGAIN.uploads(6, 6).claims(2, 2)).await?;
        kept_tags(&case, &["note"]).await?;
        Ok(seen)
    })
}

fn crash(case: Case) -> Acting {
    Box::pin(async move {
        let slow = Step::once(UploadAct::Normal).after(Duration::from_secs(10));
        case.world.standin.script_uploads(&case.interaction, &[slow]).await?;
        let placed = case.world.place(&case.file()).await?;
        case.world.announce(&placed).await?;
        let process = case.kill_when_stored(&placed).await?;
        case.world.tag(&placed, "scan", "clean").await?;
        let seen = case.expect(&placed, &AGAIN.claims(2, 2)).await?;
        kept_tags(&case, &["note"]).await?;
        Ok(format!("killed {process}; {seen}"))
    })
}
