//! Following the objects until each has its outcome, and saying what happens meanwhile.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use attachments::shown;
use aws_sdk_sfn::types::ExecutionStatus;
use servers::cxone::Attachment;

use crate::stack::failed;
use crate::{Stack, StackError};

use super::dropped::Dropped;
use super::terminal::Screen;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(250);
/// How long the objects may take together; what has no outcome then is reported so.
const PATIENCE: Duration = Duration::from_mins(2);

/// An execution that has ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Execution {
    pub(crate) arn: String,
    /// `SUCCEEDED` or `FAILED`.
    pub(crate) status: String,
    /// The error of a failed one, which is the outcome.
    pub(crate) error: Option<String>,
    /// The cause of a failed one.
    pub(crate) cause: Option<String>,
    /// The output of a succeeded one.
    pub(crate) output: Option<String>,
    /// When it began and ended, in seconds since the Unix epoch.
    pub(crate) began: f64,
    pub(crate) ended: f64,
}

/// How far an object is, as far as it can be seen from outside.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    /// In the bucket; intake has not decided.
    Dropped,
    /// At `CXone`, with the job's status.
    Uploaded { status: String },
    /// Not sent; its execution records why.
    Refused,
    /// The execution has ended.
    Ended { outcome: String, reason: Option<String> },
}

impl Execution {
    /// The outcome's word.
    pub(crate) fn outcome(&self) -> String {
        match &self.error {
            Some(error) => error.clone(),
            None => json(self.output.as_deref(), "/outcome").unwrap_or_else(|| self.status.clone()),
        }
    }

    /// The reason's code, which begins the cause.
    pub(crate) fn reason(&self) -> Option<String> {
        self.cause.as_deref().map(|cause| cause.split(';').next().unwrap_or_default().to_owned())
    }
}

fn json(text: Option<&str>, pointer: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(text?).ok()?;
    value.pointer(pointer)?.as_str().map(str::to_owned)
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dropped => f.write_str("in the bucket"),
            Self::Uploaded { status } => write!(f, "uploaded, job {}", shown(status)),
            Self::Refused => f.write_str("not sent, being recorded"),
            Self::Ended { outcome, reason: None } => f.write_str(&shown(outcome)),
            Self::Ended { outcome, reason: Some(reason) } => write!(f, "{} {}", shown(outcome), shown(reason)),
        }
    }
}

/// The stage that follows from what the servers say of an object.
fn stage(ended: Option<&Execution>, is_running: bool, attachment: Option<&Attachment>) -> Stage {
    match (ended, attachment) {
        (Some(execution), _) => Stage::Ended { outcome: execution.outcome(), reason: execution.reason() },
        (None, Some(attachment)) => Stage::Uploaded { status: attachment.status.clone() },
        (None, None) if is_running => Stage::Refused,
        (None, None) => Stage::Dropped,
    }
}

/// Waits until all executions have ended, or for [`PATIENCE`]; the executions by name.
pub(crate) async fn until_all_ended(
    stack: &Stack,
    standin: &servers::cxone::Control,
    objects: &[Dropped],
    screen: &mut Screen,
) -> Result<BTreeMap<String, Execution>, StackError> {
    let deadline = Instant::now() + PATIENCE;
    let mut ended: BTreeMap<String, Execution> = BTreeMap::new();
    let mut stages = vec![Stage::Dropped; objects.len()];
    loop {
        let listed = executions(stack).await?;
        let attachments = standin.attachments(None).await?;
        for (object, known) in objects.iter().zip(&mut stages) {
            let Some((arn, status)) = listed.get(&object.execution_name) else {
                update(object, known, stage(None, false, attachment_of(object, &attachments)), screen);
                continue;
            };
            let is_running = *status == ExecutionStatus::Running;
            if !is_running && !ended.contains_key(&object.execution_name) {
                ended.insert(object.execution_name.clone(), describe(stack, arn).await?);
            }
            let execution = ended.get(&object.execution_name);
            update(object, known, stage(execution, is_running, attachment_of(object, &attachments)), screen);
        }
        if ended.len() == objects.len() || Instant::now() > deadline {
            return Ok(ended);
        }
        screen.show(&summary(objects, &stages));
        tokio::time::sleep(PAUSE).await;
    }
}

fn attachment_of<'a>(object: &Dropped, attachments: &'a [Attachment]) -> Option<&'a Attachment> {
    attachments.iter().find(|attachment| attachment.idempotency_key == object.identity.as_str())
}

/// Says what has changed. Where one line changes in place, only an object's end is worth a line that stays.
fn update(object: &Dropped, known: &mut Stage, now: Stage, screen: &mut Screen) {
    if *known == now {
        return;
    }
    let paint = screen.paint();
    let shown = match &now {
        Stage::Ended { reason: None, .. } => paint.good(&now.to_string()),
        Stage::Ended { .. } => paint.refused(&now.to_string()),
        _ => now.to_string(),
    };
    if matches!(now, Stage::Ended { .. }) || !screen.is_live() {
        screen.say(&format!("{:<36}  {shown}", object.sample.label()));
    }
    *known = now;
}

/// How many have ended, and what the others are at.
fn summary(objects: &[Dropped], stages: &[Stage]) -> String {
    let mut groups: BTreeMap<&Stage, Vec<&str>> = BTreeMap::new();
    for (object, stage) in objects.iter().zip(stages) {
        if !matches!(stage, Stage::Ended { .. }) {
            groups.entry(stage).or_default().push(object.sample.file_name());
        }
    }
    let ended = objects.len() - groups.values().map(Vec::len).sum::<usize>();
    let groups = groups.iter().map(|(stage, names)| match names.as_slice() {
        [name] => format!("; {stage}: {name}"),
        names => format!("; {stage}: {}", names.len()),
    });
    std::iter::once(format!("{ended} of {} ended", objects.len())).chain(groups).collect()
}

/// All executions of the machine by name, with ARN and status.
pub(crate) async fn executions(stack: &Stack) -> Result<BTreeMap<String, (String, ExecutionStatus)>, StackError> {
    let machine = &stack.description().state_machine_arn;
    let call = stack.clients().sfn.list_executions().state_machine_arn(machine).max_results(1000).send();
    let answer = call.await.map_err(|error| failed("ListExecutions", &error))?;
    Ok(answer.executions.into_iter().map(|item| (item.name, (item.execution_arn, item.status))).collect())
}

async fn describe(stack: &Stack, arn: &str) -> Result<Execution, StackError> {
    let call = stack.clients().sfn.describe_execution().execution_arn(arn).send();
    let answer = call.await.map_err(|error| failed("DescribeExecution", &error))?;
    Ok(Execution {
        arn: answer.execution_arn,
        status: answer.status.as_str().to_owned(),
        error: answer.error,
        cause: answer.cause,
        output: answer.output,
        began: answer.start_date.as_secs_f64(),
        ended: answer.stop_date.unwrap_or(answer.start_date).as_secs_f64(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(error: Option<&str>, cause: Option<&str>, output: Option<&str>) -> Execution {
        Execution {
            arn: "arn".to_owned(),
            status: if error.is_some() { "FAILED" } else { "SUCCEEDED" }.to_owned(),
            error: error.map(str::to_owned),
            cause: cause.map(str::to_owned),
            output: output.map(str::to_owned),
            began: 1.0,
            ended: 2.0,
        }
    }

    #[test]
    fn a_failed_execution_names_outcome_and_reason_in_error_and_cause() {
        let execution = ended(Some("REJECTED"), Some("empty; audit record s3://a/b"), None);
        assert_eq!(stage(Some(&execution), false, None).to_string(), "REJECTED empty");
    }

    #[test]
    fn a_succeeded_execution_names_the_outcome_in_its_output() {
        let execution = ended(None, None, Some(r#"{"outcome":"COMPLETED"}"#));
        assert_eq!(stage(Some(&execution), false, None).to_string(), "COMPLETED");
        // Without it, what the console shows is all that is known.
        assert_eq!(ended(None, None, Some("{}")).outcome(), "SUCCEEDED");
    }

    #[test]
    fn what_has_not_ended_is_where_it_was_seen_last() {
        assert_eq!(stage(None, false, None), Stage::Dropped);
        assert_eq!(stage(None, true, None), Stage::Refused);
    }
}
