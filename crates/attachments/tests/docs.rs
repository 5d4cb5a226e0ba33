//! Compares the tables of the docs with what they describe: the reason codes, the settings that the functions read, the
//! template's parameters, and the messages that docs/troubleshooting.md quotes.

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

/// The text of every Rust source below a folder of the workspace.
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
    let mut found = Vec::new();
    collect(&root().join(folder), &mut found);
    assert!(!found.is_empty(), "{folder} holds no source");
    found
}

/// The rows of the table whose first title is `title`, cell by cell.
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

fn plain(cell: &str) -> &str {
    cell.trim_matches('`')
}

/// A reading of a setting: `environment.<how>("NAME", <arguments>)`.
struct Reading {
    name: String,
    arguments: String,
}

/// What the code outside tests reads, faults apart.
fn readings() -> Vec<Reading> {
    let mut found = Vec::new();
    for folder in ["crates/host/src", "functions/intake/src", "functions/poll/src", "functions/finalize/src"] {
        for source in sources(folder) {
            let source = source.split("#[cfg(test)]").next().unwrap_or_default();
            for call in source.split("environment").skip(1) {
                let Some(call) = call.trim_start().strip_prefix('.') else { continue };
                let Some((how, rest)) = call.split_once('(') else { continue };
                let Some((name, rest)) = rest.trim_start().strip_prefix('"').and_then(|rest| rest.split_once('"'))
                else {
                    continue;
                };
                if how != "fault" && how.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') {
                    let arguments = rest.split(')').next().unwrap_or_default().trim_start_matches(',').trim();
                    found.push(Reading { name: name.to_owned(), arguments: arguments.to_owned() });
                }
            }
        }
    }
    assert!(found.len() > 15);
    found
}

#[test]
fn the_reason_codes_are_those_of_the_code() {
    let rows = table(&text(OUTCOMES), "code");
    let mut expected: Vec<(String, String)> =
        ReasonCode::FIXED.iter().map(|(_, code, meaning)| (format!("`{code}`"), meaning.trim().to_owned())).collect();
    let (open, fixed) = rows.split_last().unwrap();
    let found: Vec<(String, String)> = fixed.iter().map(|row| (row[0].clone(), row[1].clone())).collect();
    assert_eq!(found.len(), expected.len(), "a code is missing or one too many");
    for (found, expected) in found.iter().zip(expected.drain(..)) {
        assert_eq!(*found, expected);
    }
    assert_eq!(open[0], "`cxone_{status}`");
    assert!(rows.iter().all(|row| row.len() == 3 && row[2].len() > 10), "each code says what to do");
}

#[test]
fn the_outcomes_and_events_are_those_of_the_code() {
    let page = text(OUTCOMES);
    let found: Vec<String> = table(&page, "outcome").iter().map(|row| plain(&row[0]).to_owned()).collect();
    assert_eq!(found, Outcome::ALL.map(|outcome| outcome.as_str().to_owned()));
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
fn the_settings_are_those_that_the_functions_read() {
    let page = text(SETTINGS);
    let listed: BTreeSet<String> = table(&page, "setting").iter().map(|row| plain(&row[0]).to_owned()).collect();
    let (aws, own): (BTreeSet<String>, BTreeSet<String>) =
        readings().into_iter().map(|reading| reading.name).partition(|name| name.starts_with("AWS_"));
    assert_eq!(listed, own, "left: docs/settings.md; right: what the code reads");
    for name in aws {
        assert!(page.contains(&format!("`{name}`")), "docs/settings.md does not name {name}");
    }
}

#[test]
fn settings_and_parameters_agree_with_the_template() {
    let (parameters, page) = (parameters(), text(SETTINGS));
    let environments = environments(&parameters);
    let rows = table(&page, "setting");
    let mut explained = BTreeSet::new();
    for row in &rows {
        let (setting, readers) = (plain(&row[0]), row[4].split(", ").map(str::to_owned).collect::<BTreeSet<_>>());
        assert!(readers.iter().all(|reader| FUNCTIONS.contains(&reader.as_str())), "{setting}: {readers:?}");
        let Some((functions, parameter)) = environments.get(setting) else {
            assert_eq!(row[1], "-", "{setting} has no parameter: no function's environment has it");
            continue;
        };
        assert_eq!(readers, *functions, "{setting} is read by other functions than the template gives it to");
        let Some(parameter) = parameter else {
            assert_eq!((row[1].as_str(), row[2].as_str()), ("-", "filled in"), "{setting}");
            continue;
        };
        let pascal: String = setting.split('_').map(|word| word[..1].to_owned() + &word[1..].to_lowercase()).collect();
        assert_eq!((plain(&row[1]), pascal.as_str()), (parameter.as_str(), parameter.as_str()), "{setting}");
        assert_eq!(default(&parameters[parameter]), row[2], "{setting}'s default");
        assert_range(&parameters[parameter], &row[3], setting);
        explained.insert(parameter.clone());
    }
    for variable in environments.keys() {
        assert!(
            rows.iter().any(|row| plain(&row[0]) == variable),
            "the template sets {variable}, which the table lacks"
        );
    }
    for row in table(&page, "parameter") {
        let name = plain(&row[0]);
        let known = parameters.get(name).unwrap_or_else(|| panic!("the template has no parameter {name}"));
        assert_eq!(default(known), row[1], "{name}'s default");
        assert_range(known, &row[2], name);
        assert!(explained.insert(name.to_owned()), "{name} stands in both tables");
    }
    let all: BTreeSet<String> = parameters.into_keys().collect();
    assert_eq!(explained, all, "left: the parameters of docs/settings.md; right: the template's");
}

/// A default as the page writes it.
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
fn the_numbers_in_code_and_template_agree() {
    let parameters = parameters();
    let environments = environments(&parameters);
    let mut compared = 0;
    for Reading { name, arguments } in readings() {
        // `number("NAME", default, least..=most)`
        let Some((standing, (least, most))) =
            arguments.split_once(", ").and_then(|(standing, range)| Some((standing, range.split_once("..=")?)))
        else {
            continue;
        };
        let number = |text: &str| match text.trim() {
            "u64::MAX" => u64::MAX,
            digits => digits.replace('_', "").parse::<u64>().unwrap_or_else(|_| panic!("{name}: {digits:?}")),
        };
        let parameter = environments[&name].1.as_ref().unwrap();
        let known = |what: &str| parameters[parameter].get(what).map(|value| number(value));
        assert_eq!(known("Default"), Some(number(standing)), "{name}'s default");
        assert!(known("MinValue").is_some_and(|bound| bound >= number(least)), "{name}: the template admits less");
        assert!(known("MaxValue").unwrap_or(u64::MAX) <= number(most), "{name}: the template admits more");
        compared += 1;
    }
    assert!(compared >= 5, "only {compared} settings are numbers");
}

/// “`…`” quotes a message; … inside it stands for what varies.
#[test]
fn the_messages_that_troubleshooting_quotes_exist() {
    let mut code: String = sources("crates").concat() + &sources("functions").concat();
    // A string literal goes on behind a backslash at a line's end.
    while let Some(at) = code.find("\\\n") {
        let rest = code[at + 2..].trim_start();
        let kept = code.len() - rest.len();
        code.replace_range(at..kept, "");
    }
    let page = text("docs/troubleshooting.md");
    let mut quoted = 0;
    for message in page.split("“`").skip(1) {
        let message = message.split("`”").next().unwrap();
        assert!(message.len() < 200 && !message.contains('\n'), "a quotation does not end: {message}");
        for part in message.split('…').map(str::trim).filter(|part| !part.is_empty()) {
            assert!(code.contains(part), "no source says {part:?}");
            quoted += 1;
        }
    }
    assert!(quoted > 20, "only {quoted} quotations were found");
}
