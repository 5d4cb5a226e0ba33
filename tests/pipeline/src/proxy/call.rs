//! The AWS operation of a request, and its subject.

use bytes::Bytes;
use http::{Method, request::Parts};
use percent_encoding::percent_decode_str;

/// An AWS call on its way.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// `UpdateItem`, `GetObject`, …
    pub(crate) operation: String,
    /// The decoded path and query of an S3 call, the body of any other: names the object by key or identity.
    pub(crate) subject: String,
}

impl Call {
    pub(crate) fn of(head: &Parts, body: &Bytes) -> Self {
        let target = head.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
        if let Some(operation) = target.and_then(|target| target.rsplit('.').next()) {
            return Self { operation: operation.to_owned(), subject: String::from_utf8_lossy(body).into_owned() };
        }
        let query = head.uri.query().unwrap_or_default();
        let is_tagging = query.split('&').any(|pair| pair == "tagging" || pair.starts_with("tagging="));
        let operation = match (&head.method, is_tagging, head.headers.contains_key("range")) {
            (&Method::GET, true, _) => "GetObjectTagging",
            (&Method::GET, false, true) => "GetObjectRange",
            (&Method::GET, false, false) => "GetObject",
            (&Method::PUT, ..) => "PutObject",
            _ => head.method.as_str(),
        };
        let subject = format!("{}?{query}", percent_decode_str(head.uri.path()).decode_utf8_lossy());
        Self { operation: operation.to_owned(), subject }
    }
}
