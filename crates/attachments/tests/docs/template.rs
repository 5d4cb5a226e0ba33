//! Reads the parameters and environments of template.yaml line by line.

use std::collections::{BTreeMap, BTreeSet};

use crate::text;

/// The functions, as the column "read by" names them.
pub(crate) const FUNCTIONS: [&str; 3] = ["intake", "poll", "finalize"];

/// Parameter → its properties, such as `Default`, `MinValue`, `MaxValue` and `AllowedValues`.
pub(crate) type Parameters = BTreeMap<String, BTreeMap<String, String>>;

pub(crate) fn parameters() -> Parameters {
    let template = text("template.yaml");
    let mut parameters = Parameters::new();
    let mut current = String::new();
    let mut folded = false;
    let lines = template.lines().skip_while(|line| *line != "Parameters:").skip(1);
    for line in lines.take_while(|line| line.is_empty() || line.starts_with(' ')) {
        let indent = line.len() - line.trim_start().len();
        let line = line.trim();
        match (indent, line.split_once(':')) {
            (2, Some((name, ""))) if !line.starts_with('#') => {
                name.clone_into(&mut current);
                parameters.entry(current.clone()).or_default();
            }
            (4, Some((name, value))) if !line.starts_with('#') => {
                folded = value.trim() == ">-" && name == "Default";
                let value = value.trim().trim_matches('"').to_owned();
                parameters.get_mut(&current).unwrap().insert(name.to_owned(), value);
            }
            (6, _) if folded => {
                parameters.get_mut(&current).unwrap().insert("Default".to_owned(), line.to_owned());
            }
            _ => {}
        }
    }
    assert!(parameters.len() > 15, "{parameters:?}");
    parameters
}

/// Variable → functions whose environment has it, and the parameter that fills it.
pub(crate) fn environments(parameters: &Parameters) -> BTreeMap<String, (BTreeSet<String>, Option<String>)> {
    let template = text("template.yaml");
    let mut environments: BTreeMap<String, (BTreeSet<String>, Option<String>)> = BTreeMap::new();
    let mut owner = String::new();
    for line in template.lines() {
        let indent = line.len() - line.trim_start().len();
        if indent == 2 {
            line.trim().trim_end_matches(':').clone_into(&mut owner);
        }
        let Some((name, value)) = line.trim().split_once(": ") else { continue };
        let is_variable = indent > 6 || owner == "Function";
        let is_upper_case = name.len() > 3 && name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
        // `!Ref AWS::NoValue`: only `sam local` needs the name. No deployment sets the variable.
        if !(is_variable && is_upper_case && name.contains('_')) || value == "!Ref AWS::NoValue" {
            continue;
        }
        let readers: BTreeSet<String> = match owner.strip_suffix("Function").map(str::to_lowercase) {
            Some(function) if function.is_empty() => FUNCTIONS.map(str::to_owned).into(),
            Some(function) => [function].into(),
            None => continue,
        };
        let entry = environments.entry(name.to_owned()).or_default();
        entry.0.extend(readers);
        let filled_by = value.split("!Ref ").skip(1).map(|rest| rest.trim_end_matches([']', ',']).trim());
        // Only the first reference counts. If it is a resource, the template fills the variable in.
        entry.1 = filled_by
            .map(|rest| rest.split([',', ' ', ']']).next().unwrap_or(rest).to_owned())
            .next()
            .filter(|name| parameters.contains_key(name));
    }
    environments
}
