//! Times, as a person wants them.

use attachments::Timestamp;
use jiff::tz::TimeZone;

use crate::cli::TimeForm;

/// A time: `2026-11-30 18:11:32 +01:00`, `2026-11-30T17:11:32Z` or `2 min 12 s ago`.
#[must_use]
pub fn shown_time(at: Timestamp, form: TimeForm, now: Timestamp) -> String {
    match form {
        TimeForm::Utc => at.to_seconds_text(),
        TimeForm::Relative => distance(at, now),
        TimeForm::Local => jiff::Timestamp::from_second(at.unix_seconds()).map_or_else(
            |_| at.to_seconds_text(),
            |time| time.to_zoned_datetime(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S %:z").to_string(),
        ),
    }
}

/// How far a time is from now: `2 min 12 s ago`, `in 3 d 4 h`.
#[must_use]
pub fn distance(at: Timestamp, now: Timestamp) -> String {
    let millis = at.unix_millis() - now.unix_millis();
    let seconds = millis.unsigned_abs() / 1000;
    let units = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let mut rest = seconds;
    let mut parts: Vec<String> = Vec::new();
    for (size, unit) in units {
        let count = rest / size;
        rest %= size;
        if count > 0 && parts.len() < 2 {
            parts.push(format!("{count} {unit}"));
        } else if !parts.is_empty() {
            break;
        }
    }
    match (parts.is_empty(), millis > 0) {
        (true, _) => "now".to_owned(),
        (false, true) => format!("in {}", parts.join(" ")),
        (false, false) => format!("{} ago", parts.join(" ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_have_two_units_at_most() {
        let now = Timestamp::from_unix_seconds(1_000_000);
        for (seconds, text) in [
            (0, "now"),
            (-132, "2 min 12 s ago"),
            (3_600, "in 1 h"),
            (273_600, "in 3 d 4 h"),
            (-86_405, "1 d ago"),
            (-59, "59 s ago"),
        ] {
            assert_eq!(distance(Timestamp::from_unix_seconds(1_000_000 + seconds), now), text);
        }
        assert_eq!(shown_time(now, TimeForm::Utc, now), "1970-01-12T13:46:40Z");
    }
}
