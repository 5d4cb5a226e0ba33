//! Events in the shapes that the services send.

use std::sync::LazyLock;

use attachments::ObjectVersion;
use proptest::prelude::*;
use serde_json::json;

use super::*;

static IGNORED_NAMES: LazyLock<IgnoredNames> = LazyLock::new(IgnoredNames::default);

fn source() -> Source<'static> {
    Source { bucket: "drop", prefix: "interactions/", ignored_names: &IGNORED_NAMES }
}

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
    match parse_invocation(event, source()).unwrap() {
        Invocation::Bare(notifications) => notifications,
        Invocation::Queue(_) => panic!("the bare event was read as a batch"),
    }
}

fn batch(records: &Value) -> Vec<Message> {
    match parse_invocation(&json!({"Records": records}), source()).unwrap() {
        Invocation::Queue(messages) => messages,
        Invocation::Bare(_) => panic!("the batch was read as a bare event"),
    }
}

fn queued(body: &Value) -> Result<Notifications, Unreadable> {
    batch(&json!([message(body)])).remove(0).content
}

#[test]
fn all_event_shapes_give_the_same_object() {
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
fn eventbridge_keys_are_not_decoded() {
    let found = bare(&eventbridge("Object Created", "interactions/INT/a+b%20c.pdf"));
    assert_eq!(found.objects[0].object.key, "interactions/INT/a+b%20c.pdf");
}

#[test]
fn ignored_records_are_counted() {
    let test_event = json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "drop"});
    let mixed = json!({"Records": [
        s3_record("ObjectCreated:Put", "interactions/INT/a.pdf"),
        s3_record("ObjectCreated:Put", "interactions/INT/folder/"),
        s3_record("ObjectCreated:Put", "other/INT/a.pdf"),
        s3_record("ObjectRemoved:Delete", "interactions/INT/a.pdf"),
    ]});
    assert_eq!(queued(&test_event).unwrap(), Notifications { objects: vec![], ignored: vec![Ignored::NotCreated] });
    assert_eq!(
        queued(&eventbridge("Object Deleted", "interactions/INT/a.pdf")).unwrap().ignored,
        [Ignored::NotCreated]
    );
    let found = queued(&mixed).unwrap();
    assert_eq!((found.objects.len(), found.ignored.len()), (1, 3));
}

#[test]
fn unusable_event_time_is_dropped_and_the_object_kept() {
    let mut record = s3_record("ObjectCreated:Put", "interactions/INT/a.pdf");
    let mut event = eventbridge("Object Created", "interactions/INT/a.pdf");
    let unreadable = ["9999-12-31T23:59:59-00:01", "+10000-01-01T00:00:00Z", "yesterday"];
    // SAM's and Lambda's sample events have 1970.
    let before_s3 = ["1970-01-01T00:00:00.000Z", "2006-03-13T23:59:59Z"];
    for time in unreadable.into_iter().chain(before_s3).map(Value::from).chain([json!(1)]) {
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
fn version_id_null_counts_as_unversioned() {
    let mut record = s3_record("ObjectCreated:Put", "interactions/INT/a.pdf");
    record["s3"]["object"]["versionId"] = json!("null");
    let found = bare(&json!({"Records": [record]}));
    let expected = ObjectVersion::Unversioned { etag: "abc".into(), sequencer: "01".into() };
    assert_eq!(found.objects[0].object.version, expected);
}

#[test]
fn event_of_another_bucket_is_refused_with_every_key() {
    for key in ["interactions/INT/a.pdf", "other/INT/a.pdf", "interactions/INT/"] {
        let mut record = s3_record("ObjectCreated:Put", key);
        record["s3"]["bucket"]["name"] = json!("drop-of-others");
        let mut event = eventbridge("Object Created", key);
        event["detail"]["bucket"]["name"] = json!("drop-of-others");
        let ours = s3_record("ObjectCreated:Put", "interactions/INT/b.pdf");
        for foreign in [json!({"Records": [record]}), json!({"Records": [ours, record]}), event] {
            let fault = queued(&foreign).unwrap_err().to_string();
            let expected =
                "the event is about the bucket \"drop-of-others\", but intake takes files from \"drop\" only";
            assert!(fault.starts_with(expected) && fault.contains("INGEST_BUCKET"), "{fault}");
            assert_eq!(parse_invocation(&foreign, source()).unwrap_err().to_string(), fault);
        }
    }
}

#[test]
fn key_or_version_id_with_a_nul_is_refused() {
    let with = |field: &str, text: &str| {
        let mut record = s3_record("ObjectCreated:Put", "interactions/INT/a.pdf");
        record["s3"]["object"][field] = json!(text);
        queued(&json!({"Records": [record]})).unwrap_err().to_string()
    };
    assert!(with("key", "interactions/INT/a%00.pdf").starts_with("Records[0]: the key contains a NUL"));
    assert!(with("versionId", "null\0abc\x0001").starts_with("Records[0]: the version id contains a NUL"));
    let event = eventbridge("Object Created", "interactions/INT/a\0.pdf");
    assert!(queued(&event).unwrap_err().to_string().starts_with("the key contains a NUL"));
}

/// Reads a batch of five readable messages after `change` has changed the third. Checks that the other four are read.
fn with_third(change: impl FnOnce(&mut Value)) -> Vec<Message> {
    let body = |n: usize| json!({"Records": [s3_record("ObjectCreated:Put", &format!("interactions/INT/{n}.pdf"))]});
    let mut records: Vec<Value> = (0..5).map(|n| message(&body(n))).collect();
    change(&mut records[2]);
    let messages = batch(&json!(records));
    assert_eq!(messages.len(), 5);
    for message in messages.iter().enumerate().filter(|(index, _)| *index != 2).map(|(_, message)| message) {
        assert!(message.content.as_ref().is_ok_and(|found| found.objects.len() == 1), "{message:?}");
    }
    messages
}

#[test]
fn message_with_odd_attributes_is_read_with_its_batch() {
    for (name, odd) in [
        (
            "messageAttributes",
            json!({"trace": {"dataType": "Binary", "binaryValue": "no Base64!", "stringListValues": []}}),
        ),
        ("messageAttributes", json!({"trace": {"dataType": "Number.int", "stringValue": 7}})),
        ("messageAttributes", json!([])),
        ("attributes", json!({"ApproximateReceiveCount": "many", "SentTimestamp": 1})),
        ("attributes", json!("none")),
        ("md5OfBody", json!(["x"])),
        ("awsRegion", json!(null)),
    ] {
        let messages = with_third(|message| message[name] = odd.clone());
        assert!(messages[2].content.is_ok(), "{name}: {odd}");
        assert_eq!(messages[2].received, 1);
    }
}

#[test]
fn receive_count_is_read_as_text_and_as_number() {
    for count in [json!("3"), json!(3)] {
        let messages = with_third(|message| message["attributes"] = json!({"ApproximateReceiveCount": count}));
        assert_eq!(messages[2].received, 3);
    }
}

#[test]
fn message_with_an_object_but_no_id_is_unreadable_and_keeps_its_body() {
    for id in [json!(null), json!(""), json!(4)] {
        let messages = with_third(|message| message["messageId"] = id.clone());
        let fault = messages[2].content.as_ref().unwrap_err().to_string();
        assert!(fault.starts_with("the message has no messageId, so intake cannot return it"), "{fault}");
        assert!(messages[2].id.is_empty() && messages[2].body.contains("interactions/INT/2.pdf"));
    }
    // A message without objects needs no retry, so it needs no id.
    let messages = with_third(|message| {
        message["messageId"] = json!(null);
        message["body"] = json!(json!({"Event": "s3:TestEvent"}).to_string());
    });
    assert_eq!(messages[2].content.as_ref().map(|found| found.ignored.len()), Ok(1));
}

#[test]
fn message_without_receipt_handle_or_arn_is_read() {
    let messages = with_third(|message| {
        message["receiptHandle"] = json!(null);
        message["eventSourceARN"] = json!(null);
    });
    assert!(messages[2].content.is_ok());
}

#[test]
fn message_without_a_body_is_unreadable_and_the_batch_is_read() {
    let fault = "the body is not JSON: EOF while parsing a value at line 1 column 0";
    assert_eq!(with_third(|message| message["body"] = json!(null))[2].content, Err(Unreadable(fault.to_owned())));
    assert_eq!(with_third(|message| *message = json!(null))[2].content, Err(Unreadable(fault.to_owned())));
}

#[test]
fn body_with_a_byte_order_mark_and_body_that_is_an_object_are_read() {
    let event = json!({"Records": [s3_record("ObjectCreated:Put", "interactions/INT/a.pdf")]});
    for body in [json!(format!("\u{feff}{event}")), event] {
        assert!(with_third(|message| message["body"] = body.clone())[2].content.is_ok(), "{body}");
    }
}

#[test]
fn unreadable_body_is_reported_with_its_fault() {
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
    assert!(parse_invocation(&json!({"a": 1}), source()).is_err());
}

#[test]
fn envelope_of_another_service_is_reported_with_the_remedy() {
    let event = json!({"Records": [s3_record("ObjectCreated:Put", "interactions/INT/a.pdf")]});
    let bridged = eventbridge("Object Created", "interactions/INT/a.pdf");
    let test_event = json!({"Service": "Amazon S3", "Event": "s3:TestEvent"});
    let topic = "arn:aws:sns:us-east-1:123456789012:uploads";
    let sns =
        |kind: &str, message: &str| json!({"Type": kind, "MessageId": "m", "TopicArn": topic, "Message": message});
    let cloudtrail = json!({"detail-type": "AWS API Call via CloudTrail", "source": "aws.s3", "detail": {}});
    let mut other_source = bridged.clone();
    other_source["source"] = json!("my.app");
    for (envelope, cause, remedy) in [
        (
            sns("Notification", &event.to_string()),
            "SNS has wrapped an S3 event as a notification of the topic",
            "raw message",
        ),
        (sns("Notification", &test_event.to_string()), "SNS has wrapped S3's test event", "raw message delivery"),
        (sns("Notification", &bridged.to_string()), "SNS has wrapped an EventBridge event", "raw message delivery"),
        (sns("Notification", "hello"), "SNS has wrapped a message", topic),
        (sns("SubscriptionConfirmation", ""), "this is SNS's SubscriptionConfirmation of the topic", "SubscribeURL"),
        (sns("UnsubscribeConfirmation", ""), "this is SNS's UnsubscribeConfirmation", topic),
        (
            json!({"Records": [{"EventSource": "aws:sns", "Sns": sns("Notification", &event.to_string())}]}),
            "SNS invokes this function with an S3 event",
            "subscribe the intake queue instead",
        ),
        (json!([event, event]), "this is a list of 2 elements, as an EventBridge pipe", "a message of its own"),
        (message(&event), "this is a whole message of a queue", "<$.body>"),
        (json!({"Records": [message(&event)]}), "this is a batch of a queue inside a message", "the body of each"),
        (json!(event.to_string()), "this is a JSON string that holds the event", "send the text inside"),
        (json!("hello"), "this is a JSON string, not an event", ""),
        (bridged["detail"].clone(), "this is only the detail of an EventBridge event", "InputPath"),
        (cloudtrail, "this is CloudTrail's record of a call to S3", "EventBridge notifications for the bucket"),
        (other_source, "this is an EventBridge event \"Object Created\" with the source \"my.app\"", "S3's own event"),
        (
            json!({"invocationSchemaVersion": "1.0", "invocationId": "i", "job": {"id": "j"}, "tasks": []}),
            "this is a task of S3 Batch Operations",
            "copy the objects",
        ),
        (
            json!({"version": "1.0", "requestContext": {}, "requestPayload": event, "responsePayload": null}),
            "this is Lambda's record of an invocation",
            "requestPayload",
        ),
    ] {
        let fault = queued(&envelope).unwrap_err().to_string();
        assert!(fault.starts_with(cause) && fault.contains(remedy), "{envelope}\n{fault}");
    }
}

#[test]
fn long_topic_is_shortened_in_the_report() {
    let envelope = json!({"Type": "Notification", "TopicArn": "x".repeat(10_000), "Message": "{}"});
    assert!(queued(&envelope).unwrap_err().to_string().len() < 600);
}

proptest! {
    #[test]
    fn any_body_is_read_without_a_panic(body in "\\PC{0,200}") {
        let mut message = message(&json!(null));
        message["body"] = json!(body);
        let _ = parse_invocation(&json!({"Records": [message]}), source());
    }

    #[test]
    fn form_encoded_key_decodes_to_the_original(key in "[^\u{0}]{1,60}") {
        let encoded: String = key.bytes().map(|b| match b {
            b' ' => "+".to_owned(),
            b if b.is_ascii_alphanumeric() => char::from(b).to_string(),
            b => format!("%{b:02X}"),
        }).collect();
        let found = bare(&json!({"Records": [s3_record("ObjectCreated:Put", &format!("interactions/{encoded}x"))]}));
        prop_assert_eq!(&found.objects[0].object.key, &format!("interactions/{key}x"));
    }
}

#[test]
fn object_with_an_ignored_name_starts_nothing() {
    let found = queued(&json!({"Records": [s3_record("ObjectCreated:Put", "interactions/INT-1/.DS_Store")]})).unwrap();
    assert_eq!(found.ignored, [Ignored::Name("interactions/INT-1/.DS_Store".to_owned())]);
    assert!(found.objects.is_empty());
}
