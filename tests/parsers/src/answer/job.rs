use attachments::{JobStatus, ReasonCode};
use cxone::JobError;

use super::Given;

/// The longest word that is kept of a status, in characters.
const LONGEST_WORD: usize = 64;

/// Only 200 brings a status, whose word is short and clean and not taken for another; only reasons repeat CXone's words.
pub fn job_answer(input: &[u8]) {
    let Some(given) = Given::parse(input) else { return };
    let read = |body: &[u8]| given.read(cxone::fuzzing::job, body);
    let error = match read(given.body) {
        Ok(job) => {
            assert!(given.is(&[200]));
            let word = job.status.as_str();
            assert!(word.chars().count() <= LONGEST_WORD, "{word}");
            assert!(!word.contains(char::is_control), "{word:?}");
            assert_eq!(JobStatus::from(word), job.status);
            let interaction_bytes = job.interaction_id.map_or(0, |id| id.len());
            assert!(interaction_bytes <= given.body.len());
            return;
        }
        Err(error) => error,
    };
    let silent = match &error {
        JobError::Refused(reason) if given.is(&[401]) => {
            assert_eq!(reason.code, ReasonCode::CxoneUnauthorized);
            read(b"")
        }
        JobError::Refused(reason) if reason.code == ReasonCode::CxoneUnauthorized => {
            assert!(given.is(&[403]));
            crate::assert_bounded(reason);
            read(b"scope")
        }
        JobError::Refused(reason) => {
            let other = given.status.is_success() || given.is_passing() || given.is(&[404, 429]);
            assert!(!other, "{} is not for good", given.status);
            given.assert_reason(reason);
            read(b"")
        }
        JobError::NotFound => {
            assert!(given.is(&[404]));
            read(b"")
        }
        JobError::Throttled { wait } => {
            given.assert_wait(*wait);
            read(b"")
        }
        JobError::Unavailable(_) => {
            assert!(given.is_passing() || given.status.is_success());
            read(b"")
        }
        JobError::Unauthorized(_) | JobError::CredentialsUnavailable(_) => unreachable!("an answer means {error}"),
    };
    assert_eq!(error.to_string(), silent.expect_err("the same again").to_string());
}
