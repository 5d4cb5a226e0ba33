//! Slow calls after the time limit of a record: the batch must be answered before the invocation ends.

use std::time::Duration;

use serde_json::json;
use servers::{
    cxone::{Call, UploadAct},
    scripted::{RetryAfter, Step},
};

use super::{
    Acting, Play, Row,
    events::queue_event,
    replies::{own, upload},
    row,
};
use crate::FaultsError;
use crate::case::{Case, Expect, ensure};
use crate::places::Place;
use crate::proxy::Act;
use crate::world::{File, notification};

/// When CXone answers the slow upload. On this stack, records end 50 s and invocations 60 s after their start.
const LATE: Duration = Duration::from_secs(45);
/// Longer than the timeout of one attempt of a call.
const SLOW: Duration = Duration::from_secs(12);

const fn slow(name: &'static str, fault: &'static str, act: fn(Case) -> Acting) -> Row {
    row(name, fault, "the batch is answered in time; the object is redelivered, COMPLETED", Play::Other(act))
        .at(Place::Unmetered)
        .within(260)
}

pub(super) const ROWS: &[Row] = &[
    slow("deadline/decide", "202 after 45 s, then four calls of the ledger take 12 s each", |case| {
        late(case, || Step::once(UploadAct::Normal), "UpdateItem")
    }),
    slow("deadline/start", "202 after 45 s, then four calls of StartExecution take 12 s each", |case| {
        late(case, || Step::once(UploadAct::Normal), "StartExecution")
    }),
    slow("deadline/release", "429 after 45 s, then four calls of the ledger take 12 s each", |case| {
        late(case, throttled, "UpdateItem")
    }),
    slow("deadline/hide", "429 after 45 s, then four visibility calls take 12 s each", |case| {
        late(case, throttled, "ChangeMessageVisibility")
    }),
];

fn throttled() -> Step<UploadAct> {
    upload(own(429).retry_after(RetryAfter::Seconds(30)))
}

/// A batch of two messages. The upload of one is answered late, and then meets slow calls.
fn late(case: Case, act: fn() -> Step<UploadAct>, operation: &'static str) -> Acting {
    Box::pin(async move {
        let good = format!("{}.good", case.interaction);
        case.world.standin.script_uploads(&case.interaction, &[act().after(LATE)]).await?;
        let slow = case.world.place(&case.file()).await?;
        let good = case.world.place(&File::of(&good)).await?;
        // The call that changes the visibility names the message by its handle.
        let handles = [case.interaction.clone(), "none".to_owned()];
        let bodies = [notification(&[&slow]).to_string(), notification(&[&good]).to_string()];
        let event = queue_event(
            &case,
            bodies.iter().zip(handles.iter()).map(|(body, handle)| (body.as_str(), handle.as_str())),
        );
        let about = if operation == "ChangeMessageVisibility" { &case.interaction } else { slow.identity.as_str() };
        let invoked = case.invoke(&case.world.place.functions.intake, &event);
        let planted = async {
            case.calls_begun(Call::Upload, &case.interaction, 1).await?;
            Ok::<_, FaultsError>(case.world.proxy.rules.plant(operation, about, 0, 4, Act::Delay(SLOW)))
        };
        let (answer, planted) = tokio::join!(invoked, planted);
        let (answer, planted) = (answer?, planted?);
        let again = json!({ "batchItemFailures": [{ "itemIdentifier": "m0" }] });
        ensure(answer == again, || format!("the batch was answered with {answer}"))?;
        ensure(planted.met() > 0, || "the fault was not met".to_owned())?;
        case.expect(&good, &Expect::COMPLETED).await?;
        case.world.announce(&slow).await?;
        case.expect(&slow, &Expect::COMPLETED.uploads(1, 3).claims(1, 4)).await
    })
}
