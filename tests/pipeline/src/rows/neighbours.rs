//! Objects and messages in one batch with a bad one.

use std::time::Duration;

use serde_json::{Value, json};
use servers::{
    cxone::{Call, UploadAct},
    scripted::Step,
};
use tokio::sync::mpsc;

use super::{Acting, Play, Row, events::queue_event, row};
use crate::case::{Case, Expect, ensure};
use crate::places::Place;
use crate::proxy::Act;
use crate::world::{File, Placed, kill, notification};

/// The number of objects beside the one that crashes intake.
const INNOCENT: usize = 3;

pub(super) const ROWS: &[Row] = &[
    row(
        "neighbour/crashes",
        "one object of a message crashes intake repeatedly while the others are sent",
        "it is processed alone and REJECTED, the others COMPLETED",
        Play::Other(crashes),
    )
    .at(Place::Crashes)
    .within(900),
    row(
        "neighbour/bad-attribute",
        "one message of ten has an attribute that cannot be read",
        "the batch is processed, all ten COMPLETED",
        Play::Other(bad_attribute),
    )
    .fast(),
];

/// One message, so that its objects share an invocation. The others take long enough to be in flight at each crash.
fn crashes(case: Case) -> Acting {
    Box::pin(async move {
        let others = format!("{}.innocent", case.interaction);
        let slow = Step::once(UploadAct::Normal).after(Duration::from_secs(8)).forever();
        case.world.standin.script_uploads(&others, &[slow]).await?;
        let bad = case.world.place(&case.file()).await?;
        let mut innocent = Vec::new();
        for number in 0..INNOCENT {
            innocent.push(case.world.place(&File::named(&others, &format!("{number}.wav"), 6_000)).await?);
        }
        let (caught, mut caught_one) = mpsc::unbounded_channel();
        // Every read of it is held. A process may read twice before it is killed, and is then caught twice.
        let _planted = case.plant(&bad, "GetObject", 0, u32::MAX, Act::HoldBefore(caught));
        let mut killed = None;
        let all: Vec<&Placed> = std::iter::once(&bad).chain(&innocent).collect();
        case.world.send(notification(&all).to_string()).await?;
        for run in 1..=5 {
            let mut process = case.caught(&mut caught_one, &bad).await?;
            while Some(process) == killed {
                process = case.caught(&mut caught_one, &bad).await?;
            }
            // In the first run, all of them are in flight; in later runs, those that are processed beside it.
            if run == 1 {
                case.calls_begun(Call::Upload, &others, INNOCENT).await?;
            } else {
                tokio::time::sleep(Duration::from_secs(3)).await;
            }
            kill(process)?;
            killed = Some(process);
        }
        // A run that processes others postpones the claim and claims again.
        let blamed = case.expect(&bad, &Expect::rejected("intake_crashed").uploads(0, 5).claims(6, 10)).await?;
        for one in &innocent {
            case.expect(one, &Expect::COMPLETED.uploads(1, 6).claims(1, 9)).await?;
        }
        Ok(format!("{blamed}; {INNOCENT} others COMPLETED"))
    })
}

fn bad_attribute(case: Case) -> Acting {
    Box::pin(async move {
        let mut placed = Vec::new();
        for number in 0..10 {
            placed.push(case.world.place(&File::named(&case.interaction, &format!("{number}.wav"), 3_000)).await?);
        }
        let bodies: Vec<String> = placed.iter().map(|one| notification(&[one]).to_string()).collect();
        let mut event = queue_event(&case, bodies.iter().map(|body| (body.as_str(), "r")));
        if let Some(attributes) = event.pointer_mut("/Records/4/messageAttributes") {
            *attributes = json!({ "trace": { "dataType": "Binary", "binaryValue": "%%%" } });
        }
        let answer: Value = case.invoke(&case.world.place.functions.intake, &event).await?;
        ensure(answer == json!({ "batchItemFailures": [] }), || format!("the batch was answered with {answer}"))?;
        for one in &placed {
            case.expect(one, &Expect::COMPLETED).await?;
        }
        Ok("ten COMPLETED".to_owned())
    })
}
