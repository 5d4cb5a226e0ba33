//! An execution's story: the states that it went through, when, and what each did.

use aws_sdk_sfn::types::HistoryEvent;
use operator::execution::{Visit, Wording, visits};

use crate::stack::failed;
use crate::{Stack, StackError};

/// The story of an execution. `wait_scale` is by what factor waits are stretched.
pub(crate) async fn of(stack: &Stack, arn: &str, wait_scale: f64) -> Result<Vec<Visit>, StackError> {
    let call = stack.clients().sfn.get_execution_history().execution_arn(arn).max_results(1000).send();
    let history = call.await.map_err(|error| failed("GetExecutionHistory", &error))?;
    Ok(with_times(&history.events, wait_scale))
}

/// The states with times that count from the execution's start.
fn with_times(events: &[HistoryEvent], wait_scale: f64) -> Vec<Visit> {
    let start = events.first().map_or(0.0, |event| event.timestamp.as_secs_f64());
    let wording = Wording {
        wait: &|seconds| format!("{seconds} s, which are {:.2} s in this demo", f64::from(seconds) * wait_scale),
        saw: &|change| {
            let at = std::time::Duration::from_millis(u64::try_from(change.at.unix_millis()).unwrap_or(0));
            format!("{} at {:.2} s", change.status, at.as_secs_f64() - start)
        },
    };
    let relative = |visit: Visit| Visit { at: visit.at - start, ..visit };
    visits(events, &wording).into_iter().map(relative).collect()
}

#[cfg(test)]
mod tests {
    use aws_sdk_sfn::primitives::DateTime;
    use aws_sdk_sfn::types::{
        HistoryEventType, StateEnteredEventDetails, StateExitedEventDetails, TaskFailedEventDetails,
    };
    use serde_json::{Value, json};

    use super::*;

    fn event(millis: i64, kind: HistoryEventType) -> aws_sdk_sfn::types::builders::HistoryEventBuilder {
        HistoryEvent::builder().id(1).timestamp(DateTime::from_millis(1_795_339_810_000 + millis)).r#type(kind)
    }

    fn entered(millis: i64, state: &str, input: &Value) -> HistoryEvent {
        let details = StateEnteredEventDetails::builder().name(state).input(input.to_string()).build().unwrap();
        event(millis, HistoryEventType::TaskStateEntered).state_entered_event_details(details).build().unwrap()
    }

    fn exited(millis: i64, state: &str, output: &Value) -> HistoryEvent {
        let details = StateExitedEventDetails::builder().name(state).output(output.to_string()).build().unwrap();
        event(millis, HistoryEventType::TaskStateExited).state_exited_event_details(details).build().unwrap()
    }

    fn payload(decision: &str, polls: u32, changes: &Value) -> Value {
        json!({
            "schema": 1, "decision": decision, "wait_seconds": 15, "identity": "0123456789abcdef".repeat(4),
            "object": { "bucket": "b", "key": "k" }, "job": { "polls": polls, "changes": changes },
        })
    }

    #[test]
    fn tells_each_state_with_its_time_and_what_polling_saw() {
        let changes = json!([{ "status": "PENDING", "at": "2026-11-22T09:30:10.250Z" }]);
        let (first, then) = (payload("poll", 2, &json!([])), payload("wait", 9, &changes));
        let events = [
            event(0, HistoryEventType::ExecutionStarted).build().unwrap(),
            entered(10, "PollJob", &first),
            exited(9_000, "PollJob", &then),
            entered(9_010, "WaitForJob", &then),
            exited(9_760, "WaitForJob", &then),
            entered(9_770, "PollJob", &then),
            exited(9_800, "PollJob", &payload("completed", 10, &json!([]))),
        ];
        let told: Vec<_> = with_times(&events, 0.05)
            .into_iter()
            .map(|visit| format!("{:.2} {}: {}", visit.at, visit.state, visit.note))
            .collect();
        assert_eq!(
            told,
            [
                "0.01 PollJob: asked 7 times; saw PENDING at 0.25 s",
                "9.01 WaitForJob: 15 s, which are 0.75 s in this demo",
                "9.77 PollJob: asked 1 time; no change",
            ]
        );
    }

    #[test]
    fn tells_failed_attempts() {
        let finalized = json!({
            "schema": 1, "outcome": "REJECTED", "cause": "empty", "identity": "0123456789abcdef".repeat(4),
            "audit_bucket": "a", "audit_key": "k", "webhook_status": 204,
        });
        let failure =
            TaskFailedEventDetails::builder().resource_type("lambda").resource("invoke").error("Webhook.Undelivered");
        let events = [
            entered(0, "RecordFailure", &json!({})),
            event(1, HistoryEventType::TaskFailed).task_failed_event_details(failure.build().unwrap()).build().unwrap(),
            exited(2, "RecordFailure", &finalized),
            entered(3, "AttachmentFailed", &finalized),
        ];
        let told: Vec<_> = with_times(&events, 1.0).into_iter().map(|visit| visit.note).collect();
        assert_eq!(
            told,
            [
                "failed with Webhook.Undelivered; REJECTED written to the ledger and the audit bucket; webhook answered 204",
                "",
            ]
        );
    }
}
