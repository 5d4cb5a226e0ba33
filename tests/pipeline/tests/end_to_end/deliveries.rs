//! How events come: more than once, in other shapes, unreadable, or about nothing.

use std::time::Duration;

use attachments::{ObjectRef, ObjectVersion};
use aws_sdk_sqs::types::MessageSystemAttributeName;
use cxone_standin::{Reply, RetryAfter, Step, UploadAct};
use end_to_end::{Error, Put, World};
use serde_json::{Value, json};

use crate::files::pdf;

/// S3's notification of an object; `key` form-encoded.
fn notification(object: &ObjectRef, key: &str) -> Value {
    let ObjectVersion::Id(version) = &object.version else { return Value::Null };
    json!({"Records": [{"eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "us-east-1",
        "eventTime": "2026-11-22T09:30:10.000Z", "eventName": "ObjectCreated:Put",
        "s3": {"s3SchemaVersion": "1.0", "bucket": {"name": object.bucket},
               "object": {"key": key, "size": 1, "eTag": "x", "versionId": version, "sequencer": "01"}}}]})
}

pub(crate) async fn five_copies_at_once_and_one_later_are_one_object(world: &World) -> Result<(), Error> {
    let key = "interactions/COPIES/a.pdf";
    let object = world.put(Put { key, bytes: pdf(50_000, "copies"), ..Put::default() }).await?;
    let event = notification(&object, key).to_string();
    for _ in 0..4 {
        world.enqueue(&event).await?;
    }
    world.journey(&object, "COPIES").await?;
    world.enqueue(&event).await?;
    world.queue_empty().await?;
    let journey = world.journey(&object, "COPIES").await?;
    journey.check()?;
    assert_eq!(journey.uploads.len(), 1, "uploaded more than once");
    assert_eq!(world.executions(&object.identity()).await?, [journey.name]);
    Ok(())
}

pub(crate) async fn a_bare_notification_and_an_eventbridge_event_do_as_well(world: &World) -> Result<(), Error> {
    let intake = &world.stack.description().functions.intake;
    // Outside the prefix's notification filter nothing comes by the queue, so each shape is the only one that tells.
    let bare = world.put(Put { key: "interactions/BARE/a b.pdf", bytes: pdf(1_000, "bare"), ..Put::default() }).await?;
    let answer = world.invoke(intake, &notification(&bare, "interactions/BARE/a+b.pdf")).await?;
    // The queue's copy may hold the lease at this moment; then the bare one must say that it is unfinished.
    assert!(matches!(answer.error_type.as_deref(), None | Some("Intake.Unfinished")), "{answer:?}");
    let journey = world.journey(&bare, "BARE").await?;
    journey.check()?;
    let again = world.invoke(intake, &notification(&bare, "interactions/BARE/a+b.pdf")).await?;
    assert_eq!(again.error_type, None, "{again:?}");
    assert_eq!(world.executions(&bare.identity()).await?, [journey.name]);

    let key = "interactions/BRIDGE/50% a+b.pdf";
    let bridged = world.put(Put { key, bytes: pdf(1_000, "bridge"), ..Put::default() }).await?;
    let ObjectVersion::Id(version) = &bridged.version else { return Err("no version".into()) };
    let event = json!({"version": "0", "id": "1", "detail-type": "Object Created", "source": "aws.s3",
        "account": "123456789012", "time": "2026-11-22T09:30:10Z", "region": "us-east-1", "resources": [],
        "detail": {"version": "0", "bucket": {"name": bridged.bucket},
                   "object": {"key": key, "size": 1, "etag": "x", "version-id": version, "sequencer": "01"}}});
    let answer = world.invoke(intake, &event).await?;
    assert!(matches!(answer.error_type.as_deref(), None | Some("Intake.Unfinished")), "{answer:?}");
    let journey = world.journey(&bridged, "BRIDGE").await?;
    journey.check()?;
    assert_eq!(journey.audit.object.key, key);
    assert_eq!(journey.attachments.first().map(|stored| stored.file_name.as_str()), Some("50% a+b.pdf"));
    Ok(())
}

pub(crate) async fn what_cannot_be_read_goes_to_the_dead_letters(world: &World) -> Result<(), Error> {
    world.enqueue("this is no JSON").await?;
    let queue = &world.stack.description().dlq_url;
    let message = world
        .wait_for("a dead letter", async || {
            let asked = world.stack.clients().sqs.receive_message().queue_url(queue).message_attribute_names("All");
            let asked = asked.message_system_attribute_names(MessageSystemAttributeName::All);
            asked.send().await.ok()?.messages?.into_iter().next()
        })
        .await?;
    assert_eq!(message.body(), Some("this is no JSON"));
    let reason =
        message.message_attributes().and_then(|all| all.get("reason")).and_then(|reason| reason.string_value());
    assert!(reason.is_some_and(|reason| reason.starts_with("the body is no JSON")), "{reason:?}");
    Ok(())
}

pub(crate) async fn records_that_start_nothing_are_acknowledged(world: &World) -> Result<(), Error> {
    let bucket = &world.stack.description().bucket;
    let object = |key: &str| ObjectRef::new(bucket, key, ObjectVersion::Id("v1".to_owned()));
    let marker = object("interactions/NOBODY/folder/")?;
    let outside = object("elsewhere/NOBODY/a.pdf")?;
    world.enqueue(&json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b"}).to_string()).await?;
    world.enqueue(&notification(&marker, &marker.key).to_string()).await?;
    world.enqueue(&notification(&outside, &outside.key).to_string()).await?;
    world.queue_empty().await?;
    for object in [marker, outside] {
        assert!(world.executions(&object.identity()).await?.is_empty(), "{} started something", object.key);
    }
    Ok(())
}

pub(crate) async fn bad_payloads_are_named(world: &World) -> Result<(), Error> {
    let functions = &world.stack.description().functions;
    let named = |bucket: &str, object: Value| {
        json!({"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
            "s3": {"bucket": {"name": bucket}, "object": object}}]})
    };
    let ours = world.stack.description().bucket.as_str();
    let key = "interactions/FORGED/a.pdf";
    let cases = [
        (
            &functions.intake,
            named("somebody-elses", json!({"key": key, "versionId": "v1"})),
            "the event is about the bucket \\\"somebody-elses\\\", but intake takes files from",
        ),
        (&functions.intake, named(ours, json!({"key": key, "eTag": "e"})), "has no version id, but the bucket"),
        (&functions.intake, named(ours, json!({"key": "interactions/a%00", "versionId": "v1"})), "contains a NUL"),
        (&functions.intake, json!({"hello": 1}), "neither an S3 notification (Records) nor an EventBridge event"),
        (&functions.poll, json!({"schema": 1}), "missing field `decision`"),
        (&functions.finalize, json!({"attachment": {}}), "missing field `schema`"),
    ];
    for (function, payload, message) in cases {
        let answer = world.invoke(function, &payload).await?;
        assert_eq!(answer.error_type.as_deref(), Some("Input.Invalid"), "{answer:?}");
        assert!(answer.payload.to_string().contains(message), "{answer:?}");
    }
    Ok(())
}

pub(crate) async fn throttled_in_place_and_given_back(world: &World) -> Result<(), Error> {
    let throttle = |seconds| {
        let reply = Reply::status(429.try_into().unwrap_or_default()).retry_after(RetryAfter::Seconds(seconds));
        Step::once(UploadAct::Reply(reply))
    };
    world.cxone.script_uploads("SHORT-WAIT", &[throttle(1), throttle(2)]).await?;
    world.cxone.script_uploads("LONG-WAIT", &[throttle(25)]).await?;
    let put = |key, mark| Put { key, bytes: pdf(1_000, mark), ..Put::default() };
    let short = world.put(put("interactions/SHORT-WAIT/a.pdf", "short")).await?;
    let long = world.put(put("interactions/LONG-WAIT/a.pdf", "long")).await?;
    for (object, interaction, attempts) in [(short, "SHORT-WAIT", 3), (long, "LONG-WAIT", 2)] {
        let journey = world.journey(&object, interaction).await?;
        journey.check()?;
        assert_eq!(journey.status, "SUCCEEDED", "{interaction}");
        assert_eq!(journey.audit.upload_attempts, attempts, "{interaction}");
        let times: Vec<u64> = journey.uploads.iter().map(|upload| upload.started_ms).collect();
        if let (Some(first), Some(last)) = (times.first(), times.last()) {
            let asked = if interaction == "LONG-WAIT" { Duration::from_secs(25) } else { Duration::from_secs(3) };
            let waited = Duration::from_millis(last - first);
            assert!(waited >= asked, "{interaction}: came back after {waited:?}");
        }
    }
    Ok(())
}
