//! What the template's `Parameters:` section says of each parameter.

use regex_lite::Regex;

use crate::StackError;

/// A parameter with its constraints.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Declared {
    pub(crate) name: String,
    is_number: bool,
    /// Any value if empty.
    allowed: Vec<String>,
    /// The whole value must match it.
    pattern: Option<String>,
    least: Option<f64>,
    most: Option<f64>,
    /// What the pattern means, in words.
    meaning: Option<String>,
}

impl Declared {
    pub(crate) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// What the value must be, if it is not allowed.
    pub(crate) fn refuses(&self, value: &str) -> Result<Option<String>, StackError> {
        if !self.allowed.is_empty() && !self.allowed.iter().any(|allowed| allowed == value) {
            return Ok(Some(format!("one of {}", self.allowed.join(", "))));
        }
        if self.is_number {
            let fits = |number: f64| {
                self.least.is_none_or(|least| number >= least) && self.most.is_none_or(|most| number <= most)
            };
            return Ok(if value.parse().is_ok_and(fits) { None } else { Some(self.number()) });
        }
        let Some(pattern) = &self.pattern else { return Ok(None) };
        let whole = Regex::new(&format!("^(?:{pattern})$"))
            .map_err(|fault| StackError::Template(format!("AllowedPattern of {}: {fault}", self.name)))?;
        if whole.is_match(value) {
            return Ok(None);
        }
        Ok(Some(self.meaning.clone().unwrap_or_else(|| format!("something that matches {pattern}"))))
    }

    fn number(&self) -> String {
        match (self.least, self.most) {
            (Some(least), Some(most)) => format!("a number from {least} to {most}"),
            (Some(least), None) => format!("a number of at least {least}"),
            (None, Some(most)) => format!("a number of at most {most}"),
            (None, None) => "a number".to_owned(),
        }
    }

    fn set(&mut self, property: &str, value: &str) -> Result<(), StackError> {
        let wrong = || StackError::Template(format!("{property} of {}: {value}", self.name));
        match property {
            "Type" => self.is_number = value == "Number",
            "AllowedPattern" => self.pattern = Some(scalar(value).ok_or_else(wrong)?),
            "ConstraintDescription" => self.meaning = Some(scalar(value).ok_or_else(wrong)?),
            "MinValue" => self.least = Some(value.parse().map_err(|_| wrong())?),
            "MaxValue" => self.most = Some(value.parse().map_err(|_| wrong())?),
            "AllowedValues" => {
                let list = value.strip_prefix('[').and_then(|list| list.strip_suffix(']')).ok_or_else(wrong)?;
                self.allowed = list.split(", ").map(scalar).collect::<Option<_>>().ok_or_else(wrong)?;
            }
            _ => {}
        }
        Ok(())
    }
}

/// The parameters of a template in block style. Each constraint must be on one line.
pub(crate) fn read(template: &str) -> Result<Vec<Declared>, StackError> {
    let mut all: Vec<Declared> = Vec::new();
    let section = template.lines().skip_while(|line| *line != "Parameters:").skip(1);
    for line in section.take_while(|line| line.is_empty() || line.starts_with(' ')) {
        let depth = line.len() - line.trim_start().len();
        match (depth, line.trim().split_once(':')) {
            (2, Some((name, ""))) => all.push(Declared::new(name)),
            (4, Some((property, value))) => {
                if let Some(parameter) = all.last_mut() {
                    parameter.set(property, value.trim())?;
                }
            }
            _ => {}
        }
    }
    Ok(all)
}

/// A plain scalar, or one in double quotes. The escapes in this template are those of JSON.
fn scalar(text: &str) -> Option<String> {
    if text.starts_with('"') { serde_json::from_str(text).ok() } else { Some(text.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = "Transform: x\nParameters:\n  # a comment: of two words\n  KeyPrefix:\n    Type: String\n    \
                            Default: \"\"\n    AllowedPattern: \"\\\\S+/\"\n\n  Size:\n    Type: Number\n    MinValue: 1\n    \
                            Description: >-\n      MaxValue: 3\n  Mode:\n    AllowedValues: [\"a b\", c]\nConditions:\n  Not:\n";

    #[test]
    fn the_parameters_section_alone_is_read() {
        let read = read(TEMPLATE).unwrap();
        let [prefix, size, mode] = read.as_slice() else { panic!("{read:?}") };
        assert_eq!((prefix.name.as_str(), prefix.pattern.as_deref()), ("KeyPrefix", Some("\\S+/")));
        assert_eq!((size.is_number, size.least, size.most), (true, Some(1.0), None));
        assert_eq!(mode.allowed, ["a b", "c"]);
        assert!(read.iter().all(|parameter| parameter.name != "Not"));
    }

    #[test]
    fn every_constraint_of_the_projects_template_is_read() {
        let template = include_str!("../../../../template.yaml");
        let read = read(template).unwrap();
        for expected in ["StorageQuotaBytes", "JobDeadlineSeconds", "WebhookUrl", "LocalStack"] {
            assert!(read.iter().any(|parameter| parameter.name == expected), "{expected}");
        }
        let lines = |property: &str| template.lines().filter(|line| line.trim().starts_with(property)).count();
        let with = |has: fn(&Declared) -> bool| read.iter().filter(|parameter| has(parameter)).count();
        assert_eq!(with(|one| one.pattern.is_some()), lines("AllowedPattern:"));
        assert_eq!(with(|one| one.meaning.is_some()), lines("ConstraintDescription:"));
        assert_eq!(with(|one| !one.allowed.is_empty()), lines("AllowedValues:"));
        assert_eq!(with(|one| one.least.is_some()), lines("MinValue:"));
        assert_eq!(with(|one| one.most.is_some()), lines("MaxValue:"));
        assert!(with(|one| one.is_number) > 10);
    }

    #[test]
    fn each_pattern_of_the_projects_template_can_be_used_and_admits_its_default() {
        let template = include_str!("../../../../template.yaml");
        let mut checked = 0;
        for parameter in read(template).unwrap() {
            let behind = template.split_once(&format!("\n  {}:\n", parameter.name)).unwrap().1;
            let own = behind.split("\n  ").take_while(|line| line.starts_with("  ")).collect::<Vec<_>>();
            let default = own.iter().find_map(|line| line.strip_prefix("  Default: "));
            if let Some(default) = default.filter(|default| *default != ">-") {
                assert_eq!(parameter.refuses(&scalar(default).unwrap()).unwrap(), None, "{}", parameter.name);
                checked += 1;
            }
        }
        assert!(checked > 30, "{checked}");
    }

    #[test]
    fn a_constraint_that_cannot_be_read_is_an_error() {
        for constraint in ["AllowedPattern: \"a", "MinValue: low", "AllowedValues: a, b"] {
            let template = format!("Parameters:\n  A:\n    {constraint}\n");
            assert!(read(&template).unwrap_err().to_string().contains('A'), "{constraint}");
        }
        let broken = Declared { pattern: Some("(".to_owned()), ..Declared::new("A") };
        assert!(broken.refuses("x").unwrap_err().to_string().contains("AllowedPattern of A"));
    }
}
