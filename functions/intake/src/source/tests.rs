//! S3 as it answers, byte for byte, through the connector and the SDK that intake uses.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use aws_sdk_s3::config::timeout::TimeoutConfig;
use host::{Aws, Environment, HttpClients};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    time::timeout,
};

use super::*;

/// How long a body may stand still in these tests.
const STANDSTILL: Duration = Duration::from_millis(300);
const WRITTEN: &str = "last-modified: Sun, 22 Nov 2026 09:30:10 GMT\r\n";

/// A store that answers each request as `respond` says, from the request's first line, and keeps the connections open.
struct Store {
    s3: Client,
    /// The requests' first lines.
    asked: Arc<Mutex<Vec<String>>>,
}

impl Store {
    async fn new(respond: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let s3 = client(listener.local_addr().unwrap().to_string());
        let (asked, respond) = (Arc::new(Mutex::new(Vec::new())), Arc::new(respond));
        let told = Arc::clone(&asked);
        tokio::spawn(async move {
            loop {
                let (mut connection, _) = listener.accept().await.unwrap();
                let (told, respond) = (Arc::clone(&told), Arc::clone(&respond));
                tokio::spawn(async move {
                    let mut request = vec![0; 16 * 1024];
                    while let Ok(read @ 1..) = connection.read(&mut request).await {
                        let line = String::from_utf8_lossy(&request[..read]).lines().next().unwrap().to_owned();
                        told.lock().unwrap().push(line.clone());
                        connection.write_all(&respond(&line)).await.unwrap();
                    }
                });
            }
        });
        Self { s3, asked }
    }

    async fn with_object(headers: &'static [u8]) -> Self {
        Self::new(|_| object(headers)).await
    }

    fn asked(&self, method: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|line| line.starts_with(method)).count()
    }
}

fn client(address: String) -> Client {
    let mut environment = Environment::new(move |name| match name {
        "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("test".to_owned()),
        "AWS_REGION" => Some("eu-central-1".to_owned()),
        "AWS_ENDPOINT_URL" => Some(format!("http://{address}")),
        _ => None,
    });
    let clients = HttpClients::read(&mut environment).unwrap();
    let aws = Aws::read(&mut environment, &clients);
    environment.check().unwrap();
    let config = aws_sdk_s3::config::Builder::from(&aws.s3())
        .force_path_style(true)
        .timeout_config(TimeoutConfig::builder().read_timeout(STANDSTILL).build());
    Client::from_conf(config.build())
}

fn response(headers: &[u8], body: &[u8]) -> Vec<u8> {
    let length = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n", body.len());
    [length.as_bytes(), headers, b"\r\n", body].concat()
}

fn object(headers: &[u8]) -> Vec<u8> {
    response(&[b"etag: \"abc\"\r\n", headers].concat(), b"%PDF-1.7")
}

/// S3's refusal without a body.
fn refused(status: u16) -> Vec<u8> {
    format!("HTTP/1.1 {status} No\r\ncontent-length: 0\r\nx-amz-request-id: 4442587FB7D0A2F9\r\n\r\n").into_bytes()
}

fn written(version: ObjectVersion, event_time: Option<&str>) -> Notification {
    let object = ObjectRef { bucket: "drop".to_owned(), key: "interactions/INT/a.pdf".to_owned(), version };
    Notification { object, event_time: event_time.map(|time| time.parse().unwrap()) }
}

fn unversioned(event_time: Option<&str>) -> Notification {
    written(ObjectVersion::Unversioned { etag: "abc".to_owned(), sequencer: "01".to_owned() }, event_time)
}

fn versioned(event_time: Option<&str>) -> Notification {
    written(ObjectVersion::Id("v1".to_owned()), event_time)
}

fn code<T>(stopped: Result<T, Stop>) -> Result<T, String> {
    stopped.map_err(|stop| match stop {
        Stop::Final(reason) => reason.code.to_string(),
        other => format!("{other:?}"),
    })
}

#[tokio::test]
async fn headers_that_are_not_utf_8_leave_the_object_readable() {
    let store = Store::with_object(
        b"content-disposition: attachment; filename=\"R\xe9sum\xe9.pdf\"\r\n\
          content-type: application/pdf; name=\"\xdcbersicht.pdf\"\r\n\
          expires: \xe0 jamais\r\n\
          x-amz-meta-interaction-id: =?UTF-8?B?SU5ULTQywqA=?=\r\n\
          x-amz-meta-auto-scan: false\xa0\r\n\
          x-amz-meta-customer: M\xfcller\r\n",
    )
    .await;
    let open = open(&store.s3, &versioned(None)).await.unwrap();
    assert_eq!(open.declared_content_type.as_deref(), Some("application/pdf; name=\"Übersicht.pdf\""));
    let metadata = |name: &str| open.metadata.get(name).map(|value| value.trim());
    assert_eq!(metadata("interaction-id"), Some("INT-42"));
    assert_eq!(metadata("auto-scan"), Some("false"));
    assert_eq!(metadata("customer"), Some("Müller"));
    assert_eq!(peek(open.body).await.unwrap().head(), b"%PDF-1.7");
}

#[tokio::test]
async fn same_bytes_written_again_are_superseded_in_an_unversioned_bucket_only() {
    let store = Store::with_object(WRITTEN.as_bytes()).await;
    for (notification, expected) in [
        // Half a second before, which whole seconds hide; two clocks; just over.
        (unversioned(Some("2026-11-22T09:30:10.500Z")), Ok(())),
        (unversioned(Some("2026-11-22T09:30:08.000Z")), Ok(())),
        (unversioned(Some("2026-11-22T09:30:07.999Z")), Err("superseded".to_owned())),
        (unversioned(Some("2026-11-22T08:00:00.000Z")), Err("superseded".to_owned())),
        // An event that comes late, or knows no time.
        (unversioned(Some("2026-11-23T09:30:10.000Z")), Ok(())),
        (unversioned(None), Ok(())),
        // A version is one write.
        (versioned(Some("2026-11-22T08:00:00.000Z")), Ok(())),
    ] {
        assert_eq!(code(open(&store.s3, &notification).await).map(drop), expected, "{notification:?}");
    }
    let silent = Store::with_object(b"").await;
    assert!(open(&silent.s3, &unversioned(Some("2026-11-22T08:00:00.000Z"))).await.is_ok());
}

/// A store whose object has a tag, and whose second read is answered with this.
async fn tagged(second: Vec<u8>) -> Store {
    let tags = b"<Tagging><TagSet><Tag><Key>case</Key><Value>7</Value></Tag></TagSet></Tagging>";
    let opened = AtomicBool::new(false);
    Store::new(move |line| match line {
        _ if line.contains("?tagging") => response(b"", tags),
        _ if opened.swap(true, Ordering::Relaxed) => second.clone(),
        _ => object(WRITTEN.as_bytes()),
    })
    .await
}

/// The tags of an object as it was opened.
async fn tags_of(store: &Store, notification: &Notification) -> Result<BTreeMap<String, String>, Stop> {
    let open = open(&store.s3, notification).await?;
    tags(&store.s3, &notification.object, open.last_modified).await
}

#[tokio::test]
async fn tags_of_an_object_that_was_overwritten_meanwhile_are_not_taken() {
    let event = unversioned(Some("2026-11-22T09:30:10.000Z"));
    let second = |etag: &str, written: &str| {
        format!("HTTP/1.1 200 OK\r\ncontent-length: 8\r\netag: \"{etag}\"\r\n{written}\r\n").into_bytes()
    };
    let same = tagged(second("abc", WRITTEN)).await;
    let found = tags_of(&same, &event).await.unwrap();
    assert_eq!(found, BTreeMap::from([("case".to_owned(), "7".to_owned())]));
    let later = WRITTEN.replace(":10 GMT", ":12 GMT");
    for (head, expected) in [
        (second("abc", &later), "superseded"),
        // A store that ignores `If-Match`.
        (second("other", WRITTEN), "superseded"),
        (refused(412), "superseded"),
        (refused(404), "object_gone"),
    ] {
        let overwritten = tagged(head).await;
        assert_eq!(code(tags_of(&overwritten, &event).await), Err(expected.to_owned()));
    }
}

#[tokio::test]
async fn tags_of_a_version_need_no_second_look() {
    let store = tagged(refused(412)).await;
    assert_eq!(tags_of(&store, &versioned(None)).await.unwrap().len(), 1);
    assert_eq!(store.asked("GET"), 2);
}

#[tokio::test]
async fn refusal_that_is_not_from_s3_is_retryable() {
    let refused = |status: u16, headers: &str, body: &str| {
        let length = body.len();
        format!("HTTP/1.1 {status} No\r\ncontent-length: {length}\r\n{headers}\r\n{body}").into_bytes()
    };
    let page = "<html><body><h1>Not here</h1></body></html>";
    for status in [400, 404, 405, 412] {
        for body in [page, ""] {
            let response = refused(status, "content-type: text/html\r\n", body);
            let store = Store::new(move |_| response.clone()).await;
            let stopped = code(open(&store.s3, &unversioned(None)).await).map(drop).unwrap_err();
            assert!(stopped.starts_with("Source") && stopped.contains("not from S3"), "{status}: {stopped}");
        }
    }
    // That the alarm for denied access is about, whoever denies it.
    let response = refused(403, "content-type: text/html\r\n", page);
    let store = Store::new(move |_| response.clone()).await;
    let stopped = code(open(&store.s3, &versioned(None)).await).map(drop).unwrap_err();
    assert!(stopped.contains("S3 denies access"), "{stopped}");
    let error = "<Error><Code>NoSuchKey</Code><Message>no</Message></Error>";
    for (headers, body) in [("", error), ("x-amz-request-id: 4442587FB7D0A2F9\r\n", "")] {
        let response = refused(404, headers, body);
        let store = Store::new(move |_| response.clone()).await;
        let stopped = code(open(&store.s3, &versioned(None)).await).map(drop);
        assert_eq!(stopped, Err("object_gone".to_owned()));
    }
}

#[tokio::test]
async fn read_that_stands_still_ends_and_is_retryable() {
    let half =
        || b"HTTP/1.1 206 Partial Content\r\ncontent-length: 100\r\ncontent-range: bytes 0-99/100\r\n\r\nhalf".to_vec();
    let store = Store::new(move |_| half()).await;
    let event = versioned(None);
    let patience = Duration::from_secs(20);
    let open = timeout(patience, open(&store.s3, &event)).await.unwrap().unwrap();
    let head = timeout(patience, peek(open.body)).await.unwrap().map(drop);
    let part = timeout(patience, range(&store.s3, &event.object, 0, 100)).await.unwrap().map(drop);
    for read in [head, part] {
        let fault = format!("{:?}", read.unwrap_err());
        assert!(fault.starts_with("Source") && fault.contains("no byte came for 0.3 s"), "{fault}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_part_is_cut_out_of_an_answer_that_is_the_whole() {
    let whole = || SdkBody::from("0123456789");
    assert_eq!(cut_out(whole(), 3, 4).await.unwrap(), b"3456");
    assert_eq!(cut_out(whole(), 0, 10).await.unwrap(), b"0123456789");
    assert!(matches!(cut_out(whole(), 8, 3).await, Err(Stop::Source(_))));
}
