//! The objects that an event names.

use std::str;

use ::events::{IgnoredNames, Invocation, Notification, Notifications, Source, Unreadable, parse_invocation};
use attachments::{Identity, ObjectVersion};
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::PREFIX;

/// The bucket of the seeds.
const BUCKET: &str = "drop";

/// An event means the same as a message of the queue and as a bare event. Every record is an object or is counted as ignored. The
/// same object in another event format has the same identity.
pub fn events(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else { return };
    let queued = queued(text);
    // Intake removes a byte order mark from a message's body. Lambda's own payload never has one.
    let Ok(payload) = serde_json::from_str::<Value>(text.trim_start_matches('\u{feff}')) else {
        assert!(queued.is_err(), "this is not JSON, but was read: {queued:?}");
        return;
    };
    match parse(&payload) {
        Ok(Invocation::Bare(found)) => {
            assert_eq!(found.objects.len() + found.ignored.len(), records(&payload));
            found.objects.iter().for_each(assert_object);
            assert_eq!(queued, Ok(found));
        }
        Ok(Invocation::Queue(messages)) => {
            assert_eq!(Some(messages.len()), payload.get("Records").and_then(Value::as_array).map(Vec::len));
            for found in messages.iter().flat_map(|message| &message.content) {
                found.objects.iter().for_each(assert_object);
            }
            assert!(queued.is_err(), "a batch inside a batch was read: {queued:?}");
        }
        Err(fault) => {
            assert!(!fault.to_string().is_empty());
            assert!(queued.is_err(), "bare {fault}, queued {queued:?}");
        }
    }
}

fn parse(payload: &Value) -> Result<Invocation, Unreadable> {
    let ignored_names = &IgnoredNames::default();
    parse_invocation(payload, Source { bucket: BUCKET, prefix: PREFIX, ignored_names })
}

/// Reads `body` as the body of a message.
fn queued(body: &str) -> Result<Notifications, Unreadable> {
    let message = json!({"messageId": "m", "receiptHandle": "r", "body": body, "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:intake",
        "attributes": {"ApproximateReceiveCount": "3"}, "messageAttributes": {}});
    let Ok(Invocation::Queue(mut messages)) = parse(&json!({"Records": [message]})) else {
        unreachable!("a batch was not read because of its message's body")
    };
    let message = messages.pop().expect("one message");
    assert_eq!((message.body.as_str(), message.received, messages.len()), (body, 3, 0));
    message.content
}

/// The number of records of an event. An event without a list is one record.
fn records(event: &Value) -> usize {
    let is_test = event.get("Event").and_then(Value::as_str) == Some("s3:TestEvent");
    let list = event.get("Records").and_then(Value::as_array).filter(|_| !is_test);
    list.map_or(1, Vec::len)
}

fn assert_object(notification: &Notification) {
    let object = &notification.object;
    assert!(object.bucket == BUCKET, "{object:?}");
    assert!(object.key.starts_with(PREFIX) && !object.key.ends_with('/') && !object.key.contains('\0'), "{object:?}");
    match &object.version {
        ObjectVersion::Id(id) => assert!(!id.is_empty() && id != "null", "{object:?}"),
        ObjectVersion::Unversioned { etag, .. } => {
            assert!(!etag.starts_with('"') && !etag.ends_with('"'), "{object:?}");
        }
    }
    let identity = object.identity();
    assert!(identity.as_str().parse::<Identity>().is_ok_and(|read| read == identity));
    for event in [as_notification(notification), as_eventbridge(notification)] {
        let found = queued(&event.to_string());
        let expected = Notifications { objects: vec![notification.clone()], ignored: vec![] };
        assert_eq!(found, Ok(expected), "{event}");
    }
}

/// Version id, `ETag`, sequencer.
fn version(notification: &Notification) -> [Value; 3] {
    match &notification.object.version {
        ObjectVersion::Id(id) => [json!(id), json!("\"abc\""), json!("01")],
        ObjectVersion::Unversioned { etag, sequencer } => [json!("null"), json!(etag), json!(sequencer)],
    }
}

fn as_notification(notification: &Notification) -> Value {
    let [version, etag, sequencer] = version(notification);
    let key: String = form_urlencoded::byte_serialize(notification.object.key.as_bytes()).collect();
    json!({"Records": [{
        "eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
        "eventTime": notification.event_time,
        "s3": {
            "bucket": {"name": notification.object.bucket},
            "object": {"key": key, "versionId": version, "eTag": etag, "sequencer": sequencer}
        }
    }]})
}

fn as_eventbridge(notification: &Notification) -> Value {
    let [version, etag, sequencer] = version(notification);
    json!({
        "detail-type": "Object Created", "source": "aws.s3", "time": notification.event_time,
        "detail": {
            "bucket": {"name": notification.object.bucket},
            "object": {"key": notification.object.key, "version-id": version, "etag": etag, "sequencer": sequencer}
        }
    })
}
