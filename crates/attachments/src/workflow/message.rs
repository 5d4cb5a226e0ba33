//! Compares finalize's payload with the ledger.
//!
//! A person who may invoke finalize, or start an execution, can send any payload. The ledger's row holds the execution's input
//! that intake decided. So finalize uses the object's facts from the row, and refuses a payload that contradicts them. It
//! uses only the job's end from the payload, because only `PollJob` knows it.

use serde_json::{Map, Value};

use super::Attachment;
use crate::Outcome;

/// The payload contradicts the ledger.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Contradiction {
    /// A field that no state changes differs. The text is its name.
    #[error("the payload's {0} is not the one that intake decided")]
    Fact(String),
    /// The object cannot have this outcome.
    #[error("the payload's outcome {outcome} is not possible: {why}")]
    Outcome {
        /// The payload's outcome.
        outcome: Outcome,
        /// The fact in the ledger that rules the outcome out.
        why: &'static str,
    },
}

/// The fields that `PollJob` and its Catch write. No state changes another field.
const MACHINE_FIELDS: [&str; 5] = ["decision", "wait_seconds", "job", "result", "error"];

impl Attachment {
    /// Returns the attachment that intake `decided`, with the job's progress and end from this payload.
    ///
    /// A fact that the payload lacks is no contradiction, because poll of an earlier release drops fields that it does not know.
    ///
    /// # Errors
    /// [`Contradiction`] if the payload contradicts the ledger.
    pub fn checked_against(self, decided: Self) -> Result<Self, Contradiction> {
        if let Some(name) = first_difference(&facts(&self), &facts(&decided)) {
            return Err(Contradiction::Fact(name));
        }
        let outcome = self.result.as_ref().map(|result| result.ending.outcome());
        if decided.result.is_some() {
            // Intake ended the object. Later errors, such as a failed poll, change nothing.
            return match self.result {
                Some(result) if decided.result.as_ref() != Some(&result) => Err(Contradiction::Outcome {
                    outcome: result.ending.outcome(),
                    why: "intake ended the object, with another result",
                }),
                _ => Ok(decided),
            };
        }
        match outcome {
            Some(outcome @ Outcome::Rejected) => {
                Err(Contradiction::Outcome { outcome, why: "CXone has accepted the file" })
            }
            Some(outcome @ (Outcome::Completed | Outcome::Failed)) if decided.job_id.is_none() => {
                Err(Contradiction::Outcome { outcome, why: "the object has no job" })
            }
            _ => {
                let Self { decision, wait_seconds, job, mut result, error, .. } = self;
                if let Some(result) = result.as_mut() {
                    result.ending = result.ending.bounded();
                }
                Ok(Self { decision, wait_seconds, job, result, error, ..decided })
            }
        }
    }
}

/// The fields that no state changes, as JSON.
fn facts(attachment: &Attachment) -> Map<String, Value> {
    let Ok(Value::Object(mut all)) = serde_json::to_value(attachment) else { return Map::new() };
    all.retain(|name, _| !MACHINE_FIELDS.contains(&name.as_str()));
    all
}

/// The first field of `payload` that is missing or different in `decided`.
fn first_difference(payload: &Map<String, Value>, decided: &Map<String, Value>) -> Option<String> {
    payload.iter().find_map(|(name, value)| match (value, decided.get(name)) {
        (Value::Object(payload), Some(Value::Object(decided))) if name != "tags" => {
            first_difference(payload, decided).map(|inner| format!("{name}.{inner}"))
        }
        (value, decided) => (decided != Some(value)).then(|| name.clone()),
    })
}

#[cfg(test)]
mod tests;
