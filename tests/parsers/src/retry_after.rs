//! The wait that CXone asks for.

use std::{
    str,
    time::{Duration, SystemTime},
};

use cxone::{DEFAULT_WAIT, LONGEST_WAIT};
use reqwest::header::{HeaderMap, HeaderValue, RETRY_AFTER};

/// The last second of the year 9999, which is the last one of an HTTP date.
const LAST: u64 = 253_402_300_799;

/// The wait is at most 15 min, and does not grow while time passes. A number is a number of seconds. A date is reached.
pub fn retry_after(input: &[u8]) {
    let mut lines = input.splitn(2, |b| *b == b'\n');
    let clock = lines.next().and_then(|line| str::from_utf8(line).ok()?.parse().ok());
    let Some(clock) = clock.filter(|clock| *clock <= LAST) else { return };
    let Ok(value) = HeaderValue::from_bytes(lines.next().unwrap_or_default()) else { return };
    let mut headers = HeaderMap::new();
    headers.insert(RETRY_AFTER, value.clone());
    let wait_at = |clock: u64| {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(clock);
        cxone::retry_after(&headers, now).expect("a header is a wait")
    };
    let wait = wait_at(clock);
    assert!(wait <= LONGEST_WAIT, "{wait:?}");
    let waits = [0, 1, 60, 900, 901, 86_400].map(|later| wait_at(clock + later));
    assert!(waits.is_sorted_by(|earlier, later| earlier >= later), "{waits:?}");
    let text = value.to_str().unwrap_or_default().trim();
    if let Some(seconds) = seconds(text) {
        // More than nine decimals are rounded.
        let off = wait.abs_diff(LONGEST_WAIT.min(seconds));
        assert!(off <= Duration::from_nanos(1), "{wait:?} for {text:?}");
    } else if let Ok(at) = httpdate::parse_http_date(text) {
        let until = SystemTime::UNIX_EPOCH + Duration::from_secs(clock) + wait;
        assert!(until == at || wait == Duration::ZERO || wait == LONGEST_WAIT, "{wait:?} until {text:?}");
        assert_eq!(until >= at, wait < LONGEST_WAIT || until == at, "{wait:?} until {text:?}");
    } else {
        assert_eq!(wait, DEFAULT_WAIT, "{text:?}");
    }
}

/// Whole seconds, and the first nine digits of a fraction.
fn seconds(text: &str) -> Option<Duration> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() && fraction.is_empty() || !digits(whole) || !digits(fraction) {
        return None;
    }
    // A number with too many digits is longer than any wait.
    let whole = if whole.is_empty() { 0 } else { whole.parse().unwrap_or(u64::MAX / 2) };
    let nanos: String = fraction.chars().chain("000000000".chars()).take(9).collect();
    Some(Duration::new(whole, nanos.parse().ok()?))
}
