//! Checks what the functions logged, after all trials.

use std::fs;

use pipeline::World;
use serde_json::Value;

use crate::Error;

/// Checks every line of the three functions' logs, and gives how many there were. Where `all` trials ran, each function
/// must have written some.
pub(crate) fn check(world: &World, all: bool) -> Result<usize, Error> {
    let mut lines = 0;
    for function in ["intake", "poll", "finalize"] {
        let path = world.place.log_dir.join(format!("{function}.log"));
        let text = if path.exists() { fs::read_to_string(&path)? } else { String::new() };
        if all && text.is_empty() {
            return Err(format!("{} has no line", path.display()).into());
        }
        for line in text.lines() {
            lines += 1;
            fault(line).map_or(Ok(()), |fault| Err(format!("{function}.log: {fault}: {line}")))?;
        }
    }
    Ok(lines)
}

/// What is wrong with a line.
fn fault(line: &str) -> Option<&'static str> {
    let Ok(Value::Object(entry)) = serde_json::from_str(line) else { return Some("a line is no JSON object") };
    // A metric, which is not a log line.
    if entry.contains_key("_aws") {
        return None;
    }
    let text = |entry: &Value, name: &str| entry.get(name).and_then(Value::as_str).is_some_and(|text| !text.is_empty());
    let entry = Value::Object(entry);
    if !["timestamp", "level", "message", "target"].iter().all(|name| text(&entry, name)) {
        return Some("a line lacks its time, level, message or target");
    }
    let Some(span) = entry.get("span") else { return Some("a line belongs to no invocation") };
    if !text(span, "request_id") {
        return Some("a line does not say its request");
    }
    // Lines in other spans are about no single object.
    let of_an_object = ["record", "job", "outcome"].map(Some).contains(&span.get("name").and_then(Value::as_str));
    if of_an_object && !text(span, "identity") {
        return Some("a line does not say its object");
    }
    let named = span.get("interaction_id").is_some_and(Value::is_string);
    // A rejected file may have none.
    let may_lack = span.get("name").and_then(Value::as_str) == Some("outcome");
    (of_an_object && !named && !may_lack).then_some("a line does not say its interaction")
}
