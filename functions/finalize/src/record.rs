//! The audit bucket: each record is written once and never changed.

use attachments::workflow::error_type;
use aws_sdk_s3::{
    Client,
    error::{DisplayErrorContext, SdkError},
    operation::put_object::PutObjectError,
    primitives::{AggregatedBytes, ByteStream},
    types::ChecksumAlgorithm,
};
use host::Failure;

/// Tries at a write that another one is in the way of.
const TRIES: u32 = 5;

pub(crate) struct AuditStore {
    s3: Client,
    bucket: String,
    prefix: String,
}

/// The record's bytes as they lie in the bucket.
pub(crate) struct Stored {
    pub(crate) bytes: Vec<u8>,
    /// Whether this call wrote them; otherwise an earlier one had.
    pub(crate) written: bool,
}

impl AuditStore {
    pub(crate) const fn new(s3: Client, bucket: String, prefix: String) -> Self {
        Self { s3, bucket, prefix }
    }

    pub(crate) fn bucket(&self) -> &str {
        &self.bucket
    }

    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Writes the record unless one is there, and returns the bytes that are.
    pub(crate) async fn write_once(&self, key: &str, bytes: Vec<u8>) -> Result<Stored, Failure> {
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
                // A put under retention needs one.
                .checksum_algorithm(ChecksumAlgorithm::Sha256)
                .body(ByteStream::from(bytes.clone()))
                .send()
                .await;
            let Err(error) = put else { return Ok(Stored { bytes, written: true }) };
            match status(&error) {
                Some(412) => return self.read(key).await.map(|bytes| Stored { bytes, written: false }),
                Some(409) if tries < TRIES => {
                    tokio::time::sleep(std::time::Duration::from_millis(100 * u64::from(tries))).await;
                }
                _ => return Err(unwritable(format_args!("written: {}", DisplayErrorContext(error)))),
            }
        }
    }

    async fn read(&self, key: &str) -> Result<Vec<u8>, Failure> {
        let got = self.s3.get_object().bucket(&self.bucket).key(key).send().await;
        let got = got.map_err(|error| unwritable(format_args!("read back: {}", DisplayErrorContext(error))))?;
        let body = got.body.collect().await;
        body.map(AggregatedBytes::to_vec).map_err(|error| unwritable(format_args!("read back: {error}")))
    }
}

fn status(error: &SdkError<PutObjectError>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}

fn unwritable(what: std::fmt::Arguments<'_>) -> Failure {
    host::metrics::count(host::metrics::Metric::AuditUnwritable);
    Failure::new(error_type::AUDIT_UNWRITABLE, format_args!("the audit record cannot be {what}"))
}
