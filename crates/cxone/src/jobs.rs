//! Asking about a job.

use std::time::Duration;

use reqwest::StatusCode;
use serde::Deserialize;

use attachments::{JobId, JobStatus, Reason, ReasonCode};

use crate::{
    Client,
    answer::{self, Answer},
    below,
    token::{TokenError, describe},
    upload::unauthorized,
};

/// How long one question may take.
const LIMIT: Duration = Duration::from_secs(10);

/// What CXone says of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its status.
    pub status: JobStatus,
    /// The interaction that it is for, where CXone names one.
    pub interaction_id: Option<String>,
    /// Why it failed, where CXone says so.
    pub reason: Option<String>,
}

/// Why a question brought no status.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// 404: not known, or not known yet.
    #[error("CXone does not know the job (404)")]
    NotFound,
    /// 429.
    #[error("CXone asks to wait {} s", .wait.as_secs_f32())]
    Throttled {
        /// How long.
        wait: Duration,
    },
    /// A passing fault.
    #[error("{0}")]
    Unavailable(String),
    /// The credentials cannot be read now.
    #[error("{0}")]
    CredentialsUnavailable(String),
    /// A configuration fault that a person must mend.
    #[error("{0}")]
    Unauthorized(String),
    /// Final. The reason's text repeats CXone's words, the error's does not.
    #[error("CXone refused the question: {}", .0.code)]
    Refused(Reason),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answered {
    status: String,
    interaction_id: Option<serde_json::Value>,
    reason: Option<serde_json::Value>,
}

impl Client {
    /// Asks once; a stale token is replaced and the question repeated.
    ///
    /// # Errors
    /// [`JobError`] says whether to ask again.
    pub async fn job(&self, id: &JobId) -> Result<Job, JobError> {
        let url = below(&self.endpoints.base, &["jobs", id.as_str()]);
        let mut refused = false;
        loop {
            let token = self.tokens.get().await.map_err(|error| match error {
                TokenError::Unauthorized(cause) => JobError::Unauthorized(cause),
                TokenError::Throttled(wait) => JobError::Throttled { wait },
                TokenError::Unavailable(cause) => JobError::Unavailable(cause),
                TokenError::CredentialsUnavailable(cause) => JobError::CredentialsUnavailable(cause),
            })?;
            let asked = self.http.get(url.clone()).bearer_auth(token.bearer()).timeout(LIMIT).send().await;
            let response = asked
                .map_err(|error| JobError::Unavailable(format!("CXone cannot be reached: {}", describe(&error))))?;
            let answer = Answer::read(response).await;
            if answer.status == StatusCode::UNAUTHORIZED {
                self.tokens.forget(&token).await;
                if !refused {
                    refused = true;
                    continue;
                }
            }
            return read(&answer);
        }
    }
}

/// What an answer to a question means, a 401 being one to a fresh token.
pub(crate) fn read(answer: &Answer) -> Result<Job, JobError> {
    let Answer { status, wait, body, .. } = answer;
    let status = *status;
    match status.as_u16() {
        200 => serde_json::from_slice::<Answered>(body)
            .map(Job::from)
            .map_err(|_| JobError::Unavailable("CXone answered 200 without a status".to_owned())),
        401 => Err(JobError::Refused(Reason::new(
            ReasonCode::CxoneUnauthorized,
            "CXone refused a fresh token (401) for the job; check that the client has the scope job:read",
        ))),
        403 if answer.names_scope_or_permission() => {
            Err(JobError::Refused(Reason::new(ReasonCode::CxoneUnauthorized, unauthorized(status))))
        }
        // What is missing may have named the scope.
        403 if answer.cut => Err(JobError::Unavailable(answer::broke_off(status))),
        404 => Err(JobError::NotFound),
        429 => Err(JobError::Throttled { wait: *wait }),
        201..=299 => Err(JobError::Unavailable(format!("CXone answered {} to a question", status.as_u16()))),
        _ if answer::is_passing(status) => Err(JobError::Unavailable(format!("CXone answered {}", status.as_u16()))),
        _ => Err(JobError::Refused(answer::refusal(status, body, "the job"))),
    }
}

impl From<Answered> for Job {
    fn from(answered: Answered) -> Self {
        Self {
            status: JobStatus::from(answered.status.as_str()),
            interaction_id: answered.interaction_id.and_then(as_text),
            reason: answered.reason.and_then(as_text),
        }
    }
}

/// What is no text as its JSON: an id that is a number is an id all the same.
fn as_text(value: serde_json::Value) -> Option<String> {
    match value {
        serde_json::Value::Null => None,
        serde_json::Value::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}
