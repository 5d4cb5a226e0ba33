//! What CXone's responses mean.

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

/// When the responses come: 2026-11-22T09:30:10Z.
const NOW: Duration = Duration::from_secs(1_795_339_810);

/// A response as the fuzzer writes it: status, `Retry-After`, body, each on a line of its own but the last. `part` after the
/// status: it came before the request was sent whole.
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

    /// 429, or another 4xx with `Retry-After`, but for those whose meaning a wait does not change.
    fn is_throttling(&self) -> bool {
        let waits = self.status.is_client_error() && self.retry_after().is_some();
        self.is(&[429]) || waits && !self.is(&[401, 408, 409, 413, 415, 425])
    }

    /// Another attempt may bring another response.
    fn is_outage(&self) -> bool {
        self.status.is_server_error() || self.is(&[408, 425])
    }

    /// The body's members, where it is a JSON object without further ado.
    fn object(&self) -> Option<Map<String, Value>> {
        serde_json::from_slice(self.body).ok()
    }

    /// Nobody can take the body for a JSON object, whatever it was compressed with.
    fn is_no_object(&self) -> bool {
        !self.body.contains(&b'{') && !self.body.starts_with(&[0x1f, 0x8b])
    }

    /// Nobody can take the body for a gateway's.
    fn is_cxone_s(&self) -> bool {
        self.object().is_some_and(|object| object.len() != 1 || !object.contains_key("message"))
    }

    /// A reason keeps to its bounds, and a short response in plain words is in it whole.
    fn assert_reason(&self, reason: &Reason) {
        crate::assert_bounded(reason);
        assert_clean(&reason.text);
        let plain = self.body.iter().all(|b| b.is_ascii_alphanumeric() || *b == b' ');
        let Some(said) = str::from_utf8(self.body).ok().filter(|said| plain && said.len() <= 200) else { return };
        // What follows the name of a scheme is taken for credentials.
        let lower = said.to_ascii_lowercase();
        if !lower.contains("bearer") && !lower.contains("basic") {
            assert!(reason.text.contains(said.trim()), "{reason} without {said:?}");
        }
    }
}

/// A text that may be stored, logged and sent on: short, without secrets, without what a reader does not see.
fn assert_clean(text: &str) {
    assert!(text.len() <= REASON_TEXT_BYTES, "{} bytes", text.len());
    assert!(!text.contains(SECRET), "{text}");
    let shown = |c: char| attachments::is_visible(c) || c.is_whitespace() && !c.is_control();
    assert!(text.chars().all(shown), "{text:?}");
}
