//! The audit bucket: each record is written once and never changed.

use attachments::workflow::error_type;
use aws_sdk_s3::{
    Client,
    error::{DisplayErrorContext, SdkError},
    operation::put_object::PutObjectError,
    primitives::ByteStream,
    types::ChecksumAlgorithm,
};
use host::Failure;

/// Tries at a write that another one is in the way of.
const TRIES: u32 = 5;
/// Bytes of a stored record that are read back at most. A record has a few KiB: a key, ten tags, a reason of 1 KiB.
const LONGEST: usize = 64 * 1024;

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

    /// Reads the record back. That a call or its body stands still is bounded where all reads of the SDK pass (`host::Aws`).
    async fn read(&self, key: &str) -> Result<Vec<u8>, Failure> {
        let got = self.s3.get_object().bucket(&self.bucket).key(key).send().await;
        let got = got.map_err(|error| unwritable(format_args!("read back: {}", DisplayErrorContext(error))))?;
        let mut body = got.body;
        let mut bytes = Vec::new();
        while let Some(part) = body.next().await {
            let part = part.map_err(|error| unwritable(format_args!("read back: {}", DisplayErrorContext(error))))?;
            bytes.extend_from_slice(&part);
            if bytes.len() > LONGEST {
                return Err(unwritable(format_args!(
                    "read back: s3://{}/{key} has more than {LONGEST} bytes",
                    self.bucket
                )));
            }
        }
        Ok(bytes)
    }
}

fn status(error: &SdkError<PutObjectError>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}

fn unwritable(what: std::fmt::Arguments<'_>) -> Failure {
    host::metrics::count(host::metrics::Metric::AuditUnwritable);
    Failure::new(error_type::AUDIT_UNWRITABLE, format_args!("the audit record cannot be {what}"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use aws_sdk_s3::config::timeout::TimeoutConfig;
    use host::{Aws, Environment, HttpClients};
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
        time::timeout,
    };

    use super::*;

    /// A bucket that has a record already, and answers its read with these bytes.
    async fn bucket_with(read: Vec<u8>) -> AuditStore {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let mut open = Vec::new();
            loop {
                let (mut connection, _) = listener.accept().await.unwrap();
                let mut request = [0; 16 * 1024];
                let length = connection.read(&mut request).await.unwrap();
                let there = b"HTTP/1.1 412 No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                let answer = if request[..length].starts_with(b"PUT ") { &there[..] } else { &read };
                connection.write_all(answer).await.unwrap();
                open.push(connection);
            }
        });
        let mut environment = Environment::new(move |name| match name {
            "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("test".to_owned()),
            "AWS_REGION" => Some("eu-central-1".to_owned()),
            "AWS_ENDPOINT_URL" => Some(endpoint.clone()),
            _ => None,
        });
        let clients = HttpClients::read(&mut environment).unwrap();
        let aws = Aws::read(&mut environment, &clients);
        environment.check().unwrap();
        let limit = TimeoutConfig::builder().read_timeout(Duration::from_millis(300)).build();
        let config = aws_sdk_s3::config::Builder::from(&aws.s3()).force_path_style(true).timeout_config(limit);
        AuditStore::new(Client::from_conf(config.build()), "audit".to_owned(), "audit/".to_owned())
    }

    /// What comes of writing a record where one is, whose read is answered with a body of this length, cut or not.
    async fn read_back(length: usize, body: &[u8]) -> Result<Stored, Failure> {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
        let store = bucket_with([head.as_bytes(), body].concat()).await;
        timeout(Duration::from_secs(20), store.write_once("audit/a.json", b"mine".to_vec())).await.unwrap()
    }

    #[tokio::test]
    async fn record_that_is_there_is_read_back() {
        let stored = read_back(6, b"theirs").await.unwrap();
        assert_eq!((stored.bytes, stored.written), (b"theirs".to_vec(), false));
        assert_eq!(read_back(LONGEST, &vec![b'x'; LONGEST]).await.unwrap().bytes.len(), LONGEST);
    }

    #[tokio::test]
    async fn record_whose_read_stands_still_is_unwritable_and_retried() {
        let failure = read_back(60, b"half").await.err().unwrap();
        assert_eq!(failure.error_type, error_type::AUDIT_UNWRITABLE);
        assert!(failure.message.contains("read back: ") && failure.message.contains("no byte came for"), "{failure}");
    }

    #[tokio::test]
    async fn record_that_is_too_long_to_be_one_is_not_read_to_its_end() {
        let failure = read_back(usize::MAX / 2, &vec![b'x'; LONGEST + 1]).await.err().unwrap();
        assert!(failure.message.contains("s3://audit/audit/a.json has more than 65536 bytes"), "{failure}");
    }
}
