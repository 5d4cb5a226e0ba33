//! Forgeries by someone with permissions in the account: executions, and payloads of finalize.

use std::time::Duration;

use aws_sdk_sfn::types::ExecutionStatus;
use serde_json::{Value, json};
use servers::{cxone::JobAct, scripted::Step};

use super::{Acting, Play, Row, planted::days, row};
use crate::FaultsError;
use crate::case::{Case, Expect, ensure};
use crate::error::Calling as _;
use crate::proxy::Act;
use crate::world::{Placed, Webhook};

/// How long CXone processes the job while the row sends its forgery.
const PROCESSING: Duration = Duration::from_secs(8);

pub(super) const ROWS: &[Row] = &[
    row(
        "forgery/never-existed",
        "a completed execution started by hand, for an object that never existed",
        "Input.Foreign at once; no ledger row, no record, no webhook",
        Play::Other(never_existed),
    )
    .fast(),
    row(
        "forgery/still-claimed",
        "finalize invoked for an object that is being read",
        "Input.Foreign, the claim is kept, COMPLETED afterwards",
        Play::Other(still_claimed),
    )
    .fast(),
    row(
        "forgery/facts",
        "finalize invoked with the right ARN and other facts, and with a rejection",
        "Input.Foreign each time, COMPLETED with the true facts afterwards",
        Play::Other(other_facts),
    )
    .fast(),
    row(
        "forgery/dated-2031",
        "finalize invoked with the right ARN and a result of the year 2031",
        "recorded with today's date, one record",
        Play::Other(dated_2031),
    )
    .fast(),
    row(
        "forgery/two-outcomes",
        "finalize invoked with the right ARN and another outcome before the job has ended",
        "the execution itself fails with Input.Foreign, the reservation is kept",
        Play::Other(two_outcomes),
    )
    .fast(),
];

#[expect(clippy::disallowed_methods, reason = "an identity for a test")]
fn never_existed(case: Case) -> Acting {
    Box::pin(async move {
        let (world, identity) = (&case.world, format!("{:064x}", fastrand::u128(..)));
        let name = format!("forgery-never-existed-{}", &identity[..32]);
        let input = json!({
            "schema": 1, "decision": "completed", "identity": identity, "interaction_id": case.interaction, "job_id": "job-1",
            "object": { "bucket": world.place.bucket, "key": "interactions/x/a.wav", "version_id": "v1", "sha256": "ab" },
            "result": { "outcome": "COMPLETED", "at": "2031-01-01T00:00:00Z" },
        });
        let arn = world.start_by_hand(&name, &input).await?;
        let error = error_of(&case, &name, &arn).await?;
        ensure(error == "Input.Foreign", || format!("the execution's error is {error:?}"))?;
        nothing_of(&case, &identity).await?;
        Ok("Input.Foreign; no row, no record, no webhook".to_owned())
    })
}

fn still_claimed(case: Case) -> Acting {
    Box::pin(async move {
        let placed = case.world.place(&case.file()).await?;
        case.plant(&placed, "GetObject", 0, 1, Act::Delay(PROCESSING));
        case.world.announce(&placed).await?;
        in_state(&case, &placed, "claimed").await?;
        let forged = json!({
            "schema": 1, "decision": "completed", "identity": placed.identity.as_str(),
            "interaction_id": case.interaction, "job_id": "job-1", "object": { "bucket": placed.bucket, "key": placed.key },
            "result": { "outcome": "COMPLETED", "at": placed.written_at },
        });
        refused(&case, &placed, &forged, "still claimed").await?;
        case.world
            .ledger_row(placed.identity.as_str())
            .await?
            .map_or(Ok(()), |row| ensure(row.state == "claimed", || format!("the row was changed: {row:?}")))?;
        case.expect(&placed, &Expect::COMPLETED).await
    })
}

fn other_facts(case: Case) -> Acting {
    Box::pin(async move {
        let (placed, decided) = being_processed(&case).await?;
        let forgeries: [(&str, Value); 6] = [
            ("/object/sha256", json!("ab".repeat(32))),
            ("/object/size_bytes", json!(1)),
            ("/interaction_id", json!("another-interaction")),
            ("/job_id", json!("another-job")),
            ("/tags/note", json!("forged")),
            ("/upload/started_at", json!("2020-01-01T00:00:00Z")),
        ];
        for (pointer, value) in forgeries {
            let mut forged = ending(&decided, json!({ "outcome": "COMPLETED", "at": placed.written_at }));
            let field = forged.pointer_mut(pointer).ok_or_else(|| FaultsError::broken(format!("no {pointer}")))?;
            *field = value;
            refused(&case, &placed, &forged, "is not the one that intake decided").await?;
        }
        let reason = json!({ "code": "empty", "text": "refund" });
        let rejection = ending(&decided, json!({ "outcome": "REJECTED", "reason": reason, "at": placed.written_at }));
        refused(&case, &placed, &rejection, "REJECTED is not possible").await?;
        case.expect(&placed, &Expect::COMPLETED).await
    })
}

fn dated_2031(case: Case) -> Acting {
    Box::pin(async move {
        let (placed, decided) = being_processed(&case).await?;
        let forged = ending(&decided, json!({ "outcome": "COMPLETED", "at": "2031-12-31T23:59:59Z" }));
        let answer = finalize(&case, &placed, &forged).await?;
        let key = answer.get("audit_key").and_then(Value::as_str).unwrap_or_default().to_owned();
        let today = days().iter().any(|day| key.contains(day.as_str()));
        ensure(today, || format!("the record is at {key:?}: {answer}"))?;
        let ended = case.end_of(&placed, Webhook::Delivered).await?;
        let time = ended.record.get("timestamp").and_then(Value::as_str).unwrap_or_default().to_owned();
        ensure(!time.starts_with("2031"), || format!("the record is dated {time}"))?;
        Expect::COMPLETED.compare(&ended)
    })
}

fn two_outcomes(case: Case) -> Acting {
    Box::pin(async move {
        let (placed, decided) = being_processed(&case).await?;
        let reason = json!({ "code": "poll_failed", "text": "forged" });
        let forged = json!({ "outcome": "TRACKING_FAILED", "reason": reason, "at": placed.written_at });
        let answer = finalize(&case, &placed, &ending(&decided, forged)).await?;
        ensure(answer.get("outcome").is_some(), || format!("finalize answered {answer}"))?;
        let arn = case.world.execution_arn(&placed.execution_name);
        let error = error_of(&case, &placed.execution_name, &arn).await?;
        ensure(error == "Input.Foreign", || format!("the execution's error is {error:?}"))?;
        let row = case.world.ledger_row(placed.identity.as_str()).await?.unwrap_or_default();
        ensure((row.quota.as_str(), row.reserved_bytes) == ("unsettled", placed.size), || format!("{row:?}"))?;
        Ok("the forged outcome is seen: Input.Foreign".to_owned())
    })
}

/// A file whose job still runs, and the decision of intake.
pub(super) async fn being_processed(case: &Case) -> Result<(Placed, Value), FaultsError> {
    let running = Step::once(JobAct::word("RUNNING")).during(PROCESSING);
    case.world.standin.script_jobs(&case.interaction, &[running]).await?;
    let placed = case.world.put(&case.file()).await?;
    let input = in_state(case, &placed, "decided").await?;
    Ok((placed, serde_json::from_str(&input).calling("reading an execution's input")?))
}

/// Waits until the ledger's row is in this state; the execution's input.
async fn in_state(case: &Case, placed: &Placed, state: &str) -> Result<String, FaultsError> {
    let reached = async {
        loop {
            match case.world.ledger_row(placed.identity.as_str()).await? {
                Some(row) if row.state == state => return Ok(row.execution_input),
                _ => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    };
    let late = || FaultsError::TooLate { what: format!("the row is not {state}"), seconds: case.limit.as_secs() };
    tokio::time::timeout(case.limit, reached).await.unwrap_or_else(|_| Err(late()))
}

/// The payload of an object that ended with this result.
fn ending(decided: &Value, result: Value) -> Value {
    let mut payload = decided.clone();
    if let Some(fields) = payload.as_object_mut() {
        fields.insert("result".to_owned(), result);
    }
    payload
}

/// Invokes finalize under the ARN of the object's own execution.
async fn finalize(case: &Case, placed: &Placed, attachment: &Value) -> Result<Value, FaultsError> {
    let arn = case.world.execution_arn(&placed.execution_name);
    let payload = json!({ "execution_arn": arn, "attachment": attachment });
    case.invoke(&case.world.place.functions.finalize, &payload).await
}

/// Checks that finalize refuses the payload with this reason, and sends no webhook.
async fn refused(case: &Case, placed: &Placed, attachment: &Value, why: &str) -> Result<(), FaultsError> {
    let answer = finalize(case, placed, attachment).await?;
    let said = |name: &str| answer.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let is_refused = said("errorType") == "Input.Foreign" && said("errorMessage").contains(why);
    ensure(is_refused, || format!("finalize answered {answer}, not Input.Foreign and {why:?}"))?;
    let sent = case.world.receiver.deliveries(Some(placed.identity.as_str()), None).await?.len();
    ensure(sent == 0, || format!("{sent} webhooks were sent"))
}

/// Checks that the pipeline has nothing about the identity.
async fn nothing_of(case: &Case, identity: &str) -> Result<(), FaultsError> {
    let row = case.world.ledger_row(identity).await?;
    ensure(row.is_none(), || format!("it has a row: {row:?}"))?;
    let records = case.world.audit_records().await?;
    ensure(!records.iter().any(|key| key.contains(identity)), || "it has a record".to_owned())?;
    let sent = case.world.receiver.deliveries(Some(identity), None).await?.len();
    ensure(sent == 0, || format!("{sent} webhooks were sent"))
}

/// The error with which the execution failed.
pub(super) async fn error_of(case: &Case, name: &str, arn: &str) -> Result<String, FaultsError> {
    let ended = tokio::time::timeout(case.limit, case.world.end_of_execution(name)).await;
    let late = |_| FaultsError::TooLate { what: format!("{name} has not ended"), seconds: case.limit.as_secs() };
    let status = ended.map_err(late)?;
    ensure(status == ExecutionStatus::Failed, || format!("{name} is {}", status.as_str()))?;
    let shown = case.world.clients.sfn.describe_execution().execution_arn(arn).send().await;
    Ok(shown.calling("DescribeExecution")?.error.unwrap_or_default())
}
