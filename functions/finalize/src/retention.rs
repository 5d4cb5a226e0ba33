//! How long an audit record is locked.

use std::{str::FromStr, time::SystemTime};

use aws_sdk_s3::{primitives::DateTime, types::ObjectLockMode};
use host::{Environment, NumberSetting};

const RETENTION_DAYS: NumberSetting = NumberSetting { name: "AUDIT_RETENTION_DAYS", default: 365, range: 1..=36_500 };

/// The settings of finalize that are whole numbers.
pub const NUMBERS: [NumberSetting; 1] = [RETENTION_DAYS];

/// Mode and duration of a record's lock. Finalize sets both with each record: the bucket's default may have been changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Retention {
    mode: LockMode,
    days: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LockMode {
    Governance,
    Compliance,
}

/// The text is no mode of a lock.
#[derive(Debug, thiserror::Error)]
#[error("it must be GOVERNANCE or COMPLIANCE")]
struct UnknownLockMode;

impl FromStr for LockMode {
    type Err = UnknownLockMode;

    fn from_str(word: &str) -> Result<Self, UnknownLockMode> {
        match word {
            "GOVERNANCE" => Ok(Self::Governance),
            "COMPLIANCE" => Ok(Self::Compliance),
            _ => Err(UnknownLockMode),
        }
    }
}

impl Retention {
    pub(crate) fn from_environment(environment: &mut Environment) -> Self {
        Self {
            mode: environment.parsed("AUDIT_LOCK_MODE", LockMode::Governance),
            days: environment.number(&RETENTION_DAYS),
        }
    }

    pub(crate) const fn mode(self) -> ObjectLockMode {
        match self.mode {
            LockMode::Governance => ObjectLockMode::Governance,
            LockMode::Compliance => ObjectLockMode::Compliance,
        }
    }

    /// When the lock of a record that is written now ends.
    pub(crate) fn until(self, now: SystemTime) -> DateTime {
        let written = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        DateTime::from_secs(i64::try_from(written.saturating_add(self.days * 86_400)).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn read(mode: Option<&'static str>, days: Option<&'static str>) -> (Retention, bool) {
        let mut environment = Environment::new(move |name| match name {
            "AUDIT_LOCK_MODE" => mode.map(str::to_owned),
            "AUDIT_RETENTION_DAYS" => days.map(str::to_owned),
            _ => None,
        });
        (Retention::from_environment(&mut environment), environment.finish(Ok(())).is_ok())
    }

    #[test]
    fn settings_are_those_of_the_bucket() {
        let (default, is_right) = read(None, None);
        assert_eq!((default.mode(), default.days, is_right), (ObjectLockMode::Governance, 365, true));
        let (set, is_right) = read(Some("COMPLIANCE"), Some("3650"));
        assert_eq!((set.mode(), set.days, is_right), (ObjectLockMode::Compliance, 3650, true));
        for (mode, days) in [(Some("compliance"), None), (Some("NONE"), None), (None, Some("0")), (None, Some("36501"))]
        {
            assert!(!read(mode, days).1, "{mode:?} {days:?}");
        }
    }

    #[test]
    fn lock_ends_after_its_days() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_339_810);
        assert_eq!(read(None, Some("2")).0.until(now), DateTime::from_secs(1_795_339_810 + 172_800));
    }
}
