//! What became of an object, for people.

use std::fmt::Write as _;

use anstyle::Style;

use super::{Ui, coloured, label, outside, painted, table, wrapped};
use crate::{Object, Story};

/// The columns in front of a text, so that all texts of an object begin at one place.
const INDENT: usize = 14;

/// Bytes as people read them: `10.9 KiB`.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_024 => format!("{bytes} bytes"),
        1_024..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1_024.0),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}

/// One object: where it is, what comes next, what to do, then its facts and its way.
#[must_use]
pub fn story(object: &Object, story: &Story, ui: &Ui) -> String {
    // Writing to a string cannot fail.
    let mut text = head(object, ui);
    let mut say = |name: &str, said: &str| {
        let padded = format!("{name:<11}");
        let _ = write!(text, "\n  {} {}", label(&padded), wrapped(&outside(said), ui.width, INDENT));
    };
    if let Some(webhook) = &story.webhook {
        say("Webhook", webhook);
    }
    if let Some(next) = &story.next {
        let at = story.next_at.as_ref().and_then(|at| at.parse().ok());
        say("Next", &at.map_or_else(|| next.clone(), |at| format!("{next}: {}", ui.at(at))));
    }
    say("Do", &story.advice);
    let verdict = format!("  {}  ", coloured(story.verdict));
    let words = wrapped(&outside(&story.words), ui.width, INDENT);
    let first = text.find('\n').map_or(text.len(), |end| end);
    text.insert_str(first, &format!("\n{verdict}{words}"));
    text.push_str(&facts(object));
    text.push_str(&timeline(story, ui));
    text
}

fn head(object: &Object, ui: &Ui) -> String {
    let key = object.key.as_deref().map_or_else(|| "(key unknown)".to_owned(), outside);
    let mut parts = vec![painted(&key, Style::new().bold())];
    if let Some(source) = &object.source {
        if source.is_delete_marker {
            parts.push(format!("deleted {}", ui.at(source.written)));
        } else {
            parts.push(size(source.size));
            parts.push(format!("written {}, {}", ui.at(source.written), super::distance(source.written, ui.now)));
        }
    }
    parts.join("   ")
}

fn facts(object: &Object) -> String {
    let mut pairs: Vec<(&str, String)> = Vec::new();
    let mut add = |name, value: Option<String>| pairs.extend(value.map(|value| (name, value)));
    add("version", object.version_id.clone());
    add("identity", object.identity.as_ref().map(ToString::to_string));
    let attachment = object.attachment();
    add("interaction", attachment.as_ref().and_then(|a| a.interaction_id.as_ref().map(ToString::to_string)));
    add("job", object.job_id());
    add("type", attachment.as_ref().and_then(|a| a.object.mime_type.clone()));
    add("sha256", attachment.as_ref().and_then(|a| a.object.sha256.clone()));
    add("uploads", attachment.as_ref().map(|a| a.upload_attempts.to_string()));
    add("execution", object.execution.as_ref().map(|e| format!("{} {}", e.name, e.status)));
    add("record", object.record.as_ref().map(|record| record.location.clone()));
    add("locked", object.record.as_ref().map(|record| record.locked_until.clone().unwrap_or_else(|| "no".to_owned())));
    let mut text = String::new();
    for (name, value) in pairs {
        // Not wrapped: these are copied.
        let _ = write!(text, "\n  {} {}", label(&format!("{name:<11}")), outside(&value));
    }
    if text.is_empty() { text } else { format!("\n{text}") }
}

fn timeline(story: &Story, ui: &Ui) -> String {
    let Some(first) = story.events.first() else { return String::new() };
    let mut rows: Vec<Vec<String>> = story
        .events
        .iter()
        .map(|event| {
            let since = event.at.seconds_since(first.at);
            vec![
                ui.at(event.at),
                format!("+{since:.1} s"),
                event.step.clone(),
                outside(&event.fact),
                event.source.to_owned(),
            ]
        })
        .collect();
    if let Some(next) = &story.next {
        let at = story.next_at.as_ref().and_then(|at| at.parse().ok()).map(|at| ui.at(at)).unwrap_or_default();
        rows.push(vec![at, String::new(), "next".to_owned(), outside(next), String::new()]);
    }
    format!("\n\n{}", table(&["time", "since", "step", "fact", "source"], &rows, &[0, 1, 2], ui.width))
}

/// What `explain` finds this object by.
fn handle_of(object: &Object) -> String {
    let execution = object.row.as_ref().and_then(|row| row.execution_name.clone());
    execution.or_else(|| object.identity.as_ref().map(ToString::to_string)).unwrap_or_default()
}

/// Several objects, one row each.
#[must_use]
pub fn stories(told: &[(Object, Story)], ui: &Ui) -> String {
    let rows: Vec<Vec<String>> = told
        .iter()
        .map(|(object, story)| {
            vec![
                story.verdict.word().to_owned(),
                object.since().map(|at| ui.at(at)).unwrap_or_default(),
                object.key.as_deref().map(outside).unwrap_or_default(),
                story.reason_code.clone().unwrap_or_default(),
                handle_of(object),
            ]
        })
        .collect();
    table(&["state", "since", "key", "reason", "execution or identity"], &rows, &[0, 3, 4], ui.width)
}
