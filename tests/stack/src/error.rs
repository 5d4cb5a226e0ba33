use std::path::PathBuf;

use crate::nearest::did_you_mean;

/// What can keep the local stack from starting, being found or being stopped.
#[derive(Debug, thiserror::Error)]
pub enum StackError {
    /// A tool or file that an earlier step should have made is not there.
    #[error("{what} is missing: {remedy}")]
    Missing {
        /// The file or program.
        what: String,
        /// The command that makes it.
        remedy: &'static str,
    },
    /// A program that the stack ran reported a failure.
    #[error("{program} failed ({status}):\n{output}")]
    Program {
        /// The program with its subcommand.
        program: String,
        /// How it ended.
        status: std::process::ExitStatus,
        /// What it said on standard error.
        output: String,
    },
    /// A server ended before it was ready.
    #[error("{server} ended before it was ready; its log says:\n{log}")]
    EndedEarly {
        /// Which server.
        server: &'static str,
        /// The end of its log.
        log: String,
    },
    /// A server did not become ready in time.
    #[error("{server} was not ready after {seconds} s; its log says:\n{log}")]
    NotReady {
        /// Which server.
        server: &'static str,
        /// How long was waited.
        seconds: u64,
        /// The end of its log, which goes with the stack's folder.
        log: String,
    },
    /// `CloudFormation` did not create the stack.
    #[error("the stack was not created ({status}): {reason}")]
    NotCreated {
        /// Its status.
        status: String,
        /// Why, as `CloudFormation` says.
        reason: String,
    },
    /// The port that was asked for is taken.
    #[error("port {port} is already in use: free it or choose another PORT")]
    PortInUse {
        /// The port.
        port: u16,
    },
    /// A variable does not hold what it should.
    #[error("{name}: {reason}")]
    Setting {
        /// The variable.
        name: &'static str,
        /// What is wrong with it and what it should look like.
        reason: String,
    },
    /// `PARAMS` names a parameter that the template does not have; `CloudFormation` would drop it in silence.
    #[error("PARAMS: the template has no parameter {name:?}{}", near_or_all(near, known))]
    UnknownParameter {
        /// The name.
        name: String,
        /// Known names that are like it.
        near: Vec<String>,
        /// The names that exist.
        known: Vec<String>,
    },
    /// Parameters have values that the template does not allow.
    #[error("the template does not allow these parameters:\n  {}", .0.join("\n  "))]
    Parameters(Vec<String>),
    /// The template's parameters cannot be read.
    #[error("template.yaml: {0}")]
    Template(#[from] yaml_serde::Error),
    /// The pattern of a template's parameter is not a regular expression.
    #[error("template.yaml: AllowedPattern of {name}: {source}")]
    Pattern {
        /// The parameter.
        name: String,
        /// What is wrong with the pattern.
        source: regex_lite::Error,
    },
    /// The functions do not start with the settings that the deployed stack gives them.
    #[error("the functions refuse their settings:\n  {}{}", refused.join("\n  "), set_by(parameters))]
    Refused {
        /// The function and its message, for each that refuses.
        refused: Vec<String>,
        /// The template parameters of the settings that the messages name.
        parameters: Vec<String>,
    },
    /// A function's program did not end, although it had no Runtime API.
    #[error("{} was started to check its settings, and did not end within {seconds} s", program.display())]
    StillRunning {
        /// The program.
        program: PathBuf,
        /// How long was waited.
        seconds: u64,
    },
    /// The functions of the running stack were not replaced.
    #[error("{0}\nThe old functions keep running")]
    NotReloaded(Box<StackError>),
    /// A signal came before the functions of the running stack were replaced.
    #[error("interrupted; the old functions keep running")]
    ReloadInterrupted,
    /// No fault has this name.
    #[error("there is no fault {name:?}{}", near_or_where(near))]
    UnknownFault {
        /// The name.
        name: String,
        /// Known names that are like it.
        near: Vec<String>,
    },
    /// The fault concerns a server that the stack does not run itself.
    #[error("{name} needs the stack's own {server}, but the stack uses {url}")]
    NoControl {
        /// The fault.
        name: &'static str,
        /// Which server.
        server: &'static str,
        /// The server in its place.
        url: String,
    },
    /// There is a stack already.
    #[error("a stack is already running at {endpoint}: `make down` stops it")]
    AlreadyRunning {
        /// Its endpoint.
        endpoint: String,
    },
    /// There is no stack.
    #[error("no stack is running: `make up` starts one")]
    NotRunning,
    /// The stack was started, but some of it has ended since.
    #[error("the stack at {endpoint} is broken: {} ended; logs are in {}; `make down` clears it away", ended.join(", "), log_dir.display())]
    Broken {
        /// Its endpoint.
        endpoint: String,
        /// The servers that are gone.
        ended: Vec<String>,
        /// Where their logs are.
        log_dir: PathBuf,
    },
    /// The deployed stack lacks an output that the template should have.
    #[error("the deployed stack has no {kind} {name}")]
    Incomplete {
        /// `output` or `parameter`.
        kind: &'static str,
        /// Its name.
        name: &'static str,
    },
    /// An API call to the local AWS failed.
    #[error("{call}: {reason}")]
    Aws {
        /// Which call.
        call: &'static str,
        /// The SDK's account of it.
        reason: String,
    },
    /// A control call to the stand-in or the receiver failed.
    #[error(transparent)]
    Control(#[from] servers::Error),
    /// A signal came.
    #[error("interrupted; nothing is left running")]
    Interrupted,
    /// A file could not be read or written, or a process not be started.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// The system's answer.
        source: std::io::Error,
    },
    /// A file or an answer is not the JSON that it should be.
    #[error("{what}: {source}")]
    Json {
        /// Which.
        what: String,
        /// Where it goes wrong.
        source: serde_json::Error,
    },
}

/// Puts the reason for which something was tried beside the system's answer.
pub(crate) trait Trying<T> {
    /// `what` is only made when there is an error.
    fn trying(self, what: impl FnOnce() -> String) -> Result<T, StackError>;
}

impl<T> Trying<T> for Result<T, std::io::Error> {
    fn trying(self, what: impl FnOnce() -> String) -> Result<T, StackError> {
        self.map_err(|source| StackError::Io { what: what(), source })
    }
}

impl<T> Trying<T> for Result<T, serde_json::Error> {
    fn trying(self, what: impl FnOnce() -> String) -> Result<T, StackError> {
        self.map_err(|source| StackError::Json { what: what(), source })
    }
}

/// The near names, else all of them.
fn near_or_all(near: &[String], known: &[String]) -> String {
    if near.is_empty() { format!("; it has:\n  {}", known.join("\n  ")) } else { did_you_mean(near) }
}

fn near_or_where(near: &[String]) -> String {
    if near.is_empty() { "; `make fault` lists them".to_owned() } else { did_you_mean(near) }
}

fn set_by(parameters: &[String]) -> String {
    if parameters.is_empty() {
        return String::new();
    }
    format!("\nThe template parameters of these settings: {}", parameters.join(", "))
}
