//! Answers for the scripts of rows.

use http::{HeaderName, HeaderValue, StatusCode, header};
use servers::scripted::Reply;
use servers::{
    cxone::{JobAct, TokenAct, UploadAct},
    scripted::{BodyEnd, BodyFault, Step},
};

/// An answer of this status with an empty body, which is a gateway's where the status is a 4xx.
pub(super) fn status(code: u16) -> Reply {
    // Rows use constants; an invalid one makes the row fail.
    Reply::status(StatusCode::from_u16(code).unwrap_or(StatusCode::IM_A_TEAPOT))
}

/// An answer of CXone itself: a JSON object with more than a `message`.
pub(super) fn own(code: u16) -> Reply {
    status(code).body(format!(r#"{{"error":"Refused","code":{code}0}}"#))
}

/// An answer of CXone itself with a message.
pub(super) fn own_saying(code: u16, message: &str) -> Reply {
    status(code).body(serde_json::json!({ "error": "Refused", "message": message }).to_string())
}

/// A 403 for a missing scope, as in RFC 6750 (3.1): the header says it, and here OAuth's field too.
pub(super) fn insufficient_scope() -> Reply {
    let challenge = HeaderValue::from_static(r#"Bearer realm="cxone", error="insufficient_scope""#);
    status(403).body(r#"{"error":"insufficient_scope","code":4031}"#).header(header::WWW_AUTHENTICATE, challenge)
}

/// The token endpoint's own refusal.
pub(super) fn invalid_client() -> Reply {
    status(401).body(r#"{"error":"invalid_client","error_description":"the client is not known"}"#)
}

/// The body of a gateway's answer.
#[derive(Debug, Clone, Copy)]
pub(super) enum Page {
    Html,
    Empty,
    Text,
    /// JSON whose only member is `message`.
    Message,
}

/// A gateway's answer.
pub(super) fn page(code: u16, page: Page) -> Reply {
    let reply = status(code);
    let of_type =
        |reply: Reply, media: &'static str| reply.header(header::CONTENT_TYPE, HeaderValue::from_static(media));
    match page {
        Page::Empty => reply,
        Page::Html => {
            of_type(reply.body("<html><head><title>Sorry</title></head><body>Blocked</body></html>"), "text/html")
        }
        Page::Text => of_type(reply.body("default backend - 404"), "text/plain"),
        Page::Message => reply.body(r#"{"message":"Forbidden"}"#),
    }
}

/// One upload that gets this answer; nothing is stored.
pub(super) fn upload(reply: Reply) -> Step<UploadAct> {
    Step::once(UploadAct::Reply(reply))
}

/// One upload that is stored and then gets this answer.
pub(super) fn stored(reply: Reply) -> Step<UploadAct> {
    Step::once(UploadAct::StoreThenReply(reply))
}

/// One poll that gets this answer.
pub(super) fn job(reply: Reply) -> Step<JobAct> {
    Step::once(JobAct::Reply(reply))
}

/// One token request that gets this answer.
pub(super) fn token(reply: Reply) -> Step<TokenAct> {
    Step::once(TokenAct::Reply(reply))
}

/// The same answer with a body that stalls.
pub(super) fn stalled(reply: Reply) -> Reply {
    const HALF_AN_HOUR_MS: u32 = 1_800_000;
    reply.body_fault(BodyFault { after_bytes: 2, then: BodyEnd::StallMs(HALF_AN_HOUR_MS) })
}

/// A redirect to another path of the same server, where no request may come.
pub(super) fn redirect() -> Reply {
    status(307).header(header::LOCATION, HeaderValue::from_static("/elsewhere"))
}

/// An error as the JSON protocols of AWS write it.
pub(super) fn aws_error(code: u16, name: &str) -> Reply {
    let body = serde_json::json!({ "__type": name, "message": "scripted by a row" }).to_string();
    let error_type = HeaderValue::try_from(name).unwrap_or(HeaderValue::from_static("InternalFailure"));
    status(code).body(body).header(HeaderName::from_static("x-amzn-errortype"), error_type)
}

/// An error as S3 writes it.
pub(super) fn s3_error(code: u16, name: &str) -> Reply {
    let body =
        format!("<?xml version=\"1.0\"?><Error><Code>{name}</Code><Message>as the row wants it</Message></Error>");
    status(code).body(body).header(header::CONTENT_TYPE, HeaderValue::from_static("application/xml"))
}
