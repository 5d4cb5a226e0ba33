//! Events that the ingest bucket did not send, and requests of producers without the permission.

use serde_json::{Value, json};

use super::{
    Acting, Play, Row,
    events::{buried, queue_event},
    row,
};
use crate::FaultsError;
use crate::case::{Case, Expect, ensure};
use crate::places::Place;
use crate::world::{File, Placed, Webhook, eventbridge, notification};

pub(super) const ROWS: &[Row] = &[
    row(
        "foreign-event/foreign-bucket",
        "an event of another bucket, through the queue and by a direct invocation",
        "in the dead-letter queue with the reason, Input.Invalid; the bucket's own object COMPLETED after one claim",
        Play::Other(foreign_bucket),
    )
    .fast(),
    row(
        "foreign-event/no-version",
        "an event without a version id, about a version that has ended",
        "in the dead-letter queue with the reason, Input.Invalid; no second execution",
        Play::Other(without_version),
    )
    .fast(),
    row(
        "foreign-event/nul",
        "an event about a key that contains a NUL",
        "in the dead-letter queue with the reason",
        Play::Other(nul),
    )
    .fast(),
    row(
        "event/same-object-three-times",
        "three records of one object in a message, and that message twice in a batch",
        "one claim, one upload, COMPLETED",
        Play::Other(three_times),
    )
    .fast(),
    row(
        "event/metadata-ignored",
        "metadata that ask for another interaction and for no scan, without the permission",
        "COMPLETED at the key's interaction, scanned",
        Play::Other(wishes_ignored),
    )
    .at(Place::Unversioned),
];

/// Sends each event through the queue and by a direct invocation. Intake must refuse all of them with this reason.
async fn refused(case: &Case, events: &[Value], reason: &str) -> Result<String, FaultsError> {
    let mut seen = String::new();
    for event in events {
        let body = event.to_string();
        case.world.expect_buried();
        case.world.send(&body).await?;
        seen = buried(case, &body).await?;
        ensure(seen.contains(reason), || format!("{reason:?} is not in {seen}"))?;
        let answer = case.invoke(&case.world.place.functions.intake, event).await?;
        let said = |field: &str| answer.get(field).and_then(Value::as_str).unwrap_or_default();
        ensure(said("errorType") == "Input.Invalid" && said("errorMessage").contains(reason), || {
            format!("the bare event was answered with {answer}")
        })?;
    }
    Ok(seen)
}

fn foreign_bucket(case: Case) -> Acting {
    Box::pin(async move {
        let placed = case.world.place(&case.file()).await?;
        let foreign = Placed { bucket: "somebody-elses".to_owned(), ..placed.clone() };
        let events = [notification(&[&foreign]), notification(&[&placed, &foreign]), eventbridge(&foreign)];
        let seen = refused(&case, &events, "INGEST_BUCKET").await?;
        case.world.announce(&placed).await?;
        case.expect(&placed, &Expect::COMPLETED).await?;
        Ok(seen)
    })
}

fn without_version(case: Case) -> Acting {
    Box::pin(async move {
        let placed = case.world.put(&case.file()).await?;
        case.expect(&placed, &Expect::COMPLETED).await?;
        let forged = Placed { version_id: None, ..placed.clone() };
        let other = Placed { etag: "0123456789abcdef0123456789abcdef".to_owned(), ..forged.clone() };
        let events = [notification(&[&forged]), notification(&[&other]), eventbridge(&forged)];
        let seen = refused(&case, &events, "has no version id").await?;
        // In one message with an object of the bucket: that object is processed, and then the message is a poison
        // message.
        let beside = case.world.place(&File::named(&case.interaction, "beside.wav", 3_000)).await?;
        let mixed = notification(&[&beside, &forged]).to_string();
        case.world.expect_buried();
        case.world.send(&mixed).await?;
        case.expect(&beside, &Expect::COMPLETED).await?;
        buried(&case, &mixed).await?;
        // The invariants hold for the version: one execution, one record, one webhook.
        case.expect(&placed, &Expect::COMPLETED).await?;
        Ok(seen)
    })
}

fn nul(case: Case) -> Acting {
    Box::pin(async move {
        let record = json!({
            "eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
            "s3": {
                "bucket": { "name": case.world.place.bucket },
                "object": { "key": format!("interactions/{}/a%00b.wav", case.interaction), "versionId": "v1" },
            },
        });
        refused(&case, &[json!({ "Records": [record] })], "contains a NUL").await
    })
}

fn three_times(case: Case) -> Acting {
    Box::pin(async move {
        let placed = case.world.place(&case.file()).await?;
        let message = notification(&[&placed, &placed, &placed]).to_string();
        let batch = queue_event(&case, [(message.as_str(), "r"), (message.as_str(), "s")].into_iter());
        let answer = case.invoke(&case.world.place.functions.intake, &batch).await?;
        ensure(answer == json!({ "batchItemFailures": [] }), || format!("the batch was answered with {answer}"))?;
        case.expect(&placed, &Expect::COMPLETED).await
    })
}

fn wishes_ignored(case: Case) -> Acting {
    Box::pin(async move {
        let metadata = vec![("interaction-id", "somebody-elses".to_owned()), ("auto-scan", "false".to_owned())];
        let placed = case.world.put(&File { metadata, ..case.file() }).await?;
        let ended = case.end_of(&placed, Webhook::Delivered).await?;
        let seen = Expect::COMPLETED.compare(&ended)?;
        let held = ended.attachment.map(|one| (one.interaction_id, one.auto_scan));
        ensure(held == Some((case.interaction.clone(), true)), || format!("CXone holds {held:?}"))?;
        Ok(seen)
    })
}
