//! Polls a job.

use std::{fmt, time::Duration};

use reqwest::StatusCode;
use tokio::time::Instant;

use attachments::{JobId, JobStatus, Reason};

use crate::{
    Client,
    class::{Class, classify, refusal, scope_missing, throttled},
    response::{Response, Sender},
    token::{TokenError, describe},
};

/// The time limit of one poll.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// CXone's response about a job.
#[derive(Clone, PartialEq, Eq)]
pub struct Job {
    /// The job's status.
    pub status: JobStatus,
    /// The job's interaction, if CXone names one. It is CXone's raw text: compare it, but do not show it.
    pub interaction_id: Option<String>,
    /// The job's interaction without secrets and invisible characters, to show it.
    pub interaction_shown: Option<String>,
    /// Why the job failed, if CXone says so. At most 1 KiB, without secrets and invisible characters.
    pub reason: Option<String>,
}

impl fmt::Debug for Job {
    /// Leaves out the raw interaction, which may contain anything.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, interaction_shown, reason, .. } = self;
        f.debug_struct("Job")
            .field("status", status)
            .field("interaction_shown", interaction_shown)
            .field("reason", reason)
            .finish_non_exhaustive()
    }
}

/// Why a poll returned no status. The texts are for people.
///
/// The errors hold texts instead of a source, because a transport error may repeat a secret or a URL. The texts do not.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// CXone itself does not know the job (a 404 with a JSON object).
    #[error("CXone does not know the job (404)")]
    NotFound,
    /// 429, or another 4xx with `Retry-After`.
    #[error("{fault}")]
    Throttled {
        /// How long CXone asks to wait.
        wait: Duration,
        /// What happened.
        fault: String,
        /// The HTTP status. None if no response came.
        status: Option<u16>,
    },
    /// The client cannot read a status now: CXone is down, a gateway responds, or the response or the credentials cannot be
    /// read. The job itself may be fine.
    #[error("{fault}")]
    Blind {
        /// What happened.
        fault: String,
        /// The response's `Retry-After`.
        retry_after: Option<Duration>,
        /// The HTTP status. None if no response came.
        status: Option<u16>,
    },
    /// CXone refuses the credentials, or they are unusable. A person must correct them. The job itself may be fine.
    #[error("{fault}")]
    Unauthorized {
        /// What to correct.
        fault: String,
        /// The response's `Retry-After`.
        retry_after: Option<Duration>,
        /// The HTTP status. None if no response came.
        status: Option<u16>,
    },
    /// CXone refused the poll permanently. Only the reason's text repeats CXone's text, not this error's.
    #[error("CXone refused the poll: {}", .reason.code)]
    Refused {
        /// The reason for the outcome.
        reason: Reason,
        /// The HTTP status.
        status: u16,
    },
}

impl JobError {
    /// The HTTP status of the response, if one came.
    #[must_use]
    pub const fn status(&self) -> Option<u16> {
        match self {
            Self::NotFound => Some(404),
            Self::Throttled { status, .. } | Self::Blind { status, .. } | Self::Unauthorized { status, .. } => *status,
            Self::Refused { status, .. } => Some(*status),
        }
    }
}

impl From<TokenError> for JobError {
    fn from(error: TokenError) -> Self {
        let (fault, retry_after, status) = (error.to_string(), error.retry_after(), error.status());
        match error {
            TokenError::Unauthorized { .. } => Self::Unauthorized { fault, retry_after, status },
            TokenError::Throttled { wait, .. } => Self::Throttled { wait, fault, status },
            TokenError::Unavailable { .. } => Self::Blind { fault, retry_after, status },
        }
    }
}

impl Client {
    /// Polls once. If the token is stale, fetches a new one and repeats the poll.
    ///
    /// # Errors
    /// [`JobError`] says whether another poll may help.
    pub async fn job(&self, id: &JobId) -> Result<Job, JobError> {
        let url = self.endpoints.job.0.url(&self.endpoints.base, id.as_str());
        let mut refused = false;
        loop {
            let token = self.tokens.get().await?;
            let deadline = Instant::now() + TIMEOUT;
            let sent = self.http.get(url.clone()).bearer_auth(token.bearer()).timeout(TIMEOUT).send().await;
            let response = sent.map_err(|error| JobError::Blind {
                fault: format!("CXone cannot be reached: {}", describe(&error)),
                retry_after: None,
                status: None,
            })?;
            let response = Response::receive(response, token.redactor(), deadline).await;
            if response.status() == StatusCode::UNAUTHORIZED.as_u16() {
                self.tokens.forget(&token).await;
                if !refused {
                    refused = true;
                    continue;
                }
            }
            return parse(&response);
        }
    }
}

/// Reads a response to a poll. A 401 counts as the refusal of a fresh token.
pub(crate) fn parse(response: &Response) -> Result<Job, JobError> {
    let (status, after) = (response.status(), response.retry_after);
    let blind = |fault: String| JobError::Blind { fault, retry_after: after, status: Some(status) };
    let unauthorized = |fault: String| JobError::Unauthorized { fault, retry_after: after, status: Some(status) };
    match classify(response) {
        Class::Success => {
            job(response).ok_or_else(|| blind(format!("CXone answered {status} without a status of the job")))
        }
        Class::TokenRefused => Err(unauthorized(
            "CXone refused a fresh token (401) for the job; check that the client has the scope job:read".to_owned(),
        )),
        Class::ScopeMissing => Err(unauthorized(scope_missing(status))),
        Class::Throttled => Err(JobError::Throttled {
            wait: after.unwrap_or(crate::DEFAULT_WAIT),
            fault: throttled(response),
            status: Some(status),
        }),
        Class::Retryable | Class::Conflict => Err(blind(format!("CXone answered {status}"))),
        // A poll sends no file. So if a gateway refuses its size or type, that does not concern the job.
        Class::Refused if response.sender() == Sender::Gateway => {
            Err(blind(format!("a gateway before CXone answered {status}")))
        }
        Class::Gateway => Err(blind(format!("a gateway before CXone answered {status}"))),
        Class::Unreadable => Err(blind(format!("the status {status} is outside 200 to 599"))),
        Class::Refused if status == 404 => Err(JobError::NotFound),
        Class::Redirect | Class::Refused => Err(JobError::Refused { reason: refusal(response, "the job"), status }),
    }
}

fn job(response: &Response) -> Option<Job> {
    // Compare the raw word and show the cleaned one, so that the cleaning never turns an unknown word into a known one.
    let word = response.member("status")?;
    let known = JobStatus::from(word.as_str());
    let status = match known {
        JobStatus::Unrecognized(_) => JobStatus::from(response.shown("status")?.as_str()),
        known => known,
    };
    let interaction_shown = response.shown("interactionId");
    let interaction_id = response.member("interactionId").or_else(|| interaction_shown.clone());
    Some(Job { status, interaction_id, interaction_shown, reason: response.shown("reason") })
}
