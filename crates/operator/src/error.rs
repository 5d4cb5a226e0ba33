//! Why a command could not answer. One place turns AWS's errors into it.

use aws_sdk_s3::error::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::Exit;

/// Why a command could not answer. Each text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    /// The arguments do not fit.
    #[error("{0}")]
    Usage(String),
    /// The thing does not exist.
    #[error("{0}")]
    NotFound(String),
    /// AWS refuses the call.
    #[error(
        "AWS denies {action}: {text}\nAttach the stack's policy for readers or operators to your role, or use --profile"
    )]
    Denied {
        /// The IAM action.
        action: &'static str,
        /// AWS's own words.
        text: String,
    },
    /// There are no usable credentials or there is no region.
    #[error("{0}")]
    Credentials(String),
    /// The call failed for another cause.
    #[error("{action} failed: {text}")]
    Aws {
        /// The IAM action.
        action: &'static str,
        /// What AWS or the connection said.
        text: String,
    },
    /// What AWS holds cannot be read.
    #[error("{0}")]
    Unreadable(String),
    /// Reading or writing on this machine failed.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// Why it failed.
        source: std::io::Error,
    },
    /// Ctrl-C.
    #[error("interrupted")]
    Interrupted,
}

impl ToolError {
    /// The exit code.
    #[must_use]
    pub const fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) => Exit::Usage,
            Self::NotFound(_) => Exit::NotFound,
            Self::Denied { .. } | Self::Credentials(_) | Self::Aws { .. } => Exit::Access,
            Self::Unreadable(_) | Self::Io { .. } => Exit::Bad,
            Self::Interrupted => Exit::Interrupted,
        }
    }

    /// A failed call. `action` is the IAM action, such as `s3:GetObject`.
    pub(crate) fn of_call<E, R>(action: &'static str, error: &SdkError<E, R>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
        R: std::fmt::Debug + 'static,
    {
        let text = error.meta().message().map_or_else(|| attachments::causes(error), str::to_owned);
        match error.code() {
            Some(code) if DENIED.iter().any(|denied| code.contains(denied)) => Self::Denied { action, text },
            Some(code) if CREDENTIALS.contains(&code) => {
                Self::Credentials(format!("AWS refuses the credentials ({code}): {text}. Log in again, or use --profile"))
            }
            None if text.contains("credential") => Self::Credentials(
                "there are no AWS credentials: set AWS_PROFILE or --profile, run `aws sso login`, or for the local stack \
                 `eval \"$(make -s env)\"`"
                    .to_owned(),
            ),
            Some(code) => Self::Aws { action, text: format!("{text} ({code})") },
            None => Self::Aws { action, text },
        }
    }
}

const DENIED: [&str; 5] = ["AccessDenied", "AuthorizationError", "NotAuthorized", "UnauthorizedOperation", "Forbidden"];
const CREDENTIALS: [&str; 7] = [
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "MissingAuthenticationToken",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
];
