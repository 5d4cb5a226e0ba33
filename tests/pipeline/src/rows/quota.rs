//! The tenant's quota.

use serde_json::Value;
use servers::{cxone::JobAct, scripted::Step};

use super::{Acting, Play, Row, row, webhooks::recorded_again};
use crate::case::{Case, Expect, ensure};
use crate::places::Place;
use crate::world::{File, Webhook};

/// The stack's quota has room for fifty files of this size.
const BYTES: usize = 10_000;
const OBJECTS: usize = 200;
const ROOM: usize = 50;

pub(super) const ROWS: &[Row] = &[
    row(
        "quota/refunded-once",
        "three jobs fail, and finalize runs twice for each",
        "their bytes are refunded once",
        Play::Other(given_back),
    )
    .at(Place::Quota)
    .within(121),
    row(
        "quota/race",
        "200 objects race for room for 50",
        "exactly 50 COMPLETED, 150 quota_exceeded, the counter is exact",
        Play::Other(race),
    )
    .at(Place::Quota)
    .within(120),
];

fn given_back(case: Case) -> Acting {
    Box::pin(async move {
        case.world.standin.script_jobs(&case.interaction, &[Step::once(JobAct::word("FAILED")).times(3)]).await?;
        for number in 0..3 {
            let placed = case.world.put(&File::named(&case.interaction, &format!("{number}.wav"), BYTES)).await?;
            let ended = case.end_of(&placed, Webhook::Delivered).await?;
            ensure(ended.outcome == "FAILED", || ended.seen())?;
            let again = recorded_again(&case, &ended.execution_arn).await?;
            ensure(again.get("outcome").and_then(Value::as_str) == Some("FAILED"), || format!("again: {again}"))?;
        }
        let used = case.world.ledger().await?.used_bytes;
        ensure(used == 0, || format!("used_bytes is {used}"))?;
        Ok("used_bytes 0 after three failures recorded twice".to_owned())
    })
}

fn race(case: Case) -> Acting {
    Box::pin(async move {
        let mut placed = Vec::with_capacity(OBJECTS);
        for number in 0..OBJECTS {
            placed.push(case.world.put(&File::named(&case.interaction, &format!("{number}.wav"), BYTES)).await?);
        }
        let (mut completed, mut refused) = (0, 0);
        for one in &placed {
            let ended = case.end_of(one, Webhook::Delivered).await?;
            if Expect::COMPLETED.claims(1, 9).compare(&ended).is_ok() {
                completed += 1;
            } else if ended.reason.as_deref() == Some("quota_exceeded") {
                refused += 1;
            }
        }
        let used = case.world.ledger().await?.used_bytes;
        let seen = format!("{completed} COMPLETED, {refused} quota_exceeded, used_bytes {used}");
        ensure((completed, refused, used) == (ROOM, OBJECTS - ROOM, (ROOM * BYTES) as u64), || seen.clone())?;
        Ok(seen)
    })
}
