//! What CXone's answers mean.

mod job;
mod token;
mod upload;

use std::{
    str,
    time::{Duration, SystemTime},
};

use attachments::Reason;
use reqwest::{
    StatusCode,
    header::{HeaderMap, HeaderValue, RETRY_AFTER},
};

pub use job::job_answer;
pub use token::token_answer;
pub use upload::upload_answer;

/// When the answers come: 2026-11-22T09:30:10Z.
const NOW: Duration = Duration::from_secs(1_795_339_810);

/// An answer as the fuzzer writes it: status, `Retry-After`, body, each on a line of its own but the last.
struct Given<'a> {
    status: StatusCode,
    headers: HeaderMap,
    body: &'a [u8],
}

impl<'a> Given<'a> {
    fn parse(input: &'a [u8]) -> Option<Self> {
        let mut lines = input.splitn(3, |b| *b == b'\n');
        let status = StatusCode::from_u16(str::from_utf8(lines.next()?).ok()?.parse().ok()?).ok()?;
        let mut headers = HeaderMap::new();
        if let Some(value) = lines.next().filter(|value| !value.is_empty()) {
            headers.insert(RETRY_AFTER, HeaderValue::from_bytes(value).ok()?);
        }
        Some(Self { status, headers, body: lines.next().unwrap_or_default() })
    }

    /// What `read` makes of it, and of the same answer with another body.
    fn read<T>(&self, read: impl Fn(StatusCode, &HeaderMap, &[u8], SystemTime) -> T, body: &[u8]) -> T {
        read(self.status, &self.headers, body, SystemTime::UNIX_EPOCH + NOW)
    }

    fn is(&self, statuses: &[u16]) -> bool {
        statuses.contains(&self.status.as_u16())
    }

    /// Another try may bring another answer.
    fn is_passing(&self) -> bool {
        (500..=599).contains(&self.status.as_u16()) || self.is(&[408, 409, 425])
    }

    fn assert_wait(&self, wait: Duration) {
        assert_eq!(self.status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(wait, cxone::retry_after(&self.headers, SystemTime::UNIX_EPOCH + NOW));
    }

    /// A reason keeps to its bounds, and a short answer in plain words is in it whole.
    fn assert_reason(&self, reason: &Reason) {
        crate::assert_bounded(reason);
        let plain = self.body.iter().all(|b| b.is_ascii_alphanumeric() || *b == b' ');
        if let Some(said) = str::from_utf8(self.body).ok().filter(|said| plain && said.len() <= 200) {
            assert!(reason.text.contains(said.trim()), "{reason} without {said:?}");
        }
    }
}
