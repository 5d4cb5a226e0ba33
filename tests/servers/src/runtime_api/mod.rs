//! Lambda's Runtime API for one function process: it hands out invocations, takes the answers, and measures the
//! process.

mod process;
mod server;

use std::{
    path::Path,
    process::Stdio,
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::Value;
use tokio::{
    process::{Child, Command},
    sync::mpsc,
};

pub use process::Usage;
pub use server::TRACE_ID;

use self::server::Events;
use crate::Error;

/// How long a function may take to start or to answer.
const PATIENCE: Duration = Duration::from_mins(5);

/// A function process and its Runtime API. Dropping it ends the process.
pub struct RuntimeApi {
    child: Child,
    spawned: Instant,
    events: Arc<Events>,
    answers: mpsc::UnboundedReceiver<Answered>,
    server: tokio::task::JoinHandle<()>,
}

/// The function's answer to an invocation.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// A response.
    Response(Value),
    /// An error: an object with `errorType` and `errorMessage`.
    Error(Value),
}

/// An answer and the time of its arrival.
#[derive(Debug, Clone)]
struct Answered {
    answer: Answer,
    at: Instant,
}

/// One invocation, measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// The function's answer.
    pub answer: Answer,
    /// From the moment the event is handed out to the arrival of the answer.
    pub wall: Duration,
    /// CPU time of the process from idle to idle, including its work after the answer.
    pub cpu: Duration,
}

impl RuntimeApi {
    /// Starts the program with only these variables; each invocation has `deadline` to answer. Its log goes to `log`.
    pub async fn start(
        program: &Path,
        variables: &[(&str, &str)],
        deadline: Duration,
        log: &Path,
    ) -> Result<Self, Error> {
        let mut command = Command::new(program);
        command.env_clear().envs(variables.iter().copied());
        Self::launch(command, deadline, log).await
    }

    /// Starts a command that runs a function, such as an interpreter with its arguments. Lambda's variables are added.
    pub async fn launch(mut command: Command, deadline: Duration, log: &Path) -> Result<Self, Error> {
        let (sender, answers) = mpsc::unbounded_channel();
        let events = Arc::new(Events::default());
        let (address, server) = server::start(Arc::clone(&events), sender, deadline).await?;
        let log = std::fs::OpenOptions::new().create(true).append(true).open(log)?;
        let spawned = Instant::now();
        let child = command
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", "function")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "stream")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", "group")
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()?;
        Ok(Self { child, spawned, events, answers, server })
    }

    /// Hands the function an event and waits for its answer.
    pub async fn invoke(&mut self, event: Value) -> Result<Answer, Error> {
        self.events.push(event);
        Ok(self.answer().await?.answer)
    }

    /// Waits until the function asks for its first event: the time from the process's start to that.
    pub async fn ready(&mut self) -> Result<Duration, Error> {
        let asked = self.asked(1).await?;
        Ok(asked.duration_since(self.spawned))
    }

    /// Hands an idle function an event, and waits until it is idle again.
    pub async fn measure(&mut self, event: Value) -> Result<Measured, Error> {
        let before = self.usage()?;
        let asked = self.events.asked();
        self.events.push(event);
        let answered = self.answer().await?;
        self.asked(asked + 1).await?;
        let handed = self.events.handed().ok_or_else(|| failed("no event was handed out"))?;
        let cpu = self.usage()?.cpu.saturating_sub(before.cpu);
        Ok(Measured { answer: answered.answer, wall: answered.at.duration_since(handed), cpu })
    }

    async fn answer(&mut self) -> Result<Answered, Error> {
        tokio::select! {
            answered = self.answers.recv() => answered.ok_or_else(|| failed("the Runtime API has ended")),
            ended = self.child.wait() => Err(failed(format!("the function ended with no answer: {}", ended?))),
            () = tokio::time::sleep(PATIENCE) => Err(failed("the function gave no answer")),
        }
    }

    /// Waits for the process's `count`-th request for an event.
    async fn asked(&mut self, count: u64) -> Result<Instant, Error> {
        tokio::select! {
            at = self.events.wait_for(count) => Ok(at),
            ended = self.child.wait() => Err(failed(format!("the function ended before it asked for an event: {}", ended?))),
            () = tokio::time::sleep(PATIENCE) => Err(failed("the function asked for no event")),
        }
    }

    /// The process's id, while it runs.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// The process's use until now.
    pub fn usage(&self) -> Result<Usage, Error> {
        Usage::of(self.child.id().ok_or_else(|| failed("the function has ended"))?)
    }

    /// The process's peak resident memory so far, in KiB.
    pub fn peak_memory_kib(&self) -> Result<u64, Error> {
        Ok(self.usage()?.peak_kib)
    }

    /// Waits until the process ends, by itself or by a signal.
    pub async fn ended(&mut self) -> Result<(), Error> {
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        ended.map_err(|_| failed("the function does not end"))??;
        Ok(())
    }
}

fn failed(what: impl Into<String>) -> Error {
    Error::Function(what.into())
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}
