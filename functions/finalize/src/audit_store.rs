//! Writes each record to the audit bucket once, and never changes it.
//!
//! A record's key can be predicted, so there may be another object under it. Finalize signs and sends only a record that it has
//! written itself: either the same bytes, or bytes whose digest the ledger stored with the outcome. Another object that parses as a
//! record is refused, because finalize would sign its forged fields.

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

/// How often a write is tried that conflicts with another one.
const MAX_TRIES: u32 = 5;
/// The longest stored record that is read back. A record has a few KiB: a key, ten tags, a reason of 1 KiB.
const MAX_RECORD_BYTES: usize = 64 * 1024;
/// Fields that records of release 0.1.0 do not have.
const LATER_FIELDS: [&str; 2] = ["key_interaction", "possibly_stored"];

pub(crate) struct AuditStore {
    s3: Client,
    bucket: String,
    prefix: String,
    retention: Retention,
}

/// The record's bytes in the bucket.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) bytes: Vec<u8>,
    /// Whether this call wrote them. If not, an earlier call did.
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

    /// Writes the record, unless finalize has written it already. Returns the stored bytes. `ledger_digest` is the record's digest in
    /// the ledger.
    pub(crate) async fn write_once(
        &self,
        key: &str,
        record: &AuditRecord,
        ledger_digest: Option<&str>,
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
                // S3 requires a checksum for a write with an object lock.
                .checksum_algorithm(ChecksumAlgorithm::Sha256)
                .body(ByteStream::from(bytes.clone()))
                .send()
                .await;
            let Err(error) = put else { return Ok(Stored { bytes, written: true }) };
            match status(&error) {
                Some(412) => {
                    let stored = self.stored(key).await?;
                    return match difference(&stored, record, &bytes, ledger_digest) {
                        None => Ok(Stored { bytes: stored, written: false }),
                        Some(difference) => Err(self.foreign(key, difference)),
                    };
                }
                Some(409) if tries < MAX_TRIES => {
                    tokio::time::sleep(std::time::Duration::from_millis(100 * u64::from(tries))).await;
                }
                _ => return Err(unwritable(format_args!("written: {}", DisplayErrorContext(error)))),
            }
        }
    }

    /// Reads the stored object, if it is short enough to be a record. It does not wait for the rest of a large object. `host::Aws`
    /// limits how long a call or its body may stall.
    async fn stored(&self, key: &str) -> Result<Vec<u8>, Failure> {
        let too_long = || self.foreign(key, format_args!("it has more than {MAX_RECORD_BYTES} bytes"));
        let got = match self.s3.get_object().bucket(&self.bucket).key(key).send().await {
            Ok(got) => got,
            Err(error) if cannot_be_a_record(&error) => {
                let code = error.code().unwrap_or("400").to_owned();
                return Err(self.foreign(key, format_args!("S3 refuses to read it ({code})")));
            }
            Err(error) => return Err(unwritable(format_args!("read back: {}", DisplayErrorContext(error)))),
        };
        if got.content_length.is_some_and(|length| usize::try_from(length).unwrap_or(usize::MAX) > MAX_RECORD_BYTES) {
            return Err(too_long());
        }
        let mut body = got.body;
        let mut bytes = Vec::new();
        while let Some(part) = body.next().await {
            let part = part.map_err(|error| unwritable(format_args!("read back: {}", DisplayErrorContext(error))))?;
            bytes.extend_from_slice(&part);
            if bytes.len() > MAX_RECORD_BYTES {
                return Err(too_long());
            }
        }
        Ok(bytes)
    }

    /// The failure for an object that finalize did not write. The message quotes nothing from it, because it may contain anything.
    fn foreign(&self, key: &str, difference: impl std::fmt::Display) -> Failure {
        metrics::count(Metric::AuditForeign);
        let object = format_args!("s3://{}/{key}", self.bucket);
        let message = format_args!("{object} is not the record that finalize wrote: {difference}");
        Failure::new(error_type::AUDIT_FOREIGN, message)
    }
}

/// Whether S3 refuses to read the object for a reason that no record of finalize has: it is encrypted with a customer's key (SSE-C),
/// or it is archived.
fn cannot_be_a_record(error: &SdkError<GetObjectError>) -> bool {
    status(error) == Some(400) || error.as_service_error().is_some_and(GetObjectError::is_invalid_object_state)
}

/// How the stored bytes differ from this record. None if finalize has written them, in this release or in another one.
fn difference(stored: &[u8], record: &AuditRecord, bytes: &[u8], ledger_digest: Option<&str>) -> Option<&'static str> {
    let Ok(read) = serde_json::from_slice::<AuditRecord>(stored) else { return Some("it is not an audit record") };
    if read.identity != record.identity {
        return Some("it belongs to another object");
    }
    if read.event != record.event {
        return Some("it has another outcome");
    }
    if read.execution_arn != record.execution_arn {
        return Some("it belongs to another execution");
    }
    let is_ours = match ledger_digest {
        _ if stored == bytes => true,
        // Another release may write the same record with other bytes. The ledger has their digest.
        Some(ledger_digest) => digest(stored) == ledger_digest,
        None => is_of_an_earlier_release(stored, record),
    };
    (!is_ours).then_some("its content is different")
}

/// Whether the bytes equal this record, except for fields that an earlier release did not have. For the records of such a release, the
/// ledger has no digest.
fn is_of_an_earlier_release(stored: &[u8], record: &AuditRecord) -> bool {
    let stored = serde_json::from_slice(stored);
    let (Ok(Value::Object(stored)), Ok(Value::Object(expected))) = (stored, serde_json::to_value(record)) else {
        return false;
    };
    let is_missing = |name: &str| !stored.contains_key(name);
    stored.iter().all(|(name, value)| expected.get(name) == Some(value))
        && expected.keys().all(|name| !is_missing(name) || LATER_FIELDS.contains(&name.as_str()))
}

fn status<E>(error: &SdkError<E>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}

/// `fault` continues the sentence "the audit record cannot be".
fn unwritable(fault: std::fmt::Arguments<'_>) -> Failure {
    metrics::count(Metric::AuditUnwritable);
    Failure::new(error_type::AUDIT_UNWRITABLE, format_args!("the audit record cannot be {fault}"))
}

#[cfg(test)]
mod tests;
