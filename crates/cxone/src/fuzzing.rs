//! What answers mean, without the sending: for `tests/parsers`, and absent from the functions as they are deployed.

use std::time::{Duration, SystemTime};

use reqwest::{StatusCode, header::HeaderMap};
use secrecy::SecretString;
use url::Url;

use attachments::JobId;

use crate::{
    Job, JobError, UploadError,
    answer::{Answer, LONGEST},
    jobs, token, upload,
};

fn answer(status: StatusCode, headers: &HeaderMap, body: &[u8], now: SystemTime) -> Answer {
    let body = body.get(..LONGEST).unwrap_or(body).to_vec();
    Answer::new(status, headers, body, now)
}

/// An answer to an upload.
///
/// # Errors
/// Those of [`crate::Client::upload`] that an answer can bring.
pub fn upload(status: StatusCode, headers: &HeaderMap, body: &[u8], now: SystemTime) -> Result<JobId, UploadError> {
    upload::read(&answer(status, headers, body, now))
}

/// An answer to a question about a job.
///
/// # Errors
/// Those of [`crate::Client::job`] that an answer can bring.
pub fn job(status: StatusCode, headers: &HeaderMap, body: &[u8], now: SystemTime) -> Result<Job, JobError> {
    jobs::read(&answer(status, headers, body, now))
}

/// An answer of the token endpoint: the token, and after how long it is renewed.
///
/// # Errors
/// As an upload meets them, see [`crate::Client::authorize`].
pub fn token(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    now: SystemTime,
) -> Result<(SecretString, Duration), UploadError> {
    let url =
        Url::parse("https://cxone.example/oauth/token").map_err(|error| UploadError::Source(error.to_string()))?;
    let granted = token::read(&answer(status, headers, body, now), &url, "job:read").map_err(UploadError::from)?;
    let renew_in = granted.renew_in();
    Ok((granted.access_token, renew_in))
}
