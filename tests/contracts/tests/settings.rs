//! The template's parameters and variables beside what the functions read. The functions' own readers run here.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use contracts::{Parameter, Template};
use cxone::{Framing, TokenAuth};
use host::{Environment, Invalid, NumberSetting};
use media_type::{ActiveContentPolicy, AllowedTypes};

use crate::template;

type Values = BTreeMap<String, String>;

struct Function {
    name: &'static str,
    numbers: &'static [NumberSetting],
    make: fn(&mut Environment) -> Result<(), Invalid>,
}

const FUNCTIONS: [Function; 3] = [
    Function { name: "intake", numbers: &intake::NUMBERS, make: |settings| intake::Intake::make(settings).map(|_| ()) },
    Function { name: "poll", numbers: &poll::NUMBERS, make: |settings| poll::Poll::make(settings).map(|_| ()) },
    Function {
        name: "finalize",
        numbers: &finalize::NUMBERS,
        make: |settings| finalize::Finalize::make(settings).map(|_| ()),
    },
];

/// The client of CXone has one reader, and each function uses one of the two paths: the template gives it that one alone.
const UNUSED: [(&str, &str); 2] = [("intake", "CXONE_JOB_PATH"), ("poll", "CXONE_UPLOAD_PATH")];
/// Variables that no deployment sets: for a function on this machine, and for a receiver with an authority of its own.
const LOCAL: [&str; 2] = ["PLAIN_HTTP_HOSTS", "TLS_CA_FILE"];

impl Function {
    /// The environment that the template's defaults give.
    fn deployed(&self, template: &Template) -> Values {
        let parameters = template.parameters().unwrap();
        let own = template.variables().into_iter().filter(|(_, variable)| variable.functions.contains(self.name));
        own.map(|(name, variable)| {
            let parameter = parameters.get(&variable.filled_by);
            let value = parameter.map_or_else(|| Some("filled".to_owned()), Parameter::default);
            (name, value.unwrap_or_else(|| "https://receiver.example/".to_owned()))
        })
        .collect()
    }

    /// Starts the function. Gives every variable that it asked for, and whether it found its settings right.
    fn start(&self, values: Values) -> (BTreeSet<String>, Result<(), String>) {
        let asked = Rc::new(RefCell::new(BTreeSet::new()));
        let seen = Rc::clone(&asked);
        let environment = Environment::new(move |name| {
            seen.borrow_mut().insert(name.to_owned());
            values.get(name).cloned().or_else(|| name.starts_with("AWS_").then(|| of_lambda(name))?)
        });
        let started = host::start(environment, self.make).map_err(|error| error.to_string());
        (asked.take(), started)
    }

    /// Whether the function starts with the template's defaults and this value.
    fn takes(&self, template: &Template, variable: &str, value: &str) -> Result<(), String> {
        let mut values = self.deployed(template);
        values.insert(variable.to_owned(), value.to_owned()).expect("the template sets the variable");
        self.start(values).1
    }
}

/// What Lambda itself sets.
fn of_lambda(name: &str) -> Option<String> {
    ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"].contains(&name).then(|| "us-east-1".to_owned())
}

/// The variables of each function that a parameter fills.
fn filled(template: &Template) -> Vec<(&'static Function, String, String, Parameter)> {
    let (parameters, variables) = (template.parameters().unwrap(), template.variables());
    let mut found = Vec::new();
    for function in &FUNCTIONS {
        for (name, variable) in variables.iter().filter(|(_, variable)| variable.functions.contains(function.name)) {
            if let Some(parameter) = parameters.get(&variable.filled_by) {
                found.push((function, name.clone(), variable.filled_by.clone(), parameter.clone()));
            }
        }
    }
    assert!(found.len() > 30, "only {} variables have a parameter", found.len());
    found
}

#[test]
fn each_function_reads_the_variables_that_the_template_gives_it() {
    let template = template();
    for function in FUNCTIONS {
        let deployed = function.deployed(&template);
        let given: BTreeSet<String> = deployed.keys().cloned().collect();
        let (asked, started) = function.start(deployed);
        started.unwrap();
        let others = |name: &&String| {
            let is_used = !UNUSED.contains(&(function.name, name.as_str()));
            is_used && !name.starts_with("AWS_") && !LOCAL.contains(&name.as_str())
        };
        assert_eq!(given, asked.iter().filter(others).cloned().collect(), "{}: the template; the code", function.name);
        let unused = UNUSED.iter().filter(|(name, _)| *name == function.name).map(|(_, variable)| variable);
        let missed: Vec<_> = LOCAL.iter().chain(unused).filter(|name| !asked.contains(**name)).collect();
        assert!(missed.is_empty(), "{} does not read {missed:?}", function.name);
    }
}

#[test]
fn a_variable_has_its_parameters_name_in_capitals() {
    for (_, variable, parameter, _) in filled(&template()) {
        let words = variable.split('_').map(|word| word[..1].to_owned() + &word[1..].to_lowercase());
        assert_eq!(words.collect::<String>(), parameter);
    }
}

#[test]
fn the_functions_take_every_value_that_the_template_admits() {
    let template = template();
    for (function, variable, _, parameter) in filled(&template) {
        let bounds = [parameter.min_value, parameter.max_value].into_iter().flatten().map(|bound| bound.to_string());
        for value in bounds.chain(parameter.allowed_values()) {
            function.takes(&template, &variable, &value).unwrap_or_else(|fault| panic!("{}: {fault}", function.name));
        }
    }
}

#[test]
fn the_functions_refuse_a_word_that_the_template_does_not_list() {
    let template = template();
    let mut tried = 0;
    for (function, variable, ..) in
        filled(&template).iter().filter(|(.., parameter)| !parameter.allowed_values().is_empty())
    {
        let fault = function.takes(&template, variable, "no-such-word").unwrap_err();
        assert!(fault.contains(variable.as_str()), "{}: {fault}", function.name);
        tried += 1;
    }
    assert!(tried > 8, "only {tried} variables have listed words");
}

#[test]
fn numbers_have_the_default_and_the_range_of_their_parameter() {
    for (function, variable, name, parameter) in filled(&template()) {
        let number = function.numbers.iter().find(|number| number.name == variable);
        if parameter.r#type != "Number" {
            assert_eq!(number, None, "{name} is a text in the template");
            continue;
        }
        let number = number.unwrap_or_else(|| panic!("NUMBERS of {} lacks {variable}", function.name));
        assert_eq!(parameter.default(), Some(number.default.to_string()), "{variable}'s default");
        let (least, most) = (parameter.min_value.unwrap(), parameter.max_value.unwrap_or(u64::MAX));
        assert!(
            number.range.contains(&least) && number.range.contains(&most),
            "{variable}: {least} to {most}, {number:?}"
        );
    }
}

#[test]
fn words_have_the_default_of_their_parameter() {
    let parameters = template().parameters().unwrap();
    let default = |name: &str| parameters[name].default().unwrap();
    assert_eq!(default("CxoneTokenAuth").parse(), Ok(TokenAuth::default()));
    assert_eq!(default("CxoneUploadFraming").parse(), Ok(Framing::default()));
    assert_eq!(default("AllowedMimeTypes").parse(), Ok(AllowedTypes::default()));
    assert_eq!(default("RefuseActiveContent").parse(), Ok(ActiveContentPolicy::default()));
    assert_eq!(default("MetricsNamespace"), host::metrics::DEFAULT_NAMESPACE);
}

#[test]
fn every_variable_is_on_the_page_of_the_settings() {
    let page = contracts::text("docs/settings.md").unwrap();
    let template = template();
    for function in FUNCTIONS {
        for name in function.start(function.deployed(&template)).0 {
            let named = match name.strip_prefix("AWS_ENDPOINT_URL_") {
                Some(service) => page.contains("`AWS_ENDPOINT_URL_{") && page.contains(service),
                None => page.contains(&format!("`{name}`")),
            };
            assert!(named, "docs/settings.md does not name {name}");
        }
    }
}
