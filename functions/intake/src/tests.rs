//! Events that the ingest bucket did not send. Intake claims and starts nothing, and shows them to a person.

use std::time::{Duration, SystemTime};

use host::Failure;
use serde_json::json;

use super::*;
use crate::fake_aws::{FakeAws, response};

/// An AWS whose ingest bucket is versioned, and which accepts every call.
async fn versioned() -> FakeAws {
    FakeAws::new(|head| match head {
        _ if head.contains("GET /drop/?versioning") => {
            response(b"", b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>")
        }
        _ => response(b"", b"{}"),
    })
    .await
}

fn event(bucket: &str, object: &Value) -> Value {
    json!({"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": bucket}, "object": object}}]})
}

/// Forged events, each with a part of the reason.
fn forged() -> [(Value, &'static str); 3] {
    let key = "interactions/INT-1/a.pdf";
    [
        (event("another-bucket", &json!({"key": key, "versionId": "v1"})), "INGEST_BUCKET"),
        (event("drop", &json!({"key": key, "eTag": "abc", "sequencer": "01"})), "no version id"),
        (event("drop", &json!({"key": "interactions/INT-1/a%00.pdf", "versionId": "v1"})), "contains a NUL"),
    ]
}

async fn handled(intake: &Intake, payload: Value) -> Result<Value, Failure> {
    let mut context = Context::default();
    let deadline = SystemTime::now() + Duration::from_mins(1);
    context.deadline = u64::try_from(deadline.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis()).unwrap();
    handle(intake, payload, context).await
}

#[tokio::test]
async fn forged_bare_event_is_an_error_and_claims_nothing() {
    for (event, reason) in forged() {
        let aws = versioned().await;
        let failure = handled(&aws.intake("http://127.0.0.1:9/api/v2"), event).await.unwrap_err();
        assert_eq!(failure.error_type, "Input.Invalid", "{failure}");
        assert!(failure.message.contains(reason), "{failure}");
        assert_eq!((aws.count("DynamoDB"), aws.count("GET /drop/interactions")), (0, 0), "{reason}");
    }
}

#[tokio::test]
async fn message_with_a_forged_event_goes_to_the_dead_letter_queue_and_claims_nothing() {
    for (event, reason) in forged() {
        let aws = versioned().await;
        let batch = json!({"Records": [{"messageId": "m", "receiptHandle": "r", "body": event.to_string(),
            "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:intake"}]});
        let answer = handled(&aws.intake("http://127.0.0.1:9/api/v2"), batch).await.unwrap();
        assert_eq!(answer, json!({"batchItemFailures": []}), "{reason}");
        assert_eq!(aws.count("AmazonSQS.SendMessage"), 1, "{reason}");
        assert_eq!((aws.count("DynamoDB"), aws.count("GET /drop/interactions")), (0, 0), "{reason}");
    }
}
