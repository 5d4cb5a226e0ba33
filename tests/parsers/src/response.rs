//! CXone's responses.

mod job;
mod token;
mod upload;

use std::{
    str,
    time::{Duration, SystemTime},
};

use attachments::{REASON_TEXT_BYTES, Reason};
use cxone::fuzzing::SECRET;
use reqwest::{
    StatusCode,
    header::{HeaderMap, HeaderValue, RETRY_AFTER},
};
use serde_json::{Map, Value};

pub use job::job_response;
pub use token::token_response;
pub use upload::upload_response;

/// The time of the responses: 2026-11-22T09:30:10Z.
const NOW: Duration = Duration::from_secs(1_795_339_810);

/// A response in the fuzzer's form: the status and `Retry-After`, each on its line, then the body. ` part` after the status means
/// that the response came before the request was sent whole.
struct Given<'a> {
    status: StatusCode,
    sent_whole: bool,
    headers: HeaderMap,
    body: &'a [u8],
}

impl<'a> Given<'a> {
    fn parse(input: &'a [u8]) -> Option<Self> {
        let mut lines = input.splitn(3, |b| *b == b'\n');
        let first = str::from_utf8(lines.next()?).ok()?;
        let (status, sent_whole) = first.strip_suffix(" part").map_or((first, true), |status| (status, false));
        let status = StatusCode::from_u16(status.parse().ok()?).ok()?;
        let mut headers = HeaderMap::new();
        if let Some(value) = lines.next().filter(|value| !value.is_empty()) {
            headers.insert(RETRY_AFTER, HeaderValue::from_bytes(value).ok()?);
        }
        Some(Self { status, sent_whole, headers, body: lines.next().unwrap_or_default() })
    }

    fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + NOW
    }

    fn code(&self) -> u16 {
        self.status.as_u16()
    }

    fn is(&self, statuses: &[u16]) -> bool {
        statuses.contains(&self.code())
    }

    fn retry_after(&self) -> Option<Duration> {
        cxone::retry_after(&self.headers, Self::now())
    }

    /// 429, or another 4xx with `Retry-After`, except for those that mean the same with a wait.
    fn is_throttling(&self) -> bool {
        let waits = self.status.is_client_error() && self.retry_after().is_some();
        self.is(&[429]) || waits && !self.is(&[401, 408, 409, 413, 415, 425])
    }

    /// Another attempt may bring another response.
    fn is_outage(&self) -> bool {
        self.status.is_server_error() || self.is(&[408, 425])
    }

    /// The body's members, if it is a JSON object and not compressed.
    fn object(&self) -> Option<Map<String, Value>> {
        serde_json::from_slice(self.body).ok()
    }

    /// The body is certainly not a JSON object, whether it is compressed or not.
    fn is_no_object(&self) -> bool {
        !self.body.contains(&b'{') && !self.body.starts_with(&[0x1f, 0x8b])
    }

    /// The body is certainly CXone's and not a gateway's.
    fn is_from_cxone(&self) -> bool {
        self.object().is_some_and(|object| object.len() != 1 || !object.contains_key("message"))
    }

    /// The reason keeps its bounds, and quotes a short response in plain words.
    fn assert_reason(&self, reason: &Reason) {
        crate::assert_bounded(reason);
        assert_clean(&reason.text);
        let plain = self.body.iter().all(|b| b.is_ascii_alphanumeric() || *b == b' ');
        let Some(said) = str::from_utf8(self.body).ok().filter(|said| plain && said.len() <= 200) else { return };
        // The word after the name of a scheme is treated as credentials and hidden.
        let lower = said.to_ascii_lowercase();
        if !lower.contains("bearer") && !lower.contains("basic") {
            assert!(reason.text.contains(said.trim()), "{reason} does not quote {said:?}");
        }
    }
}

/// Asserts that the text may be stored, logged and sent on: it is short, and has no secrets and no invisible characters.
fn assert_clean(text: &str) {
    assert!(text.len() <= REASON_TEXT_BYTES, "{} bytes", text.len());
    assert!(!text.contains(SECRET), "{text}");
    let shown = |c: char| attachments::is_visible(c) || c.is_whitespace() && !c.is_control();
    assert!(text.chars().all(shown), "{text:?}");
}
