//! A template as CloudFormation reads it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use yaml_serde::Value as Yaml;

use crate::{ContractError, text};

/// A template. `!Ref x` has become `{"Ref": "x"}`, and any other function `{"Fn::Name": …}`.
#[derive(Debug, Clone)]
pub struct Template(Value);

/// One entry of `Parameters`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Parameter {
    /// `String` or `Number`.
    pub r#type: String,
    /// What it does, for an operator.
    pub description: String,
    #[serde(default)]
    default: Option<Value>,
    /// The least number that CloudFormation accepts.
    pub min_value: Option<u64>,
    /// The greatest number that CloudFormation accepts.
    pub max_value: Option<u64>,
    #[serde(default)]
    allowed_values: Vec<Value>,
    /// The allowed texts, in words.
    pub constraint_description: Option<String>,
}

impl Parameter {
    /// The default as CloudFormation passes it on. None: a value must be given at the deployment.
    #[must_use]
    pub fn default(&self) -> Option<String> {
        self.default.as_ref().map(written)
    }

    /// The only values that CloudFormation accepts; empty if others restrict it.
    #[must_use]
    pub fn allowed_values(&self) -> Vec<String> {
        self.allowed_values.iter().map(written).collect()
    }
}

/// The parameters that the console shows under one heading.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Group {
    label: Label,
    /// Their names.
    pub parameters: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
struct Label {
    default: String,
}

impl Group {
    /// The heading.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label.default
    }
}

/// An environment variable of the functions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Variable {
    /// The functions that have it.
    pub functions: BTreeSet<String>,
    /// The parameter or resource that fills it.
    pub filled_by: String,
}

impl Template {
    /// Reads a template by its path from the workspace's root.
    pub fn read(path: &str) -> Result<Self, ContractError> {
        let yaml = yaml_serde::from_str(&text(path)?)
            .map_err(|source| ContractError::Yaml { path: path.to_owned(), source })?;
        Ok(Self(plain(yaml)))
    }

    /// A part, by its path of keys.
    #[must_use]
    pub fn part(&self, keys: &[&str]) -> Option<&Value> {
        keys.iter().try_fold(&self.0, |value, key| value.get(key))
    }

    /// `Parameters`, by name.
    pub fn parameters(&self) -> Result<BTreeMap<String, Parameter>, ContractError> {
        self.typed("Parameters", &["Parameters"])
    }

    /// The parameters' headings, in the order in which the console shows them.
    pub fn groups(&self) -> Result<Vec<Group>, ContractError> {
        self.typed("ParameterGroups", &["Metadata", "AWS::CloudFormation::Interface", "ParameterGroups"])
    }

    /// The resources of a type, by logical id.
    pub fn resources<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = (&'a str, &'a Value)> {
        let all = self.part(&["Resources"]).and_then(Value::as_object).into_iter().flatten();
        all.filter(move |(_, resource)| resource.get("Type").is_some_and(|of| of == kind))
            .map(|(name, resource)| (name.as_str(), resource))
    }

    /// The environment variables of the functions, by name.
    #[must_use]
    pub fn variables(&self) -> BTreeMap<String, Variable> {
        let functions: Vec<(String, &Value)> = self
            .resources("AWS::Serverless::Function")
            .map(|(id, resource)| (id.trim_end_matches("Function").to_lowercase(), resource))
            .collect();
        let every = functions.iter().map(|(function, _)| function.clone()).collect::<BTreeSet<_>>();
        let of_all = self.part(&["Globals", "Function", "Environment", "Variables"]).map(|found| (every, found));
        let of_each = functions.into_iter().filter_map(|(function, resource)| {
            Some((BTreeSet::from([function]), resource.pointer("/Properties/Environment/Variables")?))
        });
        let mut variables = BTreeMap::<String, Variable>::new();
        for (functions, listed) in of_all.into_iter().chain(of_each) {
            for (name, value) in listed.as_object().into_iter().flatten() {
                // Without a source, the variable is named for `sam local` alone: no deployment sets it.
                let Some(source) = source(value) else { continue };
                let variable = variables.entry(name.clone()).or_default();
                variable.functions.extend(functions.iter().cloned());
                source.clone_into(&mut variable.filled_by);
            }
        }
        variables
    }

    fn typed<T: DeserializeOwned>(&self, what: &'static str, keys: &[&str]) -> Result<T, ContractError> {
        let part = self.part(keys).ok_or_else(|| ContractError::Missing { what: what.to_owned() })?;
        T::deserialize(part).map_err(|source| ContractError::Shape { what, source })
    }
}

/// The parameter or resource that a value refers to. Of a choice, the first branch counts.
fn source(value: &Value) -> Option<&str> {
    let object = value.as_object()?;
    let (function, argument) = object.iter().next()?;
    match function.as_str() {
        "Ref" => argument.as_str().filter(|name| *name != "AWS::NoValue"),
        "Fn::GetAtt" => argument.as_str()?.split('.').next(),
        "Fn::If" => source(argument.get(1)?),
        _ => None,
    }
}

fn written(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn plain(yaml: Yaml) -> Value {
    match yaml {
        Yaml::Null => Value::Null,
        Yaml::Bool(value) => value.into(),
        Yaml::Number(number) => number.as_u64().map_or_else(|| json!(number.as_f64()), Value::from),
        Yaml::String(text) => text.into(),
        Yaml::Sequence(values) => values.into_iter().map(plain).collect(),
        Yaml::Mapping(fields) => {
            fields.into_iter().map(|(name, value)| (written(&plain(name)), plain(value))).collect()
        }
        Yaml::Tagged(tagged) => {
            let tag = tagged.tag.to_string();
            let name = match tag.trim_start_matches('!') {
                name @ ("Ref" | "Condition") => name.to_owned(),
                name => format!("Fn::{name}"),
            };
            json!({ name: plain(tagged.value) })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(yaml: &str) -> Template {
        Template(plain(yaml_serde::from_str(yaml).unwrap()))
    }

    #[test]
    fn functions_of_cloudformation_are_kept_wherever_they_stand() {
        let read = template("A: !If [Has, !Ref B, !Sub '${C}/*']\nD: {Condition: !Condition E}\nF: !GetAtt G.Arn\n");
        let expected = json!({
            "A": {"Fn::If": ["Has", {"Ref": "B"}, {"Fn::Sub": "${C}/*"}]},
            "D": {"Condition": {"Condition": "E"}},
            "F": {"Fn::GetAtt": "G.Arn"},
        });
        assert_eq!(read.0, expected);
    }

    #[test]
    fn variables_have_their_functions_and_their_source() {
        let read = template(
            "Globals: {Function: {Environment: {Variables: {LEVEL: !Ref Level, LOCAL: !Ref AWS::NoValue}}}}\n\
             Resources:\n  \
               PollFunction: {Type: AWS::Serverless::Function, Properties: {Environment: {Variables: {URL: !If [A, !Ref Url, !Ref B]}}}}\n  \
               IntakeFunction: {Type: AWS::Serverless::Function}\n  \
               Table: {Type: AWS::DynamoDB::Table}\n",
        );
        let of = |functions: &[&str], filled_by: &str| Variable {
            functions: functions.iter().map(|function| (*function).to_owned()).collect(),
            filled_by: filled_by.to_owned(),
        };
        let expected = [("LEVEL", of(&["intake", "poll"], "Level")), ("URL", of(&["poll"], "Url"))];
        assert_eq!(read.variables(), expected.map(|(name, variable)| (name.to_owned(), variable)).into());
    }
}
