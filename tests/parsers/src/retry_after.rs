//! How long CXone asks to be left alone.

use std::{
    str,
    time::{Duration, SystemTime},
};

use cxone::{DEFAULT_WAIT, LONGEST_WAIT};
use reqwest::header::{HeaderMap, HeaderValue, RETRY_AFTER};

/// The last second that an HTTP date can name, the year 9999's.
const LAST: u64 = 253_402_300_799;

/// The wait is at most 15 minutes and never grows while time passes; seconds are taken at their word, and a date is reached.
pub fn retry_after(input: &[u8]) {
    let mut lines = input.splitn(2, |b| *b == b'\n');
    let clock = lines.next().and_then(|line| str::from_utf8(line).ok()?.parse().ok());
    let Some(clock) = clock.filter(|clock| *clock <= LAST) else { return };
    let Ok(value) = HeaderValue::from_bytes(lines.next().unwrap_or_default()) else { return };
    let mut headers = HeaderMap::new();
    headers.insert(RETRY_AFTER, value.clone());
    let wait_at = |clock: u64| cxone::retry_after(&headers, SystemTime::UNIX_EPOCH + Duration::from_secs(clock));
    let wait = wait_at(clock);
    assert!(wait <= LONGEST_WAIT, "{wait:?}");
    let waits = [0, 1, 60, 900, 901, 86_400].map(|later| wait_at(clock + later));
    assert!(waits.is_sorted_by(|earlier, later| earlier >= later), "{waits:?}");
    let text = value.to_str().unwrap_or_default().trim();
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if digits {
        let seconds = text.parse().unwrap_or(u64::MAX);
        assert_eq!(wait, LONGEST_WAIT.min(Duration::from_secs(seconds)));
    } else if let Ok(at) = httpdate::parse_http_date(text) {
        let until = SystemTime::UNIX_EPOCH + Duration::from_secs(clock) + wait;
        assert!(until == at || wait == Duration::ZERO || wait == LONGEST_WAIT, "{wait:?} until {text:?}");
        assert_eq!(until >= at, wait < LONGEST_WAIT || until == at, "{wait:?} until {text:?}");
    } else {
        assert_eq!(wait, DEFAULT_WAIT, "{text:?}");
    }
}
