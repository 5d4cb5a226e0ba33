//! Short forms of the results of attempts and polls, to compare them with rows.

use std::time::SystemTime;

use attachments::{JobId, Reason};
use cxone::{Attempt, History, Job, JobError, NextStep, Retry, Stored};

/// The next step after an attempt, and whether CXone may hold the file.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) next: NextStep,
    pub(crate) stored: Stored,
}

impl Sent {
    /// The first attempt of an object.
    pub(crate) fn first(attempt: &Attempt) -> Self {
        Self::after(&mut History::default(), attempt)
    }

    pub(crate) fn after(history: &mut History, attempt: &Attempt) -> Self {
        let next = history.next_step(attempt, SystemTime::now().into());
        Self { next, stored: history.stored }
    }

    /// A short form to compare with a row: `job`, the failed side, or the code of the final reason.
    pub(crate) fn seen(&self) -> (String, Stored) {
        let word = match &self.next {
            NextStep::Accepted(_) => "job".to_owned(),
            NextStep::Retry(retry) => format!("{:?}", retry.cause).to_lowercase(),
            NextStep::Final(reason) => reason.code.to_string(),
        };
        (word, self.stored)
    }

    /// The job of an accepted upload.
    pub(crate) fn job(&self) -> JobId {
        let NextStep::Accepted(job) = &self.next else { panic!("not accepted: {self:?}") };
        job.clone()
    }

    /// The text for people.
    pub(crate) fn text(&self) -> &str {
        match &self.next {
            NextStep::Accepted(job) => job.as_str(),
            NextStep::Retry(retry) => &retry.fault,
            NextStep::Final(reason) => &reason.text,
        }
    }

    /// The retry.
    pub(crate) fn retry(&self) -> &Retry {
        let NextStep::Retry(retry) = &self.next else { panic!("no retry: {self:?}") };
        retry
    }

    /// The reason of a final step.
    pub(crate) fn reason(&self) -> &Reason {
        let NextStep::Final(reason) = &self.next else { panic!("not final: {self:?}") };
        reason
    }
}

/// The expected value of [`Sent::seen`].
pub(crate) fn row(word: &str, stored: Stored) -> (String, Stored) {
    (word.to_owned(), stored)
}

/// A short form of a poll's result to compare with a row: the status, the kind of the error, or the code of the final reason.
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
