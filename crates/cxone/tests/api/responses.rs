//! What each response means, row by row.

mod job;
mod token;
mod upload;

use reqwest::header::{HeaderValue, WWW_AUTHENTICATE};
use servers::scripted::{Reply, RetryAfter};

use crate::fixture::{page, redirect, reply};

/// A refusal as CXone itself writes it.
const OBJECT: &str = r#"{"error": "no", "detail": "as the row says"}"#;
/// As API gateways write it.
const MESSAGE: &str = r#"{"message": "Forbidden"}"#;
const SCOPE: &str = r#"{"error": "insufficient_scope", "needed": "attachment:write"}"#;
/// The word in a field that means nothing, as a file's name might bring it there.
const SCOPE_ELSEWHERE: &str = r#"{"error": "no", "file": "insufficient_scope permission.pdf"}"#;

/// CXone's own refusal.
fn refusal(status: u16) -> Reply {
    reply(status).body(OBJECT)
}

/// Responses with this status of whatever stands before CXone.
fn of_gateways(status: u16) -> [Reply; 5] {
    [
        reply(status),
        page(status),
        reply(status).body("Request blocked"),
        reply(status).body(MESSAGE),
        reply(status).body(r#"["error"]"#),
    ]
}

/// As RFC 6750 has it: in the header, with nothing in the body.
fn scope_challenge() -> Reply {
    let challenge = HeaderValue::from_static(r#"Bearer realm="cxone", error="insufficient_scope""#);
    reply(403).header(WWW_AUTHENTICATE, challenge)
}

fn redirects() -> [Reply; 5] {
    [301, 302, 303, 307, 308].map(|status| redirect(status, "/elsewhere"))
}

/// Statuses without a reason code of their own.
const OTHER_REFUSALS: [u16; 10] = [400, 402, 405, 406, 410, 411, 412, 418, 422, 451];
/// Statuses that may pass.
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

/// Whether a wait is what its row says. A date of whole seconds may be read a little late.
fn is_about(wait: std::time::Duration, seconds: u64) -> bool {
    wait.abs_diff(std::time::Duration::from_secs(seconds)).as_secs() < 5
}
