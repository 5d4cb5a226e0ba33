//! Recognises an S3 event that another service has wrapped. The error names the envelope and says what the operator must
//! change, because the operator finds only the message in the dead-letter queue.
//!
//! Intake does not unwrap an envelope. The queue's policy says whose events intake trusts, and an envelope hides who
//! wrote the event.

use serde_json::Value;

use super::{queue::is_message, quoted};

const DIRECTLY: &str = "or let the bucket notify the queue directly";

/// Names the envelope and the remedy. None if the value is an event itself or has an unknown shape.
pub(super) fn fault(event: &Value) -> Option<String> {
    match event {
        Value::Array(elements) => Some(format!(
            "this is a list of {} elements, as an EventBridge pipe or a script sends them, not one event; send each \
             element as a message of its own, {DIRECTLY}",
            elements.len()
        )),
        Value::String(text) => Some(encoded_twice(text)),
        _ => sns(event).or_else(|| queue(event)).or_else(|| eventbridge(event)).or_else(|| lambda(event)),
    }
}

fn encoded_twice(text: &str) -> String {
    match serde_json::from_str::<Value>(text) {
        Ok(Value::Object(_) | Value::Array(_)) => {
            "this is a JSON string that holds the event: its sender encodes it twice; send the text inside".to_owned()
        }
        _ => "this is a JSON string, not an event".to_owned(),
    }
}

fn sns(event: &Value) -> Option<String> {
    // A subscribed queue gets the notification itself, a subscribed function a list of them.
    let pushed = event.pointer("/Records/0").filter(|record| has_text(record, "EventSource", "aws:sns"));
    let notification = pushed.map_or(Some(event), |record| record.get("Sns"))?;
    let topic = notification.get("TopicArn").and_then(Value::as_str).map(quoted);
    let kind = notification.get("Type").and_then(Value::as_str);
    match (kind, topic, pushed) {
        (_, topic, Some(_)) => Some(format!(
            "SNS invokes this function with {}, wrapped as a notification of the topic {}; subscribe the intake queue \
             instead of the function, with raw message delivery, {DIRECTLY}",
            sns_content(notification),
            topic.unwrap_or_default()
        )),
        (Some("Notification"), Some(topic), None) => Some(format!(
            "SNS has wrapped {} as a notification of the topic {topic}; turn on raw message delivery for the queue's \
             subscription, {DIRECTLY}",
            sns_content(notification)
        )),
        (Some(kind @ ("SubscriptionConfirmation" | "UnsubscribeConfirmation")), Some(topic), None) => Some(format!(
            "this is SNS's {kind} of the topic {topic}, not an S3 event; confirm the subscription by its SubscribeURL \
             and turn on raw message delivery for it, {DIRECTLY}"
        )),
        _ => None,
    }
}

fn sns_content(notification: &Value) -> &'static str {
    let message = notification.get("Message").and_then(Value::as_str).unwrap_or_default();
    match serde_json::from_str::<Value>(message) {
        Ok(event) if has_text(&event, "Event", "s3:TestEvent") => "S3's test event",
        Ok(event) if event.get("Records").is_some() => "an S3 event",
        Ok(event) if event.get("detail-type").is_some() => "an EventBridge event",
        _ => "a message",
    }
}

fn queue(event: &Value) -> Option<String> {
    if is_message(event) {
        return Some(
            "this is a whole message of a queue, as an EventBridge pipe passes it on, with the event in its body; set \
             the pipe's input template to <$.body>"
                .to_owned(),
        );
    }
    let batch = event.get("Records").and_then(Value::as_array)?.iter().any(is_message);
    batch.then(|| {
        "this is a batch of a queue inside a message; send the body of each of its records as a message of its own"
            .to_owned()
    })
}

fn eventbridge(event: &Value) -> Option<String> {
    let source = event.get("source").and_then(Value::as_str).unwrap_or_default();
    match event.get("detail-type").and_then(Value::as_str) {
        Some("AWS API Call via CloudTrail") if source == "aws.s3" => Some(
            "this is CloudTrail's record of a call to S3, not S3's own event; turn on EventBridge notifications for the \
             bucket and let the rule match the detail-type \"Object Created\""
                .to_owned(),
        ),
        Some("Object Created") if source != "aws.s3" => Some(format!(
            "this is an EventBridge event \"Object Created\" with the source {}, not \"aws.s3\"; send S3's own event",
            quoted(source)
        )),
        None if event.pointer("/bucket/name").is_some() && event.pointer("/object/key").is_some() => Some(
            "this is only the detail of an EventBridge event; remove the InputPath or the input transformer \
             from the rule's target, so that it sends the whole event"
                .to_owned(),
        ),
        _ => None,
    }
}

fn lambda(event: &Value) -> Option<String> {
    if event.get("invocationSchemaVersion").is_some() && event.get("tasks").is_some() {
        return Some(
            "this is a task of S3 Batch Operations, not an S3 event; let the job copy the objects, since S3 sends an \
             event for each copy"
                .to_owned(),
        );
    }
    (event.get("requestContext").is_some() && event.get("requestPayload").is_some()).then(|| {
        "this is Lambda's record of an invocation (a destination), not the event; send its requestPayload instead"
            .to_owned()
    })
}

fn has_text(value: &Value, name: &str, expected: &str) -> bool {
    value.get(name).and_then(Value::as_str) == Some(expected)
}
