//! The part of the Amazon States Language that the machine uses, read strictly: a field that is not listed here is a fault.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub(crate) struct Machine {
    pub(crate) comment: String,
    pub(crate) start_at: String,
    pub(crate) states: BTreeMap<String, State>,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "Type")]
pub(crate) enum State {
    Choice(Choice),
    Task(Task),
    Wait(Wait),
    Fail(Fail),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub(crate) struct Choice {
    pub(crate) comment: String,
    pub(crate) choices: Vec<Rule>,
    pub(crate) default: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub(crate) struct Rule {
    pub(crate) variable: String,
    pub(crate) string_equals: String,
    pub(crate) next: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub(crate) struct Task {
    pub(crate) comment: String,
    pub(crate) resource: String,
    pub(crate) parameters: Parameters,
    pub(crate) output_path: String,
    pub(crate) retry: Vec<Retrier>,
    #[serde(default)]
    pub(crate) catch: Vec<Catcher>,
    pub(crate) next: Option<String>,
    #[serde(default)]
    pub(crate) end: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Parameters {
    #[serde(rename = "FunctionName")]
    pub(crate) function_name: String,
    #[serde(rename = "Payload")]
    pub(crate) payload: Option<Value>,
    #[serde(rename = "Payload.$")]
    pub(crate) payload_path: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub(crate) struct Retrier {
    pub(crate) error_equals: Vec<String>,
    pub(crate) max_attempts: u32,
    pub(crate) interval_seconds: Option<u32>,
    pub(crate) backoff_rate: Option<f64>,
    pub(crate) max_delay_seconds: Option<u32>,
    pub(crate) jitter_strategy: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub(crate) struct Catcher {
    pub(crate) error_equals: Vec<String>,
    pub(crate) result_path: String,
    pub(crate) next: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub(crate) struct Wait {
    pub(crate) comment: String,
    pub(crate) seconds_path: String,
    pub(crate) next: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub(crate) struct Fail {
    pub(crate) comment: String,
    pub(crate) error_path: String,
    pub(crate) cause_path: String,
}

impl Retrier {
    /// The longest delay before the next attempt, in seconds, after so many retries. Full jitter draws from 0 to this.
    pub(crate) fn delay(&self, tried: u32) -> f64 {
        let interval = f64::from(self.interval_seconds.unwrap_or(1));
        let grown = interval * self.backoff_rate.unwrap_or(2.0).powf(f64::from(tried));
        grown.min(self.max_delay_seconds.map_or(f64::INFINITY, f64::from))
    }
}

impl State {
    pub(crate) fn comment(&self) -> &str {
        match self {
            Self::Choice(choice) => &choice.comment,
            Self::Task(task) => &task.comment,
            Self::Wait(wait) => &wait.comment,
            Self::Fail(fail) => &fail.comment,
        }
    }
}

/// A reference path such as `$.job.polls`. A missing field is a fault, as it is on AWS.
pub(crate) fn at<'a>(path: &str, input: &'a Value) -> Result<&'a Value, String> {
    if path == "$" {
        return Ok(input);
    }
    let fields = path.strip_prefix("$.").ok_or_else(|| format!("{path:?} is no reference path"))?;
    fields
        .split('.')
        .try_fold(input, |value, field| value.get(field))
        .ok_or_else(|| format!("{path} is not in {input}"))
}

/// Puts a value where a `ResultPath` says; only one field deep, which is all that the machine uses.
pub(crate) fn put(path: &str, mut input: Value, result: Value) -> Result<Value, String> {
    let field = path.strip_prefix("$.").filter(|field| !field.contains('.')).ok_or_else(|| format!("{path:?}"))?;
    input.as_object_mut().ok_or("the input is no object")?.insert(field.to_owned(), result);
    Ok(input)
}
