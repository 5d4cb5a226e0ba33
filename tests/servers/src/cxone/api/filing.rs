//! Checks a complete upload and stores it.

use axum::response::Response;
use http::{StatusCode, request::Parts};
use media_type::MediaType;
use serde_json::json;

use super::{answer, exchange::Exchange, fault, raw};
use crate::cxone::{
    multipart::Received,
    records::{Attachment, UploadRecord, ViolationKind},
    scripts::AcceptedBody,
    standin::Filing,
};

/// The API accepts files up to this size.
const SIZE_LIMIT: u64 = 25 * 1024 * 1024;

/// Why an upload is not accepted.
pub(super) struct Refusal {
    status: StatusCode,
    text: String,
}

impl Refusal {
    fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Self { status, text: text.into() }
    }

    pub(super) fn into_response(self) -> Response {
        fault(self.status, &self.text)
    }
}

/// The request's `Idempotency-Key`, if it has a valid one.
pub(super) fn key(head: &Parts) -> Option<String> {
    let key = String::from_utf8_lossy(head.headers.get("idempotency-key")?.as_bytes()).into_owned();
    Some(key).filter(|key| !key.is_empty())
}

/// Checks a complete upload, and stores it if `store`. Gives its job, empty where nothing is stored, or the refusal.
/// `differs` is its difference to an earlier attempt under its key.
pub(super) fn settle(
    exchange: &Exchange,
    head: &Parts,
    interaction_id: String,
    received: Received,
    differs: Option<String>,
    store: bool,
) -> Result<String, Refusal> {
    let key = key(head);
    if key.is_none() {
        exchange.violation(ViolationKind::IdempotencyKeyMissing, "no Idempotency-Key".to_owned());
    }
    let Received { upload, faults, kept, .. } = received;
    if let Some((_, text)) = faults.first() {
        return Err(Refusal::new(StatusCode::BAD_REQUEST, text));
    }
    let key = key.ok_or_else(|| Refusal::new(StatusCode::BAD_REQUEST, "no Idempotency-Key"))?;
    if let Some(text) = differs {
        return Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, text));
    }
    if upload.size > SIZE_LIMIT {
        return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "the file is larger than 25 MiB"));
    }
    let candidate = candidate(interaction_id, key, upload)
        .ok_or_else(|| Refusal::new(StatusCode::BAD_REQUEST, "the form lacks a part"))?;
    // The API accepts the types that the pipeline sends.
    if !MediaType::ALL.iter().any(|known| known.as_str() == candidate.content_type) {
        let text = format!("files of type {:?} are not taken", candidate.content_type);
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, text));
    }
    if !store {
        return Ok(String::new());
    }
    let sha256 = candidate.sha256.clone();
    let filing = exchange.standin.lock().file(exchange.seq, candidate);
    let (job_id, replayed) = match filing {
        Filing::Stored(job_id) => (job_id, false),
        Filing::Replayed(job_id) => (job_id, true),
        Filing::Forgotten => {
            return Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "the upload was not stored"));
        }
    };
    exchange.note(|record| {
        if let Some(upload) = &mut record.upload {
            upload.stored = !replayed;
            upload.replayed = replayed;
            upload.job_id = Some(job_id.clone());
        }
    });
    if let Some(kept) = kept.filter(|_| !replayed) {
        kept.store(&sha256).map_err(|fault_met| {
            Refusal::new(StatusCode::INSUFFICIENT_STORAGE, format!("cannot keep the file: {fault_met}"))
        })?;
    }
    Ok(job_id)
}

fn candidate(interaction_id: String, idempotency_key: String, upload: UploadRecord) -> Option<Attachment> {
    Some(Attachment {
        job_id: String::new(),
        interaction_id,
        idempotency_key,
        file_name: upload.file_name?,
        content_type: upload.content_type?,
        size: upload.size,
        sha256: upload.sha256?,
        metadata: upload.metadata?,
        auto_scan: upload.auto_scan?,
        infected: upload.infected,
        stored_ms: 0,
        status: String::new(),
        live: true,
        requests: Vec::new(),
    })
}

/// A 202.
pub(super) fn accepted(body: AcceptedBody, job_id: &str) -> Response {
    match body {
        AcceptedBody::JobId => answer(StatusCode::ACCEPTED, &json!({ "jobId": job_id })),
        AcceptedBody::Id => answer(StatusCode::ACCEPTED, &json!({ "id": job_id })),
        AcceptedBody::Neither => answer(StatusCode::ACCEPTED, &json!({ "accepted": true })),
        AcceptedBody::NotJson => raw(StatusCode::ACCEPTED, "<html>accepted</html>".to_owned()),
        AcceptedBody::CutJson => raw(StatusCode::ACCEPTED, "{\"jobId\": \"job".to_owned()),
        AcceptedBody::Empty => raw(StatusCode::ACCEPTED, String::new()),
    }
}
