use std::path::PathBuf;

/// Why the stand-in cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The directory for kept files cannot be made.
    #[error("cannot create {} for kept files: {source}", path.display())]
    Keep {
        /// The path as asked for.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The settings do not fit together.
    #[error("{0}")]
    Settings(String),
    /// The server cannot be started, or a control call failed.
    #[error(transparent)]
    Server(#[from] scripted_http::Error),
}
