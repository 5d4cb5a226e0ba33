//! Compares the docs with the code and the template: the reason codes, the settings that the functions read, the template's
//! parameters, and the messages that docs/troubleshooting.md quotes.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test's own steps")]

#[path = "docs/template.rs"]
mod template;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use attachments::{Outcome, ReasonCode};

use template::{FUNCTIONS, environments, parameters};

const OUTCOMES: &str = "docs/outcomes.md";
const SETTINGS: &str = "docs/settings.md";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The texts of all Rust sources in a folder of the workspace.
fn sources(folder: &str) -> Vec<String> {
    fn collect(folder: &Path, into: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, into);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                into.push(fs::read_to_string(&path).unwrap());
            }
        }
    }
    let mut texts = Vec::new();
    collect(&root().join(folder), &mut texts);
    assert!(!texts.is_empty(), "{folder} contains no source");
    texts
}

/// The cells of the table whose first column has this title.
fn table(page: &str, title: &str) -> Vec<Vec<String>> {
    let head = format!("| {title} |");
    let rows: Vec<Vec<String>> = page
        .lines()
        .skip_while(|line| !line.starts_with(&head))
        .take_while(|line| line.starts_with('|'))
        .skip(2)
        .map(|line| line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect())
        .collect();
    assert!(!rows.is_empty(), "there is no table {title:?}");
    rows
}

fn without_backticks(cell: &str) -> &str {
    cell.trim_matches('`')
}

/// A call that reads a setting: `environment.<method>("NAME", <arguments>)`.
struct Reading {
    name: String,
    arguments: String,
}

/// All settings that the code outside tests reads.
fn readings() -> Vec<Reading> {
    let mut readings = Vec::new();
    for folder in ["crates/host/src", "functions/intake/src", "functions/poll/src", "functions/finalize/src"] {
        for source in sources(folder) {
            let source = source.split("#[cfg(test)]").next().unwrap_or_default();
            for call in source.split("environment").skip(1) {
                let Some(call) = call.trim_start().strip_prefix('.') else { continue };
                let Some((method, rest)) = call.split_once('(') else { continue };
                let Some((name, rest)) = rest.trim_start().strip_prefix('"').and_then(|rest| rest.split_once('"'))
                else {
                    continue;
                };
                // `environment.fault` reports a setting and does not read it.
                if method != "fault" && method.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') {
                    let arguments = rest.split(')').next().unwrap_or_default().trim_start_matches(',').trim();
                    readings.push(Reading { name: name.to_owned(), arguments: arguments.to_owned() });
                }
            }
        }
    }
    assert!(readings.len() > 15);
    readings
}

#[test]
fn documented_reason_codes_match_the_code() {
    let rows = table(&text(OUTCOMES), "code");
    let mut expected: Vec<(String, String)> =
        ReasonCode::FIXED.iter().map(|(_, code, meaning)| (format!("`{code}`"), meaning.trim().to_owned())).collect();
    let (status_row, fixed_rows) = rows.split_last().unwrap();
    let documented: Vec<(String, String)> = fixed_rows.iter().map(|row| (row[0].clone(), row[1].clone())).collect();
    assert_eq!(documented.len(), expected.len(), "the table has too few or too many codes");
    for (documented, expected) in documented.iter().zip(expected.drain(..)) {
        assert_eq!(*documented, expected);
    }
    assert_eq!(status_row[0], "`cxone_{status}`");
    assert!(rows.iter().all(|row| row.len() == 3 && row[2].len() > 10), "a code has no cell that says what to do");
}

#[test]
fn documented_outcomes_and_events_match_the_code() {
    let page = text(OUTCOMES);
    let documented: Vec<String> =
        table(&page, "outcome").iter().map(|row| without_backticks(&row[0]).to_owned()).collect();
    assert_eq!(documented, Outcome::ALL.map(|outcome| outcome.as_str().to_owned()));
    let fields = table(&page, "field");
    let event = fields.iter().find(|row| row[0] == "`event`").unwrap();
    for outcome in Outcome::ALL {
        assert!(event[1].contains(&format!("`{}`", outcome.event())), "{outcome} has no event in {event:?}");
    }
}

#[test]
fn every_field_of_the_audit_record_is_explained() {
    let golden = text("crates/attachments/tests/golden/v2-audit-completed.json");
    let explained: String = table(&text(OUTCOMES), "field").iter().map(|row| row.join(" ") + "\n").collect();
    let fields = golden.lines().filter_map(|line| line.trim().strip_prefix('"')?.split_once("\": "));
    for (field, _) in fields.filter(|(field, _)| !matches!(*field, "case" | "team")) {
        let names = [format!("`{field}`"), format!("`object.{field}`")];
        assert!(names.iter().any(|name| explained.contains(name)), "{field} is not explained");
    }
}

#[test]
fn documented_settings_are_those_that_the_functions_read() {
    let page = text(SETTINGS);
    let listed: BTreeSet<String> =
        table(&page, "setting").iter().map(|row| without_backticks(&row[0]).to_owned()).collect();
    let (of_aws, of_the_project): (BTreeSet<String>, BTreeSet<String>) =
        readings().into_iter().map(|reading| reading.name).partition(|name| name.starts_with("AWS_"));
    assert_eq!(listed, of_the_project, "left: docs/settings.md; right: settings that the code reads");
    for name in of_aws {
        assert!(page.contains(&format!("`{name}`")), "docs/settings.md does not name {name}");
    }
}

#[test]
fn documented_settings_and_parameters_match_the_template() {
    let (parameters, page) = (parameters(), text(SETTINGS));
    let environments = environments(&parameters);
    let rows = table(&page, "setting");
    let mut explained = BTreeSet::new();
    for row in &rows {
        let (setting, readers) =
            (without_backticks(&row[0]), row[4].split(", ").map(str::to_owned).collect::<BTreeSet<_>>());
        assert!(readers.iter().all(|reader| FUNCTIONS.contains(&reader.as_str())), "{setting}: {readers:?}");
        let Some((functions, parameter)) = environments.get(setting) else {
            assert_eq!(row[1], "-", "{setting} has no parameter: no function's environment has it");
            continue;
        };
        assert_eq!(
            readers, *functions,
            "{setting}: left: functions that the docs name; right: functions that get it from the template"
        );
        let Some(parameter) = parameter else {
            assert_eq!((row[1].as_str(), row[2].as_str()), ("-", "filled in"), "{setting}");
            continue;
        };
        let pascal: String = setting.split('_').map(|word| word[..1].to_owned() + &word[1..].to_lowercase()).collect();
        assert_eq!(
            (without_backticks(&row[1]), pascal.as_str()),
            (parameter.as_str(), parameter.as_str()),
            "{setting}"
        );
        assert_eq!(default(&parameters[parameter]), row[2], "{setting}'s default");
        assert_range(&parameters[parameter], &row[3], setting);
        explained.insert(parameter.clone());
    }
    for variable in environments.keys() {
        assert!(
            rows.iter().any(|row| without_backticks(&row[0]) == variable),
            "the template sets {variable}, which the table lacks"
        );
    }
    for row in table(&page, "parameter") {
        let name = without_backticks(&row[0]);
        let parameter = parameters.get(name).unwrap_or_else(|| panic!("the template has no parameter {name}"));
        assert_eq!(default(parameter), row[1], "{name}'s default");
        assert_range(parameter, &row[2], name);
        assert!(explained.insert(name.to_owned()), "{name} is in both tables");
    }
    let all: BTreeSet<String> = parameters.into_keys().collect();
    assert_eq!(explained, all, "left: the parameters of docs/settings.md; right: the template's");
}

/// The default in the form of docs/settings.md.
fn default(parameter: &BTreeMap<String, String>) -> String {
    let all = media_type::MediaType::ALL.map(media_type::MediaType::as_str).join(",");
    match parameter.get("Default").map(String::as_str) {
        None => "required".to_owned(),
        Some("") => "none".to_owned(),
        Some(types) if types == all => "all nine".to_owned(),
        Some(value) => format!("`{value}`"),
    }
}

fn assert_range(parameter: &BTreeMap<String, String>, cell: &str, name: &str) {
    let numbers: Vec<&str> = cell.split(|c: char| !c.is_ascii_digit()).filter(|number| !number.is_empty()).collect();
    for bound in ["MinValue", "MaxValue"].iter().filter_map(|bound| parameter.get(*bound)) {
        assert!(numbers.contains(&bound.as_str()), "{name}: {cell:?} does not say {bound}");
    }
    let words = parameter.get("AllowedValues").map(|list| list.trim_matches(['[', ']']));
    for word in words.into_iter().flat_map(|list| list.split(", ")).map(|word| word.trim_matches('"')) {
        let is_number = word.bytes().all(|b| b.is_ascii_digit());
        assert!(is_number || cell.contains(&format!("`{word}`")), "{name}: {cell:?} does not say {word}");
    }
}

#[test]
fn defaults_and_bounds_of_the_code_match_the_template() {
    let parameters = parameters();
    let environments = environments(&parameters);
    let mut compared = 0;
    for Reading { name, arguments } in readings() {
        // `number("NAME", default, least..=most)`
        let Some((default, (least, most))) =
            arguments.split_once(", ").and_then(|(default, range)| Some((default, range.split_once("..=")?)))
        else {
            continue;
        };
        let number = |text: &str| match text.trim() {
            "u64::MAX" => u64::MAX,
            digits => digits.replace('_', "").parse::<u64>().unwrap_or_else(|_| panic!("{name}: {digits:?}")),
        };
        let parameter = environments[&name].1.as_ref().unwrap();
        let declared = |property: &str| parameters[parameter].get(property).map(|value| number(value));
        assert_eq!(declared("Default"), Some(number(default)), "{name}'s default");
        let minimum = declared("MinValue");
        assert!(minimum.is_some_and(|bound| bound >= number(least)), "{name}: MinValue is less than the code allows");
        let maximum = declared("MaxValue").unwrap_or(u64::MAX);
        assert!(maximum <= number(most), "{name}: MaxValue is more than the code allows");
        compared += 1;
    }
    assert!(compared >= 5, "only {compared} settings are numbers");
}

/// “`…`” quotes a message. An … inside it replaces a part that varies.
#[test]
fn message_that_troubleshooting_quotes_is_in_the_code() {
    let mut code: String = sources("crates").concat() + &sources("functions").concat();
    // A backslash at a line's end continues a string literal on the next line.
    while let Some(at) = code.find("\\\n") {
        let rest = code[at + 2..].trim_start();
        let end = code.len() - rest.len();
        code.replace_range(at..end, "");
    }
    let page = text("docs/troubleshooting.md");
    let mut quoted = 0;
    for message in page.split("“`").skip(1) {
        let message = message.split("`”").next().unwrap();
        assert!(message.len() < 200 && !message.contains('\n'), "a quotation has no end: {message}");
        for part in message.split('…').map(str::trim).filter(|part| !part.is_empty()) {
            assert!(code.contains(part), "no source contains {part:?}");
            quoted += 1;
        }
    }
    assert!(quoted > 20, "only {quoted} quotations were found");
}
