//! The audit bucket: each record is written once and never changed.
//!
//! A record's key can be predicted, so something else may lie there. What is signed and sent is the record that finalize wrote:
//! either these very bytes, or those whose digest the ledger got together with the outcome. Nothing else that reads like a
//! record is enough, since a single forged field would be signed with the rest.

use std::time::SystemTime;

use attachments::{
    audit::{AuditRecord, digest},
    workflow::error_type,
};
use aws_sdk_s3::{
    Client,
    error::{DisplayErrorContext, ProvideErrorMetadata as _, SdkError},
    operation::get_object::GetObjectError,
    primitives::ByteStream,
    types::ChecksumAlgorithm,
};
use host::{
    Failure,
    metrics::{self, Metric},
};
use serde_json::Value;

use crate::retention::Retention;

/// Tries at a write that another one is in the way of.
const TRIES: u32 = 5;
/// Bytes of a stored record that are read back at most. A record has a few KiB: a key, ten tags, a reason of 1 KiB.
const LONGEST: usize = 64 * 1024;
/// Fields that records of release 0.1.0 lack.
const LATER_FIELDS: [&str; 2] = ["key_interaction", "possibly_stored"];

pub(crate) struct AuditStore {
    s3: Client,
    bucket: String,
    prefix: String,
    retention: Retention,
}

/// The record's bytes as they lie in the bucket.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) bytes: Vec<u8>,
    /// Whether this call wrote them; otherwise an earlier one had.
    pub(crate) written: bool,
}

impl AuditStore {
    pub(crate) const fn new(s3: Client, bucket: String, prefix: String, retention: Retention) -> Self {
        Self { s3, bucket, prefix, retention }
    }

    pub(crate) fn bucket(&self) -> &str {
        &self.bucket
    }

    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Writes the record unless finalize has written it before, and returns the bytes that are there. `kept` is the digest of
    /// the record in the ledger.
    pub(crate) async fn write_once(
        &self,
        key: &str,
        record: &AuditRecord,
        kept: Option<&str>,
    ) -> Result<Stored, Failure> {
        let bytes = record.to_bytes().map_err(Failure::input)?;
        let mut tries = 0;
        loop {
            tries += 1;
            let put = self
                .s3
                .put_object()
                .bucket(&self.bucket)
                .key(key)
                .content_type("application/json")
                .if_none_match("*")
                .object_lock_mode(self.retention.mode())
                .object_lock_retain_until_date(self.retention.until(SystemTime::now()))
                // A put under retention needs one.
                .checksum_algorithm(ChecksumAlgorithm::Sha256)
                .body(ByteStream::from(bytes.clone()))
                .send()
                .await;
            let Err(error) = put else { return Ok(Stored { bytes, written: true }) };
            match status(&error) {
                Some(412) => {
                    let stored = self.stored(key).await?;
                    return match difference(&stored, record, &bytes, kept) {
                        None => Ok(Stored { bytes: stored, written: false }),
                        Some(what) => Err(self.foreign(key, what)),
                    };
                }
                Some(409) if tries < TRIES => {
                    tokio::time::sleep(std::time::Duration::from_millis(100 * u64::from(tries))).await;
                }
                _ => return Err(unwritable(format_args!("written: {}", DisplayErrorContext(error)))),
            }
        }
    }

    /// Reads what lies there, if it is short enough to be a record: the rest of a large object is not waited for. That a call or
    /// its body stands still is bounded where all reads of the SDK pass (`host::Aws`).
    async fn stored(&self, key: &str) -> Result<Vec<u8>, Failure> {
        let too_long = || self.foreign(key, format_args!("it has more than {LONGEST} bytes"));
        let got = match self.s3.get_object().bucket(&self.bucket).key(key).send().await {
            Ok(got) => got,
            Err(error) if is_unlike_a_record(&error) => {
                let code = error.code().unwrap_or("400").to_owned();
                return Err(self.foreign(key, format_args!("S3 refuses to read it ({code})")));
            }
            Err(error) => return Err(unwritable(format_args!("read back: {}", DisplayErrorContext(error)))),
        };
        if got.content_length.is_some_and(|length| usize::try_from(length).unwrap_or(usize::MAX) > LONGEST) {
            return Err(too_long());
        }
        let mut body = got.body;
        let mut bytes = Vec::new();
        while let Some(part) = body.next().await {
            let part = part.map_err(|error| unwritable(format_args!("read back: {}", DisplayErrorContext(error))))?;
            bytes.extend_from_slice(&part);
            if bytes.len() > LONGEST {
                return Err(too_long());
            }
        }
        Ok(bytes)
    }

    /// What lies there is not finalize's. Nothing of it is told: it may be anything.
    fn foreign(&self, key: &str, what: impl std::fmt::Display) -> Failure {
        metrics::count(Metric::AuditForeign);
        let place = format_args!("s3://{}/{key}", self.bucket);
        Failure::new(error_type::AUDIT_FOREIGN, format_args!("{place} is not the record that finalize wrote: {what}"))
    }
}

/// Whether S3 cannot read the object for a reason that no record of finalize's can have: a key of the writer's own (SSE-C),
/// or an archive.
fn is_unlike_a_record(error: &SdkError<GetObjectError>) -> bool {
    status(error) == Some(400) || error.as_service_error().is_some_and(GetObjectError::is_invalid_object_state)
}

/// What makes the stored bytes another record than this one; none if finalize wrote them, in this call's release or another.
fn difference(stored: &[u8], record: &AuditRecord, own: &[u8], kept: Option<&str>) -> Option<&'static str> {
    let Ok(found) = serde_json::from_slice::<AuditRecord>(stored) else { return Some("it cannot be read as one") };
    if found.identity != record.identity {
        return Some("it is another object's");
    }
    if found.event != record.event {
        return Some("it has another outcome");
    }
    if found.execution_arn != record.execution_arn {
        return Some("it is another execution's");
    }
    let is_ours = match kept {
        _ if stored == own => true,
        // Another release may write other bytes of the same record. The ledger knows which.
        Some(kept) => digest(stored) == kept,
        None => is_of_an_earlier_release(stored, record),
    };
    (!is_ours).then_some("its content is another")
}

/// Whether the bytes say the same as this record, but for fields that an earlier release did not know. The ledger has no digest of
/// what such a release wrote.
fn is_of_an_earlier_release(stored: &[u8], record: &AuditRecord) -> bool {
    let found = serde_json::from_slice(stored);
    let (Ok(Value::Object(found)), Ok(Value::Object(wanted))) = (found, serde_json::to_value(record)) else {
        return false;
    };
    let is_missing = |name: &str| !found.contains_key(name);
    found.iter().all(|(name, value)| wanted.get(name) == Some(value))
        && wanted.keys().all(|name| !is_missing(name) || LATER_FIELDS.contains(&name.as_str()))
}

fn status<E>(error: &SdkError<E>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}

fn unwritable(what: std::fmt::Arguments<'_>) -> Failure {
    metrics::count(Metric::AuditUnwritable);
    Failure::new(error_type::AUDIT_UNWRITABLE, format_args!("the audit record cannot be {what}"))
}

#[cfg(test)]
mod tests;
