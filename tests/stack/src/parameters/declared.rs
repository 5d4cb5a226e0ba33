//! The template's parameters with their constraints.

use std::collections::BTreeMap;

use regex_lite::Regex;
use serde::Deserialize;
use yaml_serde::Value;

use crate::StackError;

/// The template's parameters by name.
pub(crate) type Declared = BTreeMap<String, Parameter>;

/// A parameter's constraints.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Parameter {
    r#type: String,
    /// Any value if empty.
    allowed_values: Vec<Value>,
    /// The whole value must match it.
    allowed_pattern: Option<String>,
    min_value: Option<f64>,
    max_value: Option<f64>,
    /// What the pattern means, in words.
    constraint_description: Option<String>,
}

impl Parameter {
    /// What the value of the parameter of this name must be, if it is not allowed.
    pub(crate) fn refuses(&self, name: &str, value: &str) -> Result<Option<String>, StackError> {
        let allowed: Vec<String> = self.allowed_values.iter().map(text).collect();
        if !allowed.is_empty() && !allowed.iter().any(|allowed| allowed == value) {
            return Ok(Some(format!("one of {}", allowed.join(", "))));
        }
        if self.r#type == "Number" {
            let fits = |number: f64| {
                self.min_value.is_none_or(|least| number >= least) && self.max_value.is_none_or(|most| number <= most)
            };
            return Ok(if value.parse().is_ok_and(fits) { None } else { Some(self.number()) });
        }
        let Some(pattern) = &self.allowed_pattern else { return Ok(None) };
        let whole = Regex::new(&format!("^(?:{pattern})$"))
            .map_err(|source| StackError::Pattern { name: name.to_owned(), source })?;
        if whole.is_match(value) {
            return Ok(None);
        }
        Ok(Some(self.constraint_description.clone().unwrap_or_else(|| format!("something that matches {pattern}"))))
    }

    fn number(&self) -> String {
        match (self.min_value, self.max_value) {
            (Some(least), Some(most)) => format!("a number from {least} to {most}"),
            (Some(least), None) => format!("a number of at least {least}"),
            (None, Some(most)) => format!("a number of at most {most}"),
            (None, None) => "a number".to_owned(),
        }
    }
}

/// The parameters of a template.
pub(crate) fn read(template: &str) -> Result<Declared, StackError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Template {
        parameters: Declared,
    }
    let template: Template = yaml_serde::from_str(template)?;
    Ok(template.parameters)
}

/// An allowed value as CloudFormation compares it.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(yes) => yes.to_string(),
        other => format!("{other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_constraint_of_the_projects_template_is_read() {
        let template = include_str!("../../../../template.yaml");
        let read = read(template).unwrap();
        for expected in ["StorageQuotaBytes", "JobDeadlineSeconds", "WebhookUrl", "LocalStack"] {
            assert!(read.contains_key(expected), "{expected}");
        }
        let lines = |property: &str| template.lines().filter(|line| line.trim().starts_with(property)).count();
        let with = |has: fn(&Parameter) -> bool| read.values().filter(|parameter| has(parameter)).count();
        assert_eq!(with(|one| one.allowed_pattern.is_some()), lines("AllowedPattern:"));
        assert_eq!(with(|one| one.constraint_description.is_some()), lines("ConstraintDescription:"));
        assert_eq!(with(|one| !one.allowed_values.is_empty()), lines("AllowedValues:"));
        assert_eq!(with(|one| one.min_value.is_some()), lines("MinValue:"));
        assert_eq!(with(|one| one.max_value.is_some()), lines("MaxValue:"));
        assert!(with(|one| one.r#type == "Number") > 10);
    }

    #[test]
    fn the_projects_template_allows_its_own_defaults() {
        let template: Value = yaml_serde::from_str(include_str!("../../../../template.yaml")).unwrap();
        let mut checked = 0;
        for (name, parameter) in read(include_str!("../../../../template.yaml")).unwrap() {
            if let Some(default) = template["Parameters"][name.as_str()].get("Default") {
                assert_eq!(parameter.refuses(&name, &text(default)).unwrap(), None, "{name}");
                checked += 1;
            }
        }
        assert!(checked > 30, "{checked}");
    }

    #[test]
    fn a_template_that_cannot_be_read_is_an_error() {
        assert!(read("Parameters:\n  A:\n    MinValue: low\n").is_err());
        let broken = Parameter { allowed_pattern: Some("(".to_owned()), ..Parameter::default() };
        assert!(broken.refuses("A", "x").unwrap_err().to_string().contains("AllowedPattern of A"));
    }
}
