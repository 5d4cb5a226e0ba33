//! The `Retry-After` header.

use std::time::{Duration, SystemTime};

use reqwest::header::{HeaderMap, RETRY_AFTER};

/// The wait after a 429 without `Retry-After`, and the wait for a value that cannot be read.
pub const DEFAULT_WAIT: Duration = Duration::from_secs(5);
/// The longest wait. A longer one is shortened to it.
pub const LONGEST_WAIT: Duration = Duration::from_mins(15);

/// Reads `Retry-After`: seconds, whole or fractional, or an HTTP date. None if the header is absent, and [`DEFAULT_WAIT`] if its
/// value cannot be read. The wait is at most [`LONGEST_WAIT`], and zero for a date in the past.
#[must_use]
pub fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?;
    let wait = value.to_str().ok().map(str::trim).and_then(|text| seconds(text).or_else(|| until(text, now)));
    Some(wait.unwrap_or(DEFAULT_WAIT).min(LONGEST_WAIT))
}

fn seconds(text: &str) -> Option<Duration> {
    // `f64` also parses "inf", "nan" and exponents, which `Retry-After` does not allow.
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return None;
    }
    let seconds: f64 = text.parse().ok()?;
    // A number that is too large for a Duration means a long wait.
    Some(Duration::try_from_secs_f64(seconds).unwrap_or(LONGEST_WAIT))
}

fn until(text: &str, now: SystemTime) -> Option<Duration> {
    let at = httpdate::parse_http_date(text).ok()?;
    Some(at.duration_since(now).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn wait(value: &str, now: SystemTime) -> Duration {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, value.parse().unwrap());
        retry_after(&headers, now).unwrap()
    }

    #[test]
    fn retry_after_is_seconds_a_date_or_the_default() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777); // Sun, 06 Nov 1994 08:49:37 GMT
        for (value, expected) in [
            ("7", Duration::from_secs(7)),
            (" 7 ", Duration::from_secs(7)),
            ("1.5", Duration::from_millis(1500)),
            ("0", Duration::ZERO),
            ("Sun, 06 Nov 1994 08:50:00 GMT", Duration::from_secs(23)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Duration::ZERO),
            ("86400", LONGEST_WAIT),
            ("99999999999999999999999999", LONGEST_WAIT),
            ("soon", DEFAULT_WAIT),
            ("-3", DEFAULT_WAIT),
            ("1e9", DEFAULT_WAIT),
            ("1.2.3", DEFAULT_WAIT),
            ("", DEFAULT_WAIT),
        ] {
            assert_eq!(wait(value, now), expected, "{value:?}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }

    proptest! {
        #[test]
        fn wait_is_at_most_the_longest(value in "[ -~]{0,60}") {
            prop_assert!(wait(&value, SystemTime::now()) <= LONGEST_WAIT);
        }
    }
}
