use attachments::ReasonCode;
use cxone::UploadError;
use serde_json::Value;

use super::Given;

/// Only 2xx brings a job, and one whose id cannot leave its place in a URL; only reasons repeat CXone's words.
pub fn upload_answer(input: &[u8]) {
    let Some(given) = Given::parse(input) else { return };
    let read = |body: &[u8]| given.read(cxone::fuzzing::upload, body);
    let error = match read(given.body) {
        Ok(job) => {
            assert!(given.status.is_success());
            let plain = |b: u8| b.is_ascii_graphic() && !b"/?#%\\".contains(&b);
            assert!((1..=256).contains(&job.as_str().len()) && job.as_str().bytes().all(plain), "{job:?}");
            crate::assert_one_segment(job.as_str());
            crate::assert_reads_back(&job);
            // Fields that nobody reads may hold what is no text or number, so not every body can be read whole.
            if let Ok(body) = serde_json::from_slice::<Value>(given.body) {
                let named = [body.get("jobId"), body.get("id")].map(|id| id.and_then(Value::as_str));
                assert!(named.contains(&Some(job.as_str())), "{job} is neither of {named:?}");
            }
            return;
        }
        Err(error) => error,
    };
    let silent = match &error {
        UploadError::NoJobId(reason) => {
            assert!(given.status.is_success());
            assert_eq!(reason.code, ReasonCode::CxoneNoJobId);
            given.assert_reason(reason);
            read(b"")
        }
        UploadError::Refused(reason) => {
            let other = given.status.is_success() || given.is_passing() || given.is(&[401, 429]);
            assert!(!other, "{} is not for good", given.status);
            given.assert_reason(reason);
            read(b"")
        }
        UploadError::TokenRefused => {
            assert!(given.is(&[401]));
            read(b"")
        }
        UploadError::Unauthorized(_) => {
            assert!(given.is(&[403]));
            read(b"scope")
        }
        UploadError::Throttled { wait } => {
            given.assert_wait(*wait);
            read(b"")
        }
        UploadError::Unavailable(_) => {
            assert!(given.is_passing());
            read(b"")
        }
        UploadError::Unanswered(_) | UploadError::Interrupted(_) | UploadError::Source(_) => {
            unreachable!("an answer means {error}")
        }
    };
    assert_eq!(error.to_string(), silent.expect_err("the same again").to_string());
}
