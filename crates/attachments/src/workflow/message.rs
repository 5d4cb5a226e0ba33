//! What finalize takes from a payload, and what from the ledger.
//!
//! A person who may invoke finalize, or start an execution, can send any payload. The ledger's row holds the execution's input as
//! intake decided it. So finalize takes the object's facts from the row, and refuses a payload that contradicts them. It takes
//! only the job's end from the payload, because only `PollJob` knows it.

use serde_json::{Map, Value};

use super::Attachment;
use crate::Outcome;

/// The payload says something else than the ledger.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Contradiction {
    /// A field that no state changes.
    #[error("the payload's {0} is not the one that intake decided")]
    Fact(String),
    /// An outcome that this object cannot have.
    #[error("the payload's outcome {outcome} is not possible: {why}")]
    Outcome {
        /// The payload's.
        outcome: Outcome,
        /// What the ledger knows of the object.
        why: &'static str,
    },
}

/// The fields that `PollJob`, its Catch and the machine's waits write. No state changes any other.
const OF_THE_MACHINE: [&str; 5] = ["decision", "wait_seconds", "job", "result", "error"];

impl Attachment {
    /// The object as intake `decided` it, with what this payload adds: how its job was polled and ended.
    ///
    /// A fact that the payload lacks is no contradiction: a poll of an earlier release drops the fields that it does not know.
    ///
    /// # Errors
    /// [`Contradiction`] if the payload says something else than the ledger.
    pub fn checked_against(self, decided: Self) -> Result<Self, Contradiction> {
        if let Some(name) = differing(&facts(&self), &facts(&decided)) {
            return Err(Contradiction::Fact(name));
        }
        let said = self.result.as_ref().map(|result| result.ending.outcome());
        if decided.result.is_some() {
            // Intake ended it. What came after that, such as a poll that failed, changes nothing.
            return match self.result {
                Some(result) if decided.result.as_ref() != Some(&result) => Err(Contradiction::Outcome {
                    outcome: result.ending.outcome(),
                    why: "intake ended the object, with another result",
                }),
                _ => Ok(decided),
            };
        }
        match said {
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

/// What no state changes, as JSON.
fn facts(attachment: &Attachment) -> Map<String, Value> {
    let Ok(Value::Object(mut all)) = serde_json::to_value(attachment) else { return Map::new() };
    all.retain(|name, _| !OF_THE_MACHINE.contains(&name.as_str()));
    all
}

/// The first field of `said` that `known` lacks or has otherwise.
fn differing(said: &Map<String, Value>, known: &Map<String, Value>) -> Option<String> {
    said.iter().find_map(|(name, value)| match (value, known.get(name)) {
        (Value::Object(said), Some(Value::Object(known))) if name != "tags" => {
            differing(said, known).map(|inner| format!("{name}.{inner}"))
        }
        (value, known) => (known != Some(value)).then(|| name.clone()),
    })
}

#[cfg(test)]
mod tests;
