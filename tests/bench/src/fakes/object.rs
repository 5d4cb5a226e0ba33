//! The objects: PDF files of any length, made at the first request.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use bytes::Bytes;
use serde_json::{Value, json};

use super::BUCKET;

/// An object. Its key contains all of its properties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObjectName {
    /// Bytes.
    pub length: usize,
    /// S3 sends a CRC-32 that the reader can verify.
    pub checksum: bool,
    /// CXone takes 10 ms for each frame of it.
    pub slow: bool,
}

impl ObjectName {
    /// An object of this length, without a checksum and with a fast reader.
    #[must_use]
    pub const fn of(length: usize) -> Self {
        Self { length, checksum: false, slow: false }
    }

    fn key(self, index: usize) -> String {
        let interaction = if self.slow { "SLOW" } else { "BENCH" };
        let checksum = if self.checksum { "checked" } else { "plain" };
        format!("interactions/{interaction}-{index}/{checksum}-{}.pdf", self.length)
    }

    pub(crate) fn parse(path: &str) -> Option<Self> {
        let slow = path.contains("/SLOW-");
        let (checksum, length) = path.rsplit('/').next()?.strip_suffix(".pdf")?.split_once('-')?;
        Some(Self { length: length.parse().ok()?, checksum: checksum == "checked", slow })
    }
}

/// An event of the queue with `count` such objects.
#[must_use]
pub fn event(object: ObjectName, count: usize) -> Value {
    let records: Vec<Value> = (0..count).map(|index| record(object, index)).collect();
    json!({"Records": records})
}

fn record(object: ObjectName, index: usize) -> Value {
    let notification = json!({"Records": [{
        "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "us-east-1",
        "eventTime": "2026-01-05T09:00:00.000Z", "eventName": "ObjectCreated:Put",
        "s3": {"s3SchemaVersion": "1.0", "bucket": {"name": BUCKET, "arn": format!("arn:aws:s3:::{BUCKET}")},
            "object": {"key": object.key(index), "size": object.length, "eTag": "etag", "versionId": "v1",
                "sequencer": "0055AED6DCD90281E5"}}}]});
    json!({
        "messageId": format!("message-{index}"), "receiptHandle": "handle", "body": notification.to_string(),
        "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1767603600000", "SenderId": "s3",
            "ApproximateFirstReceiveTimestamp": "1767603600000"},
        "messageAttributes": {}, "md5OfBody": "", "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:intake", "awsRegion": "us-east-1"
    })
}

/// Contents and their CRC-32, by length.
#[derive(Default)]
pub(crate) struct Objects(Mutex<HashMap<usize, (Bytes, u32)>>);

impl Objects {
    pub(crate) fn get(&self, length: usize) -> (Bytes, u32) {
        let mut objects = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        objects
            .entry(length)
            .or_insert_with(|| {
                let bytes = pdf(length);
                let checksum = crc32fast::hash(&bytes);
                (bytes.into(), checksum)
            })
            .clone()
    }
}

/// A PDF of this length: one object, then white space.
pub(crate) fn pdf(length: usize) -> Vec<u8> {
    let mut bytes = b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\n".to_vec();
    let end = b"trailer\n<< /Root 1 0 R /Size 2 >>\n%%EOF\n";
    bytes.resize(length.saturating_sub(end.len()).max(bytes.len()), b' ');
    bytes.extend_from_slice(end);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_contains_all_properties_of_its_object() {
        for object in [
            ObjectName::of(1024),
            ObjectName { length: 26_214_400, checksum: true, slow: false },
            ObjectName { length: 7, checksum: false, slow: true },
        ] {
            assert_eq!(ObjectName::parse(&object.key(3)), Some(object));
        }
    }

    #[test]
    fn pdf_has_the_requested_length() {
        assert_eq!(pdf(1024).len(), 1024);
        assert_eq!(pdf(1024 * 1024).len(), 1024 * 1024);
    }
}
