//! Reading CXone's answers, within bounds.

use std::time::{Duration, SystemTime};

use reqwest::{Response, StatusCode};

use attachments::{Reason, ReasonCode};

use crate::retry_after;

/// The most that is read of an answer. A reason of 100 KB fits; what is kept of it is cut later.
pub(crate) const LONGEST: usize = 1024 * 1024;

/// An answer, as far as anything depends on it.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// [`retry_after`], whatever the status.
    pub(crate) wait: Duration,
    /// What is past [`LONGEST`], or breaks off, is left out.
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) async fn read(mut response: Response) -> Self {
        let wait = retry_after(response.headers(), SystemTime::now());
        Self { status: response.status(), wait, body: body(&mut response).await }
    }
}

async fn body(response: &mut Response) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        let room = LONGEST - body.len();
        body.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
        if body.len() == LONGEST {
            break;
        }
    }
    body
}

/// The answer's start as text for people.
pub(crate) fn text(body: &[u8]) -> String {
    let start = body.get(..attachments::REASON_TEXT_BYTES).unwrap_or(body);
    String::from_utf8_lossy(start).trim().to_owned()
}

/// Whether a 403 is about the credentials rather than the interaction.
pub(crate) fn names_scope_or_permission(body: &[u8]) -> bool {
    let text = text(body).to_ascii_lowercase();
    text.contains("scope") || text.contains("permission")
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
