//! `status`: what waits and why, what runs, what failed.

use std::{collections::BTreeMap, io::Write};

use attachments::{Outcome, Timestamp};
use aws_sdk_sfn::types::ExecutionStatus;
use aws_sdk_sqs::types::QueueAttributeName;
use serde::Serialize;

use super::Context;
use crate::{
    Exit, ToolError,
    execution::Execution,
    object,
    ui::{Ui, label, outside, painted, story::size, wrapped},
};

/// Waiting objects that are read, of each of the index's shards.
const READ: usize = 100;
/// Failed executions of the last day that are described.
const DESCRIBED: usize = 200;
const DAY: f64 = 86_400.0;

/// The pipeline now.
#[derive(Debug, Serialize)]
struct Status {
    schema_version: u32,
    queue: Queue,
    dead_letters: u64,
    waiting: Vec<Waiting>,
    running_executions: usize,
    /// Executions of the last day that did not succeed, by their error: an outcome, or what went wrong.
    failed_last_day: BTreeMap<String, u64>,
    /// More such executions, which were not looked at.
    not_looked_at: usize,
    quota: Option<Quota>,
}

#[derive(Debug, Clone, Copy, Serialize)]
struct Queue {
    /// Messages that intake may take now.
    visible: u64,
    /// Messages that intake works on, or that wait for their next attempt.
    hidden: u64,
}

/// Objects that wait for one reason.
#[derive(Debug, Serialize)]
struct Waiting {
    fault: String,
    objects: u64,
    /// When the first of them is tried again.
    next_at: Option<String>,
}

#[derive(Debug, Serialize)]
struct Quota {
    used_bytes: u64,
    limit_bytes: u64,
}

pub(super) async fn run(context: &mut Context<'_, impl Write>) -> Result<Exit, ToolError> {
    let (queue, dead, waiting, running, failed, quota) = tokio::join!(
        messages(context, "IntakeQueueUrl"),
        messages(context, "IntakeDeadLetterQueueUrl"),
        waiting(context),
        running(context),
        failed(context),
        quota(context),
    );
    let (failed_last_day, not_looked_at) = failed?;
    let status = Status {
        schema_version: 1,
        queue: queue?,
        dead_letters: dead.map(|dead| dead.visible + dead.hidden)?,
        waiting: waiting?,
        running_executions: running?,
        failed_last_day,
        not_looked_at,
        quota: quota?,
    };
    if context.is_json() {
        context.json(&status)?;
    } else {
        let heading =
            format!("{} in {}, {}", context.deployment.stack, context.clients.region, context.ui.at(context.ui.now));
        context.out.line(&painted(&heading, anstyle::Style::new().bold()))?;
        let text = rendered(&status, &context.ui);
        context.out.line(&text)?;
    }
    Ok(if status.is_sound() { Exit::Success } else { Exit::Bad })
}

impl Status {
    /// Nothing waits for a person. An object that was rejected waits for its producer.
    fn is_sound(&self) -> bool {
        self.dead_letters == 0 && self.failed_last_day.keys().all(|error| is_outcome(error))
    }
}

fn is_outcome(error: &str) -> bool {
    !matches!(error.parse::<Outcome>(), Err(_) | Ok(Outcome::Other(_)))
}

async fn messages(context: &Context<'_, impl Write>, output: &str) -> Result<Queue, ToolError> {
    let asked = context
        .clients
        .sqs
        .get_queue_attributes()
        .queue_url(context.deployment.output(output)?)
        .attribute_names(QueueAttributeName::ApproximateNumberOfMessages)
        .attribute_names(QueueAttributeName::ApproximateNumberOfMessagesNotVisible)
        .send();
    let answer = asked.await.map_err(|error| ToolError::of_call("sqs:GetQueueAttributes", &error))?;
    let attributes = answer.attributes.unwrap_or_default();
    let number = |name| attributes.get(&name).and_then(|count| count.parse().ok()).unwrap_or(0);
    Ok(Queue {
        visible: number(QueueAttributeName::ApproximateNumberOfMessages),
        hidden: number(QueueAttributeName::ApproximateNumberOfMessagesNotVisible),
    })
}

async fn waiting(context: &Context<'_, impl Write>) -> Result<Vec<Waiting>, ToolError> {
    let ledger = object::ledger(&context.clients, &context.deployment)?;
    let identities = ledger.waiting(READ).await.map_err(|error| object::of_ledger(&error))?;
    let rows = ledger.rows(&identities).await.map_err(|error| object::of_ledger(&error))?;
    let mut groups: BTreeMap<String, (u64, Option<Timestamp>)> = BTreeMap::new();
    // A row stays in the index while the next attempt runs.
    for row in rows.into_iter().filter(|row| row.lease_until.is_none()) {
        let group = groups.entry(row.last_fault.unwrap_or_else(|| "no fault is noted".to_owned())).or_default();
        group.0 += 1;
        group.1 = [group.1, row.retry_at].into_iter().flatten().min();
    }
    let mut waiting: Vec<Waiting> = groups
        .into_iter()
        .map(|(fault, (objects, next))| Waiting { fault, objects, next_at: next.map(|at| at.to_string()) })
        .collect();
    waiting.sort_by_key(|group| std::cmp::Reverse(group.objects));
    Ok(waiting)
}

async fn running(context: &Context<'_, impl Write>) -> Result<usize, ToolError> {
    Ok(listed(context, ExecutionStatus::Running, None).await?.len())
}

/// Executions of the last day that did not succeed, by error.
async fn failed(context: &Context<'_, impl Write>) -> Result<(BTreeMap<String, u64>, usize), ToolError> {
    let since = context.ui.now.plus_millis(-86_400_000);
    let (mut errors, mut more) = (BTreeMap::new(), 0);
    for status in [ExecutionStatus::Failed, ExecutionStatus::TimedOut, ExecutionStatus::Aborted] {
        let arns = listed(context, status.clone(), Some(since)).await?;
        more += arns.len().saturating_sub(DESCRIBED);
        for arn in arns.into_iter().take(DESCRIBED) {
            let execution = Execution::read(&context.clients.sfn, &arn).await?;
            let error = execution.and_then(|execution| execution.error);
            *errors.entry(error.unwrap_or_else(|| status.as_str().to_owned())).or_insert(0) += 1;
        }
    }
    Ok((errors, more))
}

async fn listed(
    context: &Context<'_, impl Write>,
    status: ExecutionStatus,
    since: Option<Timestamp>,
) -> Result<Vec<String>, ToolError> {
    let machine = context.deployment.output("StateMachineArn")?;
    let mut pages = context
        .clients
        .sfn
        .list_executions()
        .state_machine_arn(machine)
        .status_filter(status)
        .into_paginator()
        .items()
        .send();
    let mut arns = Vec::new();
    while let Some(item) = pages.next().await {
        let item = item.map_err(|error| ToolError::of_call("states:ListExecutions", &error))?;
        // Newest first: what follows is older.
        if since.is_some_and(|since| {
            item.start_date.as_secs_f64() < since.seconds_since(Timestamp::from_unix_seconds(0)) - DAY
        }) {
            break;
        }
        let stopped = item.stop_date.unwrap_or(item.start_date).as_secs_f64();
        if since.is_none_or(|since| stopped >= since.seconds_since(Timestamp::from_unix_seconds(0))) {
            arns.push(item.execution_arn);
        }
    }
    Ok(arns)
}

async fn quota(context: &Context<'_, impl Write>) -> Result<Option<Quota>, ToolError> {
    let limit_bytes = context.deployment.number("StorageQuotaBytes", 0);
    if limit_bytes == 0 {
        return Ok(None);
    }
    let ledger = object::ledger(&context.clients, &context.deployment)?;
    let used_bytes = ledger.used_bytes().await.map_err(|error| object::of_ledger(&error))?;
    Ok(Some(Quota { used_bytes, limit_bytes }))
}

fn rendered(status: &Status, ui: &Ui) -> String {
    let mut lines = Vec::new();
    let mut say = |name: &str, said: String| {
        lines.push(format!("  {} {}", label(&format!("{name:<14}")), wrapped(&said, ui.width, 17)));
    };
    say(
        "Queue",
        format!("{} messages to take, {} being worked on or waiting", status.queue.visible, status.queue.hidden),
    );
    say(
        "Dead letters",
        match status.dead_letters {
            0 => "none".to_owned(),
            count => format!("{count}: look at them with aws sqs receive-message (docs/runbook.md, dead-letters)"),
        },
    );
    let objects: u64 = status.waiting.iter().map(|group| group.objects).sum();
    say(
        "Waiting",
        if objects == 0 { "no object waits for a retry".to_owned() } else { format!("{objects} objects for a retry") },
    );
    for group in &status.waiting {
        let next = group.next_at.as_ref().and_then(|at| at.parse().ok()).map(|at| format!(", next {}", ui.at(at)));
        say("", format!("{} × {}{}", group.objects, outside(&group.fault), next.unwrap_or_default()));
    }
    say("Running", format!("{} executions", status.running_executions));
    let failed: u64 = status.failed_last_day.values().sum();
    say(
        "Last day",
        if failed == 0 {
            "every execution that ended succeeded".to_owned()
        } else {
            let by_error: Vec<String> =
                status.failed_last_day.iter().map(|(error, count)| format!("{count} {}", outside(error))).collect();
            {
                let more = status.not_looked_at;
                let more = if more > 0 { format!(", and {more} more") } else { String::new() };
                format!("{failed} ended without success: {}{more}", by_error.join(", "))
            }
        },
    );
    say(
        "Quota",
        match &status.quota {
            None => "none".to_owned(),
            Some(Quota { used_bytes, limit_bytes }) => {
                let percent = u128::from(*used_bytes) * 100 / u128::from(*limit_bytes);
                format!("{percent} % of {} used", size(*limit_bytes))
            }
        },
    );
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(dead_letters: u64, failed: &[(&str, u64)]) -> Status {
        Status {
            schema_version: 1,
            queue: Queue { visible: 2, hidden: 1 },
            dead_letters,
            waiting: vec![Waiting { fault: "CXone answered \u{1b}[31m429".to_owned(), objects: 3, next_at: None }],
            running_executions: 1,
            not_looked_at: 0,
            failed_last_day: failed.iter().map(|(error, count)| ((*error).to_owned(), *count)).collect(),
            quota: Some(Quota { used_bytes: 512, limit_bytes: 1024 }),
        }
    }

    #[test]
    fn dead_letters_and_errors_that_are_no_outcome_are_not_sound() {
        assert!(status(0, &[("REJECTED", 4), ("TIMED_OUT", 1)]).is_sound());
        assert!(!status(1, &[]).is_sound());
        assert!(!status(0, &[("Webhook.Undelivered", 1)]).is_sound());
    }

    #[test]
    fn text_names_each_reason_for_waiting_and_cannot_steer_the_terminal() {
        let ui = Ui { time: crate::cli::TimeForm::Utc, width: 80, now: Timestamp::from_unix_seconds(0) };
        let text = anstream::adapter::strip_str(&rendered(&status(1, &[("REJECTED", 4)]), &ui)).to_string();
        for part in ["3 × CXone answered", "4 REJECTED", "50 % of 1.0 KiB used", "2 messages to take"] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        assert!(text.chars().all(|c| c == '\n' || attachments::is_harmless(c)), "{text:?}");
    }
}
