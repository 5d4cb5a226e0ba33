use std::io::Write as _;

use flate2::{
    Compression,
    write::{DeflateEncoder, GzEncoder, ZlibEncoder},
};
use proptest::prelude::*;
use reqwest::header::HeaderValue;

use super::*;

const TEXT: &str = r#"{"jobId": "job-1", "reason": "a b"}"#;

fn encoded(encoding: Option<&'static str>, body: Vec<u8>) -> Response {
    let mut headers = HeaderMap::new();
    if let Some(encoding) = encoding {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    Response::new(200, &headers, body, true, Redactor::default().and(["s3cr3t"]), SystemTime::UNIX_EPOCH)
}

fn plain(body: &str) -> Response {
    encoded(None, body.as_bytes().to_vec())
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn compressed_body_is_read_with_every_content_encoding() {
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
    zlib.write_all(TEXT.as_bytes()).unwrap();
    let mut raw = DeflateEncoder::new(Vec::new(), Compression::default());
    raw.write_all(TEXT.as_bytes()).unwrap();
    let rows = [
        (Some("gzip"), gzip(TEXT.as_bytes())),
        (Some("x-gzip"), gzip(TEXT.as_bytes())),
        (None, gzip(TEXT.as_bytes())),
        (Some("deflate"), zlib.finish().unwrap()),
        (Some(" Deflate "), raw.finish().unwrap()),
        (Some("gzip"), TEXT.as_bytes().to_vec()),
        (Some("deflate"), TEXT.as_bytes().to_vec()),
        (Some("identity"), TEXT.as_bytes().to_vec()),
    ];
    for (encoding, body) in rows {
        assert_eq!(encoded(encoding, body).member("jobId").as_deref(), Some("job-1"), "{encoding:?}");
    }
}

#[test]
fn compressed_body_inflates_to_at_most_one_mebibyte() {
    let bomb = gzip(&vec![b' '; 8 * MAX_BODY_BYTES]);
    assert_eq!(encoded(Some("gzip"), bomb).body.len(), MAX_BODY_BYTES);
}

#[test]
fn byte_order_marks_are_removed() {
    let utf16 = |unit: fn(u16) -> [u8; 2], mark: [u8; 2]| {
        let units = TEXT.encode_utf16().flat_map(unit);
        mark.into_iter().chain(units).collect::<Vec<u8>>()
    };
    for body in [
        [b"\xef\xbb\xbf".as_slice(), TEXT.as_bytes()].concat(),
        utf16(u16::to_le_bytes, [0xff, 0xfe]),
        utf16(u16::to_be_bytes, [0xfe, 0xff]),
        gzip(&[b"\xef\xbb\xbf".as_slice(), TEXT.as_bytes()].concat()),
    ] {
        assert_eq!(encoded(None, body).member("jobId").as_deref(), Some("job-1"));
    }
}

#[test]
fn body_that_is_not_utf_8_still_has_its_members() {
    let body = b"{\"jobId\": \"job-1\", \"reason\": \"zur\xfcck\"}".to_vec();
    let response = encoded(None, body);
    assert_eq!(response.member("jobId").as_deref(), Some("job-1"));
    assert_eq!(response.shown("reason").as_deref(), Some("zur\u{fffd}ck"));
}

#[test]
fn member_is_a_string_or_a_number_in_its_own_digits() {
    let response = plain(
        r#"{"a": " x ", "b": 12345678901234567890123, "c": 3599.5, "d": "", "e": null, "f": {"g": 1}, "h": true, "i": -1}"#,
    );
    let member = |name| response.member(name);
    assert_eq!(member("a").as_deref(), Some("x"));
    assert_eq!(member("b").as_deref(), Some("12345678901234567890123"));
    assert_eq!(member("c").as_deref(), Some("3599.5"));
    assert_eq!(member("i").as_deref(), Some("-1"));
    for absent in ["d", "e", "f", "h", "z"] {
        assert_eq!(member(absent), None, "{absent}");
    }
    assert_eq!(response.shown("f").as_deref(), Some(r#"{"g": 1}"#));
    assert_eq!((response.shown("d"), response.shown("e")), (None, None));
}

#[test]
fn shown_text_has_no_secrets_and_no_invisible_characters() {
    let response = plain("{\"reason\": \"s3cr3t \\u202e Bearer abc\"}");
    assert_eq!(response.shown("reason").as_deref(), Some(r"[redacted] \u{202e} Bearer [redacted]"));
    assert!(response.contains_secret("xs3cr3tx") && !response.contains_secret("job-1"));
    assert_eq!(plain("a\u{1b}[31m s3cr3t").text(), r"a\u{1b}[31m [redacted]");
}

#[test]
fn sender_is_cxone_for_a_json_object_with_more_than_a_message() {
    for (body, sender) in [
        (r#"{"error": "x"}"#, Sender::Cxone),
        (r#"{"message": "x", "code": 7}"#, Sender::Cxone),
        ("{}", Sender::Cxone),
        (r#"{"message": "Forbidden"}"#, Sender::Gateway),
        (r#"{"message": {"a": 1}}"#, Sender::Gateway),
        (r#"["error"]"#, Sender::Gateway),
        (r#""error""#, Sender::Gateway),
        (r#"{"error": "#, Sender::Gateway),
        ("<html>", Sender::Gateway),
        ("", Sender::Gateway),
        ("null", Sender::Gateway),
    ] {
        assert_eq!(plain(body).sender(), sender, "{body}");
    }
}

proptest! {
    #[test]
    fn any_body_is_read_within_bounds(body in any::<Vec<u8>>(), encoding in prop::sample::select(vec!["gzip", "deflate", "br"])) {
        for start in [&b""[..], b"\x1f\x8b\x08\0\0\0\0\0\0\x03", b"\xff\xfe", b"\xef\xbb\xbf"] {
            let response = encoded(Some(encoding), [start, &body].concat());
            prop_assert!(response.body.len() <= 3 * MAX_BODY_BYTES && response.text().len() <= 1024);
            let _ = (response.sender(), response.member("jobId"), response.shown("status"));
        }
    }
}
