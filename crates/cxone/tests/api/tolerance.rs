//! Bodies that differ from the contract: compressed, with a byte order mark, or with other JSON types.

use std::io::Write as _;

use cxone::{Client, Endpoints, Stored::Accepted};
use flate2::{
    Compression,
    write::{DeflateEncoder, GzEncoder, ZlibEncoder},
};

use crate::{
    fixture::{Fixture, Upload, client},
    seen::row,
    wire::{client_of, job, response, serve},
};

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn zlib(text: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn deflate(text: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn utf16(text: &str) -> Vec<u8> {
    std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

/// Responses with this text in every accepted form.
fn forms(text: &str) -> Vec<Vec<u8>> {
    let plain = text.as_bytes();
    let marked = [b"\xef\xbb\xbf", plain].concat();
    vec![
        response("200 OK\nContent-Encoding: gzip", gzip(plain)),
        response("200 OK\nContent-Encoding: GZIP", gzip(&marked)),
        response("200 OK", gzip(plain)),
        response("200 OK\nContent-Encoding: gzip", plain),
        response("200 OK\nContent-Encoding: deflate", zlib(plain)),
        response("200 OK\nContent-Encoding: deflate", deflate(plain)),
        response("200 OK\nContent-Type: text/plain; charset=utf-8", &marked),
        response("200 OK\nContent-Type: text/html", utf16(text)),
        response("200 OK", format!("\r\n {text}\n\n")),
    ]
}

#[tokio::test]
async fn job_id_of_an_upload_is_read_in_every_form() {
    let fixture = Fixture::new();
    let shapes = [
        (r#"{"jobId": "4711"}"#, "4711"),
        (r#"{"jobId": 12345678901234567890}"#, "12345678901234567890"),
        (r#"{"id":" j "}"#, "j"),
    ];
    for (text, id) in shapes {
        for form in forms(text) {
            let shown = String::from_utf8_lossy(&form).into_owned();
            let (base, served) = serve(1, move |_| form.clone()).await;
            let sent = Upload::to("INT-1").send(&client_of(&fixture, &base)).await;
            served.await.unwrap();
            assert_eq!(sent.seen(), row("job", Accepted), "{shown}: {sent:?}");
            assert_eq!(sent.job(), job(id), "{shown}");
        }
    }
}

#[tokio::test]
async fn job_is_read_in_every_form() {
    let fixture = Fixture::new();
    let text = r#"{"status": " FAILED ", "interactionId": 4711, "reason": 7.50}"#;
    for form in forms(text) {
        let shown = String::from_utf8_lossy(&form).into_owned();
        let (base, served) = serve(1, move |_| form.clone()).await;
        let asked = client_of(&fixture, &base).job(&job("job-1")).await.unwrap();
        served.await.unwrap();
        let seen = (asked.status.as_str(), asked.interaction_id.as_deref(), asked.reason.as_deref());
        assert_eq!(seen, ("FAILED", Some("4711"), Some("7.50")), "{shown}");
    }
}

#[tokio::test]
async fn empty_text_counts_as_null() {
    let fixture = Fixture::new();
    let text = r#"{"status": "FAILED", "interactionId": "", "reason": ""}"#;
    let (base, served) = serve(1, move |_| response("200 OK", text)).await;
    let asked = client_of(&fixture, &base).job(&job("job-1")).await.unwrap();
    served.await.unwrap();
    assert_eq!((asked.interaction_id, asked.reason), (None, None));
}

fn token_from(base: &str) -> Client {
    client(Endpoints::new(base.parse().unwrap(), None)).0
}

#[tokio::test]
async fn token_is_read_in_every_form() {
    for form in forms(r#"{"access_token": "t", "token_type": "bearer", "expires_in": "3600"}"#) {
        let shown = String::from_utf8_lossy(&form).into_owned();
        let (base, served) = serve(1, move |_| form.clone()).await;
        let client = token_from(&base);
        client.authorize().await.unwrap();
        served.await.unwrap();
        client.authorize().await.unwrap_or_else(|error| panic!("{shown}: {error}"));
        assert_eq!(client.token_fetches(), 1, "{shown}");
    }
}

/// A token with a lifetime within the margin of 30 s serves one call. One with a longer lifetime, or with the default of an hour, also
/// serves the next call.
#[tokio::test]
async fn lifetime_is_read_from_numbers_and_texts() {
    let rows = [
        ("30", 2),
        (r#""30""#, 2),
        (r#"" 29.9 ""#, 2),
        ("0", 2),
        ("3600", 1),
        ("3599.5", 1),
        (r#""3600""#, 1),
        (r#""3599.5""#, 1),
        ("3.6e3", 1),
        ("null", 1),
        (r#""""#, 1),
        (r#""soon""#, 1),
        ("-1", 1),
        ("1e999", 1),
        ("[3600]", 1),
    ];
    for (lifetime, fetches) in rows {
        let body = format!(r#"{{"access_token": "t", "expires_in": {lifetime}}}"#);
        let (base, served) = serve(fetches, move |_| response("200 OK", &body)).await;
        let client = token_from(&base);
        client.authorize().await.unwrap();
        client.authorize().await.unwrap_or_else(|error| panic!("{lifetime}: {error}"));
        assert_eq!(usize::try_from(client.token_fetches()).unwrap(), fetches, "{lifetime}");
        served.await.unwrap();
    }
}
