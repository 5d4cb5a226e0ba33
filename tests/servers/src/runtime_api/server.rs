//! The API's routes, and the queues between them and the test.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::Value;
use tokio::{
    net::TcpListener,
    sync::{Notify, mpsc},
    task::JoinHandle,
};

use super::{Answer, Answered};
use crate::Error;

/// Events on their way to the function, and its requests for them.
#[derive(Default)]
pub(crate) struct Events {
    state: Mutex<EventsState>,
    there: Notify,
    asked: Notify,
}

#[derive(Default)]
struct EventsState {
    waiting: VecDeque<Value>,
    /// Requests for an event so far, and when the last one came.
    asked: u64,
    asked_at: Option<Instant>,
    handed_at: Option<Instant>,
}

impl Events {
    fn lock(&self) -> MutexGuard<'_, EventsState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn push(&self, event: Value) {
        self.lock().waiting.push_back(event);
        self.there.notify_one();
    }

    /// How often the function has asked for an event.
    pub(crate) fn asked(&self) -> u64 {
        self.lock().asked
    }

    /// When the last event was handed out.
    pub(crate) fn handed(&self) -> Option<Instant> {
        self.lock().handed_at
    }

    /// Waits until the function has asked `count` times.
    pub(crate) async fn wait_for(&self, count: u64) -> Instant {
        loop {
            let asked = self.asked.notified();
            {
                let state = self.lock();
                if let Some(at) = state.asked_at.filter(|_| state.asked >= count) {
                    return at;
                }
            }
            asked.await;
        }
    }

    async fn next(&self) -> Value {
        {
            let mut state = self.lock();
            state.asked += 1;
            state.asked_at = Some(Instant::now());
        }
        self.asked.notify_one();
        loop {
            {
                let mut state = self.lock();
                if let Some(event) = state.waiting.pop_front() {
                    state.handed_at = Some(Instant::now());
                    return event;
                }
            }
            self.there.notified().await;
        }
    }
}

#[derive(Clone)]
struct Shared {
    events: Arc<Events>,
    answers: mpsc::UnboundedSender<Answered>,
    deadline: Duration,
}

pub(crate) async fn start(
    events: Arc<Events>,
    answers: mpsc::UnboundedSender<Answered>,
    deadline: Duration,
) -> Result<(SocketAddr, JoinHandle<()>), Error> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let router = Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
        .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
        // A function that fails to start reports that here.
        .route("/2018-06-01/runtime/init/error", post(error))
        .with_state(Shared { events, answers, deadline });
    let server = tokio::spawn(async move {
        // Ends with the task. After an error of the listener, the test waits for an answer until its timeout.
        let _ = axum::serve(listener, router).await;
    });
    Ok((address, server))
}

/// The trace that every invocation belongs to, as Lambda writes it.
pub const TRACE_ID: &str = "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1";

async fn next(State(shared): State<Shared>) -> Response {
    let event = shared.events.next().await;
    let deadline = SystemTime::now() + shared.deadline;
    let deadline = deadline.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis();
    let headers: HeaderMap = [
        ("lambda-runtime-aws-request-id", HeaderValue::from_static("8476a536-e9f4-11e8-9739-2dfe598c3fcd")),
        ("lambda-runtime-trace-id", HeaderValue::from_static(TRACE_ID)),
        ("lambda-runtime-deadline-ms", HeaderValue::from(u64::try_from(deadline).unwrap_or(u64::MAX))),
        (
            "lambda-runtime-invoked-function-arn",
            HeaderValue::from_static("arn:aws:lambda:us-east-1:123456789012:function:function"),
        ),
    ]
    .map(|(name, value)| (HeaderName::from_static(name), value))
    .into_iter()
    .collect();
    (headers, Json(event)).into_response()
}

async fn response(State(shared): State<Shared>, body: Bytes) -> StatusCode {
    answered(&shared, Answer::Response, &body)
}

async fn error(State(shared): State<Shared>, body: Bytes) -> StatusCode {
    answered(&shared, Answer::Error, &body)
}

fn answered(shared: &Shared, answer: fn(Value) -> Answer, body: &[u8]) -> StatusCode {
    let at = Instant::now();
    let value = serde_json::from_slice(body).unwrap_or(Value::Null);
    // The test may have stopped waiting.
    let _ = shared.answers.send(Answered { answer: answer(value), at });
    // As Lambda answers. Its Python client accepts no other status.
    StatusCode::ACCEPTED
}
