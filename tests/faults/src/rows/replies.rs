//! Answers that rows script.

use http::{HeaderName, HeaderValue, StatusCode, header};
use scripted_http::reply::Reply;

/// An answer of this status.
pub(super) fn status(code: u16) -> Reply {
    // Rows write statuses down as constants; a wrong one shows as a row that does not hold.
    Reply::status(StatusCode::from_u16(code).unwrap_or(StatusCode::IM_A_TEAPOT))
}

/// A redirect to somewhere else on the same server, where nothing may ever come.
pub(super) fn redirect() -> Reply {
    status(307).header(header::LOCATION, HeaderValue::from_static("/elsewhere"))
}

/// An error as the JSON protocols of AWS write it.
pub(super) fn aws_error(code: u16, name: &str) -> Reply {
    let body = serde_json::json!({ "__type": name, "message": "as the row wants it" }).to_string();
    let error_type = HeaderValue::try_from(name).unwrap_or(HeaderValue::from_static("InternalFailure"));
    status(code).body(body).header(HeaderName::from_static("x-amzn-errortype"), error_type)
}

/// An error as S3 writes it.
pub(super) fn s3_error(code: u16, name: &str) -> Reply {
    let body =
        format!("<?xml version=\"1.0\"?><Error><Code>{name}</Code><Message>as the row wants it</Message></Error>");
    status(code).body(body).header(header::CONTENT_TYPE, HeaderValue::from_static("application/xml"))
}
