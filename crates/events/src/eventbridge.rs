//! `EventBridge`'s `Object Created`, whose keys are not form-encoded.
//!
//! `aws_lambda_events`' type does not fit: it refuses an event whose time cannot be read, and accepts times that RFC 3339
//! cannot express.

use attachments::ObjectRef;
use serde::Deserialize;
use serde_json::Value;

use super::{
    Notification,
    s3::{Bucket, time_of, version},
};

#[derive(Deserialize)]
struct Event {
    time: Option<Value>,
    detail: Detail,
}

#[derive(Deserialize)]
struct Detail {
    bucket: Bucket,
    object: Object,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Object {
    key: String,
    version_id: Option<String>,
    etag: Option<String>,
    sequencer: Option<String>,
}

/// One entry, which is None if the event is not about a created object.
pub(super) fn parse(event: &Value) -> Result<Vec<Option<Notification>>, String> {
    let from_s3 = event.get("source").and_then(Value::as_str) == Some("aws.s3");
    let created = event.get("detail-type").and_then(Value::as_str) == Some("Object Created");
    if !(from_s3 && created) {
        return Ok(vec![None]);
    }
    let Event { time, detail: Detail { bucket, object } } =
        Event::deserialize(event).map_err(|error| error.to_string())?;
    let version = version(object.version_id, object.etag, object.sequencer)?;
    let event_time = time_of(time.as_ref());
    let object = ObjectRef::new(bucket.name, object.key, version).map_err(|error| error.to_string())?;
    Ok(vec![Some(Notification { object, event_time })])
}
