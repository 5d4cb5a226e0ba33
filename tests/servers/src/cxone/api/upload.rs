//! The upload endpoint.

use std::time::{Duration, Instant, SystemTime};

use axum::{
    Extension,
    body::Body,
    extract::{Path, Request, State},
    response::Response,
};
use http::{StatusCode, header, request::Parts};
use sha2::{Digest as _, Sha256};

use super::{
    body::{self, BodyEnd},
    exchange::Exchange,
    fault,
    filing::{Refusal, accepted, key, settle},
    heard::{START_BYTES, Values, received as heard},
};
use crate::{
    cxone::{
        keep::PartialFile,
        multipart::{Form, Received},
        records::{Authorization, Call},
        scripts::{AcceptedBody, CutAt, EarlyEnd, UploadAct},
        standin::{Attempt, Standin, WholeBody},
    },
    scripted::{
        connection::{ConnectionHandle, CutHow},
        script::Step,
        state::Shared,
    },
};

/// How long to wait for an early 202 to be sent before its connection is reset.
const FLUSHED: Duration = Duration::from_millis(50);

/// An upload whose head was received.
#[derive(Clone)]
struct Incoming {
    exchange: Exchange,
    head: Parts,
    interaction_id: String,
}

pub(super) async fn upload(
    State(standin): State<Shared<Standin>>,
    Extension(connection): Extension<ConnectionHandle>,
    Path(interaction_id): Path<String>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let exchange = Exchange::begin(standin, connection, Call::Upload, &head);
    let (authorization, step) = {
        let mut state = exchange.standin.lock();
        let now = Instant::now();
        let authorization = state.tokens.bearer(head.headers.get(header::AUTHORIZATION), now);
        // A call without a valid token does not use up a step.
        let valid = authorization == Authorization::Valid;
        let step = if valid { state.scripts.upload.next([interaction_id.as_str()], now) } else { None };
        (authorization, step)
    };
    exchange.note(|record| {
        record.interaction_id = Some(interaction_id.clone());
        record.authorization = authorization;
        record.step = step.as_ref().and_then(|step| serde_json::to_value(step).ok());
    });
    let incoming = Incoming { exchange, head, interaction_id };
    let Step { act, delay_ms, .. } = step.unwrap_or_else(|| Step::once(UploadAct::Normal));
    let wait = Duration::from_millis(delay_ms);
    match &act {
        UploadAct::EarlyReply(_)
        | UploadAct::AcceptEarly { .. }
        | UploadAct::Raw { early: true, .. }
        | UploadAct::Cut { at: CutAt::BeforeBody, .. }
        | UploadAct::Never { read: false, .. } => incoming.before_body(act, body, wait).await,
        _ => incoming.after_body(act, body, wait, authorization).await,
    }
}

impl Incoming {
    /// Runs acts that come before the body is read.
    async fn before_body(self, act: UploadAct, body: Body, wait: Duration) -> Response {
        // The body after an early 202 is compared when it has been read.
        if !matches!(act, UploadAct::AcceptEarly { then: EarlyEnd::Read, .. }) {
            self.compare(None);
        }
        let values = Values::default().with("interaction_id", &self.interaction_id);
        let exchange = self.exchange.clone();
        match act {
            UploadAct::AcceptEarly { then, .. } => self.accept_early(act, then, body, wait).await,
            UploadAct::Raw { reply, .. } => exchange.raw(&reply, &values.pairs(), wait).await,
            UploadAct::Cut { how, .. } => exchange.cut(how, wait).await,
            UploadAct::EarlyReply(reply) => {
                let response = reply.filled(&values.pairs()).to_response(SystemTime::now(), &exchange.connection);
                exchange.answer(response, wait).await
            }
            // Keeps the body, because dropping it would end the connection.
            _ => exchange.never().await,
        }
    }

    /// Answers 202, and reads the body in a task of its own.
    async fn accept_early(self, act: UploadAct, then: EarlyEnd, body: Body, wait: Duration) -> Response {
        let job_id = {
            let mut state = self.exchange.standin.lock();
            state.promise(self.exchange.seq, &key(&self.head).unwrap_or_default(), &self.interaction_id)
        };
        let response = self.exchange.clone().answer(accepted(AcceptedBody::JobId, &job_id), wait).await;
        match then {
            // The body is dropped, and the connection ends after the answer.
            EarlyEnd::Close => {}
            EarlyEnd::Reset => {
                tokio::spawn(async move {
                    tokio::time::sleep(FLUSHED).await;
                    self.exchange.connection.cut_now(CutHow::Reset);
                    drop(body);
                });
            }
            EarlyEnd::Read => {
                tokio::spawn(async move {
                    let (received, end, _) = self.receive(body, &act).await;
                    let differs = self.compare(received.whole_body());
                    let Self { exchange, head, interaction_id } = self;
                    let stored = end == BodyEnd::Whole
                        && settle(&exchange, &head, interaction_id, received, differs, true).is_ok();
                    if !stored {
                        exchange.standin.lock().archive.broken(&job_id);
                    }
                });
            }
        }
        response
    }

    /// Runs acts that come within or after the body.
    async fn after_body(self, act: UploadAct, body: Body, wait: Duration, authorization: Authorization) -> Response {
        let (received, end, start) = self.receive(body, &act).await;
        let differs = self.compare(received.whole_body());
        let values = Values::default().with("interaction_id", &self.interaction_id);
        let Self { exchange, head, interaction_id } = self;
        match (end, &act) {
            (BodyEnd::Aborted, _) => return exchange.aborted(),
            (BodyEnd::CutHere, UploadAct::Cut { how, .. }) => return exchange.cut(*how, wait).await,
            _ => {}
        }
        if authorization != Authorization::Valid {
            let refusal = fault(StatusCode::UNAUTHORIZED, "the access token is missing or not valid");
            return exchange.answer(refusal, wait).await;
        }
        let outcome = settle(&exchange, &head, interaction_id, received, differs, act.stores());
        let values = values.with("job_id", outcome.as_deref().unwrap_or_default());
        let response = match act {
            UploadAct::Cut { how, .. } => return exchange.cut(how, wait).await,
            UploadAct::Never { .. } => return exchange.never().await,
            UploadAct::Raw { reply, .. } => return exchange.raw(&reply, &values.pairs(), wait).await,
            UploadAct::Reply(reply) | UploadAct::StoreThenReply(reply) | UploadAct::EarlyReply(reply) => {
                reply.filled(&values.pairs()).to_response(SystemTime::now(), &exchange.connection)
            }
            UploadAct::Echo(echo) => {
                echo.reply(&heard(&head, &start)).to_response(SystemTime::now(), &exchange.connection)
            }
            UploadAct::Accept(body) => outcome.map_or_else(Refusal::into_response, |job_id| accepted(body, &job_id)),
            UploadAct::Normal | UploadAct::Stall { .. } | UploadAct::AcceptEarly { .. } => {
                outcome.map_or_else(Refusal::into_response, |job_id| accepted(AcceptedBody::JobId, &job_id))
            }
        };
        exchange.answer(response, wait).await
    }

    /// Reads the body and records its content, also of a truncated one. Gives its first bytes too.
    async fn receive(&self, body: Body, act: &UploadAct) -> (Received, BodyEnd, Vec<u8>) {
        let exchange = &self.exchange;
        let directory = exchange.standin.lock().settings.keep.clone();
        let kept = directory.map(|directory| PartialFile::create(&directory, exchange.seq));
        let mut form = Form::new(self.head.headers.get(header::CONTENT_TYPE), kept);
        let (mut digest, mut start) = (Sha256::new(), Vec::new());
        let (count, end) = body::read(body, act, |piece| {
            digest.update(piece);
            start.extend(piece.iter().take(START_BYTES.saturating_sub(start.len())));
            form.push(piece);
        })
        .await;
        let mut received = form.finish(end == BodyEnd::Whole);
        received.body_sha256 = (end == BodyEnd::Whole).then(|| hex::encode(digest.finalize()));
        exchange.note(|record| {
            record.body_bytes = count;
            record.body_whole = end == BodyEnd::Whole;
            record.body_sha256.clone_from(&received.body_sha256);
            record.upload = Some(received.upload.clone());
        });
        let mut state = exchange.standin.lock();
        match end {
            BodyEnd::Whole => state.stats.uploads_completed += 1,
            BodyEnd::Aborted => state.stats.uploads_aborted += 1,
            BodyEnd::CutHere => {}
        }
        for (kind, text) in &received.faults {
            state.violation(exchange.seq, *kind, text.clone());
        }
        drop(state);
        (received, end, start)
    }

    /// Compares the upload, as far as it was received, with the first one under its key. A difference is a violation.
    fn compare(&self, body: Option<WholeBody>) -> Option<String> {
        let content_type = self.head.headers.get(header::CONTENT_TYPE);
        let content_type = content_type.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        let attempt = Attempt { interaction_id: self.interaction_id.clone(), content_type, body };
        self.exchange.standin.lock().compare(self.exchange.seq, &key(&self.head)?, attempt)
    }
}

impl Received {
    fn whole_body(&self) -> Option<WholeBody> {
        Some(WholeBody { sha256: self.body_sha256.clone()?, upload: self.upload.clone() })
    }
}
