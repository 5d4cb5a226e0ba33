//! The template's parameters, and the values that a person sets.

mod declared;

use crate::error::Trying as _;
use crate::nearest::nearest;
use crate::{StackError, workspace};

pub(crate) use declared::Declared;

/// The parameters of the project's template.
pub(crate) fn declared() -> Result<Declared, StackError> {
    let path = workspace::root().join("template.yaml");
    let text = std::fs::read_to_string(&path).trying(|| format!("reading {}", path.display()))?;
    declared::read(&text)
}

/// The parameters in `PARAMS`, if the template has them and allows their values.
pub(crate) fn asked(overrides: &str) -> Result<Vec<(String, String)>, StackError> {
    let declared = declared()?;
    let asked = parse(overrides, &declared)?;
    check(&asked, &declared)?;
    Ok(asked)
}

/// An error that names every value that the template does not allow.
pub(crate) fn check(values: &[(String, String)], declared: &Declared) -> Result<(), StackError> {
    let mut faults = Vec::new();
    for (name, value) in values {
        if let Some(parameter) = declared.get(name)
            && let Some(must_be) = parameter.refuses(name, value)?
        {
            faults.push(format!("{name} must be {must_be}, but is {value:?}"));
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(StackError::Parameters(faults)) }
}

/// Reads `Name=value Name=value …`; a value ends before the next name, so that it may hold spaces.
fn parse(overrides: &str, declared: &Declared) -> Result<Vec<(String, String)>, StackError> {
    let mut parsed: Vec<(String, String)> = Vec::new();
    for word in overrides.split_whitespace() {
        match word.split_once('=') {
            Some((name, value)) if declared.contains_key(name) => {
                parsed.push((name.to_owned(), value.to_owned()));
            }
            Some((name, _)) => {
                let near = nearest(name, declared.keys().map(String::as_str));
                let known = declared.keys().cloned().collect();
                return Err(StackError::UnknownParameter { name: name.to_owned(), near, known });
            }
            None => match parsed.last_mut() {
                Some((_, value)) => {
                    value.push(' ');
                    value.push_str(word);
                }
                None => {
                    return Err(StackError::Setting {
                        name: "PARAMS",
                        reason: format!("{word:?} is not of the form Name=value"),
                    });
                }
            },
        }
    }
    Ok(parsed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(names: &[&str]) -> Declared {
        names.iter().map(|name| ((*name).to_owned(), declared::Parameter::default())).collect()
    }

    #[test]
    fn a_value_may_hold_spaces_and_equals_signs() {
        let parsed = parse("CxoneScopes=a b=c d KeyPrefix=x/", &of(&["CxoneScopes", "KeyPrefix"]));
        assert!(matches!(parsed, Err(StackError::UnknownParameter { name, .. }) if name == "b"));
        let parsed = parse("CxoneScopes=a b KeyPrefix=x=y/", &of(&["CxoneScopes", "KeyPrefix"])).unwrap();
        assert_eq!(parsed, [("CxoneScopes".into(), "a b".into()), ("KeyPrefix".into(), "x=y/".into())]);
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_nearest_ones() {
        let error = asked("KeyPrefx=x/").unwrap_err().to_string();
        assert_eq!(error, "PARAMS: the template has no parameter \"KeyPrefx\"; did you mean KeyPrefix?");
        let error = asked("zzz=1").unwrap_err().to_string();
        assert!(error.contains("\"zzz\"; it has:\n  AlarmEmail\n"), "{error}");
    }

    #[test]
    fn a_word_without_a_name_is_refused() {
        assert!(parse("loose", &of(&[])).unwrap_err().to_string().contains("loose"));
    }

    #[test]
    fn values_that_the_projects_template_does_not_allow_are_all_named() {
        let error =
            asked("KeyPrefix=interactions JobDeadlineSeconds=abc PollWindowSeconds=61 LogLevel=LOUD").unwrap_err();
        assert_eq!(
            error.to_string(),
            "the template does not allow these parameters:\
             \n  KeyPrefix must be one or more folder names, each with a slash after it, but is \"interactions\"\
             \n  JobDeadlineSeconds must be a number from 30 to 86400, but is \"abc\"\
             \n  PollWindowSeconds must be a number from 0 to 60, but is \"61\"\
             \n  LogLevel must be one of TRACE, DEBUG, INFO, WARN, ERROR, but is \"LOUD\""
        );
        assert!(asked("KeyPrefix=a/b/ JobDeadlineSeconds=30 LogLevel=WARN LogRetentionDays=3653 KmsKey=").is_ok());
        assert!(asked("StorageQuotaBytes=-1").unwrap_err().to_string().contains("a number of at least 0"));
        assert!(asked("LogRetentionDays=2").is_err());
    }
}
