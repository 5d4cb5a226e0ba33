//! An audit record as it is stored.

use attachments::audit::AuditRecord;
use aws_sdk_s3::operation::get_object::GetObjectError;

use crate::ToolError;

/// A record's bytes and lock.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredRecord {
    /// `s3://{bucket}/{key}`
    pub location: String,
    /// What is stored.
    pub bytes: Vec<u8>,
    /// Until when it cannot be deleted, RFC 3339. None if it is not locked.
    pub locked_until: Option<String>,
    /// The record, if the bytes are one.
    pub record: Option<AuditRecord>,
}

impl StoredRecord {
    /// Reads a record. None if nothing is there.
    ///
    /// # Errors
    /// AWS does not say.
    pub async fn read(s3: &aws_sdk_s3::Client, bucket: &str, key: &str) -> Result<Option<Self>, ToolError> {
        let got = match s3.get_object().bucket(bucket).key(key).send().await {
            Ok(got) => got,
            Err(error) if error.as_service_error().is_some_and(GetObjectError::is_no_such_key) => return Ok(None),
            Err(error) => return Err(ToolError::of_call("s3:GetObject", &error)),
        };
        let locked_until = got.object_lock_retain_until_date.map(|date| date.to_string());
        let body = got.body.collect().await;
        let body = body.map_err(|error| ToolError::Aws { action: "s3:GetObject", text: error.to_string() })?;
        let bytes = body.into_bytes().to_vec();
        let record = serde_json::from_slice(&bytes).ok();
        Ok(Some(Self { location: format!("s3://{bucket}/{key}"), locked_until, record, bytes }))
    }
}
