//! Faults of the webhook's receiver.

use std::time::Duration;

use aws_sdk_sfn::types::ExecutionStatus;
use serde_json::{Value, json};
use servers::{
    scripted::{CutHow, Step},
    webhook::DeliveryAct,
};

use super::{
    Acting, Play, Row,
    replies::{redirect, status},
    row,
};
use crate::FaultsError;
use crate::case::{Case, Expect, ensure};
use crate::error::Calling as _;
use crate::places::Place;
use crate::world::{Ended, Webhook};

fn reply(code: u16) -> Step<DeliveryAct> {
    Step::once(DeliveryAct::Reply(status(code)))
}

pub(super) const ROWS: &[Row] = &[
    row(
        "webhook/500",
        "500 twice",
        "delivered at the third attempt, one id, one body",
        Play::Webhook(|| vec![reply(500).times(2)], 3),
    )
    .fast(),
    row("webhook/410", "410 once", "delivered at the second attempt", Play::Webhook(|| vec![reply(410)], 2)).fast(),
    row(
        "webhook/timeout",
        "no answer once",
        "timeout after 10 s, delivered at the second attempt",
        Play::Webhook(|| vec![Step::once(DeliveryAct::Never)], 2),
    )
    .fast(),
    row(
        "webhook/redirect",
        "a redirect",
        "not followed, delivered at the second attempt",
        Play::Webhook(|| vec![Step::once(DeliveryAct::Reply(redirect()))], 2),
    )
    .fast(),
    row(
        "webhook/cut",
        "connection reset twice",
        "delivered at the third attempt",
        Play::Webhook(|| vec![Step::once(DeliveryAct::Cut(CutHow::Reset)).times(2)], 3),
    )
    .fast(),
    row(
        "webhook/down",
        "503 until the retries are used up",
        "Webhook.Undelivered, everything else is settled; a redrive delivers",
        Play::Other(down),
    )
    .within(200),
    row(
        "webhook/tls",
        "an unknown certificate, until the retries are used up",
        "nothing is sent, Webhook.Undelivered; with a known certificate, a redrive delivers",
        Play::Other(unknown_certificate),
    )
    .at(Place::Tls)
    .within(200),
];

/// The file is completed, and its webhook delivered at the last of this many attempts, all to the same URL.
pub(super) async fn tried(case: &Case, tries: usize) -> Result<String, FaultsError> {
    let placed = case.world.put(&case.file()).await?;
    let ended = case.end_of(&placed, Webhook::Delivered).await?;
    let seen = Expect::COMPLETED.compare(&ended)?;
    ensure(ended.deliveries.len() == tries, || format!("{} tries", ended.deliveries.len()))?;
    let elsewhere = ended.deliveries.iter().find(|one| one.path != "/webhook");
    ensure(elsewhere.is_none(), || format!("a try went to {:?}", elsewhere.map(|one| &one.path)))?;
    Ok(seen)
}

fn down(case: Case) -> Acting {
    Box::pin(async move {
        case.world.receiver.script_interaction(&case.interaction, &[reply(503).forever()]).await?;
        let placed = case.world.put(&case.file()).await?;
        let ended = case.end_of(&placed, Webhook::Undelivered).await?;
        Expect::COMPLETED.compare(&ended)?;
        let failed = ended.deliveries.len();
        case.world.receiver.forget_interaction(&case.interaction).await?;
        delivers_again(&case, &ended).await?;
        Ok(format!("Undelivered after {failed} tries; redriven, taken once with the same bytes"))
    })
}

fn unknown_certificate(case: Case) -> Acting {
    Box::pin(async move {
        let front = case.world.tls.as_ref().ok_or_else(|| FaultsError::broken("this stack speaks no TLS"))?;
        let placed = case.world.put(&case.file()).await?;
        let ended = case.end_of(&placed, Webhook::Undelivered).await?;
        Expect::COMPLETED.compare(&ended)?;
        let sent = ended.deliveries.len();
        ensure(sent == 0, || format!("{sent} webhooks came through"))?;
        front.become_known();
        delivers_again(&case, &ended).await?;
        Ok("Undelivered without a byte of it sent; redriven, taken once".to_owned())
    })
}

/// Redrives the execution. Then the webhook has been accepted once, and all attempts had the same body.
async fn delivers_again(case: &Case, ended: &Ended) -> Result<(), FaultsError> {
    let output = redriven(case, &ended.execution_arn).await?;
    ensure(output.get("outcome").and_then(Value::as_str) == Some("COMPLETED"), || format!("redriven: {output}"))?;
    let identity = ended.record.get("identity").and_then(Value::as_str);
    let deliveries = case.world.receiver.deliveries(identity, None).await?;
    let bodies: std::collections::BTreeSet<_> = deliveries.iter().map(|one| &one.body_sha256).collect();
    let taken = deliveries.iter().filter(|one| one.status == Some(200)).count();
    ensure(bodies.len() == 1 && taken == 1, || format!("{} bodies, taken {taken} times", bodies.len()))
}

/// Redrives a failed execution, which then succeeds, and gives its output.
pub(super) async fn redriven(case: &Case, execution_arn: &str) -> Result<Value, FaultsError> {
    let sfn = &case.world.clients.sfn;
    sfn.redrive_execution().execution_arn(execution_arn).send().await.calling("RedriveExecution")?;
    let ended = async {
        loop {
            let found =
                sfn.describe_execution().execution_arn(execution_arn).send().await.calling("DescribeExecution")?;
            if *found.status() != ExecutionStatus::Running {
                return Ok(found);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let late =
        || FaultsError::TooLate { what: "the redriven execution runs on".to_owned(), seconds: case.limit.as_secs() };
    let ended = tokio::time::timeout(case.limit, ended).await.unwrap_or_else(|_| Err(late()))?;
    let (status, error) = (ended.status().as_str(), ended.error().unwrap_or_default());
    ensure((status, ended.redrive_count) == ("SUCCEEDED", Some(1)), || {
        format!("the redriven execution is {status} {error}")
    })?;
    // What is checked of the whole stack is the watch's last look, which may be from before this end.
    while case.world.end_of_execution(ended.name().unwrap_or_default()).await != ExecutionStatus::Succeeded {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    serde_json::from_str(ended.output().unwrap_or_default()).calling("reading an execution's output")
}

/// Calls finalize once more with what the execution's last state had as input, as a repeated invocation does.
pub(super) async fn recorded_again(case: &Case, execution_arn: &str) -> Result<Value, FaultsError> {
    let call = case.world.clients.sfn.get_execution_history().execution_arn(execution_arn);
    let history =
        call.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await.calling("GetExecutionHistory")?;
    let entered = history.iter().filter_map(|event| event.state_entered_event_details());
    let input =
        entered.filter(|state| state.name().starts_with("Record")).filter_map(|state| state.input()).next_back();
    let input = input.ok_or_else(|| FaultsError::broken("the history has no input of the last state"))?;
    let attachment: Value = serde_json::from_str(input).calling("reading a state's input")?;
    let payload = json!({ "execution_arn": execution_arn, "attachment": attachment });
    case.invoke(&case.world.place.functions.finalize, &payload).await
}
