//! The SDK's connector on responses as stores and proxies really send them.

#![expect(clippy::unwrap_used, reason = "a test may end")]
#![expect(clippy::format_collect, reason = "short texts of a test")]

use std::time::Duration;

use aws_sdk_s3::config::timeout::TimeoutConfig;
use host::{Aws, Environment, HttpClients};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    time::timeout,
};

/// A store that answers every request with these bytes, and then says no more.
async fn store(response: Vec<u8>) -> aws_sdk_s3::Client {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        let mut open = Vec::new();
        loop {
            let (mut connection, _) = listener.accept().await.unwrap();
            let _ = connection.read(&mut [0; 16 * 1024]).await.unwrap();
            connection.write_all(&response).await.unwrap();
            open.push(connection);
        }
    });
    client(&address, |config| config)
}

fn client(
    address: &str,
    change: impl FnOnce(aws_sdk_s3::config::Builder) -> aws_sdk_s3::config::Builder,
) -> aws_sdk_s3::Client {
    let endpoint = format!("http://{address}");
    let mut environment = Environment::new(move |name| match name {
        "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("test".to_owned()),
        "AWS_REGION" => Some("eu-central-1".to_owned()),
        "AWS_ENDPOINT_URL" => Some(endpoint.clone()),
        _ => None,
    });
    let clients = HttpClients::from_environment(&mut environment).unwrap();
    let aws = Aws::from_environment(&mut environment, &clients);
    environment.finish(Ok(())).unwrap();
    let config = aws_sdk_s3::config::Builder::from(&aws.s3()).force_path_style(true);
    aws_sdk_s3::Client::from_conf(change(config).build())
}

/// An object of two bytes with these header lines.
fn object(headers: &[u8]) -> Vec<u8> {
    [b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\netag: \"e\"\r\n", headers, b"\r\nok"].concat()
}

async fn got(response: Vec<u8>) -> aws_sdk_s3::operation::get_object::GetObjectOutput {
    let s3 = store(response).await;
    s3.get_object().bucket("drop").key("a.pdf").send().await.unwrap()
}

#[tokio::test]
async fn header_values_in_latin_1_are_read_as_such() {
    let object = got(object(
        b"content-disposition: attachment; filename=\"R\xe9sum\xe9.pdf\"\r\n\
          content-type: application/pdf; name=\"\xdcbersicht.pdf\"\r\n\
          cache-control: \xff\r\n\
          content-language: fran\xe7ais\r\n\
          x-amz-meta-interaction-id: INT-42\r\n\
          x-amz-meta-customer: M\xfcller\r\n\
          x-amz-meta-city: K\xc3\xb6ln\r\n",
    ))
    .await;
    assert_eq!(object.content_type(), Some("application/pdf; name=\"Übersicht.pdf\""));
    assert_eq!(object.content_disposition(), Some("attachment; filename=\"Résumé.pdf\""));
    let metadata = object.metadata().unwrap();
    let expected = [("interaction-id", "INT-42"), ("customer", "Müller"), ("city", "Köln")];
    for (name, value) in expected {
        assert_eq!(metadata.get(name).map(String::as_str), Some(value), "{name}");
    }
    assert_eq!(metadata.len(), expected.len());
}

#[tokio::test]
async fn an_expiry_that_is_not_utf_8_or_no_date_is_no_panic() {
    for expires in [&b"\xe0 bient\xf4t"[..], b"never", b"0", b"-1", b""] {
        let object = got(object(&[b"expires: ", expires, b"\r\n"].concat())).await;
        assert_eq!(object.content_length(), Some(2), "{expires:?}");
    }
}

#[tokio::test]
async fn folded_headers_and_spaces_after_names_are_read() {
    let object = got(object(b"x-amz-meta-note: one\r\n  two\r\nx-amz-meta-interaction-id : INT-42\r\n")).await;
    let metadata = object.metadata().unwrap();
    assert_eq!(metadata.get("interaction-id").map(String::as_str), Some("INT-42"));
    assert!(metadata.get("note").is_some_and(|note| note.starts_with("one") && note.ends_with("two")), "{metadata:?}");
}

#[tokio::test]
async fn hundreds_of_metadata_entries_are_read() {
    // All that fit into S3's 2 KiB with names of four and values of one character.
    let headers: String = (0..409).map(|number| format!("x-amz-meta-n{number:03}: x\r\n")).collect();
    let object = got(object(headers.as_bytes())).await;
    assert_eq!(object.metadata().unwrap().len(), 409);
}

#[tokio::test]
async fn response_body_that_stands_still_fails_after_the_read_timeout() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let serving = tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await.unwrap();
        let _ = connection.read(&mut [0; 16 * 1024]).await.unwrap();
        connection.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\nhalf").await.unwrap();
        connection
    });
    let limit = Duration::from_millis(300);
    let s3 = client(&address, |config| config.timeout_config(TimeoutConfig::builder().read_timeout(limit).build()));

    let object = s3.get_object().bucket("drop").key("a.pdf").send().await.unwrap();
    let read = timeout(Duration::from_secs(20), object.body.collect()).await.unwrap();

    let error = aws_sdk_s3::error::DisplayErrorContext(read.unwrap_err()).to_string();
    assert!(error.contains("no byte came for 0.3 s"), "{error}");
    drop(serving.await);
}

#[test]
fn bodies_of_every_service_may_stand_still_for_15_s_only() {
    let s3 = client("127.0.0.1:9", |config| config);
    let timeouts = s3.config().timeout_config().unwrap();
    assert_eq!(timeouts.read_timeout(), Some(Duration::from_secs(15)));
}
