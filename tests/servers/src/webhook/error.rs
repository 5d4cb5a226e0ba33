/// Why the receiver cannot be started or told something.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A secret that is not one; the secret itself is not shown.
    #[error("secret {position} is not whsec_ followed by base64: {reason}")]
    Secret {
        /// Which one, counted from 1.
        position: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// The server cannot be started, or a control call failed.
    #[error(transparent)]
    Server(#[from] scripted_http::Error),
}
