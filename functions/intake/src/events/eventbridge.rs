//! `EventBridge`'s `Object Created`, whose keys are not form-encoded.

use attachments::{ObjectRef, Timestamp};
use aws_lambda_events::event::eventbridge::EventBridgeEvent;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Notification, s3::version};

#[derive(Deserialize, Serialize)]
struct Detail {
    bucket: Bucket,
    object: Object,
}

#[derive(Deserialize, Serialize)]
struct Bucket {
    name: String,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Object {
    key: String,
    version_id: Option<String>,
    etag: Option<String>,
    sequencer: Option<String>,
}

/// One entry; none where the event is not about a created object.
pub(super) fn parse(event: &Value) -> Result<Vec<Option<Notification>>, String> {
    let of_s3 = event.get("source").and_then(Value::as_str) == Some("aws.s3");
    let created = event.get("detail-type").and_then(Value::as_str) == Some("Object Created");
    if !(of_s3 && created) {
        return Ok(vec![None]);
    }
    let event = EventBridgeEvent::<Detail>::deserialize(event).map_err(|error| error.to_string())?;
    let Detail { bucket, object } = event.detail;
    let version = version(object.version_id, object.etag, object.sequencer)?;
    let event_time = event.time.map(|time| Timestamp::from_unix_millis(time.timestamp_millis()));
    Ok(vec![Some(Notification { object: ObjectRef { bucket: bucket.name, key: object.key, version }, event_time })])
}
