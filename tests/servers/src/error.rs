use std::{net::SocketAddr, path::PathBuf};

/// Why a test server cannot be started, or a control call or an invocation failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address is in use, or is not an address of this machine.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The requested address.
        address: SocketAddr,
        /// The system's error.
        source: std::io::Error,
    },
    /// The control interface has no authentication, so only this machine may reach it.
    #[error("{0} is not a loopback address, but the control interface has no authentication")]
    NotLoopback(SocketAddr),
    /// The settings are not consistent.
    #[error("{0}")]
    Settings(String),
    /// A webhook secret is malformed. It is not shown.
    #[error("secret {position} is not whsec_ followed by base64: {reason}")]
    Secret {
        /// Which one, counted from 1.
        position: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// The stand-in cannot make the directory in which it keeps files.
    #[error("cannot create {} for kept files: {source}", path.display())]
    Keep {
        /// The requested path.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// The ready file could not be written.
    #[error("cannot write the ready file {}: {source}", path.display())]
    ReadyFile {
        /// The requested path.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// A signal handler or the runtime could not be set up, standard output is closed, or a function's process could
    /// not be started or read.
    #[error("cannot set up the process: {0}")]
    Process(#[from] std::io::Error),
    /// The base URL of a control client is not `http://host:port`.
    #[error("{0:?} is not an http URL with a host")]
    BaseUrl(String),
    /// The server did not answer, or not with HTTP.
    #[error("{method} {path}: no answer: {reason}")]
    NoAnswer {
        /// HTTP method of the control call.
        method: String,
        /// Path and query of the control call.
        path: String,
        /// The connection's error.
        reason: String,
    },
    /// The server refused a control call.
    #[error("{method} {path}: {status}: {body}")]
    Refused {
        /// HTTP method of the control call.
        method: String,
        /// Path and query of the control call.
        path: String,
        /// Status of the answer.
        status: u16,
        /// Text of the answer.
        body: String,
    },
    /// A control call's body or answer is not the expected JSON.
    #[error("{path}: not the expected JSON: {source}")]
    Json {
        /// Path and query of the control call.
        path: String,
        /// The parser's error.
        source: serde_json::Error,
    },
    /// A function gave no answer, or ended before it did.
    #[error("{0}")]
    Function(String),
}
