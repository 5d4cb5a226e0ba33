//! Points in time, to the millisecond.

use std::{fmt, str::FromStr, time::SystemTime};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};

/// A point in time, in whole milliseconds since the Unix epoch.
///
/// On the wire it is RFC 3339 in UTC with three decimals: `2026-11-22T09:30:10.123Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// The text is not an RFC 3339 date and time, or its time is outside the years 0 to 9999 in UTC.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is not an RFC 3339 date and time")]
pub struct InvalidTimestamp(String);

impl Timestamp {
    /// From milliseconds since the Unix epoch.
    #[must_use]
    pub const fn from_unix_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// From whole seconds since the Unix epoch.
    #[must_use]
    pub const fn from_unix_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn unix_millis(self) -> i64 {
        self.0
    }

    /// Seconds since the Unix epoch, rounded down.
    #[must_use]
    pub const fn unix_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Seconds from `earlier` to this one. Negative if `earlier` is later.
    #[must_use]
    pub fn seconds_since(self, earlier: Self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a span in milliseconds is far below 2^52")]
        let millis = self.0.saturating_sub(earlier.0) as f64;
        millis / 1000.0
    }

    /// This many milliseconds later.
    #[must_use]
    pub const fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// The day in UTC, `YYYY-MM-DD`. Audit records are partitioned by it.
    #[must_use]
    pub fn date(self) -> String {
        let date = self.to_utc().date();
        format!("{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day())
    }

    /// RFC 3339 to the second: `YYYY-MM-DDTHH:MM:SSZ`.
    #[must_use]
    pub fn to_seconds_text(self) -> String {
        let utc = self.to_utc();
        format!("{}T{:02}:{:02}:{:02}Z", self.date(), utc.hour(), utc.minute(), utc.second())
    }

    fn to_utc(self) -> OffsetDateTime {
        // Times of a clock or of the ledger (years up to 9999) never need the fallback.
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000_000).unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }
}

impl From<SystemTime> for Timestamp {
    fn from(at: SystemTime) -> Self {
        let millis = match at.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_millis()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |m| -m),
        };
        Self(millis)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let utc = self.to_utc();
        write!(f, "{}T{:02}:{:02}:{:02}.{:03}Z", self.date(), utc.hour(), utc.minute(), utc.second(), utc.millisecond())
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, InvalidTimestamp> {
        let parsed = OffsetDateTime::parse(text, &Rfc3339).ok();
        // The offset can move a time out of the years 0 to 9999, which RFC 3339 writes with four digits.
        let utc =
            parsed.and_then(|at| at.checked_to_offset(UtcOffset::UTC)).filter(|at| (0..=9999).contains(&at.year()));
        let millis = utc.and_then(|at| i64::try_from(at.unix_timestamp_nanos().div_euclid(1_000_000)).ok());
        millis.map(Self).ok_or_else(|| InvalidTimestamp(text.chars().take(64).collect()))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_written_and_read_back_to_the_millisecond() {
        let at = Timestamp::from_unix_millis(1_795_339_810_123);
        assert_eq!(at.to_string(), "2026-11-22T09:30:10.123Z");
        assert_eq!(at.to_string().parse::<Timestamp>().unwrap(), at);
        assert_eq!(at.to_seconds_text(), "2026-11-22T09:30:10Z");
        assert_eq!(at.date(), "2026-11-22");
    }

    #[test]
    fn time_with_an_offset_and_a_finer_fraction_is_read() {
        let at: Timestamp = "2026-11-22T10:30:10.123999+01:00".parse().unwrap();
        assert_eq!(at.to_string(), "2026-11-22T09:30:10.123Z");
        assert!("yesterday".parse::<Timestamp>().is_err());
    }

    #[test]
    fn time_outside_the_years_0_to_9999_in_utc_is_refused() {
        for outside in ["9999-12-31T23:59:59-00:01", "0000-01-01T00:00:00+00:01"] {
            assert!(outside.parse::<Timestamp>().is_err(), "{outside}");
        }
        for edge in ["9999-12-31T23:59:59.999Z", "0000-01-01T00:00:00.000Z"] {
            assert_eq!(edge.parse::<Timestamp>().unwrap().to_string(), edge);
        }
    }

    #[test]
    fn seconds_between_keep_three_decimals() {
        let start = Timestamp::from_unix_millis(1_000);
        assert!((Timestamp::from_unix_millis(2_345).seconds_since(start) - 1.345).abs() < 1e-9);
    }
}
