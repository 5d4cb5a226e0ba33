//! What responses mean, without the sending: for `tests/parsers`, and absent from the functions as they are deployed.

use std::time::{Duration, SystemTime};

use reqwest::{StatusCode, header::HeaderMap};
use secrecy::SecretString;
use url::Url;

use attachments::Timestamp;

use crate::{
    History, Job, JobError, NextStep, TokenError, jobs,
    policy::{Attempt, End},
    response::{LONGEST, Response},
    token,
    untrusted::Redactor,
};

/// A secret that every response is searched for.
pub const SECRET: &str = "s3cr3t-token-value";

fn response(status: StatusCode, headers: &HeaderMap, body: &[u8], now: SystemTime) -> Response {
    let body = body.get(..LONGEST).unwrap_or(body).to_vec();
    let redactor = Redactor::default().and([SECRET]);
    Response::new(status.as_u16(), headers, body, true, redactor, now)
}

/// A response to an upload, with the next step after what `history` knows.
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

/// A response to a poll.
///
/// # Errors
/// Those of [`crate::Client::job`] that a response can bring.
pub fn job(status: StatusCode, headers: &HeaderMap, body: &[u8], now: SystemTime) -> Result<Job, JobError> {
    jobs::parse(&response(status, headers, body, now))
}

/// A response of the token endpoint: the token, and after how long it is renewed.
///
/// # Errors
/// Those of [`crate::Client::authorize`] that a response can bring.
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
