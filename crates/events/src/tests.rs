//! The events' shapes, as the services send them.

use attachments::ObjectVersion;
use proptest::prelude::*;
use serde_json::json;

use super::*;

const PREFIX: &str = "interactions/";

fn s3_record(name: &str, key: &str) -> Value {
    json!({
        "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "us-east-1",
        "eventTime": "2026-11-22T09:30:10.123Z", "eventName": name,
        "s3": {
            "s3SchemaVersion": "1.0",
            "bucket": {"name": "drop", "arn": "arn:aws:s3:::drop"},
            "object": {"key": key, "size": 3, "eTag": "abc", "versionId": "v1", "sequencer": "01"}
        }
    })
}

fn eventbridge(kind: &str, key: &str) -> Value {
    json!({
        "version": "0", "id": "17793124-05d4-b198-2fde-7ededc63b103", "detail-type": kind, "source": "aws.s3",
        "account": "123456789012", "time": "2026-11-22T09:30:10Z", "region": "us-east-1", "resources": ["arn:aws:s3:::drop"],
        "detail": {
            "version": "0", "bucket": {"name": "drop"},
            "object": {"key": key, "size": 3, "etag": "abc", "version-id": "v1", "sequencer": "01"},
            "request-id": "N4N7GDK58NMKJ12R", "requester": "123456789012", "reason": "PutObject"
        }
    })
}

fn message(body: &Value) -> Value {
    json!({"messageId": "m", "receiptHandle": "r", "body": body.to_string(), "eventSource": "aws:sqs",
           "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:intake", "attributes": {}, "messageAttributes": {}})
}

fn bare(event: &Value) -> Notifications {
    match parse_invocation(event.clone(), PREFIX).unwrap() {
        Invocation::Bare(notifications) => notifications,
        Invocation::Queue(_) => panic!("a bare event was taken for a batch"),
    }
}

fn queued(body: &Value) -> Result<Notifications, Unreadable> {
    let batch = json!({"Records": [message(body)]});
    match parse_invocation(batch, PREFIX).unwrap() {
        Invocation::Queue(mut messages) => messages.remove(0).content,
        Invocation::Bare(_) => panic!("a batch was taken for a bare event"),
    }
}

#[test]
fn all_shapes_name_the_same_object() {
    let key = "interactions/INT-42/a%C3%B1o+1%2B1.pdf";
    let notification = json!({"Records": [s3_record("ObjectCreated:Put", key)]});
    let event = eventbridge("Object Created", "interactions/INT-42/año 1+1.pdf");
    let expected = &bare(&notification).objects[0].object;
    assert_eq!(expected.key, "interactions/INT-42/año 1+1.pdf");
    assert_eq!(expected.version, ObjectVersion::Id("v1".into()));
    for found in [bare(&event), queued(&notification).unwrap(), queued(&event).unwrap()] {
        assert_eq!(found.objects[0].object.identity(), expected.identity());
    }
}

#[test]
fn eventbridge_keys_are_taken_as_they_are() {
    let found = bare(&eventbridge("Object Created", "interactions/INT/a+b%20c.pdf"));
    assert_eq!(found.objects[0].object.key, "interactions/INT/a+b%20c.pdf");
}

#[test]
fn what_concerns_nobody_is_counted() {
    let test_event = json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "drop"});
    let mixed = json!({"Records": [
        s3_record("ObjectCreated:Put", "interactions/INT/a.pdf"),
        s3_record("ObjectCreated:Put", "interactions/INT/folder/"),
        s3_record("ObjectCreated:Put", "other/INT/a.pdf"),
        s3_record("ObjectRemoved:Delete", "interactions/INT/a.pdf"),
    ]});
    assert_eq!(queued(&test_event).unwrap(), Notifications { objects: vec![], ignored: 1 });
    assert_eq!(queued(&eventbridge("Object Deleted", "interactions/INT/a.pdf")).unwrap().ignored, 1);
    let found = queued(&mixed).unwrap();
    assert_eq!((found.objects.len(), found.ignored), (1, 3));
}

#[test]
fn a_time_that_cannot_be_written_does_not_keep_an_object_back() {
    let mut record = s3_record("ObjectCreated:Put", "interactions/INT/a.pdf");
    let mut event = eventbridge("Object Created", "interactions/INT/a.pdf");
    for time in [json!("9999-12-31T23:59:59-00:01"), json!("+10000-01-01T00:00:00Z"), json!("yesterday"), json!(1)] {
        record["eventTime"] = time.clone();
        event["time"] = time.clone();
        for found in [bare(&json!({"Records": [record]})), bare(&event)] {
            assert_eq!((found.objects.len(), found.objects[0].event_time), (1, None), "{time}");
        }
    }
    event["time"] = json!("2026-11-22T09:30:10Z");
    assert_eq!(bare(&event).objects[0].event_time, "2026-11-22T09:30:10Z".parse().ok());
}

#[test]
fn the_version_null_is_no_version() {
    let mut record = s3_record("ObjectCreated:Put", "interactions/INT/a.pdf");
    record["s3"]["object"]["versionId"] = json!("null");
    let found = bare(&json!({"Records": [record]}));
    let expected = ObjectVersion::Unversioned { etag: "abc".into(), sequencer: "01".into() };
    assert_eq!(found.objects[0].object.version, expected);
}

#[test]
fn an_unreadable_body_says_what_is_wrong() {
    let fault = |body: Value| queued(&body).unwrap_err().to_string();
    assert_eq!(
        fault(json!({"hello": 1})),
        "neither an S3 notification (Records) nor an EventBridge event (detail-type)"
    );
    assert_eq!(fault(json!({"Records": []})), "Records is empty");
    let mut record = s3_record("ObjectCreated:Put", "interactions/INT/a.pdf");
    record["s3"]["object"] = json!({"key": "interactions/INT/a.pdf"});
    assert_eq!(fault(json!({"Records": [record]})), "Records[0]: neither a version id nor an ETag");
    let record = s3_record("ObjectCreated:Put", "interactions/%FF");
    assert!(fault(json!({"Records": [record]})).starts_with("Records[0]: s3.object.key is not UTF-8"));
    assert!(parse_invocation(json!({"a": 1}), PREFIX).is_err());
}

proptest! {
    #[test]
    fn no_body_panics(body in "\\PC{0,200}") {
        let mut message = message(&json!(null));
        message["body"] = json!(body);
        let _ = parse_invocation(json!({"Records": [message]}), PREFIX);
    }

    #[test]
    fn keys_survive_the_encoding(key in "[^\u{0}]{1,60}") {
        let encoded: String = key.bytes().map(|b| match b {
            b' ' => "+".to_owned(),
            b if b.is_ascii_alphanumeric() => char::from(b).to_string(),
            b => format!("%{b:02X}"),
        }).collect();
        let found = bare(&json!({"Records": [s3_record("ObjectCreated:Put", &format!("interactions/{encoded}x"))]}));
        prop_assert_eq!(&found.objects[0].object.key, &format!("interactions/{key}x"));
    }
}
