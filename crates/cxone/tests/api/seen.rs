//! What an attempt or a poll brought, in a form in which rows can be compared.

use std::time::SystemTime;

use attachments::{JobId, Reason};
use cxone::{Attempt, History, Job, JobError, NextStep, Retry, Stored};

/// What an attempt means, and what CXone may hold after it.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) verdict: NextStep,
    pub(crate) stored: Stored,
}

impl Sent {
    /// Of an object without a history.
    pub(crate) fn first(attempt: &Attempt) -> Self {
        Self::after(&mut History::default(), attempt)
    }

    pub(crate) fn after(history: &mut History, attempt: &Attempt) -> Self {
        let verdict = history.next_step(attempt, SystemTime::now().into());
        Self { verdict, stored: history.stored }
    }

    /// A short form in which rows can be compared: `job`, what failed, or the code of the final reason.
    pub(crate) fn seen(&self) -> (String, Stored) {
        let word = match &self.verdict {
            NextStep::Accepted(_) => "job".to_owned(),
            NextStep::Retry(retry) => format!("{:?}", retry.cause).to_lowercase(),
            NextStep::Final(reason) => reason.code.to_string(),
        };
        (word, self.stored)
    }

    /// The job of an accepted upload.
    pub(crate) fn job(&self) -> JobId {
        let NextStep::Accepted(job) = &self.verdict else { panic!("not accepted: {self:?}") };
        job.clone()
    }

    /// What people read of it.
    pub(crate) fn text(&self) -> &str {
        match &self.verdict {
            NextStep::Accepted(job) => job.as_str(),
            NextStep::Retry(retry) => &retry.fault,
            NextStep::Final(reason) => &reason.text,
        }
    }

    /// The retry, of whatever kind.
    pub(crate) fn retry(&self) -> &Retry {
        let NextStep::Retry(retry) = &self.verdict else { panic!("no retry: {self:?}") };
        retry
    }

    /// The reason of a final verdict.
    pub(crate) fn reason(&self) -> &Reason {
        let NextStep::Final(reason) = &self.verdict else { panic!("not final: {self:?}") };
        reason
    }
}

/// What [`Sent::seen`] must be.
pub(crate) fn row(word: &str, stored: Stored) -> (String, Stored) {
    (word.to_owned(), stored)
}

/// What a poll brought, in a short form in which rows can be compared: the status word, the kind of the error, or the code of
/// the final reason.
pub(crate) fn polled(asked: &Result<Job, JobError>) -> String {
    match asked {
        Ok(job) => job.status.as_str().to_owned(),
        Err(JobError::NotFound) => "not found".to_owned(),
        Err(JobError::Throttled { .. }) => "throttled".to_owned(),
        Err(JobError::Blind { .. }) => "blind".to_owned(),
        Err(JobError::Unauthorized { .. }) => "unauthorized".to_owned(),
        Err(JobError::Refused { reason, .. }) => reason.code.to_string(),
    }
}
