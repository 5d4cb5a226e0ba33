//! Notifications that are duplicated, late, out of order or unreadable.

use serde_json::{Value, json};

use super::{Acting, Play, Row, row};
use crate::FaultsError;
use crate::case::{Case, Expect, ensure};
use crate::error::Calling as _;
use crate::places::Place;
use crate::world::{File, PREFIX, eventbridge, notification};

pub(super) const ROWS: &[Row] = &[
    row("event/ten-copies", "ten copies at once", "one execution, one upload", Play::Other(ten_copies)).within(130),
    row("event/copy-after", "a copy after the end", "nothing more happens", Play::Other(copy_after)).fast(),
    row(
        "event/versions-swapped",
        "the event of version 1 comes after that of version 2",
        "both COMPLETED, each with its own bytes",
        Play::Other(versions_swapped),
    )
    .fast(),
    row(
        "event/delete-marker",
        "a delete marker before the read",
        "the version is read anyway, COMPLETED",
        Play::Other(marker),
    )
    .fast(),
    row("event/version-gone", "the version removed before the read", "REJECTED object_gone", Play::Other(version_gone))
        .fast(),
    row(
        "event/unversioned-gone",
        "deleted before the read, no versions",
        "REJECTED object_gone",
        Play::Other(unversioned_gone),
    )
    .at(Place::Unversioned),
    row(
        "event/unversioned-overwritten",
        "overwritten before the read, no versions",
        "the old object superseded, the new one COMPLETED",
        Play::Other(overwritten),
    )
    .at(Place::Unversioned),
    row(
        "event/nothing-to-do",
        "s3:TestEvent, folder marker, other prefix, a removal",
        "acknowledged, nothing is started",
        Play::Other(nothing),
    )
    .fast(),
    row("event/not-json", "a body that is not JSON", "in the dead-letter queue with the reason", Play::Other(no_json))
        .fast(),
    row(
        "event/ten-records",
        "ten records in a message, one of which is delayed by 503",
        "ten executions, each object uploaded once",
        Play::Other(ten_records),
    ),
    row(
        "event/ten-messages",
        "ten messages in a batch, one unreadable",
        "nine executions, one dead letter",
        Play::Other(ten_messages),
    )
    .fast(),
    row("event/eventbridge", "an EventBridge event on the queue", "COMPLETED", Play::Other(eventbridge_queued)).fast(),
    row("event/bare-s3", "a bare S3 notification", "COMPLETED", Play::Other(|case| bare(case, false))).fast(),
    row("event/bare-eventbridge", "a bare EventBridge event", "COMPLETED", Play::Other(|case| bare(case, true))).fast(),
    row(
        "event/bare-unfinished",
        "a bare notification while CXone answers 503",
        "Intake.Unfinished; invoked again, COMPLETED",
        Play::Other(bare_unfinished),
    ),
];

fn ten_copies(case: Case) -> Acting {
    Box::pin(async move {
        let placed = case.world.place(&case.file()).await?;
        for _ in 0..10 {
            case.world.announce(&placed).await?;
        }
        case.expect(&placed, &Expect::COMPLETED).await
    })
}

fn copy_after(case: Case) -> Acting {
    Box::pin(async move {
        let placed = case.world.put(&case.file()).await?;
        case.expect(&placed, &Expect::COMPLETED).await?;
        let answer = case.invoke(&case.world.place.functions.intake, &notification(&[&placed])).await?;
        let record = answer.pointer(&format!("/objects/{}/record", placed.identity)).and_then(Value::as_str);
        ensure(record == Some("finished"), || format!("the copy: {answer}"))?;
        case.expect(&placed, &Expect::COMPLETED).await
    })
}

fn versions_swapped(case: Case) -> Acting {
    Box::pin(async move {
        let older = case.world.place(&File::named(&case.interaction, "call.wav", 5_000)).await?;
        let newer = case.world.place(&File::named(&case.interaction, "call.wav", 7_000)).await?;
        case.world.announce(&newer).await?;
        let second = case.expect(&newer, &Expect::COMPLETED).await?;
        case.world.announce(&older).await?;
        case.expect(&older, &Expect::COMPLETED).await?;
        Ok(format!("both: {second}"))
    })
}

fn marker(case: Case) -> Acting {
    Box::pin(async move {
        // Unlike S3, the local S3 does not find a version's tags after a delete marker.
        let placed = case.world.place(&File { tagging: None, ..case.file() }).await?;
        let call = case.world.clients.s3.delete_object().bucket(&placed.bucket).key(&placed.key);
        call.send().await.calling("DeleteObject")?;
        case.world.announce(&placed).await?;
        case.expect(&placed, &Expect::COMPLETED).await
    })
}

fn version_gone(case: Case) -> Acting {
    Box::pin(async move {
        let placed = case.world.place(&case.file()).await?;
        let call = case.world.clients.s3.delete_object().bucket(&placed.bucket).key(&placed.key);
        call.set_version_id(placed.version_id.clone()).send().await.calling("DeleteObject")?;
        case.world.announce(&placed).await?;
        case.expect(&placed, &Expect::rejected("object_gone").uploads(0, 0)).await
    })
}

fn unversioned_gone(case: Case) -> Acting {
    Box::pin(async move {
        let placed = case.world.place(&case.file()).await?;
        let call = case.world.clients.s3.delete_object().bucket(&placed.bucket).key(&placed.key);
        call.send().await.calling("DeleteObject")?;
        case.world.announce(&placed).await?;
        case.expect(&placed, &Expect::rejected("object_gone").uploads(0, 0)).await
    })
}

fn overwritten(case: Case) -> Acting {
    Box::pin(async move {
        let older = case.world.place(&case.file()).await?;
        let newer = case.world.place(&case.file()).await?;
        case.world.announce(&older).await?;
        case.world.announce(&newer).await?;
        let refused = case.expect(&older, &Expect::rejected("superseded").uploads(0, 0)).await?;
        case.expect(&newer, &Expect::COMPLETED).await?;
        Ok(format!("{refused}; the new one COMPLETED"))
    })
}

fn nothing(case: Case) -> Acting {
    Box::pin(async move {
        let key = |key: String| json!({ "bucket": { "name": case.world.place.bucket }, "object": { "key": key, "eTag": "e", "size": 0 } });
        let record =
            |name: &str, s3: Value| json!({ "Records": [{ "eventSource": "aws:s3", "eventName": name, "s3": s3 }] });
        let events = [
            json!({ "Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": case.world.place.bucket }),
            record("ObjectCreated:Put", key(format!("{PREFIX}{}/folder/", case.interaction))),
            record("ObjectCreated:Put", key(format!("elsewhere/{}/call.wav", case.interaction))),
            record("ObjectRemoved:Delete", key(format!("{PREFIX}{}/call.wav", case.interaction))),
        ];
        for event in &events {
            let answer = case.invoke(&case.world.place.functions.intake, event).await?;
            ensure(answer == json!({ "ignored": 1, "objects": {} }), || format!("{event} was answered with {answer}"))?;
            // The check of the whole stack's queue shows that it is acknowledged.
            case.world.send(event.to_string()).await?;
        }
        Ok(format!("{} events acknowledged", events.len()))
    })
}

fn no_json(case: Case) -> Acting {
    Box::pin(async move {
        let body = format!("not json: {}", case.interaction);
        case.world.expect_buried();
        case.world.send(&body).await?;
        buried(&case, &body).await
    })
}

/// Finds the message in the dead-letter queue and leaves it there.
pub(super) async fn buried(case: &Case, body: &str) -> Result<String, FaultsError> {
    let look = async {
        loop {
            let call =
                case.world.clients.sqs.receive_message().queue_url(&case.world.place.dlq_url).visibility_timeout(0);
            let got = call
                .max_number_of_messages(10)
                .message_attribute_names("All")
                .send()
                .await
                .calling("ReceiveMessage")?;
            let found = got.messages.unwrap_or_default().into_iter().find(|message| message.body() == Some(body));
            if let Some(message) = found {
                let attributes = message.message_attributes.unwrap_or_default();
                let reason = attributes.get("reason").and_then(|reason| reason.string_value.clone());
                return reason.ok_or_else(|| FaultsError::broken("the dead letter has no reason"));
            }
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        }
    };
    match tokio::time::timeout(case.limit, look).await {
        Ok(reason) => reason.map(|reason| format!("dead letter: {reason}")),
        Err(_) => Err(FaultsError::TooLate { what: "no dead letter".to_owned(), seconds: case.limit.as_secs() }),
    }
}

fn ten_records(case: Case) -> Acting {
    Box::pin(async move {
        let slow = format!("{}.slow", case.interaction);
        let busy =
            servers::scripted::Step::once(servers::cxone::UploadAct::Reply(super::replies::status(503))).times(6);
        case.world.standin.script_uploads(&slow, &[busy]).await?;
        let mut placed = vec![case.world.place(&File::of(&slow)).await?];
        for number in 1..10 {
            placed.push(case.world.place(&File::named(&case.interaction, &format!("{number}.wav"), 3_000)).await?);
        }
        case.world.send(notification(&placed.iter().collect::<Vec<_>>()).to_string()).await?;
        let (held_up, others) = placed.split_first().ok_or_else(|| FaultsError::broken("no objects"))?;
        for one in others {
            case.expect(one, &Expect::COMPLETED).await?;
        }
        let seen = case.expect(held_up, &Expect::COMPLETED.uploads(7, 7).claims(3, 3)).await?;
        Ok(format!("nine at once; the tenth {seen}"))
    })
}

/// A batch as the queue sends it to intake: each message's body with its receipt handle.
pub(super) fn queue_event<'a>(case: &Case, messages: impl Iterator<Item = (&'a str, &'a str)>) -> Value {
    let name = case.world.place.queue_url.rsplit('/').next().unwrap_or_default();
    let queue = format!("arn:aws:sqs:us-east-1:123456789012:{name}");
    let message = |(number, (body, handle)): (usize, (&str, &str))| {
        json!({
            "messageId": format!("m{number}"), "receiptHandle": handle, "body": body, "attributes": {},
            "messageAttributes": {}, "md5OfBody": "", "eventSource": "aws:sqs", "eventSourceARN": queue, "awsRegion": "us-east-1",
        })
    };
    json!({ "Records": messages.enumerate().map(message).collect::<Vec<_>>() })
}

fn ten_messages(case: Case) -> Acting {
    Box::pin(async move {
        let mut placed = Vec::new();
        for number in 1..10 {
            placed.push(case.world.place(&File::named(&case.interaction, &format!("{number}.wav"), 3_000)).await?);
        }
        let bad = format!("{{ unreadable: {}", case.interaction);
        let mut bodies: Vec<String> = placed.iter().map(|one| notification(&[one]).to_string()).collect();
        bodies.insert(4, bad.clone());
        let event = queue_event(&case, bodies.iter().map(|body| (body.as_str(), "r")));
        case.world.expect_buried();
        let answer = case.invoke(&case.world.place.functions.intake, &event).await?;
        ensure(answer == json!({ "batchItemFailures": [] }), || format!("the batch was answered with {answer}"))?;
        for one in &placed {
            case.expect(one, &Expect::COMPLETED).await?;
        }
        Ok(format!("nine COMPLETED; {}", buried(&case, &bad).await?))
    })
}

fn eventbridge_queued(case: Case) -> Acting {
    Box::pin(async move {
        let placed = case.world.place(&File::named(&case.interaction, "a b+c%41.wav", 6_000)).await?;
        case.world.send(eventbridge(&placed).to_string()).await?;
        case.expect(&placed, &Expect::COMPLETED).await
    })
}

fn bare(case: Case, from_eventbridge: bool) -> Acting {
    Box::pin(async move {
        let placed = case.world.place(&case.file()).await?;
        let event = if from_eventbridge { eventbridge(&placed) } else { notification(&[&placed]) };
        let answer = case.invoke(&case.world.place.functions.intake, &event).await?;
        let name = answer.pointer(&format!("/objects/{}/execution_name", placed.identity)).and_then(Value::as_str);
        ensure(name == Some(&placed.execution_name), || format!("intake answered {answer}"))?;
        case.expect(&placed, &Expect::COMPLETED).await
    })
}

fn bare_unfinished(case: Case) -> Acting {
    Box::pin(async move {
        let busy =
            servers::scripted::Step::once(servers::cxone::UploadAct::Reply(super::replies::status(503))).times(5);
        case.world.standin.script_uploads(&case.interaction, &[busy]).await?;
        let placed = case.world.place(&case.file()).await?;
        let event = notification(&[&placed]);
        let answer = case.invoke(&case.world.place.functions.intake, &event).await?;
        let error = answer.get("errorType").and_then(Value::as_str);
        ensure(error == Some("Intake.Unfinished"), || format!("intake answered {answer}"))?;
        case.invoke(&case.world.place.functions.intake, &event).await?;
        case.expect(&placed, &Expect::COMPLETED.uploads(6, 6).claims(2, 2)).await
    })
}
