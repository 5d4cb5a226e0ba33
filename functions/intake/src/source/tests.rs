//! Reading objects from a fake S3.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use tokio::time::timeout;

use super::*;
use crate::fake_aws::{FakeAws, refused, refused_saying, response};

const WRITTEN: &str = "last-modified: Sun, 22 Nov 2026 09:30:10 GMT\r\n";

async fn store_with(headers: &'static [u8]) -> FakeAws {
    FakeAws::new(|_| object(headers)).await
}

fn object(headers: &[u8]) -> Vec<u8> {
    response(&[b"etag: \"abc\"\r\n", headers].concat(), b"%PDF-1.7")
}

fn written(version: ObjectVersion, event_time: Option<&str>) -> Notification {
    let object = ObjectRef::new("drop", "interactions/INT/a.pdf", version).unwrap();
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

fn code_of<T>(stopped: Result<T, Stop>) -> String {
    code(stopped.map(drop)).unwrap_err()
}

#[tokio::test]
async fn object_with_headers_that_are_not_utf_8_is_read() {
    let store = store_with(
        b"content-disposition: attachment; filename=\"R\xe9sum\xe9.pdf\"\r\n\
          content-type: application/pdf; name=\"\xdcbersicht.pdf\"\r\n\
          expires: \xe0 jamais\r\n\
          x-amz-meta-interaction-id: =?UTF-8?B?SU5ULTQywqA=?=\r\n\
          x-amz-meta-auto-scan: false\xa0\r\n\
          x-amz-meta-customer: M\xfcller\r\n",
    )
    .await;
    let open = open(&store.s3(), &versioned(None)).await.unwrap();
    assert_eq!(open.declared_content_type.as_deref(), Some("application/pdf; name=\"Übersicht.pdf\""));
    let metadata = |name: &str| open.metadata.get(name).map(|value| value.trim());
    assert_eq!(metadata("interaction-id"), Some("INT-42"));
    assert_eq!(metadata("auto-scan"), Some("false"));
    assert_eq!(metadata("customer"), Some("Müller"));
    assert_eq!(peek(open.body).await.unwrap().head(), b"%PDF-1.7");
}

#[tokio::test]
async fn same_bytes_written_again_are_superseded_without_version_id_only() {
    let store = store_with(WRITTEN.as_bytes()).await;
    for (notification, expected) in [
        // Half a second early, which whole seconds hide; at the tolerance; just over it.
        (unversioned(Some("2026-11-22T09:30:10.500Z")), Ok(())),
        (unversioned(Some("2026-11-22T09:30:08.000Z")), Ok(())),
        (unversioned(Some("2026-11-22T09:30:07.999Z")), Err("superseded".to_owned())),
        (unversioned(Some("2026-11-22T08:00:00.000Z")), Err("superseded".to_owned())),
        // A late event, and one without a time.
        (unversioned(Some("2026-11-23T09:30:10.000Z")), Ok(())),
        (unversioned(None), Ok(())),
        // A version id names one write.
        (versioned(Some("2026-11-22T08:00:00.000Z")), Ok(())),
    ] {
        assert_eq!(code(open(&store.s3(), &notification).await).map(drop), expected, "{notification:?}");
    }
    let silent = store_with(b"").await;
    assert!(open(&silent.s3(), &unversioned(Some("2026-11-22T08:00:00.000Z"))).await.is_ok());
}

/// A store whose object has a tag. It answers the second read with `second`.
async fn tagged(second: Vec<u8>) -> FakeAws {
    let tags = b"<Tagging><TagSet><Tag><Key>case</Key><Value>7</Value></Tag></TagSet></Tagging>";
    let opened = AtomicBool::new(false);
    FakeAws::new(move |line| match line {
        _ if line.contains("?tagging") => response(b"", tags),
        _ if opened.swap(true, Ordering::Relaxed) => second.clone(),
        _ => object(WRITTEN.as_bytes()),
    })
    .await
}

/// Opens the object and reads its tags.
async fn tags_of(store: &FakeAws, notification: &Notification) -> Result<BTreeMap<String, String>, Stop> {
    let open = open(&store.s3(), notification).await?;
    tags(&store.s3(), &notification.object, open.last_modified).await
}

#[tokio::test]
async fn tags_are_refused_if_the_object_was_overwritten_or_deleted() {
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
async fn tags_of_a_version_need_no_second_read() {
    let store = tagged(refused(412)).await;
    assert_eq!(tags_of(&store, &versioned(None)).await.unwrap().len(), 1);
    assert_eq!(store.count("GET"), 2);
}

#[tokio::test]
async fn refusal_that_is_not_from_s3_is_retryable() {
    let answer = |status: u16, headers: &str, body: &str| {
        let length = body.len();
        format!("HTTP/1.1 {status} No\r\ncontent-length: {length}\r\n{headers}\r\n{body}").into_bytes()
    };
    let page = "<html><body><h1>Not here</h1></body></html>";
    for status in [400, 404, 405, 412] {
        for body in [page, ""] {
            let response = answer(status, "content-type: text/html\r\n", body);
            let store = FakeAws::new(move |_| response.clone()).await;
            let stopped = code(open(&store.s3(), &unversioned(None)).await).map(drop).unwrap_err();
            assert!(stopped.starts_with("Source") && stopped.contains("not from S3"), "{status}: {stopped}");
        }
    }
    // A 403 raises the alarm for denied access, whether or not it comes from S3.
    let response = answer(403, "content-type: text/html\r\n", page);
    let store = FakeAws::new(move |_| response.clone()).await;
    let stopped = code(open(&store.s3(), &versioned(None)).await).map(drop).unwrap_err();
    assert!(stopped.contains("S3 denies access"), "{stopped}");
    let error = "<Error><Code>NoSuchKey</Code><Message>no</Message></Error>";
    for (headers, body) in [("", error), ("x-amz-request-id: 4442587FB7D0A2F9\r\n", "")] {
        let response = answer(404, headers, body);
        let store = FakeAws::new(move |_| response.clone()).await;
        let stopped = code(open(&store.s3(), &versioned(None)).await).map(drop);
        assert_eq!(stopped, Err("object_gone".to_owned()));
    }
}

#[tokio::test]
async fn event_without_version_id_is_refused_if_the_object_has_one() {
    for (header, refused) in [("x-amz-version-id: v9\r\n", true), ("x-amz-version-id: null\r\n", false), ("", false)] {
        let store = FakeAws::new(move |_| object(header.as_bytes())).await;
        let opened = open(&store.s3(), &unversioned(None)).await.map(|open| open.version_id);
        match opened {
            Err(Stop::Refused(reason)) => assert!(refused && reason.contains("\"v9\""), "{header}: {reason}"),
            other => assert!(!refused && matches!(other, Ok(None)), "{header}: {other:?}"),
        }
        assert!(open(&store.s3(), &versioned(None)).await.is_ok());
    }
}

#[tokio::test]
async fn denied_kms_key_is_distinguished_from_a_denied_object() {
    let user = "User: arn:aws:sts::123456789012:assumed-role/intake/intake is not authorized to perform: ";
    let kms = "kms:Decrypt on resource: arn:aws:kms:eu-central-1:123456789012:key/1 because no policy allows it";
    // The object's key repeats the words of S3's error.
    let lure =
        "s3:GetObject on resource: \"arn:aws:s3:::drop/interactions/not authorized to perform: kms:Decrypt.pdf\"";
    for (status, code, message, expected) in [
        (403, "AccessDenied", format!("{user}{kms}"), "KeyDenied"),
        (403, "AccessDenied", "The ciphertext refers to a customer master key that does not exist".into(), "KeyDenied"),
        (400, "KMS.DisabledException", "it is disabled".into(), "KeyDenied"),
        (400, "KMS.KMSInvalidStateException", "it is pending deletion".into(), "KeyDenied"),
        (400, "KMS.NotFoundException", "no such key".into(), "KeyDenied"),
        (400, "KMS.ThrottlingException", "slow down".into(), "Source"),
        (400, "KMS.KMSInternalException", "it broke".into(), "Source"),
        (403, "AccessDenied", format!("{user}{lure}"), "Source"),
        (403, "AccessDenied", "Access Denied".into(), "Source"),
        (403, "Other", format!("{user}{kms}"), "Source"),
    ] {
        let body = format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>");
        let store = FakeAws::new(move |_| refused_saying(status, &body)).await;
        let stopped = code_of(open(&store.s3(), &versioned(None)).await);
        assert!(stopped.starts_with(expected), "{code} {message}: {stopped}");
    }
}

#[tokio::test]
async fn stalled_read_ends_and_is_retryable() {
    let half =
        || b"HTTP/1.1 206 Partial Content\r\ncontent-length: 100\r\ncontent-range: bytes 0-99/100\r\n\r\nhalf".to_vec();
    let store = FakeAws::new(move |_| half()).await;
    let event = versioned(None);
    let patience = Duration::from_secs(20);
    let open = timeout(patience, open(&store.s3(), &event)).await.unwrap().unwrap();
    let head = timeout(patience, peek(open.body)).await.unwrap().map(drop);
    let part = timeout(patience, range(&store.s3(), &event.object, 0, 100)).await.unwrap().map(drop);
    for read in [head, part] {
        let fault = format!("{:?}", read.unwrap_err());
        assert!(fault.starts_with("Source") && fault.contains("no byte came for 0.3 s"), "{fault}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn range_is_cut_out_of_a_response_with_the_whole_object() {
    let whole = || SdkBody::from("0123456789");
    assert_eq!(cut_out(whole(), 3, 4).await.unwrap(), b"3456");
    assert_eq!(cut_out(whole(), 0, 10).await.unwrap(), b"0123456789");
    assert!(matches!(cut_out(whole(), 8, 3).await, Err(Stop::Source(_))));
}
