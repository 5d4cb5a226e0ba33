//! Lambda's Runtime API for one function process: hands it invocations and takes its answers.

use std::{
    collections::VecDeque,
    path::Path,
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path as UrlPath, State},
    http::{HeaderMap, HeaderName, HeaderValue},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::Value;
use tokio::{
    net::TcpListener,
    process::{Child, Command},
    sync::mpsc,
};

use crate::Error;

/// A function process and the API that it asks.
pub struct RuntimeApi {
    child: Child,
    events: Arc<Events>,
    answers: mpsc::UnboundedReceiver<Answer>,
    server: tokio::task::JoinHandle<()>,
}

/// What the function said to an invocation.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Its answer.
    Response(Value),
    /// Its error's object: `errorType`, `errorMessage`.
    Error(Value),
}

#[derive(Default)]
struct Events {
    waiting: Mutex<VecDeque<Value>>,
    there: tokio::sync::Notify,
}

#[derive(Clone)]
struct Shared {
    events: Arc<Events>,
    answers: mpsc::UnboundedSender<Answer>,
    deadline: Duration,
}

impl RuntimeApi {
    /// Starts the program with just these variables; each invocation has `deadline` to answer. Its log goes to `log`.
    pub async fn start(
        program: &Path,
        variables: &[(&str, &str)],
        deadline: Duration,
        log: &Path,
    ) -> Result<Self, Error> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (sender, answers) = mpsc::unbounded_channel();
        let events = Arc::new(Events::default());
        let shared = Shared { events: Arc::clone(&events), answers: sender, deadline };
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .with_state(shared);
        let server = tokio::spawn(async move {
            // Ends with the task; an error of the listener shows as an answer that never comes.
            let _ = axum::serve(listener, router).await;
        });
        let log = std::fs::OpenOptions::new().create(true).append(true).open(log)?;
        let child = Command::new(program)
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", "function")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "stream")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", "group")
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()?;
        Ok(Self { child, events, answers, server })
    }

    /// Hands the function an event and waits for what it says.
    pub async fn invoke(&mut self, event: Value) -> Result<Answer, Error> {
        self.events.waiting.lock().unwrap_or_else(PoisonError::into_inner).push_back(event);
        self.events.there.notify_one();
        let answer = tokio::time::timeout(Duration::from_mins(2), self.answers.recv()).await?;
        answer.ok_or_else(|| "the Runtime API has ended".into())
    }

    /// The process's peak resident memory so far, in KiB.
    pub fn peak_memory_kib(&self) -> Result<u64, Error> {
        let pid = self.child.id().ok_or("the function has ended")?;
        let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
        Ok(peak.trim().trim_end_matches("kB").trim().parse()?)
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn next(State(shared): State<Shared>) -> Response {
    let event = loop {
        if let Some(event) = shared.events.waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front() {
            break event;
        }
        shared.events.there.notified().await;
    };
    let deadline = SystemTime::now() + shared.deadline;
    let deadline = deadline.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis();
    let headers: HeaderMap = [
        ("lambda-runtime-aws-request-id", HeaderValue::from_static("8476a536-e9f4-11e8-9739-2dfe598c3fcd")),
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

async fn response(State(shared): State<Shared>, UrlPath(_): UrlPath<String>, body: Bytes) {
    let value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    // Nobody may be waiting any more.
    let _ = shared.answers.send(Answer::Response(value));
}

async fn error(State(shared): State<Shared>, UrlPath(_): UrlPath<String>, body: Bytes) {
    let value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let _ = shared.answers.send(Answer::Error(value));
}
