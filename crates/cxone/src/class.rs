//! Classifies responses of all calls, and writes the messages about them.
//!
//! Only the status and exact fields decide. A word elsewhere in the response never counts, because it may repeat a file's name.

use attachments::{Reason, ReasonCode};

use crate::{
    DEFAULT_WAIT,
    response::{Response, Sender},
};

/// The classes of responses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// 2xx.
    Success,
    Redirect,
    /// 401.
    TokenRefused,
    /// A 403 that names `insufficient_scope`.
    ScopeMissing,
    /// 429, or another 4xx with `Retry-After`.
    Throttled,
    /// 408, 425, 5xx, and a 409 with `Retry-After`.
    Retryable,
    /// 409.
    Conflict,
    /// A 4xx from a gateway, not from CXone itself.
    Gateway,
    /// Another 4xx.
    Refused,
    /// A status outside 200 to 599.
    Unreadable,
}

pub(crate) fn classify(response: &Response) -> Class {
    let asks_to_wait = response.retry_after.is_some();
    match response.status() {
        200..=299 => Class::Success,
        300..=399 => Class::Redirect,
        401 => Class::TokenRefused,
        // Final also from a gateway: another attempt would have the same size and type.
        413 | 415 => Class::Refused,
        408 | 425 | 500..=599 => Class::Retryable,
        409 if asks_to_wait => Class::Retryable,
        409 => Class::Conflict,
        429 => Class::Throttled,
        400..=499 if asks_to_wait => Class::Throttled,
        403 if response.names_insufficient_scope() => Class::ScopeMissing,
        400..=499 if response.sender() == Sender::Gateway => Class::Gateway,
        400..=499 => Class::Refused,
        _ => Class::Unreadable,
    }
}

pub(crate) fn throttled(response: &Response) -> String {
    let wait = response.retry_after.unwrap_or(DEFAULT_WAIT);
    format!("CXone answered {}: it asks to wait {} s", response.status(), wait.as_secs_f32())
}

pub(crate) fn scope_missing(status: u16) -> String {
    format!("CXone answered {status}: the client lacks a scope; grant it in CXone or correct CXONE_SCOPES")
}

/// The reason after a final response. `what` is the call's subject: "the upload" or "the job".
pub(crate) fn refusal(response: &Response, what: &str) -> Reason {
    let status = response.status();
    let (code, advice) = match status {
        303 if what == "the job" => (
            ReasonCode::CxoneRedirect,
            "the job has moved on to another address, which is never followed; look at the interaction",
        ),
        300..=399 => (
            ReasonCode::CxoneRedirect,
            "redirects are never followed; set CXONE_BASE_URL to the address that it points to",
        ),
        403 => (
            ReasonCode::CxoneForbidden,
            "these credentials may not write to this interaction; check that it belongs to this tenant \
             (INTERACTION_ID_PREFIXES)",
        ),
        404 => (ReasonCode::CxoneNotFound, "it is not known there; check the interaction id and CXONE_BASE_URL"),
        413 => (
            ReasonCode::CxonePayloadTooLarge,
            "the file is too large for CXone; lower MAX_FILE_SIZE_BYTES to CXone's limit",
        ),
        415 => (ReasonCode::CxoneUnsupportedType, "CXone does not accept this type; narrow ALLOWED_MIME_TYPES"),
        other => (ReasonCode::CxoneStatus(other), "another attempt would not change that"),
    };
    let text = response.text();
    let text = if text.is_empty() { "The response has no text".to_owned() } else { format!("It said: {text}") };
    let sender = if response.sender() == Sender::Gateway {
        " The response may not come from CXone itself: a firewall or gateway in front of it may have sent it."
    } else {
        ""
    };
    Reason::new(code, format!("CXone answered {what} with {status}: {advice}.{sender} {text}"))
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use reqwest::header::{HeaderMap, HeaderValue, WWW_AUTHENTICATE};

    use super::*;
    use crate::untrusted::Redactor;

    fn class_of(status: u16, challenges: &[&str], body: &str) -> Class {
        let mut headers = HeaderMap::new();
        for challenge in challenges {
            headers.append(WWW_AUTHENTICATE, HeaderValue::from_bytes(challenge.as_bytes()).unwrap());
        }
        let body = body.as_bytes().to_vec();
        classify(&Response::new(status, &headers, body, true, Redactor::default(), SystemTime::UNIX_EPOCH))
    }

    /// A producer chooses the file's name, its tags and its interaction, and CXone may repeat them anywhere.
    #[test]
    fn echoed_name_in_a_403_does_not_count_as_a_missing_scope() {
        for word in [
            "permission.pdf",
            "xscope.1",
            "insufficient_scope",
            "error=insufficient_scope",
            "error=\\\"insufficient_scope\\\"",
            "\\\",\\\"error\\\":\\\"insufficient_scope",
            "insufficient_scope.pdf",
        ] {
            for body in [
                format!(r#"{{"error": "{word} may not be written", "code": 1}}"#),
                format!(r#"{{"error": "no", "message": "{word}"}}"#),
                format!(r#"{{"error": "no", "error_description": "{word}"}}"#),
                format!(r#"{{"error": "no", "details": {{"error": "{word}", "file": "{word}"}}}}"#),
                format!(r#"{{"error": ["{word}"], "errors": [{{"error": "{word}"}}]}}"#),
                format!(r#"{{"Error": "{word}", "error_": "{word}", "scope": "{word}"}}"#),
                format!(r#"{{"error": {{"error": "{word}"}}}}"#),
            ] {
                assert_eq!(class_of(403, &[], &body), Class::Refused, "{body}");
            }
            let challenges = [
                format!("Bearer realm=\"{word}\""),
                format!("Bearer error=\"invalid_token\", error_description=\"{word}\""),
                format!("Bearer error_description=\"x, error={word}\", scope=\"{word}\""),
            ];
            for challenge in challenges {
                let body = r#"{"error": "no", "code": 1}"#;
                assert_ne!(class_of(403, &[&challenge], body), Class::ScopeMissing, "{challenge}");
            }
            assert_eq!(class_of(403, &[], word), Class::Gateway, "{word}");
            assert_eq!(class_of(403, &[], &format!("<html>{word}")), Class::Gateway, "{word}");
        }
    }

    #[test]
    fn missing_scope_is_read_from_the_two_oauth_fields() {
        for (challenges, body) in [
            (&[r#"Bearer error="insufficient_scope""#][..], ""),
            (&[r#"bearer REALM="x", Error="INSUFFICIENT_SCOPE", scope="job:read""#], "<html>"),
            (&["Bearer error=insufficient_scope"], r#"{"error": "no", "code": 1}"#),
            (&[r#"Basic realm="x""#, r#"Bearer error="insufficient_scope""#], ""),
            (&[r#"Basic realm="x", Bearer error="insufficient_scope""#], ""),
            (&[], r#"{"error": "insufficient_scope"}"#),
            (&[], r#"{"error": " Insufficient_Scope ", "error_description": "permission.pdf"}"#),
        ] {
            assert_eq!(class_of(403, challenges, body), Class::ScopeMissing, "{challenges:?} {body}");
            // With another status, the fields do not count.
            assert_eq!(class_of(404, challenges, r#"{"error": "insufficient_scope", "a": 1}"#), Class::Refused);
        }
    }

    #[test]
    fn status_outside_100_to_599_is_unreadable() {
        for status in [0, 99, 600, 601, 999, 1_000, u16::MAX] {
            for body in ["", "<html>", r#"{"jobId": "job-1"}"#, r#"{"status": "COMPLETED"}"#] {
                assert_eq!(class_of(status, &[], body), Class::Unreadable, "{status} {body}");
            }
        }
        // Informational statuses do not end a response.
        assert_eq!([100, 101, 199].map(|status| class_of(status, &[], "")), [Class::Unreadable; 3]);
    }
}
