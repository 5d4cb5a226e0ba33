//! `doctor`: whether the deployment is sound, and the command that fixes each fault.

mod access;
mod infrastructure;
mod load;

use std::{collections::HashMap, io::Write};

use anstyle::{AnsiColor, Style};
use host::HttpClients;
use serde::Serialize;

use super::Context;
use crate::{
    Exit, ToolError, cli,
    ui::{Ui, label, outside, painted, wrapped},
};

/// What a check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Found {
    Ok,
    Warn,
    Fail,
    Skipped,
}

/// The result of one check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Check {
    group: &'static str,
    name: &'static str,
    found: Found,
    /// What was seen.
    detail: String,
    /// The command that fixes it. None where nothing is to be fixed.
    fix: Option<String>,
}

impl Check {
    fn ok(group: &'static str, name: &'static str, detail: impl Into<String>) -> Self {
        Self { group, name, found: Found::Ok, detail: detail.into(), fix: None }
    }

    fn warn(group: &'static str, name: &'static str, detail: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { group, name, found: Found::Warn, detail: detail.into(), fix: Some(fix.into()) }
    }

    fn fail(group: &'static str, name: &'static str, detail: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { group, name, found: Found::Fail, detail: detail.into(), fix: Some(fix.into()) }
    }

    fn skipped(group: &'static str, name: &'static str, why: impl Into<String>) -> Self {
        Self { group, name, found: Found::Skipped, detail: why.into(), fix: None }
    }

    /// A check that could not be made. That AWS denies it is no fault of the deployment. That something is gone is one.
    fn unasked(group: &'static str, name: &'static str, error: &ToolError) -> Self {
        let text = error.to_string();
        let first = text.lines().next().unwrap_or_default();
        match error {
            ToolError::Denied { .. } => Self::skipped(group, name, first),
            ToolError::Aws { .. } if !GONE.iter().any(|gone| first.contains(gone)) => {
                Self::warn(group, name, first, "AWS did not answer: run doctor again")
            }
            _ => Self::fail(group, name, first, "deploy the stack again, if the resource was deleted"),
        }
    }
}

impl Check {
    /// The result of a check, also if it could not be made.
    fn of(group: &'static str, name: &'static str, made: Result<Self, ToolError>) -> Self {
        made.unwrap_or_else(|error| Self::unasked(group, name, &error))
    }
}

/// Parts of the codes with which AWS says that something does not exist.
const GONE: [&str; 4] = ["NotFound", "NoSuch", "NonExistent", "DoesNotExist"];

/// The environment of a function, as Lambda gives it to it.
type Variables = HashMap<String, String>;

/// The functions' environments, and HTTP clients like theirs.
struct Deployed {
    intake: Variables,
    finalize: Variables,
    http: HttpClients,
}

/// What this tool cannot prove from outside.
const UNPROVEN: [&str; 3] = [
    "that CXone accepts an upload: send a file with cxone-attachments send FILE --interaction ID --wait",
    "that the functions' roles have the rights that they need: the first file of each kind shows it",
    "that somebody reads the mails of the alarm topic",
];

pub(super) async fn run(context: &mut Context<'_, impl Write>, arguments: &cli::Doctor) -> Result<Exit, ToolError> {
    let mut checks = infrastructure::checks(context).await;
    let (more, deployed) = infrastructure::functions(context).await?;
    checks.extend(more);
    checks.extend(load::checks(context).await);
    checks.extend(access::checks(context, deployed.as_ref(), arguments).await);
    let failed = checks.iter().filter(|check| check.found == Found::Fail).count();
    if context.is_json() {
        context.json(&serde_json::json!({"schema_version": 1, "checks": checks, "not_proven": UNPROVEN}))?;
    } else {
        let text = rendered(&checks, &context.ui);
        context.out.line(&text)?;
    }
    Ok(if failed == 0 { Exit::Success } else { Exit::Bad })
}

fn rendered(checks: &[Check], ui: &Ui) -> String {
    let mut lines = Vec::new();
    let mut group = "";
    for check in checks {
        if check.group != group {
            group = check.group;
            lines.push(painted(group, Style::new().bold()));
        }
        let (word, colour) = match check.found {
            Found::Ok => ("ok     ", AnsiColor::Green),
            Found::Warn => ("warn   ", AnsiColor::Yellow),
            Found::Fail => ("FAIL   ", AnsiColor::Red),
            Found::Skipped => ("skipped", AnsiColor::BrightBlack),
        };
        let word = painted(word, Style::new().fg_color(Some(colour.into())));
        lines.push(format!("  {word} {:<21} {}", check.name, wrapped(&outside(&check.detail), ui.width, 32)));
        if let Some(fix) = &check.fix {
            // Not wrapped: it is copied.
            lines.push(format!("{}{} {}", " ".repeat(32), label("fix:"), outside(fix)));
        }
    }
    let count = |found| checks.iter().filter(|check| check.found == found).count();
    lines.push(format!(
        "\n{} ok, {} warnings, {} failed, {} skipped. Not proven:",
        count(Found::Ok),
        count(Found::Warn),
        count(Found::Fail),
        count(Found::Skipped)
    ));
    lines.extend(UNPROVEN.iter().map(|text| format!("  - {}", wrapped(text, ui.width, 4))));
    lines.join("\n")
}
