//! What the docs say by hand of the code's words and messages.

use std::{fs, path::Path};

use contracts::{root, text};

/// The text of every Rust source below a folder of the workspace.
fn sources(folder: &str) -> String {
    fn collect(folder: &Path, into: &mut String) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, into);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                into.push_str(&fs::read_to_string(&path).unwrap());
            }
        }
    }
    let mut found = String::new();
    collect(&root().join(folder), &mut found);
    assert!(!found.is_empty(), "{folder} holds no source");
    found
}

#[test]
fn every_field_of_the_audit_record_is_explained() {
    let record = text("crates/attachments/tests/golden/v2-audit-completed.json").unwrap();
    let record: serde_json::Value = serde_json::from_str(&record).unwrap();
    let page = text("docs/outcomes.md").unwrap();
    let (_, section) = page.split_once("\n## The audit record\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let of_object = record["object"].as_object().unwrap().keys().map(|field| format!("`object.{field}`"));
    let others = record.as_object().unwrap().keys().map(|field| format!("`{field}`"));
    let inner = ["error_reason", "timings"].into_iter().filter_map(|field| record[field].as_object()).flatten();
    for name in of_object.chain(others).chain(inner.map(|(field, _)| format!("`{field}`"))) {
        assert!(section.contains(&name), "docs/outcomes.md does not explain {name}");
    }
}

/// “`…`” quotes a message; … inside it stands for what varies.
#[test]
fn the_messages_that_troubleshooting_quotes_exist() {
    let mut code = sources("crates") + &sources("functions");
    // A backslash at a line's end continues a string literal.
    while let Some(at) = code.find("\\\n") {
        let rest = code[at + 2..].trim_start();
        let kept = code.len() - rest.len();
        code.replace_range(at..kept, "");
    }
    let page = text("docs/troubleshooting.md").unwrap();
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
