//! An execution in Step Functions: its state, and what it did in each state that it visited.

use attachments::{
    Outcome,
    workflow::{Attachment, Finalized, StatusChange},
};
use aws_sdk_sfn::operation::describe_execution::DescribeExecutionError;
use aws_sdk_sfn::types::{ExecutionStatus, HistoryEvent};
use serde::{Serialize, de::DeserializeOwned};

use crate::ToolError;

/// An execution.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Execution {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// `RUNNING`, `SUCCEEDED`, `FAILED`, `TIMED_OUT` or `ABORTED`.
    pub status: String,
    /// The error of a failed one, which is the outcome or the error that ended it.
    pub error: Option<String>,
    /// The cause of a failed one.
    pub cause: Option<String>,
    /// The output of a succeeded one.
    pub output: Option<String>,
    /// Its input.
    pub input: Option<String>,
    /// When it started, in seconds since the Unix epoch.
    pub started: f64,
    /// When it ended. None while it runs.
    pub ended: Option<f64>,
}

/// A state that an execution visited.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Visit {
    /// The state's name.
    pub state: String,
    /// When it was entered, in seconds since the Unix epoch.
    pub at: f64,
    /// What it did there. Empty if the name says it all.
    pub note: String,
    /// Failed attempts of the state, so far.
    pub failures: u32,
    /// The error of the last failed attempt.
    pub last_error: Option<String>,
    /// Whether the execution has left the state.
    pub left: bool,
}

impl Execution {
    /// Reads an execution. None if no execution has this ARN.
    ///
    /// # Errors
    /// AWS does not say.
    pub async fn read(sfn: &aws_sdk_sfn::Client, arn: &str) -> Result<Option<Self>, ToolError> {
        let described = match sfn.describe_execution().execution_arn(arn).send().await {
            Ok(described) => described,
            Err(error) if error.as_service_error().is_some_and(DescribeExecutionError::is_execution_does_not_exist) => {
                return Ok(None);
            }
            Err(error) => return Err(ToolError::of_call("states:DescribeExecution", &error)),
        };
        Ok(Some(Self {
            name: described.name.unwrap_or_else(|| arn.rsplit(':').next().unwrap_or(arn).to_owned()),
            arn: described.execution_arn,
            status: described.status.as_str().to_owned(),
            error: described.error,
            cause: described.cause,
            output: described.output,
            input: described.input,
            started: described.start_date.as_secs_f64(),
            ended: described
                .stop_date
                .filter(|_| described.status != ExecutionStatus::Running)
                .map(|date| date.as_secs_f64()),
        }))
    }

    /// Whether it still runs.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.status == "RUNNING"
    }

    /// Whether it ended with an outcome: it succeeded, or failed with an outcome's word.
    #[must_use]
    pub fn has_outcome(&self) -> bool {
        let known = |error: &str| matches!(error.parse(), Ok(outcome) if !matches!(outcome, Outcome::Other(_)));
        self.status == "SUCCEEDED" || (self.status == "FAILED" && self.error.as_deref().is_some_and(known))
    }
}

/// The states that an execution visited, in order.
///
/// # Errors
/// AWS does not say.
pub async fn visits_of(sfn: &aws_sdk_sfn::Client, arn: &str) -> Result<Vec<Visit>, ToolError> {
    let mut events = Vec::new();
    let mut pages = sfn.get_execution_history().execution_arn(arn).max_results(1000).into_paginator().items().send();
    while let Some(event) = pages.next().await {
        events.push(event.map_err(|error| ToolError::of_call("states:GetExecutionHistory", &error))?);
    }
    Ok(visits(&events, &Wording { wait: &|seconds| format!("{seconds} s"), saw: &|change| change.status.clone() }))
}

/// How a wait and a job status are told. The demo adds times to both.
pub struct Wording<'a> {
    /// A wait, in seconds.
    pub wait: &'a dyn Fn(u32) -> String,
    /// A new status of the job.
    pub saw: &'a dyn Fn(&StatusChange) -> String,
}

/// Reads the history of an execution that visits one state after the other.
#[must_use]
pub fn visits(events: &[HistoryEvent], wording: &Wording<'_>) -> Vec<Visit> {
    let mut visits: Vec<Visit> = Vec::new();
    let mut input = None;
    for event in events {
        let at = event.timestamp.as_secs_f64();
        if let Some(entered) = &event.state_entered_event_details {
            let (state, note) = (entered.name.clone(), wait(entered.input.as_deref(), &entered.name, wording));
            visits.push(Visit { state, at, note, failures: 0, last_error: None, left: false });
            input = entered.input.as_deref();
        }
        let Some(visit) = visits.last_mut() else { continue };
        let failed = event.task_failed_event_details.as_ref().map(|details| details.error.clone());
        let failed = failed.or_else(|| event.lambda_function_failed_event_details.as_ref().map(|d| d.error.clone()));
        if let Some(error) = failed {
            visit.failures += 1;
            let error = error.unwrap_or_else(|| "no error name".to_owned());
            add(&mut visit.note, &format!("failed with {error}"));
            visit.last_error = Some(error);
        }
        if let Some(exited) = &event.state_exited_event_details {
            visit.left = true;
            add(&mut visit.note, &task(&exited.name, input, exited.output.as_deref(), wording));
        }
    }
    visits
}

fn add(note: &mut String, more: &str) {
    if !note.is_empty() && !more.is_empty() {
        note.push_str("; ");
    }
    note.push_str(more);
}

fn read<T: DeserializeOwned>(json: Option<&str>) -> Option<T> {
    serde_json::from_str(json?).ok()
}

fn wait(input: Option<&str>, state: &str, wording: &Wording<'_>) -> String {
    match read::<Attachment>(input).and_then(|input| input.wait_seconds) {
        Some(seconds) if state == "WaitForJob" => (wording.wait)(seconds),
        _ => String::new(),
    }
}

/// What a function's state did, from the payloads before and after it.
fn task(state: &str, input: Option<&str>, output: Option<&str>, wording: &Wording<'_>) -> String {
    if let (true, Some(before), Some(after)) =
        (state == "PollJob", read::<Attachment>(input), read::<Attachment>(output))
    {
        let asked = after.job.polls.saturating_sub(before.job.polls);
        let mut note = format!("asked {asked} {}", if asked == 1 { "time" } else { "times" });
        let saw: Vec<String> = after.job.changes.iter().map(wording.saw).collect();
        add(&mut note, &if saw.is_empty() { "no change".to_owned() } else { format!("saw {}", saw.join(", ")) });
        return note;
    }
    read::<Finalized>(output).filter(|_| state.starts_with("Record")).map_or_else(String::new, |done| {
        format!("{} written to the ledger and the audit bucket; webhook answered {}", done.outcome, done.webhook_status)
    })
}
