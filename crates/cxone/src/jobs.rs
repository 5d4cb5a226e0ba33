//! Polling a job.

use std::{fmt, time::Duration};

use reqwest::StatusCode;
use tokio::time::Instant;

use attachments::{JobId, JobStatus, Reason};

use crate::{
    Client,
    class::{Class, class, refusal, scope_missing, throttled},
    response::{Response, Speaker},
    token::{TokenError, describe},
};

/// How long one poll may take.
pub const LIMIT: Duration = Duration::from_secs(10);

/// What CXone says of a job.
#[derive(Clone, PartialEq, Eq)]
pub struct Job {
    /// Its status.
    pub status: JobStatus,
    /// The interaction that it is for, where CXone names one, as it is: to be compared, not to be shown.
    pub interaction_id: Option<String>,
    /// The same to be shown.
    pub interaction_shown: Option<String>,
    /// Why it failed, where CXone says so. At most 1 KiB, without secrets and invisible characters.
    pub reason: Option<String>,
}

impl fmt::Debug for Job {
    /// Without the interaction as it came, which may hold anything.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, interaction_shown, reason, .. } = self;
        f.debug_struct("Job")
            .field("status", status)
            .field("interaction_shown", interaction_shown)
            .field("reason", reason)
            .finish_non_exhaustive()
    }
}

/// Why a poll brought no status. Texts are for people.
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
        /// What was answered.
        fault: String,
        /// The HTTP status. None if no response came.
        status: Option<u16>,
    },
    /// No status can be read now: an outage, a gateway's page, a response that cannot be read, credentials that cannot be
    /// read. It says nothing about the job.
    #[error("{fault}")]
    Blind {
        /// What happened.
        fault: String,
        /// The response's `Retry-After`.
        retry_after: Option<Duration>,
        /// The HTTP status. None if no response came.
        status: Option<u16>,
    },
    /// CXone refuses the credentials, or they are unusable. A person must fix them. It says nothing about the job either.
    #[error("{fault}")]
    Unauthorized {
        /// What to fix.
        fault: String,
        /// The response's `Retry-After`.
        retry_after: Option<Duration>,
        /// The HTTP status. None if no response came.
        status: Option<u16>,
    },
    /// Permanent. The reason's text repeats CXone's words, the error's does not.
    #[error("CXone refused the poll: {}", .reason.code)]
    Refused {
        /// What the outcome says.
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
    /// Polls once. A stale token is replaced and the poll repeated.
    ///
    /// # Errors
    /// [`JobError`] says whether to poll again.
    pub async fn job(&self, id: &JobId) -> Result<Job, JobError> {
        let url = self.endpoints.job.0.url(&self.endpoints.base, id.as_str());
        let mut refused = false;
        loop {
            let token = self.tokens.get().await?;
            let deadline = Instant::now() + LIMIT;
            let asked = self.http.get(url.clone()).bearer_auth(token.bearer()).timeout(LIMIT).send().await;
            let response = asked.map_err(|error| JobError::Blind {
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

/// What a response to a poll means, a 401 being one to a fresh token.
pub(crate) fn parse(response: &Response) -> Result<Job, JobError> {
    let (status, after) = (response.status(), response.retry_after);
    let blind = |fault: String| JobError::Blind { fault, retry_after: after, status: Some(status) };
    let unauthorized = |fault: String| JobError::Unauthorized { fault, retry_after: after, status: Some(status) };
    match class(response) {
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
        // No file was sent, so a size or a type that a gateway refuses says nothing about the job.
        Class::Refused if response.speaker() == Speaker::Gateway => {
            Err(blind(format!("a gateway before CXone answered {status}")))
        }
        Class::Gateway => Err(blind(format!("a gateway before CXone answered {status}"))),
        Class::Unreadable => Err(blind(format!("the status {status} is none of HTTP's"))),
        Class::Refused if status == 404 => Err(JobError::NotFound),
        Class::Redirect | Class::Refused => Err(JobError::Refused { reason: refusal(response, "the job"), status }),
    }
}

fn job(response: &Response) -> Option<Job> {
    // The word is matched as it is and shown clean, so that an odd character never makes it another word.
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
