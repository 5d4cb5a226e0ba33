//! S3's own notifications.
//!
//! `aws_lambda_events`' types do not fit: they refuse records that lack fields which intake does not read, such as
//! `userIdentity`. Such a record would end in the dead-letter queue although intake can process it.

use attachments::{ObjectRef, ObjectVersion, Timestamp, decode_form_encoded_key};
use serde::Deserialize;
use serde_json::Value;

use super::Notification;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    event_time: Option<Value>,
    s3: Entity,
}

#[derive(Deserialize)]
struct Entity {
    bucket: Bucket,
    object: Object,
}

/// S3 notifications and `EventBridge` events name the bucket in the same way.
#[derive(Deserialize)]
pub(super) struct Bucket {
    pub(super) name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Object {
    key: String,
    version_id: Option<String>,
    e_tag: Option<String>,
    sequencer: Option<String>,
}

/// One entry per record, which is None if the record is not about a created object.
pub(super) fn parse(records: &Value) -> Result<Vec<Option<Notification>>, String> {
    let records = records.as_array().ok_or("Records is not a list")?;
    if records.is_empty() {
        return Err("Records is empty".to_owned());
    }
    records
        .iter()
        .enumerate()
        .map(|(index, record)| parse_record(record).map_err(|fault| format!("Records[{index}]: {fault}")))
        .collect()
}

fn parse_record(record: &Value) -> Result<Option<Notification>, String> {
    let source = record.get("eventSource").and_then(Value::as_str).unwrap_or("aws:s3");
    if source != "aws:s3" {
        return Err(format!("eventSource is {source:?}, not \"aws:s3\""));
    }
    let name = record.get("eventName").and_then(Value::as_str).ok_or("no eventName")?;
    if !name.trim_start_matches("s3:").starts_with("ObjectCreated:") {
        return Ok(None);
    }
    let record = Record::deserialize(record).map_err(|error| error.to_string())?;
    tracing::trace!(event_name = name, "S3 notification");
    let object = record.s3.object;
    let key = decode_form_encoded_key(&object.key).map_err(|error| format!("s3.object.key is not UTF-8: {error}"))?;
    let version = version(object.version_id, object.e_tag, object.sequencer)?;
    let event_time = time_of(record.event_time.as_ref());
    let object = ObjectRef::new(record.s3.bucket.name, key, version).map_err(|error| error.to_string())?;
    Ok(Some(Notification { object, event_time }))
}

/// 2006-03-14, when S3 began. An earlier time cannot be right: sample events have 1970.
const EARLIEST: Timestamp = Timestamp::from_unix_seconds(1_142_294_400);

/// When the object was written. A time that cannot be read is dropped, because the object can be processed without it.
pub(super) fn time_of(time: Option<&Value>) -> Option<Timestamp> {
    time.and_then(Value::as_str)?.parse().ok().filter(|time| *time >= EARLIEST)
}

/// Reads the version, which S3 notifications and `EventBridge` events name in the same way.
pub(super) fn version(
    id: Option<String>,
    etag: Option<String>,
    sequencer: Option<String>,
) -> Result<ObjectVersion, String> {
    match (id.filter(|id| !id.is_empty() && id != "null"), etag) {
        (Some(id), _) => Ok(ObjectVersion::Id(id)),
        (None, Some(etag)) => Ok(ObjectVersion::Unversioned {
            etag: etag.trim_matches('"').to_owned(),
            sequencer: sequencer.unwrap_or_default(),
        }),
        (None, None) => Err("neither a version id nor an ETag".to_owned()),
    }
}
