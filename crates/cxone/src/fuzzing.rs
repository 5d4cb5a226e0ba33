//! Reads responses without a connection, for `tests/parsers`. The deployed functions do not contain this module.

use std::time::{Duration, SystemTime};

use reqwest::{StatusCode, header::HeaderMap};
use secrecy::SecretString;
use url::Url;

use attachments::Timestamp;

use crate::{
    History, Job, JobError, NextStep, TokenError,
    attempt::{Attempt, End},
    jobs,
    response::{MAX_BODY_BYTES, Response},
    token,
    untrusted::Redactor,
};

/// A secret that is redacted in every response.
pub const SECRET: &str = "s3cr3t-token-value";

fn response(status: StatusCode, headers: &HeaderMap, body: &[u8], now: SystemTime) -> Response {
    let body = body.get(..MAX_BODY_BYTES).unwrap_or(body).to_vec();
    let redactor = Redactor::default().and([SECRET]);
    Response::new(status.as_u16(), headers, body, true, redactor, now)
}

/// Decides the next step after a response to an upload, and updates the history.
pub fn upload(
    history: &mut History,
    sent_whole: bool,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    now: SystemTime,
) -> NextStep {
    let end = End::Response(response(status, headers, body, now));
    history.next_step(&Attempt { sent_whole, end }, Timestamp::from(now))
}

/// Reads a response to a poll.
///
/// # Errors
/// Those of [`crate::Client::job`] that follow from a response.
pub fn job(status: StatusCode, headers: &HeaderMap, body: &[u8], now: SystemTime) -> Result<Job, JobError> {
    jobs::parse(&response(status, headers, body, now))
}

/// Reads a response of the token endpoint: the token, and the time until its renewal.
///
/// # Errors
/// Those of [`crate::Client::authorize`] that follow from a response.
pub fn token(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    now: SystemTime,
) -> Result<(SecretString, Duration), TokenError> {
    let url = Url::parse("https://cxone.example/oauth/token")
        .map_err(|error| TokenError::Unauthorized { fault: error.to_string(), status: None })?;
    let granted = token::parse(&response(status, headers, body, now), &url, "job:read")?;
    Ok((granted.access_token, granted.renew_in))
}
