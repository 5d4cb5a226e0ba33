//! What invokes intake: queue batches, S3 notifications, `EventBridge` events, and what these name.

mod eventbridge;
mod s3;

use attachments::{ObjectRef, Timestamp};
use aws_lambda_events::event::sqs::{SqsEvent, SqsMessage};
use host::Failure;
use serde_json::Value;

/// An object that an event names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notification {
    pub(crate) object: ObjectRef,
    /// When S3 says it was written.
    pub(crate) event_time: Option<Timestamp>,
}

/// The objects of one event, and how many of its records concern nobody here.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Notifications {
    pub(crate) objects: Vec<Notification>,
    pub(crate) ignored: usize,
}

/// One invocation's payload.
#[derive(Debug)]
pub(crate) enum Invocation {
    Queue(Vec<Message>),
    Bare(Notifications),
}

/// A message of the queue, read as far as it can be.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) id: String,
    pub(crate) receipt_handle: String,
    pub(crate) queue_arn: String,
    pub(crate) body: String,
    /// How often it was received, this time included.
    pub(crate) received: u64,
    /// What its body names, or why it cannot be read.
    pub(crate) content: Result<Notifications, String>,
}

/// Tells the shapes apart.
pub(crate) fn parse_invocation(payload: Value, prefix: &str) -> Result<Invocation, Failure> {
    let from_queue = payload.pointer("/Records/0/eventSource").and_then(Value::as_str) == Some("aws:sqs");
    if !from_queue {
        return parse_event(&payload, prefix).map(Invocation::Bare).map_err(Failure::input);
    }
    let batch: SqsEvent = serde_json::from_value(payload)
        .map_err(|error| Failure::input(format_args!("the batch of the queue cannot be read: {error}")))?;
    batch
        .records
        .into_iter()
        .map(|message| parse_message(message, prefix))
        .collect::<Result<_, _>>()
        .map(Invocation::Queue)
}

fn parse_message(message: SqsMessage, prefix: &str) -> Result<Message, Failure> {
    let wanted = |field: Option<String>, name: &str| {
        field.ok_or_else(|| Failure::input(format_args!("a message of the queue has no {name}")))
    };
    let body = message.body.unwrap_or_default();
    let content = serde_json::from_str::<Value>(&body)
        .map_err(|error| format!("the body is no JSON: {error}"))
        .and_then(|event| parse_event(&event, prefix));
    let received = message.attributes.get("ApproximateReceiveCount").and_then(|count| count.parse().ok());
    Ok(Message {
        received: received.unwrap_or(1),
        id: wanted(message.message_id, "messageId")?,
        receipt_handle: wanted(message.receipt_handle, "receiptHandle")?,
        queue_arn: wanted(message.event_source_arn, "eventSourceARN")?,
        body,
        content,
    })
}

/// Reads an S3 notification or an `EventBridge` event.
fn parse_event(event: &Value, prefix: &str) -> Result<Notifications, String> {
    if event.get("Event").and_then(Value::as_str) == Some("s3:TestEvent") {
        return Ok(Notifications { objects: Vec::new(), ignored: 1 });
    }
    let found = if let Some(records) = event.get("Records") {
        s3::parse(records)?
    } else if event.get("detail-type").is_some() {
        eventbridge::parse(event)?
    } else {
        return Err("neither an S3 notification (Records) nor an EventBridge event (detail-type)".to_owned());
    };
    let mut notifications = Notifications::default();
    for notification in found {
        match notification {
            Some(notification) if is_ours(&notification.object.key, prefix) => notifications.objects.push(notification),
            _ => notifications.ignored += 1,
        }
    }
    Ok(notifications)
}

/// Folder markers and keys outside the prefix concern nobody here.
fn is_ours(key: &str, prefix: &str) -> bool {
    key.starts_with(prefix) && !key.ends_with('/')
}

#[cfg(test)]
mod tests;
