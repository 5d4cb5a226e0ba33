//! What invokes intake: queue batches, S3 notifications, `EventBridge` events, and the objects that these name.
//!
//! A crate of its own, without the SDKs that intake works the objects with, so that the fuzzer can build it in seconds.

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
    /// Which object, and which version of it.
    pub object: ObjectRef,
    /// When S3 says it was written.
    pub event_time: Option<Timestamp>,
}

/// Where files come from: what is elsewhere is not intake's.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// The one bucket that intake takes files from. An event of another bucket cannot be read.
    pub bucket: &'a str,
    /// What a key begins with. Other keys start nothing.
    pub prefix: &'a str,
    /// File names that start nothing.
    pub ignored_names: &'a IgnoredNames,
}

/// The objects of one event, and its records that start nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notifications {
    /// In the event's order, repetitions included.
    pub objects: Vec<Notification>,
    /// Records about something else than a created object under the prefix, or about a file whose name is ignored.
    pub ignored: Vec<Ignored>,
}

/// One invocation's payload.
#[derive(Debug)]
pub enum Invocation {
    /// A batch of the queue.
    Queue(Vec<Message>),
    /// An event that came past the queue.
    Bare(Notifications),
}

/// A message of the queue, read as far as it can be: whatever is wrong with one message leaves the batch's others readable.
#[derive(Debug)]
pub struct Message {
    /// What the answer names it by. Empty where the message had none: then [`Self::content`] names no object, because the
    /// answer could not keep the message in the queue.
    pub id: String,
    /// What its visibility is changed with. Empty where the message had none: then the queue's own timeout brings it back.
    pub receipt_handle: String,
    /// The ARN of the queue that it came from; empty where the message did not say.
    pub queue_arn: String,
    /// Empty where the message had none.
    pub body: String,
    /// How often it was received, this time included; 1 where the message did not say.
    pub received: u64,
    /// What its body names, or why it cannot be read.
    pub content: Result<Notifications, Unreadable>,
}

/// Why a payload or a message's body cannot be read, in words for whoever finds it in the dead-letter queue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(String);

/// Reads an invocation's payload. Of the objects it names those count whose keys begin with the source's prefix.
///
/// # Errors
/// [`Unreadable`] where it is of no known shape or names an object of another bucket; a message whose body does says so in
/// [`Message::content`].
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
    let found = if let Some(records) = event.get("Records") {
        s3::parse(records).map_err(Unreadable)?
    } else if event.get("detail-type").is_some() {
        eventbridge::parse(event).map_err(Unreadable)?
    } else {
        let fault = "neither an S3 notification (Records) nor an EventBridge event (detail-type)";
        return Err(Unreadable(fault.to_owned()));
    };
    let mut notifications = Notifications::default();
    for notification in found {
        match notification {
            Some(Notification { object, .. }) if object.bucket != source.bucket => {
                return Err(foreign(&object, source));
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

/// Whoever can put another bucket's event on the queue must not have intake read that bucket.
fn foreign(object: &ObjectRef, source: Source<'_>) -> Unreadable {
    Unreadable(format!(
        "the event is about the bucket {}, but intake takes files from {:?} alone (INGEST_BUCKET); write the file to that \
         bucket",
        quoted(&object.bucket),
        source.bucket
    ))
}

/// Text from outside, in quotes, at most 256 characters of it.
fn quoted(text: &str) -> String {
    format!("{:?}", text.chars().take(256).collect::<String>())
}

/// Why the object of this key starts nothing. None if it is intake's.
fn ignored(key: &str, source: Source<'_>) -> Option<Ignored> {
    let owned = key.to_owned();
    if !key.starts_with(source.prefix) {
        return Some(Ignored::OutsidePrefix { key: owned, prefix: source.prefix.to_owned() });
    }
    if key.ends_with('/') {
        return Some(Ignored::Folder(owned));
    }
    source.ignored_names.contain(key).then_some(Ignored::Name(owned))
}

#[cfg(test)]
mod tests;
