//! Events that are duplicated, of another kind, unreadable, or about no object of the pipeline.

use std::time::Duration;

use aws_sdk_sqs::types::MessageSystemAttributeName;
use pipeline::{File, World, eventbridge, notification};
use serde_json::{Value, json};
use servers::{
    cxone::UploadAct,
    scripted::{Reply, RetryAfter, Step},
};

use crate::{Error, files::pdf};

pub(crate) async fn five_copies_at_once_and_one_later_upload_once(world: &World) -> Result<(), Error> {
    let key = "interactions/COPIES/a.pdf";
    let object = world.put(&File::new(key, pdf(50_000, "copies"))).await?;
    let event = notification(&[&object]).to_string();
    for _ in 0..4 {
        world.send(&event).await?;
    }
    world.outcome_of(&object).await?;
    world.send(&event).await?;
    world.queue_drained().await?;
    let ended = world.outcome_of(&object).await?;
    assert_eq!(ended.seen_uploads.len(), 1, "uploaded more than once");
    assert_eq!(world.executions_of(&object.identity).await?, [object.execution_name]);
    Ok(())
}

pub(crate) async fn direct_notification_and_eventbridge_event_are_processed(world: &World) -> Result<(), Error> {
    let intake = &world.place.functions.intake;
    let bare = world.put(&File::new("interactions/BARE/a b.pdf", pdf(1_000, "bare"))).await?;
    let answer = world.invoke(intake, &notification(&[&bare])).await?;
    // The event in the queue may hold the lease at this moment. Then this invocation must say that it is unfinished.
    assert!(matches!(answer.error_type.as_deref(), None | Some("Intake.Unfinished")), "{answer:?}");
    world.outcome_of(&bare).await?;
    let again = world.invoke(intake, &notification(&[&bare])).await?;
    assert_eq!(again.error_type, None, "{again:?}");
    assert_eq!(world.executions_of(&bare.identity).await?, [bare.execution_name.as_str()]);

    let key = "interactions/BRIDGE/50% a+b.pdf";
    let bridged = world.put(&File::new(key, pdf(1_000, "bridge"))).await?;
    let answer = world.invoke(intake, &eventbridge(&bridged)).await?;
    assert!(matches!(answer.error_type.as_deref(), None | Some("Intake.Unfinished")), "{answer:?}");
    let ended = world.outcome_of(&bridged).await?;
    assert_eq!(ended.audit.object.key, key);
    assert_eq!(ended.attachment.as_ref().map(|stored| stored.file_name.as_str()), Some("50% a+b.pdf"));
    Ok(())
}

pub(crate) async fn unreadable_message_goes_to_dead_letter_queue(world: &World) -> Result<(), Error> {
    world.send("this is no JSON").await?;
    let queue = &world.place.dlq_url;
    let message = world
        .wait_for("a dead letter", async || {
            let asked = world.clients.sqs.receive_message().queue_url(queue).message_attribute_names("All");
            let asked = asked.message_system_attribute_names(MessageSystemAttributeName::All);
            asked.send().await.ok()?.messages?.into_iter().next()
        })
        .await?;
    assert_eq!(message.body(), Some("this is no JSON"));
    let reason =
        message.message_attributes().and_then(|all| all.get("reason")).and_then(|reason| reason.string_value());
    assert!(reason.is_some_and(|reason| reason.starts_with("the body is not JSON")), "{reason:?}");
    Ok(())
}

pub(crate) async fn records_without_an_object_are_acknowledged(world: &World) -> Result<(), Error> {
    let marker = world.never_written("interactions/NOTHING/folder/", "v1")?;
    let outside = world.never_written("elsewhere/NOTHING/a.pdf", "v1")?;
    world.send(json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b"}).to_string()).await?;
    world.send(notification(&[&marker]).to_string()).await?;
    world.send(notification(&[&outside]).to_string()).await?;
    world.queue_drained().await?;
    for object in [marker, outside] {
        assert!(world.executions_of(&object.identity).await?.is_empty(), "{} started something", object.key);
    }
    Ok(())
}

pub(crate) async fn bad_payload_is_input_invalid(world: &World) -> Result<(), Error> {
    let functions = &world.place.functions;
    let named = |bucket: &str, object: Value| {
        json!({"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
            "s3": {"bucket": {"name": bucket}, "object": object}}]})
    };
    let ours = world.place.bucket.as_str();
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

pub(crate) async fn short_throttling_waits_and_long_throttling_releases(world: &World) -> Result<(), Error> {
    let throttle = |seconds| {
        let reply = Reply::status(429.try_into().unwrap_or_default()).retry_after(RetryAfter::Seconds(seconds));
        Step::once(UploadAct::Reply(reply))
    };
    world.standin.script_uploads("SHORT-WAIT", &[throttle(1), throttle(2)]).await?;
    world.standin.script_uploads("LONG-WAIT", &[throttle(25)]).await?;
    let put = |key, mark| File::new(key, pdf(1_000, mark));
    let short = world.put(&put("interactions/SHORT-WAIT/a.pdf", "short")).await?;
    let long = world.put(&put("interactions/LONG-WAIT/a.pdf", "long")).await?;
    for (object, interaction, attempts) in [(short, "SHORT-WAIT", 3), (long, "LONG-WAIT", 2)] {
        let ended = world.outcome_of(&object).await?;
        assert_eq!(ended.outcome, "COMPLETED", "{interaction}");
        assert_eq!(ended.audit.upload_attempts, attempts, "{interaction}");
        let times: Vec<u64> = ended.seen_uploads.iter().map(|upload| upload.started_ms).collect();
        if let (Some(first), Some(last)) = (times.first(), times.last()) {
            let asked = if interaction == "LONG-WAIT" { Duration::from_secs(25) } else { Duration::from_secs(3) };
            let waited = Duration::from_millis(last - first);
            assert!(waited >= asked, "{interaction}: retried after {waited:?}");
        }
    }
    Ok(())
}
