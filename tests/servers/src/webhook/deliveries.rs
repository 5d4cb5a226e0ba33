//! Receives deliveries.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use axum::{
    Extension,
    body::Body,
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, request::Parts};
use sha2::{Digest as _, Sha256};

use crate::{
    scripted::{
        connection::{ConnectionHandle, End, NEVER},
        program,
        script::Step,
        state::Shared,
        unix_ms,
    },
    webhook::inbox::{Delivery, DeliveryAct, Inbox},
};

/// A hundred times a record with all its tags.
const BODY_LIMIT: usize = 1024 * 1024;

pub(crate) async fn deliver(
    State(inbox): State<Shared<Inbox>>,
    Extension(connection): Extension<ConnectionHandle>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    // A truncated or endless body is not a delivery.
    let Ok(body) = axum::body::to_bytes(body, BODY_LIMIT).await else {
        program::report(&format!("{} {} truncated, or longer than {BODY_LIMIT} bytes", head.method, head.uri));
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let (seq, step, verdict) = {
        let mut inbox = inbox.lock();
        let verdict = inbox.secrets.verify(&body, &head.headers);
        let (seq, step) = inbox.take(delivery(&head, &body, verdict.clone()));
        (seq, step, verdict)
    };
    let Step { act, delay_ms, .. } = step.unwrap_or_else(|| Step::once(DeliveryAct::Normal));
    if act == DeliveryAct::Never {
        connection.stays_for(NEVER).await;
        finish(&inbox, seq, End::Unanswered, None);
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    if !connection.stays_for(Duration::from_millis(delay_ms)).await {
        finish(&inbox, seq, End::Aborted, None);
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let response = match act {
        DeliveryAct::Reply(reply) => reply.to_response(SystemTime::now(), &connection),
        DeliveryAct::Cut(how) => {
            finish(&inbox, seq, End::Cut, None);
            match connection.cut(how).await {}
        }
        DeliveryAct::Normal | DeliveryAct::Never => normal(&head.method, verdict),
    };
    finish(&inbox, seq, End::Answered, Some(response.status()));
    response
}

fn normal(method: &Method, verdict: Result<usize, String>) -> Response<Body> {
    match verdict {
        _ if method != Method::POST => StatusCode::METHOD_NOT_ALLOWED.into_response(),
        Ok(_) => StatusCode::OK.into_response(),
        Err(fault) => (StatusCode::UNAUTHORIZED, fault).into_response(),
    }
}

fn delivery(head: &Parts, body: &Bytes, verdict: Result<usize, String>) -> Delivery {
    let json = serde_json::from_slice::<serde_json::Value>(body).ok();
    let interaction_id = json.as_ref().and_then(|json| json.get("interaction_id")?.as_str().map(str::to_owned));
    let (verified_by, fault) = match verdict {
        Ok(index) => (Some(index), None),
        Err(fault) => (None, Some(fault)),
    };
    let headers: BTreeMap<_, _> =
        head.headers.iter().map(|(name, _)| (name.to_string(), text(&head.headers, name.as_str()))).collect();
    let header = |name| headers.get(name).cloned();
    Delivery {
        seq: 0,
        method: head.method.to_string(),
        path: head.uri.to_string(),
        webhook_id: header("webhook-id"),
        webhook_timestamp: header("webhook-timestamp"),
        signatures: header("webhook-signature").map_or(0, |list| list.split_ascii_whitespace().count()),
        verified: verified_by.is_some(),
        verified_by,
        fault,
        headers,
        body: String::from_utf8_lossy(body).into_owned(),
        body_sha256: hex::encode(Sha256::digest(body)),
        json,
        interaction_id,
        received_ms: unix_ms(SystemTime::now()),
        step: None,
        end: None,
        status: None,
    }
}

/// All values of a header, joined.
fn text(headers: &HeaderMap, name: &str) -> String {
    let values: Vec<_> =
        headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).collect();
    values.join(", ")
}

/// Records how a delivery ended, unless a reset has removed it, and logs it without its body and signatures.
fn finish(inbox: &Shared<Inbox>, seq: u64, end: End, status: Option<StatusCode>) {
    let status = status.map(|status| status.as_u16());
    let line = {
        let mut inbox = inbox.lock();
        let Some(delivery) = inbox.deliveries.get_mut(seq) else { return };
        delivery.end = Some(end);
        delivery.status = status;
        let id = delivery.webhook_id.as_deref().unwrap_or("-");
        let verdict = delivery.fault.as_deref().unwrap_or("verified");
        let end = End::shown(delivery.end, status);
        format!("{seq} {} {} {end} webhook-id={id:?} {verdict}", delivery.method, delivery.path)
    };
    inbox.report(&line);
}
