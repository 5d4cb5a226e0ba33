//! A batch of the queue, read message by message: a fault in one message is that message's fault alone.
//!
//! Not `aws_lambda_events`' type for it: one message with a binary attribute that is not Base64 makes that type refuse the
//! whole batch, and no message of it could be answered.

use serde_json::Value;

use super::{Message, Notifications, Source, Unreadable, parse_event};

/// The messages, if the payload is a batch of the queue.
pub(super) fn messages(payload: &Value, source: Source<'_>) -> Option<Vec<Message>> {
    let records = payload.get("Records")?.as_array()?;
    let from_queue = records.iter().any(is_message);
    from_queue.then(|| records.iter().map(|record| message(record, source)).collect())
}

/// Whether the value is one message of a queue, as Lambda and `EventBridge` pipes deliver it.
pub(super) fn is_message(record: &Value) -> bool {
    record.get("eventSource").and_then(Value::as_str) == Some("aws:sqs")
}

fn message(record: &Value, source: Source<'_>) -> Message {
    let text = |name: &str| record.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let id = text("messageId");
    let body = match record.get("body") {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(body)) => body.clone(),
        // SQS sends text; what invokes intake by hand may put the event itself there.
        Some(body) => body.to_string(),
    };
    let content = notifications(&body, source).and_then(|found| answerable(found, &id));
    Message {
        receipt_handle: text("receiptHandle"),
        queue_arn: text("eventSourceARN"),
        received: record.pointer("/attributes/ApproximateReceiveCount").and_then(count).unwrap_or(1),
        id,
        body,
        content,
    }
}

fn notifications(body: &str, source: Source<'_>) -> Result<Notifications, Unreadable> {
    let event: Value = serde_json::from_str(body.trim_start_matches('\u{feff}'))
        .map_err(|error| Unreadable(format!("the body is no JSON: {error}")))?;
    parse_event(&event, source)
}

/// Without an id the answer cannot name the message, so SQS would delete it even if its objects were unfinished.
fn answerable(found: Notifications, id: &str) -> Result<Notifications, Unreadable> {
    if id.is_empty() && !found.objects.is_empty() {
        let fault = "the message has no messageId, so intake cannot give it back to the queue; send its body again";
        return Err(Unreadable(fault.to_owned()));
    }
    Ok(found)
}

fn count(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())
}
