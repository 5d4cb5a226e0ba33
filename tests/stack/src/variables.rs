//! The variables of `make up`, and how those of a second call differ from those of the stack that runs.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

/// The variables, and whether each is a secret.
const VARIABLES: [(&str, bool); 11] = [
    ("PORT", false),
    ("PROFILE", false),
    ("BUILT", false),
    ("PARAMS", false),
    ("CXONE_BASE_URL", false),
    ("CXONE_CLIENT_ID", false),
    ("CXONE_CLIENT_SECRET", true),
    ("WEBHOOK_URL", false),
    ("WEBHOOK_SIGNING_SECRET", true),
    ("PLAIN_HTTP_HOSTS", false),
    ("TLS_CA_FILE", false),
];

/// The variables that are set, by name. Of a secret its digest is kept, which is enough to compare it.
pub(crate) type Asked = BTreeMap<String, String>;

/// What a person has set; an empty value counts as not set.
pub(crate) fn asked(variable: impl Fn(&str) -> Option<String>) -> Asked {
    let set = VARIABLES.iter().filter_map(|(name, secret)| {
        let value = variable(name).filter(|value| !value.is_empty())?;
        let value = if *secret { hex::encode(Sha256::digest(value)) } else { value };
        Some(((*name).to_owned(), value))
    });
    set.collect()
}

/// One line for each variable that is set now, and was not set to the same value when the stack was started.
pub(crate) fn differences(running: &Asked, now: &Asked) -> Vec<String> {
    let differing = now.iter().filter(|(name, value)| running.get(*name) != Some(value));
    let told = differing.map(|(name, value)| {
        if is_secret(name) {
            return format!("{name} is another one");
        }
        match running.get(name) {
            Some(was) => format!("{name} is {was:?} there, and {value:?} here"),
            None => format!("{name} is not set there, and {value:?} here"),
        }
    });
    told.collect()
}

/// The variables in one line, without the secrets.
pub(crate) fn shown(asked: &Asked) -> String {
    let open = asked.iter().filter(|(name, _)| !is_secret(name));
    open.map(|(name, value)| format!("{name}={}", crate::shell::quoted(value))).collect::<Vec<_>>().join(" ")
}

/// Whether the name is that of a variable of `make up`.
#[cfg(test)]
pub(crate) fn is_known(name: &str) -> bool {
    VARIABLES.iter().any(|(known, _)| *known == name)
}

fn is_secret(name: &str) -> bool {
    VARIABLES.iter().any(|(known, secret)| *known == name && *secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(set: &[(&str, &str)]) -> Asked {
        asked(|name| set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn what_is_set_otherwise_is_told_and_secrets_are_not_shown() {
        let running = of(&[("PARAMS", "A=1"), ("PROFILE", "dev"), ("CXONE_CLIENT_SECRET", "hidden"), ("PORT", "")]);
        assert!(!format!("{running:?} {}", shown(&running)).contains("hidden"));
        assert_eq!(shown(&running), "PARAMS=A=1 PROFILE=dev");
        assert_eq!(differences(&running, &running), Vec::<String>::new());
        // A plain `make up` asks for nothing in particular.
        assert_eq!(differences(&running, &of(&[("PROFILE", "dev")])), Vec::<String>::new());
        let other = of(&[("PARAMS", "A=2"), ("PORT", "4566"), ("CXONE_CLIENT_SECRET", "veiled")]);
        assert_eq!(
            differences(&running, &other),
            [
                "CXONE_CLIENT_SECRET is another one",
                "PARAMS is \"A=1\" there, and \"A=2\" here",
                "PORT is not set there, and \"4566\" here",
            ]
        );
    }
}
