//! Compares the result of each response with a row.

mod job;
mod token;
mod upload;

use reqwest::header::{HeaderValue, WWW_AUTHENTICATE};
use servers::scripted::{Reply, RetryAfter};

use crate::fixture::{page, redirect, reply};

/// The body of a refusal by CXone itself.
const OBJECT: &str = r#"{"error": "no", "detail": "as the row says"}"#;
/// The body of a refusal by an API gateway.
const MESSAGE: &str = r#"{"message": "Forbidden"}"#;
const SCOPE: &str = r#"{"error": "insufficient_scope", "needed": "attachment:write"}"#;
/// The word is in a field that does not count. A file's name may contain it.
const SCOPE_ELSEWHERE: &str = r#"{"error": "no", "file": "insufficient_scope permission.pdf"}"#;

/// A refusal by CXone itself.
fn refusal(status: u16) -> Reply {
    reply(status).body(OBJECT)
}

/// Responses with this status from gateways in front of CXone.
fn of_gateways(status: u16) -> [Reply; 5] {
    [
        reply(status),
        page(status),
        reply(status).body("Request blocked"),
        reply(status).body(MESSAGE),
        reply(status).body(r#"["error"]"#),
    ]
}

/// A missing scope as RFC 6750 defines it: in the header, without a body.
fn scope_challenge() -> Reply {
    let challenge = HeaderValue::from_static(r#"Bearer realm="cxone", error="insufficient_scope""#);
    reply(403).header(WWW_AUTHENTICATE, challenge)
}

fn redirects() -> [Reply; 5] {
    [301, 302, 303, 307, 308].map(|status| redirect(status, "/elsewhere"))
}

/// Statuses without a reason code of their own.
const OTHER_REFUSALS: [u16; 10] = [400, 402, 405, 406, 410, 411, 412, 418, 422, 451];
/// Statuses of a temporary outage.
const OUTAGES: [u16; 8] = [408, 425, 500, 501, 502, 503, 504, 599];

/// Values of `Retry-After`, and the seconds that they mean.
fn waits() -> [(Option<RetryAfter>, u64); 7] {
    let text = |text: &str| serde_json::from_value(serde_json::json!({ "text": text })).unwrap();
    [
        (None, 5),
        (Some(RetryAfter::Seconds(7)), 7),
        (Some(RetryAfter::DateInSeconds(120)), 120),
        (Some(RetryAfter::Seconds(86_400)), 900),
        (Some(RetryAfter::DateInSeconds(86_400)), 900),
        (Some(text("soon")), 5),
        (Some(text("7.0")), 7),
    ]
}

/// Whether a wait equals its row within 5 s, because a date has whole seconds and is read a little later.
fn is_about(wait: std::time::Duration, seconds: u64) -> bool {
    wait.abs_diff(std::time::Duration::from_secs(seconds)).as_secs() < 5
}
