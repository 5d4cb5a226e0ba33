//! Reads what invokes intake: queue batches, S3 notifications and `EventBridge` events. Returns the objects that they name.
//!
//! This is a separate crate without the AWS SDKs, so that the fuzzer builds it in seconds.

mod envelope;
mod eventbridge;
mod ignored;
mod queue;
mod s3;

use attachments::{ObjectRef, Timestamp};
use serde_json::Value;

pub use ignored::{Ignored, IgnoredNames, InvalidNames};

/// An object that an event names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// Bucket, key and version.
    pub object: ObjectRef,
    /// When the object was written, according to the event. None if the event has no usable time.
    pub event_time: Option<Timestamp>,
}

/// Which objects intake processes.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// The only bucket that intake reads. An event about another bucket is [`Unreadable`].
    pub bucket: &'a str,
    /// The beginning of every key. Objects with other keys are ignored.
    pub prefix: &'a str,
    /// Objects with these file names are ignored.
    pub ignored_names: &'a IgnoredNames,
}

/// The objects of one event, and its records that start nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notifications {
    /// In the event's order. An object that the event repeats is repeated here.
    pub objects: Vec<Notification>,
    /// Records that are not about a created object under the prefix, or whose file name is ignored.
    pub ignored: Vec<Ignored>,
}

/// The payload of one invocation.
#[derive(Debug)]
pub enum Invocation {
    /// A batch of the queue.
    Queue(Vec<Message>),
    /// An event that did not come through the queue.
    Bare(Notifications),
}

/// A message of the queue. A fault in one message does not affect the others of its batch.
#[derive(Debug)]
pub struct Message {
    /// `messageId`, by which the response reports a failed message. Empty if the message has none. Then [`Self::content`]
    /// names no object, because the response could not keep the message in the queue.
    pub id: String,
    /// Needed to change the message's visibility. Empty if the message has none. Then the message becomes visible again
    /// after the queue's own timeout.
    pub receipt_handle: String,
    /// The queue's ARN. Empty if the message has none.
    pub queue_arn: String,
    /// Empty if the message has none.
    pub body: String,
    /// How many times the message was received, this time included. 1 if the message does not say.
    pub received: u64,
    /// The objects that the body names, or why the body cannot be read.
    pub content: Result<Notifications, Unreadable>,
}

/// Why a payload or a message's body cannot be read. The operator reads this text in the dead-letter queue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(String);

/// Reads an invocation's payload.
///
/// # Errors
/// [`Unreadable`] if a bare event has an unknown shape or names an object of another bucket. For a queue message, the same
/// error is in [`Message::content`].
pub fn parse_invocation(payload: &Value, source: Source<'_>) -> Result<Invocation, Unreadable> {
    match queue::messages(payload, source) {
        Some(messages) => Ok(Invocation::Queue(messages)),
        None => parse_event(payload, source).map(Invocation::Bare),
    }
}

/// Reads an S3 notification or an `EventBridge` event.
fn parse_event(event: &Value, source: Source<'_>) -> Result<Notifications, Unreadable> {
    if let Some(fault) = envelope::fault(event) {
        return Err(Unreadable(fault));
    }
    if event.get("Event").and_then(Value::as_str) == Some("s3:TestEvent") {
        return Ok(Notifications { objects: Vec::new(), ignored: vec![Ignored::NotCreated] });
    }
    let parsed = if let Some(records) = event.get("Records") {
        s3::parse(records).map_err(Unreadable)?
    } else if event.get("detail-type").is_some() {
        eventbridge::parse(event).map_err(Unreadable)?
    } else {
        let fault = "neither an S3 notification (Records) nor an EventBridge event (detail-type)";
        return Err(Unreadable(fault.to_owned()));
    };
    let mut notifications = Notifications::default();
    for record in parsed {
        match record {
            Some(Notification { object, .. }) if object.bucket != source.bucket => {
                return Err(wrong_bucket(&object, source));
            }
            Some(notification) => match ignored(&notification.object.key, source) {
                Some(ignored) => notifications.ignored.push(ignored),
                None => notifications.objects.push(notification),
            },
            None => notifications.ignored.push(Ignored::NotCreated),
        }
    }
    Ok(notifications)
}

/// Without this check, a sender to the queue could make intake read any bucket that its role may read.
fn wrong_bucket(object: &ObjectRef, source: Source<'_>) -> Unreadable {
    Unreadable(format!(
        "the event is about the bucket {}, but intake takes files from {:?} only (INGEST_BUCKET); write the file to that \
         bucket",
        quoted(&object.bucket),
        source.bucket
    ))
}

/// The first 256 characters of a text from outside, in quotes and with control characters escaped.
fn quoted(text: &str) -> String {
    format!("{:?}", text.chars().take(256).collect::<String>())
}

/// Why intake ignores the object of this key. None if intake processes it.
#[must_use]
pub fn ignored(key: &str, source: Source<'_>) -> Option<Ignored> {
    if !key.starts_with(source.prefix) {
        return Some(Ignored::OutsidePrefix { key: key.to_owned(), prefix: source.prefix.to_owned() });
    }
    if key.ends_with('/') {
        return Some(Ignored::Folder(key.to_owned()));
    }
    source.ignored_names.contain(key).then(|| Ignored::Name(key.to_owned()))
}

#[cfg(test)]
mod tests;
