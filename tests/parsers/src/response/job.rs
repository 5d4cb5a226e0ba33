use attachments::{JobStatus, ReasonCode};
use cxone::{DEFAULT_WAIT, Job, JobError};

use super::{Given, assert_clean};

/// How many characters of a status are kept.
const MAX_WORD: usize = 64;

/// Only a 2xx has a status. Its word is short and read as itself. Only a response of CXone itself ends the polling. No text shows
/// a secret.
pub fn job_response(input: &[u8]) {
    let Some(given) = Given::parse(input) else { return };
    let error = match cxone::fuzzing::job(given.status, &given.headers, given.body, Given::now()) {
        Ok(job) => return given.assert_job(&job),
        Err(error) => error,
    };
    assert_clean(&error.to_string());
    match error {
        JobError::NotFound => assert!(given.is(&[404]) && !given.is_no_object()),
        JobError::Throttled { wait, .. } => {
            assert!(given.is_throttling());
            assert_eq!(wait, given.retry_after().unwrap_or(DEFAULT_WAIT));
        }
        JobError::Unauthorized { retry_after, .. } => {
            assert!(given.is(&[401]) || given.is(&[403]) && !given.is_no_object());
            assert_eq!(retry_after, given.retry_after());
        }
        JobError::Blind { retry_after, .. } => {
            let refused = given.is(&[401]) || given.is(&[413, 415]) && given.is_from_cxone();
            assert!(!(given.status.is_redirection() || refused || given.is_throttling()), "{}", given.code());
            let refusal = given.status.is_client_error() && given.is_from_cxone();
            assert!(
                !refusal || given.is(&[408, 409, 425]),
                "{} is CXone's refusal, but was read as no answer",
                given.code()
            );
            assert_eq!(retry_after, given.retry_after());
        }
        JobError::Refused { reason, .. } => {
            let redirect = given.status.is_redirection();
            assert_eq!(reason.code == ReasonCode::CxoneRedirect, redirect);
            assert!(redirect || given.status.is_client_error(), "{}", given.code());
            assert!(
                !given.is_throttling() && !given.is(&[401, 404, 408, 409, 425]),
                "{} must not be read as a refusal",
                given.code()
            );
            assert!(redirect || !given.is_no_object(), "{} is a gateway's, but ends the polling", given.code());
            given.assert_reason(&reason);
        }
    }
}

impl Given<'_> {
    fn assert_job(&self, job: &Job) {
        assert!(self.status.is_success());
        let word = job.status.as_str();
        assert!((1..=MAX_WORD).contains(&word.chars().count()), "{word}");
        assert_eq!(JobStatus::from(word), job.status);
        for text in [Some(word), job.interaction_shown.as_deref(), job.reason.as_deref()].into_iter().flatten() {
            assert!(!text.is_empty());
            assert_clean(text);
        }
        let known = |status: &JobStatus| !matches!(status, JobStatus::Unrecognized(_));
        let object = self.object().unwrap_or_default();
        if let Some(said) = object.get("status").and_then(serde_json::Value::as_str).map(JobStatus::from) {
            assert_eq!(known(&said), known(&job.status), "{said:?} was read as {:?}", job.status);
            assert!(!known(&said) || said == job.status, "{said:?} was read as {:?}", job.status);
        }
    }
}
