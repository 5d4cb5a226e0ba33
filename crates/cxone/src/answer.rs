//! Reading CXone's answers, within bounds.

use std::time::{Duration, SystemTime};

use reqwest::{
    Response, StatusCode,
    header::{HeaderMap, WWW_AUTHENTICATE},
};

use attachments::{Reason, ReasonCode};

use crate::retry_after;

/// The most that is read of an answer. A reason of 100 KB fits; what is kept of it is cut later.
pub(crate) const LONGEST: usize = 1024 * 1024;

/// An answer, as far as anything depends on it.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// [`retry_after`], whatever the status.
    pub(crate) wait: Duration,
    /// `WWW-Authenticate`, empty where there is none.
    challenge: String,
    /// What is past [`LONGEST`] is left out.
    pub(crate) body: Vec<u8>,
    /// The connection broke in the body.
    pub(crate) cut: bool,
}

impl Answer {
    pub(crate) fn new(status: StatusCode, headers: &HeaderMap, body: Vec<u8>, now: SystemTime) -> Self {
        let challenge =
            headers.get(WWW_AUTHENTICATE).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        Self { status, wait: retry_after(headers, now), challenge: challenge.unwrap_or_default(), body, cut: false }
    }

    pub(crate) async fn read(mut response: Response) -> Self {
        let mut answer = Self::new(response.status(), response.headers(), Vec::new(), SystemTime::now());
        answer.cut = loop {
            match response.chunk().await {
                Ok(Some(chunk)) => {
                    let room = LONGEST - answer.body.len();
                    answer.body.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
                    if answer.body.len() == LONGEST {
                        break false;
                    }
                }
                Ok(None) => break false,
                Err(_) => break true,
            }
        };
        answer
    }

    /// Whether a 403 is about the credentials rather than the interaction. RFC 6750 (3.1) has a missing scope told in the
    /// header, and the body may be empty.
    pub(crate) fn names_scope_or_permission(&self) -> bool {
        [&self.challenge, &text(&self.body)].into_iter().any(|text| {
            let text = text.to_ascii_lowercase();
            text.contains("scope") || text.contains("permission")
        })
    }

    /// Whether a gateway says that it got no answer from what is behind it, or none that it understood (RFC 9110, 15.6).
    pub(crate) fn is_a_gateways(&self) -> bool {
        matches!(self.status.as_u16(), 502 | 504)
    }
}

/// The answer's start as text for people.
pub(crate) fn text(body: &[u8]) -> String {
    let start = body.get(..attachments::REASON_TEXT_BYTES).unwrap_or(body);
    String::from_utf8_lossy(start).trim().to_owned()
}

/// The reason for an answer that no other try will change. `what` is what was asked for, "the upload" or "the job".
pub(crate) fn refusal(status: StatusCode, body: &[u8], what: &str) -> Reason {
    let said = text(body);
    let said = if said.is_empty() { "nothing more".to_owned() } else { format!("{said:?}") };
    let (code, advice) = match status.as_u16() {
        300..=399 => {
            (ReasonCode::CxoneRedirect, "redirects are never followed; set CXONE_BASE_URL to the address it points to")
        }
        403 => (
            ReasonCode::CxoneForbidden,
            "these credentials may not write to this interaction; check that it belongs to this tenant (INTERACTION_ID_PREFIXES)",
        ),
        404 => (ReasonCode::CxoneNotFound, "it is not known there; check the interaction id and CXONE_BASE_URL"),
        413 => (
            ReasonCode::CxonePayloadTooLarge,
            "the file is too large for CXone; lower MAX_FILE_SIZE_BYTES to its limit",
        ),
        415 => (ReasonCode::CxoneUnsupportedType, "CXone does not take this type; narrow ALLOWED_MIME_TYPES"),
        other => (ReasonCode::CxoneStatus(other), "no other try would change that"),
    };
    Reason::new(code, format!("CXone answered {what} with {}: {advice}. It said {said}", status.as_u16()))
}

/// Whether another try may bring another answer.
pub(crate) fn is_passing(status: StatusCode) -> bool {
    status.is_server_error() || matches!(status.as_u16(), 408 | 409 | 425)
}

pub(crate) fn broke_off(status: StatusCode) -> String {
    format!("the connection broke in CXone's answer ({})", status.as_u16())
}
