//! One request from its head to its end, and the record of it.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    time::{Duration, Instant, SystemTime},
};

use axum::{body::Body, response::Response};
use http::{StatusCode, header, request::Parts};

use crate::{
    cxone::{
        records::{Authorization, Call, RequestRecord, ViolationKind},
        standin::Standin,
    },
    scripted::{
        connection::{ConnectionHandle, CutHow, End, NEVER},
        raw::RawReply,
        state::Shared,
        unix_ms,
    },
};

#[derive(Clone)]
pub(super) struct Exchange {
    pub(super) standin: Shared<Standin>,
    pub(super) connection: ConnectionHandle,
    pub(super) seq: u64,
    started: Instant,
}

impl Exchange {
    pub(super) fn begin(standin: Shared<Standin>, connection: ConnectionHandle, call: Call, head: &Parts) -> Self {
        let recorded = [
            header::TRANSFER_ENCODING,
            header::CONTENT_LENGTH,
            header::CONTENT_TYPE,
            header::HeaderName::from_static("idempotency-key"),
            header::USER_AGENT,
            header::EXPECT,
            header::CONNECTION,
        ];
        let headers: BTreeMap<_, _> = recorded
            .iter()
            .filter_map(|name| {
                Some((name.to_string(), String::from_utf8_lossy(head.headers.get(name)?.as_bytes()).into()))
            })
            .collect();
        let seq = standin.lock().begin(RequestRecord {
            seq: 0,
            call,
            method: head.method.to_string(),
            path: head.uri.to_string(),
            http_version: format!("{:?}", head.version),
            headers,
            interaction_id: None,
            job_id: None,
            authorization: Authorization::Missing,
            started_ms: unix_ms(SystemTime::now()),
            ended_ms: None,
            step: None,
            body_bytes: 0,
            body_whole: false,
            body_sha256: None,
            end: None,
            status: None,
            upload: None,
            violations: Vec::new(),
        });
        Self { standin, connection, seq, started: Instant::now() }
    }

    /// Changes the record, unless a reset has removed it.
    pub(super) fn note(&self, change: impl FnOnce(&mut RequestRecord)) {
        if let Some(record) = self.standin.lock().requests.get_mut(self.seq) {
            change(record);
        }
    }

    pub(super) fn violation(&self, kind: ViolationKind, text: String) {
        self.standin.lock().violation(self.seq, kind, text);
    }

    /// Answers after the wait, unless the client ends the connection before.
    pub(super) async fn answer(self, response: Response, wait: Duration) -> Response {
        if self.connection.stays_for(wait).await {
            self.finish(End::Answered, Some(response.status().as_u16()));
        } else {
            self.finish(End::Aborted, None);
        }
        response
    }

    /// Cuts the connection after the wait.
    pub(super) async fn cut(self, how: CutHow, wait: Duration) -> Response {
        if !self.connection.stays_for(wait).await {
            return self.aborted();
        }
        self.finish(End::Cut, None);
        let never: Infallible = self.connection.cut(how).await;
        match never {}
    }

    /// Writes bytes in place of an answer, after the wait.
    pub(super) async fn raw(self, reply: &RawReply, values: &[(&str, &str)], wait: Duration) -> Response {
        if !self.connection.stays_for(wait).await {
            return self.aborted();
        }
        let bytes = reply.wire_bytes(values);
        self.finish(End::Answered, status_in(&bytes));
        let never: Infallible = self.connection.write_raw(bytes, reply.stays(), reply.end).await;
        match never {}
    }

    /// Withholds the answer until the client is gone.
    pub(super) async fn never(self) -> Response {
        self.connection.stays_for(NEVER).await;
        self.finish(End::Unanswered, None);
        unsent()
    }

    /// The client is gone.
    pub(super) fn aborted(self) -> Response {
        self.finish(End::Aborted, None);
        unsent()
    }

    fn finish(&self, end: End, status: Option<u16>) {
        let took = self.started.elapsed().as_millis();
        let mut line = None;
        self.note(|record| {
            record.end = Some(end);
            record.status = status;
            record.ended_ms = Some(unix_ms(SystemTime::now()));
            line = Some(log_line(record, took));
        });
        self.standin.report(&line.unwrap_or_else(|| format!("request {} ended after a reset", self.seq)));
    }
}

/// The number in a status line, if there is one.
fn status_in(bytes: &[u8]) -> Option<u16> {
    let line = bytes.split(|byte| *byte == b'\r').next()?;
    std::str::from_utf8(line).ok()?.split(' ').nth(1)?.parse().ok()
}

/// The path is as received, so it cannot contain a line end.
fn log_line(record: &RequestRecord, took_ms: u128) -> String {
    let end = End::shown(record.end, record.status);
    let script = if record.step.is_some() { " scripted" } else { "" };
    let violations = match record.violations.as_slice() {
        [] => String::new(),
        some => format!(" violations={some:?}"),
    };
    format!(
        "{} {} {} {end} {} B {took_ms} ms{script}{violations}",
        record.seq, record.method, record.path, record.body_bytes
    )
}

/// An answer for the handler's signature: the connection has ended, so it is not sent.
fn unsent() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response
}
