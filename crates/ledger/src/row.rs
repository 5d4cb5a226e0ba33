//! Reads an object's row.

use std::collections::HashMap;

use attachments::{
    Identity, Outcome, Reason, Timestamp,
    workflow::{Ending, Resolution},
};
use aws_sdk_dynamodb::types::AttributeValue;

use crate::{Decided, LedgerError};

/// The state of an object's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Claimed,
    Decided,
    Done,
}

/// An object's row. Each method parses one attribute.
pub(crate) struct Row<'a> {
    pk: String,
    attributes: &'a HashMap<String, AttributeValue>,
}

impl<'a> Row<'a> {
    pub(crate) fn new(identity: &Identity, attributes: &'a HashMap<String, AttributeValue>) -> Self {
        Self { pk: format!("object#{identity}"), attributes }
    }

    pub(crate) fn foreign(&self, why: &'static str) -> LedgerError {
        LedgerError::Foreign { pk: self.pk.clone(), why }
    }

    pub(crate) fn malformed(&self, attribute: &'static str) -> LedgerError {
        LedgerError::Malformed { pk: self.pk.clone(), attribute }
    }

    pub(crate) fn text(&self, name: &str) -> Option<&'a str> {
        self.attributes.get(name)?.as_s().ok().map(String::as_str)
    }

    /// None if the attribute is absent.
    pub(crate) fn number<T: std::str::FromStr>(&self, name: &'static str) -> Result<Option<T>, LedgerError> {
        let Some(value) = self.attributes.get(name) else { return Ok(None) };
        let parsed = value.as_n().ok().and_then(|digits| digits.parse().ok());
        parsed.map(Some).ok_or_else(|| self.malformed(name))
    }

    pub(crate) fn state(&self) -> Result<State, LedgerError> {
        match self.text("state") {
            Some("claimed") => Ok(State::Claimed),
            Some("decided") => Ok(State::Decided),
            Some("done") => Ok(State::Done),
            _ => Err(self.malformed("state")),
        }
    }

    pub(crate) fn decided(&self) -> Result<Decided, LedgerError> {
        let required = |name: &'static str| self.text(name).map(str::to_owned).ok_or_else(|| self.malformed(name));
        Ok(Decided { execution_name: required("execution_name")?, execution_input: required("execution_input")? })
    }

    /// When intake first claimed the object.
    pub(crate) fn first_seen(&self) -> Result<Timestamp, LedgerError> {
        let seconds = self.number("first_seen")?.ok_or_else(|| self.malformed("first_seen"))?;
        Ok(Timestamp::from_unix_seconds(seconds))
    }

    /// The outcome, if finalize has written one. Words of a newer release are kept as they are.
    pub(crate) fn resolution(&self) -> Result<Option<Resolution>, LedgerError> {
        let Some(word) = self.text("outcome") else { return Ok(None) };
        let outcome: Outcome = word.parse().map_err(|_| self.malformed("outcome"))?;
        let at: Option<Timestamp> = self.text("outcome_at").and_then(|at| at.parse().ok());
        let code = self.text("reason_code").and_then(|code| code.parse().ok());
        let reason = code.map(|code| Reason::new(code, self.text("reason_text").unwrap_or_default()));
        let at = at.ok_or_else(|| self.malformed("outcome_at"))?;
        Ok(Some(Resolution { ending: Ending::from_parts(outcome, reason), at }))
    }
}
