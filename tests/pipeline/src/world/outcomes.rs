//! Waits for the ends of objects, and asks the stack about them, for the end-to-end tests.

use std::time::{Duration, Instant};

use attachments::Identity;
use serde_json::Value;

use super::checks::Webhook;
use super::watch::{self, Executions};
use super::{Ended, Placed, World};
use crate::error::Calling as _;
use crate::{FaultsError, http_call};

/// The time limit of everything that an end-to-end test waits for.
const PATIENCE: Duration = Duration::from_mins(2);

/// A function's answer to a direct invocation.
#[derive(Debug)]
pub struct Invoked {
    /// The `errorType`, where it failed.
    pub error_type: Option<String>,
    /// The answer, or the error's object.
    pub payload: Value,
}

impl World {
    /// Waits for the object's end and checks every invariant, and that one webhook was enough.
    pub async fn outcome_of(&self, placed: &Placed) -> Result<Ended, FaultsError> {
        let Ok(ended) = tokio::time::timeout(PATIENCE, self.end_of(placed, Webhook::Delivered)).await else {
            return Err(self.too_late(&self.progress_of(placed).await));
        };
        let ended = ended?;
        match ended.deliveries.as_slice() {
            [delivery] if delivery.verified => Ok(ended),
            others => Err(FaultsError::broken(format!("{}: its webhooks are {others:?}", placed.key))),
        }
    }

    /// The states that the object's execution entered, in order.
    pub async fn states_of(&self, ended: &Ended) -> Result<Vec<String>, FaultsError> {
        let call = self.clients.sfn.get_execution_history().execution_arn(&ended.execution_arn).max_results(1000);
        let events = call.send().await.calling("GetExecutionHistory")?.events;
        Ok(events.into_iter().filter_map(|event| Some(event.state_entered_event_details?.name)).collect())
    }

    /// The names of the object's executions at this moment.
    pub async fn executions_of(&self, identity: &Identity) -> Result<Vec<String>, FaultsError> {
        let all = watch::list(&self.clients.sfn, &self.place.state_machine_arn).await?;
        Ok(of_object(&all, identity))
    }

    /// Invokes a function directly and waits for its answer.
    pub async fn invoke(&self, function: &str, payload: &Value) -> Result<Invoked, FaultsError> {
        let path = format!("/2015-03-31/functions/{function}/invocations");
        let (headers, payload) = http_call::json("POST", &self.place.endpoint, &path, Some(payload)).await?;
        let failed = headers.contains_key("x-amz-function-error");
        let error_type = failed.then(|| payload.get("errorType").and_then(Value::as_str).unwrap_or("none").to_owned());
        Ok(Invoked { error_type, payload })
    }

    /// Asks until there is an answer. `what` names it in the error.
    pub async fn wait_for<T>(&self, what: &str, ask: impl AsyncFn() -> Option<T>) -> Result<T, FaultsError> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(answer) = ask().await {
                return Ok(answer);
            }
            if Instant::now() > deadline {
                return Err(self.too_late(&format!("{what} did not come")));
            }
            tokio::time::sleep(Duration::from_millis(150)).await;
        }
    }

    fn too_late(&self, what: &str) -> FaultsError {
        let what = format!("{what}; logs: {}", self.place.log_dir.display());
        FaultsError::TooLate { what, seconds: PATIENCE.as_secs() }
    }
}

/// The names of the executions that end in the object's identity.
pub(super) fn of_object(executions: &Executions, identity: &Identity) -> Vec<String> {
    executions.keys().filter(|name| name.ends_with(identity.short())).cloned().collect()
}
