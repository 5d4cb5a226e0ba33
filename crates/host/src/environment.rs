//! Settings from the environment: all read once, every fault named in one message.

use std::{fmt::Display, ops::RangeInclusive, str::FromStr};

use url::Url;

type Lookup = dyn Fn(&str) -> Option<String>;

/// Reads settings and collects what is wrong with them, so that an operator mends all faults in one go.
pub struct Environment {
    lookup: Box<Lookup>,
    faults: Vec<String>,
}

/// A setting that is a whole number. Each function lists its own as `NUMBERS`; `tests/contracts` compares them with the
/// template's parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberSetting {
    /// The environment variable.
    pub name: &'static str,
    /// The value where the variable is absent.
    pub default: u64,
    /// The values that are accepted.
    pub range: RangeInclusive<u64>,
}

/// A fault of a setting was noted, so [`Environment::finish`] fails. Only noting a fault makes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Invalid(());

/// Every setting that is missing or malformed, by name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} {} wrong: {}", .0.len(), if .0.len() == 1 { "setting is" } else { "settings are" }, .0.join("; "))]
pub struct SettingsError(pub Vec<String>);

impl Environment {
    /// The process's environment.
    #[must_use]
    pub fn of_process() -> Self {
        Self::new(|name| std::env::var(name).ok())
    }

    /// Any source of settings. An empty value counts as not set.
    #[must_use]
    pub fn new(lookup: impl Fn(&str) -> Option<String> + 'static) -> Self {
        Self { lookup: Box::new(lookup), faults: Vec::new() }
    }

    /// A text that may be absent.
    #[must_use]
    pub fn optional(&self, name: &str) -> Option<String> {
        (self.lookup)(name).filter(|value| !value.trim().is_empty())
    }

    /// A text that must be there; where it is not, a fault is noted and an empty text stands in until [`Self::finish`].
    pub fn required(&mut self, name: &str) -> String {
        self.optional(name).unwrap_or_else(|| {
            self.fault(name, "is missing");
            String::new()
        })
    }

    /// A value with a default; a value that does not parse is a fault and the default stands in until [`Self::finish`].
    pub fn parsed<T>(&mut self, name: &str, default: T) -> T
    where
        T: FromStr,
        T::Err: Display,
    {
        match self.optional(name).map(|value| value.trim().parse::<T>().map_err(|error| (value, error))) {
            None => default,
            Some(Ok(parsed)) => parsed,
            Some(Err((value, error))) => {
                self.fault(name, format_args!("is {value:?}: {error}"));
                default
            }
        }
    }

    /// A whole number inside its setting's range.
    pub fn number(&mut self, setting: &NumberSetting) -> u64 {
        let NumberSetting { name, default, range } = setting;
        let Some(value) = self.optional(name) else { return *default };
        match value.trim().parse::<u64>() {
            Ok(number) if range.contains(&number) => number,
            _ => {
                let (low, high) = (range.start(), range.end());
                let wanted = if *high == u64::MAX {
                    format!("it must be a whole number of at least {low}")
                } else {
                    format!("it must be a whole number from {low} to {high}")
                };
                self.fault(name, format_args!("is {value:?}: {wanted}"));
                *default
            }
        }
    }

    /// A URL that must be there: `https`, or `http` for one of `plain` hosts.
    ///
    /// # Errors
    /// [`Invalid`] where it is missing or wrong.
    pub fn url(&mut self, name: &str, plain: &PlainHttpHosts) -> Result<Url, Invalid> {
        match self.optional(name) {
            Some(value) => checked_url(&value, plain).map_err(|fault| self.fault(name, fault)),
            None => Err(self.fault(name, "is missing")),
        }
    }

    /// A URL that may be absent.
    ///
    /// # Errors
    /// [`Invalid`] where it is wrong.
    pub fn optional_url(&mut self, name: &str, plain: &PlainHttpHosts) -> Result<Option<Url>, Invalid> {
        if self.optional(name).is_none() { Ok(None) } else { self.url(name, plain).map(Some) }
    }

    /// Notes a fault of a setting.
    pub fn fault(&mut self, name: &str, what: impl Display) -> Invalid {
        self.faults.push(format!("{name} {what}"));
        Invalid(())
    }

    /// Ends the reading, with what was made of the settings.
    ///
    /// # Errors
    /// [`SettingsError`] with every fault noted so far.
    pub fn finish<T>(self, made: Result<T, Invalid>) -> Result<T, SettingsError> {
        match made {
            Ok(made) if self.faults.is_empty() => Ok(made),
            _ => Err(SettingsError(self.faults)),
        }
    }
}

/// The hosts for which a plain `http` URL is taken; by default loopback, so that no setting can send credentials in the clear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlainHttpHosts(Vec<String>);

impl PlainHttpHosts {
    /// `PLAIN_HTTP_HOSTS`, a comma-separated list; loopback where it is absent.
    #[must_use]
    pub fn from_environment(environment: &Environment) -> Self {
        let listed = environment.optional("PLAIN_HTTP_HOSTS").unwrap_or_else(|| "127.0.0.1,localhost,[::1]".to_owned());
        Self(listed.split(',').map(|host| host.trim().to_ascii_lowercase()).filter(|host| !host.is_empty()).collect())
    }

    fn admit(&self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default();
        self.0.iter().any(|known| known == host || known.trim_matches(['[', ']']) == host.trim_matches(['[', ']']))
    }
}

fn checked_url(value: &str, plain: &PlainHttpHosts) -> Result<Url, String> {
    let parsed = Url::parse(value.trim());
    // What cannot be read as a web address may hold credentials all the same.
    let holds_credentials = match &parsed {
        Ok(url) if matches!(url.scheme(), "http" | "https") => !url.username().is_empty() || url.password().is_some(),
        _ => value.contains('@'),
    };
    if holds_credentials {
        return Err("holds credentials; they belong in the secret".to_owned());
    }
    // A query may hold a key as well.
    let value = match value.split_once(['?', '#']) {
        Some((before, _)) => format!("{before}?…"),
        None => value.to_owned(),
    };
    let url = parsed.map_err(|error| format!("is {value:?}: {error}"))?;
    match url.scheme() {
        "https" => Ok(url),
        "http" if plain.admit(&url) => Ok(url),
        "http" => Err(format!(
            "is {value:?}: plain http is taken for the hosts of PLAIN_HTTP_HOSTS only (now {}); use https",
            plain.0.join(", ")
        )),
        other => Err(format!("is {value:?}: {other} is no scheme for it; use https")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn environment(pairs: &'static [(&'static str, &'static str)]) -> Environment {
        Environment::new(|name| pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn names_every_fault_in_one_message() {
        let mut environment = environment(&[("SIZE", "25MB"), ("WINDOW", "61"), ("EMPTY", " ")]);
        environment.required("LEDGER_TABLE");
        environment.required("EMPTY");
        environment.number(&NumberSetting { name: "SIZE", default: 1, range: 1..=u64::MAX });
        environment.number(&NumberSetting { name: "WINDOW", default: 10, range: 0..=60 });
        let message = environment.finish(Ok(())).unwrap_err().to_string();
        assert_eq!(
            message,
            "4 settings are wrong: LEDGER_TABLE is missing; EMPTY is missing; \
             SIZE is \"25MB\": it must be a whole number of at least 1; \
             WINDOW is \"61\": it must be a whole number from 0 to 60"
        );
    }

    #[test]
    fn plain_http_is_for_the_listed_hosts_only() {
        let mut settings = environment(&[
            ("A", "http://127.0.0.1:9/api/v2"),
            ("B", "http://cxone.example/api"),
            ("C", "https://user:secret@cxone.example/"),
            ("D", "ftp://cxone.example/"),
            ("E", "http://[::1]:9/"),
            ("F", "http://127.0.0.1.evil.example/"),
            ("G", "https://user:secret@cxone.example:99999/"),
            ("H", "http://hooks.example/in?key=secret@x#secret@y"),
            ("I", "https://hooks.example:99999/in?key=secret@x"),
        ]);
        let plain = PlainHttpHosts::from_environment(&settings);
        assert!(settings.url("A", &plain).is_ok());
        assert!(settings.url("E", &plain).is_ok());
        for name in ["B", "C", "D", "F", "G", "H", "I"] {
            assert!(settings.url(name, &plain).is_err(), "{name}");
        }
        let message = settings.finish(Ok(())).unwrap_err().to_string();
        assert!(message.contains("B is \"http://cxone.example/api\": plain http"), "{message}");
        assert!(message.contains("H is \"http://hooks.example/in?…\": plain http"), "{message}");
        assert!(!message.contains("secret@") && !message.contains("key="), "{message}");
    }

    #[test]
    fn plain_hosts_can_be_widened() {
        let mut settings = environment(&[("PLAIN_HTTP_HOSTS", "172.17.0.1"), ("A", "http://172.17.0.1:80/")]);
        let plain = PlainHttpHosts::from_environment(&settings);
        assert!(settings.url("A", &plain).is_ok());
    }

    #[test]
    fn url_that_may_be_absent_is_checked_where_it_is_there() {
        let mut settings = environment(&[("B", "http://cxone.example/api")]);
        let plain = PlainHttpHosts::from_environment(&settings);
        assert_eq!(settings.optional_url("A", &plain), Ok(None));
        assert!(settings.optional_url("B", &plain).is_err());
        assert!(settings.url("C", &plain).is_err());
        let message = settings.finish(Ok(())).unwrap_err().to_string();
        assert!(message.starts_with("2 settings are wrong: B is ") && message.ends_with("C is missing"), "{message}");
    }

    proptest! {
        #[test]
        fn no_fault_quotes_a_url_s_credentials(
            secret in "[a-z0-9]{8,20}",
            before in "(https?|ftp|[a-z]{1,3})?:?/{0,3}[a-z]{0,4}:?",
            behind in "@[a-z0-9.:\\[\\]%/ ]{0,20}",
        ) {
            let plain = PlainHttpHosts::from_environment(&environment(&[]));
            if let Err(fault) = checked_url(&format!("{before}{secret}{behind}"), &plain) {
                prop_assert!(!fault.contains(&secret), "{}", fault);
            }
        }

        #[test]
        fn a_url_that_is_taken_is_https_or_loopback(
            text in "(https?://)?([a-z.]{1,8}|127.0.0.1|localhost|\\[::1\\])\\PC{0,12}"
        ) {
            let plain = PlainHttpHosts::from_environment(&environment(&[]));
            if let Ok(url) = checked_url(&text, &plain) {
                let local = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
                prop_assert!(url.scheme() == "https" || (url.scheme() == "http" && local), "{}", url);
                prop_assert!(url.username().is_empty() && url.password().is_none(), "{}", url);
            }
        }
    }
}
