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
    },
    /// No status can be read now: an outage, a gateway's page, a response that cannot be read, credentials that cannot be
    /// read. It says nothing about the job.
    #[error("{fault}")]
    Blind {
        /// What happened.
        fault: String,
        /// The response's `Retry-After`.
        retry_after: Option<Duration>,
    },
    /// CXone refuses the credentials, or they are unusable. A person must fix them. It says nothing about the job either.
    #[error("{fault}")]
    Unauthorized {
        /// What to fix.
        fault: String,
        /// The response's `Retry-After`.
        retry_after: Option<Duration>,
    },
    /// Permanent. The reason's text repeats CXone's words, the error's does not.
    #[error("CXone refused the poll: {}", .0.code)]
    Refused(Reason),
}

impl JobError {
    fn blind(fault: impl Into<String>, retry_after: Option<Duration>) -> Self {
        Self::Blind { fault: fault.into(), retry_after }
    }
}

impl From<TokenError> for JobError {
    fn from(error: TokenError) -> Self {
        let (fault, retry_after) = (error.to_string(), error.retry_after());
        match error {
            TokenError::Unauthorized { .. } => Self::Unauthorized { fault, retry_after },
            TokenError::Throttled { wait, .. } => Self::Throttled { wait, fault },
            TokenError::Unavailable { .. } => Self::Blind { fault, retry_after },
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
            let response = asked
                .map_err(|error| JobError::blind(format!("CXone cannot be reached: {}", describe(&error)), None))?;
            let response = Response::read(response, token.redactor(), deadline).await;
            if response.status() == StatusCode::UNAUTHORIZED.as_u16() {
                self.tokens.forget(&token).await;
                if !refused {
                    refused = true;
                    continue;
                }
            }
            return judge(&response);
        }
    }
}

/// What a response to a poll means, a 401 being one to a fresh token.
pub(crate) fn judge(response: &Response) -> Result<Job, JobError> {
    let (status, after) = (response.status(), response.retry_after);
    match class(response) {
        Class::Success => job(response)
            .ok_or_else(|| JobError::blind(format!("CXone answered {status} without a status of the job"), after)),
        Class::TokenRefused => Err(JobError::Unauthorized {
            fault: "CXone refused a fresh token (401) for the job; check that the client has the scope job:read"
                .to_owned(),
            retry_after: after,
        }),
        Class::ScopeMissing => Err(JobError::Unauthorized { fault: scope_missing(status), retry_after: after }),
        Class::Throttled => {
            Err(JobError::Throttled { wait: after.unwrap_or(crate::DEFAULT_WAIT), fault: throttled(response) })
        }
        Class::Retryable | Class::Conflict => Err(JobError::blind(format!("CXone answered {status}"), after)),
        // No file was sent, so a size or a type that a gateway refuses says nothing about the job.
        Class::Refused if response.speaker() == Speaker::Gateway => {
            Err(JobError::blind(format!("a gateway before CXone answered {status}"), after))
        }
        Class::Gateway => Err(JobError::blind(format!("a gateway before CXone answered {status}"), after)),
        Class::Unreadable => Err(JobError::blind(format!("the status {status} is none of HTTP's"), after)),
        Class::Refused if status == 404 => Err(JobError::NotFound),
        Class::Redirect | Class::Refused => Err(JobError::Refused(refusal(response, "the job"))),
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
