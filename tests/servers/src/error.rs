use std::{net::SocketAddr, path::PathBuf};

/// Why a test server cannot be started, or a control call or an invocation failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address is in use, or not one of this machine.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address as asked for.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The control interface has no password, so only this machine may reach it.
    #[error("{0} is not a loopback address; the control interface is open to whoever reaches it")]
    NotLoopback(SocketAddr),
    /// The settings do not fit together.
    #[error("{0}")]
    Settings(String),
    /// A webhook secret that is not one; the secret itself is not shown.
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
        /// The path as asked for.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file that tells others the server's address could not be written.
    #[error("cannot write the ready file {}: {source}", path.display())]
    ReadyFile {
        /// The path as asked for.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A signal handler or the runtime could not be set up, standard output is closed, or a function's process could
    /// not be started or looked at.
    #[error("cannot set up the process: {0}")]
    Process(#[from] std::io::Error),
    /// The base URL given to a control client is no `http://host:port`.
    #[error("no plain http URL with a host: {0}")]
    BaseUrl(String),
    /// The server did not answer, or not with HTTP.
    #[error("{method} {path}: no answer: {reason}")]
    NoAnswer {
        /// HTTP method of the control call.
        method: String,
        /// Path and query of the control call.
        path: String,
        /// What the connection said.
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
    /// A control call's body or answer is not the JSON that it should be.
    #[error("{path}: not the expected JSON: {source}")]
    Json {
        /// Path and query of the control call.
        path: String,
        /// What the parser said.
        source: serde_json::Error,
    },
    /// A function gave no answer, or ended before it did.
    #[error("{0}")]
    Function(String),
}
