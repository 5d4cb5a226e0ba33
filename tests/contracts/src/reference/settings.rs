//! Settings: the template's parameters, and the variables that the template fills with its resources.

use std::collections::BTreeMap;

use super::{code, code_list, item, table};
use crate::{ContractError, Group, Parameter, Template, Variable};

/// The longest content of a cell, in characters. What is longer goes into the list below the table.
const CELL: usize = 45;

/// A table and a list for each heading of the template.
pub(super) fn with_parameter(template: &Template) -> Result<String, ContractError> {
    let (parameters, variables) = (template.parameters()?, template.variables());
    let settings = |group: &Group| {
        let of = |name: &String| {
            let parameter = parameters.get(name).ok_or_else(|| ContractError::Missing { what: name.clone() })?;
            Ok(Setting { name: name.clone(), parameter, variable: variable(name, &variables), all: &parameters })
        };
        group.parameters.iter().map(of).collect::<Result<Vec<_>, ContractError>>()
    };
    let groups = template.groups()?.into_iter().map(|group| {
        let settings = settings(&group)?;
        let rows = table(["parameter", "default", "allowed", "read by"], settings.iter().map(Setting::row));
        let items: String = settings.iter().map(Setting::item).collect();
        Ok(format!("## {}\n\n{rows}\n{items}\n", group.label()))
    });
    groups.collect()
}

/// The variables that no parameter fills.
pub(super) fn filled_in(template: &Template) -> Result<String, ContractError> {
    let parameters = template.parameters()?;
    let variables =
        template.variables().into_iter().filter(|(_, variable)| !parameters.contains_key(&variable.filled_by));
    let rows = variables.map(|(name, variable)| [code(&name), code(&variable.filled_by), functions(&variable)]);
    Ok(table(["variable", "refers to", "read by"], rows))
}

struct Setting<'a> {
    name: String,
    parameter: &'a Parameter,
    variable: Option<(&'a String, &'a Variable)>,
    /// Every parameter of the template.
    all: &'a BTreeMap<String, Parameter>,
}

impl Setting<'_> {
    fn row(&self) -> [String; 4] {
        let shown = |text: String| if text.chars().count() > CELL { "see below".to_owned() } else { text };
        let readers = self.variable.map_or_else(|| "-".to_owned(), |(_, variable)| functions(variable));
        [code(&self.name), shown(self.default()), shown(self.allowed().unwrap_or_else(|| "text".to_owned())), readers]
    }

    fn item(&self) -> String {
        let name = self.variable.map_or(&self.name, |(name, _)| name);
        let is_long = |text: &String| text.chars().count() > CELL;
        let default = Some(self.default()).filter(is_long).map(|default| format!(" Default: {default}."));
        let words = self.allowed().filter(is_long);
        let rule = self.parameter.constraint_description.as_deref().map(|text| self.with_code(text));
        let allowed = words.or(rule).map(|allowed| format!(" Allowed: {allowed}."));
        let description = self.with_code(&self.parameter.description);
        item(&format!("`{name}`: {description}{}{}", default.unwrap_or_default(), allowed.unwrap_or_default()))
    }

    /// The text with its values, placeholders and names as code. CloudFormation shows texts without markup.
    fn with_code(&self, text: &str) -> String {
        let values = self.parameter.allowed_values();
        let is_code = |word: &str| {
            let is_word = word.bytes().all(|byte| byte.is_ascii_lowercase());
            let is_whole = word.matches('{').count() == word.matches('}').count();
            self.all.contains_key(word)
                || (!is_word && values.iter().any(|value| value == word))
                || (word.len() > 1 && is_whole && word.contains(['_', '=', '{']))
        };
        let words = text.split(' ').map(|word| {
            let bare = word.trim_end_matches(['.', ',', ':', ';', ')']).trim_start_matches('(');
            if is_code(bare) { word.replacen(bare, &code(bare), 1) } else { word.to_owned() }
        });
        words.collect::<Vec<_>>().join(" ")
    }

    fn default(&self) -> String {
        match self.parameter.default() {
            None => "required".to_owned(),
            Some(value) if value.is_empty() => "none".to_owned(),
            Some(value) => code(&value),
        }
    }

    /// None for a text: its item says which are allowed.
    fn allowed(&self) -> Option<String> {
        let words = self.parameter.allowed_values();
        match (self.parameter.min_value, self.parameter.max_value) {
            (Some(least), Some(most)) => Some(format!("{least} to {most}")),
            (Some(least), None) => Some(format!("{least} or more")),
            _ => (!words.is_empty()).then(|| code_list(words)),
        }
    }
}

/// The variable that a parameter fills.
fn variable<'a>(parameter: &str, variables: &'a BTreeMap<String, Variable>) -> Option<(&'a String, &'a Variable)> {
    variables.iter().find(|(_, variable)| variable.filled_by == parameter)
}

fn functions(variable: &Variable) -> String {
    // In the order of a file's way through the pipeline.
    ["intake", "poll", "finalize"]
        .into_iter()
        .filter(|name| variable.functions.contains(*name))
        .collect::<Vec<_>>()
        .join(", ")
}
