//! The upload endpoint.

use std::time::{Duration, Instant, SystemTime};

use axum::{
    Extension,
    body::Body,
    extract::{Path, Request, State},
    response::Response,
};
use http::{StatusCode, header, request::Parts};
use scripted_http::{connection::ConnectionHandle, script::Step};
use serde_json::json;

use super::{
    answer,
    body::{self, BodyEnd},
    exchange::Exchange,
    fault, raw,
};
use crate::{
    keep::PartialFile,
    multipart::{Form, Received},
    records::{Attachment, Authorization, Call, UploadRecord, ViolationKind},
    scripts::{AcceptedBody, CutAt, UploadAct},
    world::{Filing, Standin},
};

/// The API takes files up to this size.
const SIZE_LIMIT: u64 = 25 * 1024 * 1024;
/// And of these types.
const TYPES: [&str; 9] = [
    "audio/wav",
    "audio/mpeg",
    "audio/ogg",
    "image/png",
    "image/jpeg",
    "image/gif",
    "application/pdf",
    "application/msword",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
];

/// Why an upload is not accepted.
struct Refusal {
    status: StatusCode,
    text: String,
}

impl Refusal {
    fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Self { status, text: text.into() }
    }

    fn into_response(self) -> Response {
        fault(self.status, &self.text)
    }
}

pub(super) async fn upload(
    State(standin): State<Standin>,
    Extension(connection): Extension<ConnectionHandle>,
    Path(interaction_id): Path<String>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let exchange = Exchange::begin(standin, connection, Call::Upload, &head);
    let (authorization, step) = {
        let mut world = exchange.standin.world();
        let now = Instant::now();
        let authorization = world.tokens.bearer(head.headers.get(header::AUTHORIZATION), now);
        // A call without a valid token is no call of the script.
        let valid = authorization == Authorization::Valid;
        let step = if valid { world.scripts.upload.next([interaction_id.as_str()], now) } else { None };
        (authorization, step)
    };
    exchange.note(|record| {
        record.interaction_id = Some(interaction_id.clone());
        record.authorization = authorization;
        record.step = step.as_ref().and_then(|step| serde_json::to_value(step).ok());
    });
    let Step { act, delay_ms, .. } = step.unwrap_or_else(|| Step::once(UploadAct::Normal));
    let wait = Duration::from_millis(delay_ms);
    match &act {
        UploadAct::EarlyReply(reply) => return exchange.answer(reply.to_response(SystemTime::now()), wait).await,
        UploadAct::Cut { at: CutAt::BeforeBody, how, .. } => return exchange.cut(*how, wait).await,
        UploadAct::Never { read: false, .. } => {
            // The body stays open meanwhile: dropping it would end the connection.
            return exchange.never().await;
        }
        _ => {}
    }
    let (received, end) = receive(&exchange, &head, body, &act).await;
    match (end, &act) {
        (BodyEnd::Aborted, _) => return exchange.aborted(),
        (BodyEnd::CutHere, UploadAct::Cut { how, .. }) => return exchange.cut(*how, wait).await,
        _ => {}
    }
    if authorization != Authorization::Valid {
        let refusal = fault(StatusCode::UNAUTHORIZED, "the access token is missing or not valid");
        return exchange.answer(refusal, wait).await;
    }
    let outcome = settle(&exchange, &head, interaction_id, received, act.stores());
    let response = match act {
        UploadAct::Cut { how, .. } => return exchange.cut(how, wait).await,
        UploadAct::Never { .. } => return exchange.never().await,
        UploadAct::Reply(reply) | UploadAct::StoreThenReply(reply) | UploadAct::EarlyReply(reply) => {
            reply.to_response(SystemTime::now())
        }
        UploadAct::Accept(body) => outcome.map_or_else(Refusal::into_response, |job_id| accepted(body, &job_id)),
        UploadAct::Normal | UploadAct::Stall { .. } => {
            outcome.map_or_else(Refusal::into_response, |job_id| accepted(AcceptedBody::JobId, &job_id))
        }
    };
    exchange.answer(response, wait).await
}

/// Reads the body and notes what it held, also of one that broke off.
async fn receive(exchange: &Exchange, head: &Parts, body: Body, act: &UploadAct) -> (Received, BodyEnd) {
    let kept = exchange.standin.keep.as_ref().map(|directory| PartialFile::create(directory, exchange.seq));
    let mut form = Form::new(head.headers.get(header::CONTENT_TYPE), kept);
    let (count, end) = body::read(body, act, |piece| form.push(piece)).await;
    let received = form.finish(end == BodyEnd::Whole);
    exchange.note(|record| {
        record.body_bytes = count;
        record.body_whole = end == BodyEnd::Whole;
        record.upload = Some(received.upload.clone());
    });
    let mut world = exchange.standin.world();
    match end {
        BodyEnd::Whole => world.stats.uploads_completed += 1,
        BodyEnd::Aborted => world.stats.uploads_aborted += 1,
        BodyEnd::CutHere => {}
    }
    for (kind, text) in &received.faults {
        world.violation(exchange.seq, *kind, text.clone());
    }
    drop(world);
    (received, end)
}

/// Judges an upload whose body is whole, and stores it if it is to be stored. Gives its job, or the refusal.
fn settle(
    exchange: &Exchange,
    head: &Parts,
    interaction_id: String,
    received: Received,
    store: bool,
) -> Result<String, Refusal> {
    let key = head.headers.get("idempotency-key").map(|key| String::from_utf8_lossy(key.as_bytes()).into_owned());
    if key.as_deref().unwrap_or_default().is_empty() {
        exchange.violation(ViolationKind::IdempotencyKeyMissing, "no Idempotency-Key".to_owned());
    }
    let Received { upload, faults, kept } = received;
    if let Some((_, text)) = faults.first() {
        return Err(Refusal::new(StatusCode::BAD_REQUEST, text));
    }
    let key =
        key.filter(|key| !key.is_empty()).ok_or_else(|| Refusal::new(StatusCode::BAD_REQUEST, "no Idempotency-Key"))?;
    if upload.size > SIZE_LIMIT {
        return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "the file is larger than 25 MiB"));
    }
    let candidate = candidate(interaction_id, key, upload)
        .ok_or_else(|| Refusal::new(StatusCode::BAD_REQUEST, "the form lacks a part"))?;
    if !TYPES.contains(&candidate.content_type.as_str()) {
        let text = format!("files of type {:?} are not taken", candidate.content_type);
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, text));
    }
    let sha256 = candidate.sha256.clone();
    let (job_id, replayed) = match file(&exchange.standin, exchange.seq, candidate, store) {
        Ok(Some(Filing::Stored(job_id))) => (job_id, false),
        Ok(Some(Filing::Replayed(job_id))) => (job_id, true),
        Ok(Some(Filing::Forgotten) | None) => {
            return Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "the upload was not stored"));
        }
        Err(differences) => {
            let text = format!("the Idempotency-Key came before with another {differences}");
            exchange.violation(ViolationKind::IdempotencyKeyReused, text.clone());
            return Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, text));
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

/// Stores a proper upload, or only looks whether its key was used otherwise before.
fn file(standin: &Standin, seq: u64, candidate: Attachment, store: bool) -> Result<Option<Filing>, String> {
    let mut world = standin.world();
    if store { world.file(seq, candidate).map(Some) } else { world.archive.earlier(&candidate).map(|_| None) }
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

fn accepted(body: AcceptedBody, job_id: &str) -> Response {
    match body {
        AcceptedBody::JobId => answer(StatusCode::ACCEPTED, &json!({ "jobId": job_id })),
        AcceptedBody::Id => answer(StatusCode::ACCEPTED, &json!({ "id": job_id })),
        AcceptedBody::Neither => answer(StatusCode::ACCEPTED, &json!({ "accepted": true })),
        AcceptedBody::NotJson => raw(StatusCode::ACCEPTED, "<html>accepted</html>".to_owned()),
        AcceptedBody::CutJson => raw(StatusCode::ACCEPTED, "{\"jobId\": \"job".to_owned()),
        AcceptedBody::Empty => raw(StatusCode::ACCEPTED, String::new()),
    }
}
