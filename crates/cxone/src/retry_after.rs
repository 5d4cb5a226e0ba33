//! How long CXone asks to be left alone.

use std::time::{Duration, SystemTime};

use reqwest::header::{HeaderMap, RETRY_AFTER};

/// The wait after a 429 that names none.
pub const DEFAULT_WAIT: Duration = Duration::from_secs(5);
/// The longest wait that is believed.
pub const LONGEST_WAIT: Duration = Duration::from_mins(15);

/// Reads `Retry-After`, whole seconds or an HTTP date: [`DEFAULT_WAIT`] where it is absent or unreadable, at most
/// [`LONGEST_WAIT`]. A date in the past means no wait.
#[must_use]
pub fn retry_after(headers: &HeaderMap, now: SystemTime) -> Duration {
    let text = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()).map(str::trim);
    let wait = text.and_then(|text| {
        if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
            // Too many digits for a u64 are a long wait all the same.
            return Some(text.parse().map_or(LONGEST_WAIT, Duration::from_secs));
        }
        let at = httpdate::parse_http_date(text).ok()?;
        Some(at.duration_since(now).unwrap_or(Duration::ZERO))
    });
    wait.unwrap_or(DEFAULT_WAIT).min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn wait(value: &str, now: SystemTime) -> Duration {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, value.parse().unwrap());
        retry_after(&headers, now)
    }

    #[test]
    fn seconds_dates_and_neither() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777); // Sun, 06 Nov 1994 08:49:37 GMT
        assert_eq!(wait("7", now), Duration::from_secs(7));
        assert_eq!(wait("Sun, 06 Nov 1994 08:50:00 GMT", now), Duration::from_secs(23));
        assert_eq!(wait("Sun, 06 Nov 1994 08:00:00 GMT", now), Duration::ZERO);
        assert_eq!(wait("soon", now), DEFAULT_WAIT);
        assert_eq!(wait("-3", now), DEFAULT_WAIT);
        assert_eq!(retry_after(&HeaderMap::new(), now), DEFAULT_WAIT);
        assert_eq!(wait("86400", now), LONGEST_WAIT);
        assert_eq!(wait("99999999999999999999999999", now), LONGEST_WAIT);
    }

    proptest! {
        #[test]
        fn never_longer_than_the_longest(value in "[ -~]{0,60}") {
            prop_assert!(wait(&value, SystemTime::now()) <= LONGEST_WAIT);
        }
    }
}
