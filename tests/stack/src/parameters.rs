//! The template's parameters, and what a person wants some of them to be.

use std::collections::BTreeMap;

use serde::Deserialize;
use yaml_serde::Value;

use crate::StackError;

/// The names of a template's parameters.
pub(crate) fn names(template: &str) -> Result<Vec<String>, StackError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Template {
        parameters: BTreeMap<String, Value>,
    }
    let template: Template = yaml_serde::from_str(template)?;
    Ok(template.parameters.into_keys().collect())
}

/// Reads `Name=value Name=value …`; a value ends before the next name, so that it may hold spaces.
pub(crate) fn parse(overrides: &str, known: &[String]) -> Result<Vec<(String, String)>, StackError> {
    let mut parsed: Vec<(String, String)> = Vec::new();
    for word in overrides.split_whitespace() {
        match word.split_once('=') {
            Some((name, value)) if known.iter().any(|known| known == name) => {
                parsed.push((name.to_owned(), value.to_owned()));
            }
            Some((name, _)) => {
                return Err(StackError::UnknownParameter { name: name.to_owned(), known: known.to_vec() });
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

    #[test]
    fn the_projects_template_has_the_operators_settings() {
        let names = names(include_str!("../../../template.yaml")).unwrap();
        for expected in ["StorageQuotaBytes", "JobDeadlineSeconds", "WebhookUrl", "LocalStack"] {
            assert!(names.iter().any(|name| name == expected), "{expected} is not among {names:?}");
        }
    }

    #[test]
    fn a_value_may_hold_spaces_and_equals_signs() {
        let parsed = parse("CxoneScopes=a b=c d KeyPrefix=x/", &["CxoneScopes".into(), "KeyPrefix".into()]);
        assert!(matches!(parsed, Err(StackError::UnknownParameter { name, .. }) if name == "b"));
        let parsed = parse("CxoneScopes=a b KeyPrefix=x=y/", &["CxoneScopes".into(), "KeyPrefix".into()]).unwrap();
        assert_eq!(parsed, [("CxoneScopes".into(), "a b".into()), ("KeyPrefix".into(), "x=y/".into())]);
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_known_ones() {
        let error = parse("KeyPrefx=x/", &["KeyPrefix".into()]).unwrap_err().to_string();
        assert!(error.contains("KeyPrefx") && error.contains("KeyPrefix"), "{error}");
    }

    #[test]
    fn a_word_without_a_name_is_refused() {
        assert!(parse("loose", &[]).unwrap_err().to_string().contains("loose"));
    }
}
