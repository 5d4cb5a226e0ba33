//! Writing records into a scripted S3, where something may lie under the key already.

use std::{sync::Arc, time::Duration};

use aws_sdk_s3::config::timeout::TimeoutConfig;
use host::{Aws, Environment, HttpClients};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    sync::Mutex,
    time::timeout,
};

use super::*;

const RECORD: &str = include_str!("../../../../crates/attachments/tests/golden/v2-audit-completed.json");
const EARLIER: &str = include_str!("../../../../crates/attachments/tests/golden/v1-audit-completed.json");
const THERE: &[u8] = b"HTTP/1.1 412 No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// A bucket that answers its writes one by one, the last answer again and again, and each read with `read`.
struct Bucket {
    store: AuditStore,
    /// What came.
    requests: Arc<Mutex<Vec<String>>>,
}

async fn bucket(writes: &[&'static [u8]], read: Vec<u8>) -> Bucket {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let (mut writes, requests) = (writes.to_vec(), Arc::new(Mutex::new(Vec::new())));
    let seen = Arc::clone(&requests);
    tokio::spawn(async move {
        let mut open = Vec::new();
        loop {
            let (mut connection, _) = listener.accept().await.unwrap();
            let mut request = [0; 16 * 1024];
            let length = connection.read(&mut request).await.unwrap();
            seen.lock().await.push(String::from_utf8_lossy(&request[..length]).to_lowercase());
            let answer: &[u8] = match request.first() {
                Some(b'P') if writes.len() > 1 => writes.remove(0),
                Some(b'P') => writes[0],
                _ => &read,
            };
            // The reader may have left: it does not want all of it.
            let _ = connection.write_all(answer).await;
            open.push(connection);
        }
    });
    let mut environment = Environment::new(move |name| match name {
        "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("test".to_owned()),
        "AWS_REGION" => Some("eu-central-1".to_owned()),
        "AWS_ENDPOINT_URL" => Some(endpoint.clone()),
        "AUDIT_LOCK_MODE" => Some("COMPLIANCE".to_owned()),
        _ => None,
    });
    let retention = Retention::from_environment(&mut environment);
    let clients = HttpClients::from_environment(&mut environment).unwrap();
    let aws = Aws::from_environment(&mut environment, &clients);
    environment.finish(Ok(())).unwrap();
    let limit = TimeoutConfig::builder().read_timeout(Duration::from_millis(300)).build();
    let config = aws_sdk_s3::config::Builder::from(&aws.s3()).force_path_style(true).timeout_config(limit);
    let s3 = Client::from_conf(config.build());
    Bucket { store: AuditStore::new(s3, "audit".to_owned(), "audit/".to_owned(), retention), requests }
}

fn record() -> AuditRecord {
    serde_json::from_str(RECORD).unwrap()
}

fn own() -> Vec<u8> {
    record().to_bytes().unwrap()
}

/// The response of S3 to a read of an object with this length, whose body comes so far.
fn object(length: usize, body: &[u8]) -> Vec<u8> {
    [format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n").as_bytes(), body].concat()
}

async fn write(bucket: &Bucket, kept: Option<&str>) -> Result<Stored, Failure> {
    let record = record();
    let written = bucket.store.write_once("audit/a.json", &record, kept);
    timeout(Duration::from_secs(20), written).await.unwrap()
}

/// What comes of writing the record where these bytes are, if the ledger keeps this digest.
async fn meeting(stored: &[u8], kept: Option<&str>) -> Result<Stored, Failure> {
    write(&bucket(&[THERE], object(stored.len(), stored)).await, kept).await
}

/// The same, for bytes that are not finalize's; the message.
async fn refused(stored: &[u8], kept: Option<&str>) -> String {
    let failure = meeting(stored, kept).await.unwrap_err();
    assert_eq!(failure.error_type, error_type::AUDIT_FOREIGN, "{failure}");
    assert!(
        failure.message.starts_with("s3://audit/audit/a.json is not the record that finalize wrote: "),
        "{failure}"
    );
    failure.message
}

#[tokio::test]
async fn record_is_written_with_its_lock_and_its_checksum() {
    let bucket = bucket(&[b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"], Vec::new()).await;
    let stored = write(&bucket, None).await.unwrap();
    assert!(stored.written && stored.bytes == own());
    let requests = bucket.requests.lock().await;
    let ends = day_of_lock(&requests[0]);
    for header in ["if-none-match: *", "x-amz-object-lock-mode: compliance", "x-amz-sdk-checksum-algorithm: sha256"] {
        assert!(requests[0].contains(header), "{header}: {}", requests[0]);
    }
    let today = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs() / 86_400;
    assert!((today + 364..=today + 365).contains(&ends), "the lock ends on day {ends}, today is {today}");
}

/// The day on which the lock ends, counted from 1970.
fn day_of_lock(request: &str) -> u64 {
    let until = request.split("x-amz-object-lock-retain-until-date: ").nth(1).unwrap().lines().next().unwrap();
    let until: attachments::Timestamp = until.to_uppercase().parse().unwrap();
    u64::try_from(until.unix_seconds() / 86_400).unwrap()
}

#[tokio::test]
async fn own_record_that_is_there_is_read_back() {
    for kept in [None, Some(digest(&own()))] {
        let stored = meeting(&own(), kept.as_deref()).await.unwrap();
        assert_eq!((stored.bytes, stored.written), (own(), false));
    }
}

#[tokio::test]
async fn record_of_another_release_is_known_by_the_digest_in_the_ledger() {
    let newer = String::from_utf8(own()).unwrap().replacen('{', r#"{"retention":"locked","#, 1);
    let stored = meeting(newer.as_bytes(), Some(&digest(newer.as_bytes()))).await.unwrap();
    assert_eq!(stored.bytes, newer.as_bytes());
    assert!(refused(newer.as_bytes(), Some(&digest(&own()))).await.ends_with("its content is another"));
    // Release 0.1.0 kept no digest and knew fewer fields.
    let stored = meeting(EARLIER.as_bytes(), None).await.unwrap();
    assert_eq!(stored.bytes, EARLIER.as_bytes());
    assert!(refused(newer.as_bytes(), None).await.ends_with("its content is another"));
}

#[tokio::test]
async fn record_that_was_forged_in_one_field_is_foreign() {
    let text = String::from_utf8(own()).unwrap();
    let forgeries = [
        ("abababab", "cdcdcdcd", "its content is another"),
        ("\"size_bytes\":43", "\"size_bytes\":44", "its content is another"),
        ("\"case\":\"4711\"", "\"case\":\"1174\",\"case\":\"4711\"", "its content is another"),
        ("\"polls\":7", "\"polls\":8", "its content is another"),
        ("\n", "\n\n", "its content is another"),
        ("\"polls\":7", "\"polls\":8,\"polls\":7", "it cannot be read as one"),
        ("0123456789abcdef\",\"job_id\"", "0123456789abcdee\",\"job_id\"", "it is another object's"),
        ("ATTACHMENT_UPLOAD_COMPLETED", "ATTACHMENT_UPLOAD_FAILED", "it has another outcome"),
        (":execution:attachments:", ":execution:other:", "it is another execution's"),
    ];
    for (was, is, why) in forgeries {
        let forged = text.replacen(was, is, 1);
        assert_ne!(forged, text, "{was} is not in the record");
        let said = refused(forged.as_bytes(), Some(&digest(&own()))).await;
        assert!(said.ends_with(why), "{was}: {said}");
    }
}

#[tokio::test]
async fn garbage_is_foreign_and_not_told() {
    for garbage in [&b""[..], b"{}", b"[]", b"null", b"\xff\xfe", b"<script>alert(1)</script>", &[b'['; 16_000]] {
        let said = refused(garbage, None).await;
        assert!(said.ends_with("it cannot be read as one"), "{said}");
    }
}

#[tokio::test]
async fn large_object_is_foreign_at_once() {
    // It says that it has 300 MB, and stops after 1 KiB: whoever reads on fails by the timeout.
    let large = bucket(&[THERE], object(300_000_000, &[b'x'; 1024])).await;
    let failure = write(&large, None).await.unwrap_err();
    assert_eq!(failure.error_type, error_type::AUDIT_FOREIGN);
    assert!(failure.message.ends_with("it has more than 65536 bytes"), "{failure}");
    // Without a length, no more than that is read.
    let chunk = [format!("{:x}\r\n", LONGEST + 1).into_bytes(), vec![b'x'; LONGEST + 1], b"\r\n".to_vec()].concat();
    let endless = [b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec(), chunk].concat();
    let failure = write(&bucket(&[THERE], endless).await, None).await.unwrap_err();
    assert!(failure.message.ends_with("it has more than 65536 bytes"), "{failure}");
}

#[tokio::test]
async fn object_under_a_key_of_its_own_or_in_an_archive_is_foreign() {
    for (status, code) in [("400 Bad Request", "InvalidRequest"), ("403 Forbidden", "InvalidObjectState")] {
        let body = format!("<Error><Code>{code}</Code><Message>no</Message></Error>");
        let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
        let failure = write(&bucket(&[THERE], (head + &body).into_bytes()).await, None).await.unwrap_err();
        assert_eq!(failure.error_type, error_type::AUDIT_FOREIGN, "{failure}");
        assert!(failure.message.ends_with(&format!("S3 refuses to read it ({code})")), "{failure}");
    }
    // The role may lack a right: that says nothing about the object.
    let body = "<Error><Code>AccessDenied</Code></Error>";
    let head = format!("HTTP/1.1 403 Forbidden\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    let failure = write(&bucket(&[THERE], (head + body).into_bytes()).await, None).await.unwrap_err();
    assert_eq!(failure.error_type, error_type::AUDIT_UNWRITABLE, "{failure}");
}

#[tokio::test]
async fn write_that_another_one_is_in_the_way_of_is_repeated() {
    let busy = b"HTTP/1.1 409 Conflict\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let done = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let bucket = bucket(&[busy, busy, done], Vec::new()).await;
    assert!(write(&bucket, None).await.unwrap().written);
    assert_eq!(bucket.requests.lock().await.len(), 3);
}

#[tokio::test]
async fn record_whose_read_stands_still_is_unwritable_and_retried() {
    let failure = write(&bucket(&[THERE], object(60, b"half")).await, None).await.unwrap_err();
    assert_eq!(failure.error_type, error_type::AUDIT_UNWRITABLE);
    assert!(failure.message.contains("read back: ") && failure.message.contains("no byte came for"), "{failure}");
}
