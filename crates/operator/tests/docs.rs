//! Compares docs/operator.md with what the tool prints.

#![expect(clippy::unwrap_used, reason = "the steps of a test may end it")]

use std::{path::Path, process::Command};

/// Columns of the page's help texts.
const COLUMNS: &str = "90";

fn help(arguments: &str) -> String {
    let tool = env!("CARGO_BIN_EXE_cxone-attachments");
    let output = Command::new(tool).args(arguments.split(' ')).env("COLUMNS", COLUMNS).output().unwrap();
    assert!(output.status.success(), "{arguments}");
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = text.trim_end().lines().map(str::trim_end).collect();
    lines.join("\n")
}

/// The options that all commands share are in the page once.
fn without_shared_options(help: &str) -> String {
    let Some((before, shared)) = help.split_once("\n\nDeployment and output:") else { return help.to_owned() };
    match shared.split_once("\n\nExit codes") {
        Some((_, codes)) => format!("{before}\n\nExit codes{codes}"),
        None => before.to_owned(),
    }
}

#[test]
fn every_help_text_of_the_page_is_what_the_tool_prints() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/operator.md");
    let page = std::fs::read_to_string(page).unwrap();
    let blocks: Vec<(&str, &str)> = page
        .split("```\n$ cxone-attachments ")
        .skip(1)
        .filter_map(|block| block.split_once("\n```")?.0.split_once('\n'))
        .filter(|(arguments, _)| arguments.ends_with("-h"))
        .collect();
    let commands: Vec<&str> = blocks.iter().map(|(arguments, _)| *arguments).collect();
    assert_eq!(commands, ["-h", "explain -h", "status -h", "send -h", "doctor -h", "quota show -h"]);
    for (arguments, shown) in blocks {
        let printed = help(arguments);
        let expected = if arguments == "-h" { printed } else { without_shared_options(&printed) };
        assert_eq!(shown, expected, "cxone-attachments {arguments}");
    }
}
