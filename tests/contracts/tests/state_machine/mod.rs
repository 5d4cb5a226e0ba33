//! Walks every path of `infra/state_machine.asl.json` with the typed payloads. Each state's input must parse as the type that
//! its function reads, and every path, literal and error name must be one that the types know.

mod asl;
mod history;
mod throttling;

use std::collections::BTreeSet;

use attachments::{
    Outcome,
    workflow::{Attachment, Decision, Ending, FinalizeRequest, StepError, error_type},
};
use serde_json::{Value, json};

use crate::payloads;

use self::asl::{Choice, Machine, State, Task, at, put};

const STATES: [&str; 6] = ["AttachmentFailed", "PollJob", "RecordCompletion", "RecordFailure", "Route", "WaitForJob"];

/// Errors of Step Functions itself and of its Lambda integration.
const OF_THE_SERVICE: [&str; 9] = [
    "Lambda.TooManyRequestsException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.Unknown",
    "States.TaskFailed",
    "States.Timeout",
    "States.ALL",
];

fn machine() -> Machine {
    let text = contracts::text("infra/state_machine.asl.json").unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("infra/state_machine.asl.json: {error}"))
}

/// The end of an execution.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    Succeeded(Outcome),
    Failed(Outcome),
}

/// Poll's response in a newer release, with a decision that this release does not know.
fn escalated() -> Attachment {
    Attachment { decision: Decision::Other("escalate".parse().unwrap()), ..payloads::waiting() }
}

/// Poll's response in a newer release, with an outcome that this release does not know.
fn held_for_review() -> Attachment {
    payloads::unsuccessful(Ending::Other { outcome: "HELD_FOR_REVIEW".parse().unwrap(), reason: None })
}

/// All responses and errors that a task's function may return for this input.
fn results(state: &str, input: &Value) -> Vec<Result<Value, &'static str>> {
    if state == "PollJob" {
        let read: Attachment = serde_json::from_value(input.clone()).expect("the input of PollJob is an Attachment");
        assert!(read.job_id.is_some() && read.interaction_id.is_some(), "PollJob's input: {input}");
        let waits = [payloads::waiting(), payloads::blind()];
        let ends = [payloads::completed(), escalated(), held_for_review()];
        let mut all: Vec<_> = waits.iter().chain(&ends).map(|response| Ok(json!(response))).collect();
        all.extend(payloads::bad_endings().map(|ending| Ok(json!(payloads::unsuccessful(ending)))));
        all.extend(error_type::OF_POLL.iter().chain(error_type::OF_EARLIER_POLL).map(|error| Err(*error)));
        all.extend(OF_THE_SERVICE.iter().filter(|error| !error.starts_with("States.A")).map(|error| Err(*error)));
        return all;
    }
    let read: FinalizeRequest = serde_json::from_value(input.clone()).expect("finalize's input is a FinalizeRequest");
    assert_eq!(read.execution_arn.as_deref(), Some(payloads::EXECUTION_ARN));
    assert_eq!(json!(read.attachment), input["attachment"], "finalize does not read its whole input");
    let resolution = read.attachment.resolution(payloads::at(9));
    assert_eq!(resolution.ending.outcome().is_success(), state == "RecordCompletion", "{state}'s input: {input}");
    vec![Ok(json!(payloads::finalized(&read.attachment)))]
}

fn payload(task: &Task, input: &Value) -> Value {
    let resolve = |path: &str| match path.strip_prefix("$$.") {
        Some("Execution.Id") => json!(payloads::EXECUTION_ARN),
        Some(other) => panic!("the context object of this test has no {other}"),
        None => at(path, input).unwrap().clone(),
    };
    match (&task.parameters.payload_path, &task.parameters.payload) {
        (Some(path), None) => resolve(path),
        (None, Some(template)) => {
            let fields = template.as_object().expect("Payload is an object");
            let filled = fields.iter().map(|(name, value)| match name.strip_suffix(".$") {
                Some(plain) => (plain.to_owned(), resolve(value.as_str().expect("a path"))),
                None => (name.clone(), value.clone()),
            });
            Value::Object(filled.collect())
        }
        _ => panic!("a task has either Payload or Payload.$"),
    }
}

fn next_of<'a>(choice: &'a Choice, input: &Value) -> &'a str {
    let matching = choice.choices.iter().find(|rule| at(&rule.variable, input).unwrap() == rule.string_equals.as_str());
    matching.map_or(&choice.default, |rule| &rule.next)
}

/// Walks from a state with every result of each task. `fuel` limits the steps, because polling and waiting form a loop.
fn walk(
    machine: &Machine,
    name: &str,
    input: &Value,
    fuel: u32,
    visited: &mut BTreeSet<String>,
    ends: &mut BTreeSet<End>,
) {
    visited.insert(name.to_owned());
    if fuel == 0 {
        return;
    }
    let state = machine.states.get(name).unwrap_or_else(|| panic!("there is no state {name}"));
    match state {
        State::Choice(choice) => walk(machine, next_of(choice, input), input, fuel - 1, visited, ends),
        State::Wait(wait) => {
            let seconds = at(&wait.seconds_path, input).unwrap().as_u64().expect("whole seconds");
            assert!(seconds >= 5, "WaitForJob waits {seconds} s");
            walk(machine, &wait.next, input, fuel - 1, visited, ends);
        }
        State::Fail(fail) => {
            let error = at(&fail.error_path, input).unwrap().as_str().expect("Error is text");
            let cause = at(&fail.cause_path, input).unwrap().as_str().expect("Cause is text");
            assert!(cause.contains("audit record s3://"), "the cause does not name the audit record: {cause}");
            let outcome: Outcome = error.parse().expect("Error is an outcome");
            assert!(!outcome.is_success());
            ends.insert(End::Failed(outcome));
        }
        State::Task(task) => {
            for result in results(name, &payload(task, input)) {
                match result {
                    Ok(response) => {
                        let invoked = json!({"StatusCode": 200, "ExecutedVersion": "$LATEST", "Payload": response});
                        let output = at(&task.output_path, &invoked).unwrap();
                        if let Some(next) = &task.next {
                            walk(machine, next, output, fuel - 1, visited, ends);
                        } else {
                            let outcome = serde_json::from_value(output["outcome"].clone()).expect("an outcome");
                            ends.insert(End::Succeeded(outcome));
                        }
                    }
                    Err(error) => {
                        let caught = task.catch.iter().find(|catcher| {
                            catcher.error_equals.iter().any(|name| name == error || name == "States.ALL")
                        });
                        let catcher = caught.unwrap_or_else(|| panic!("{name} does not catch {error}"));
                        let cause = StepError { error: error.to_owned(), cause: "{}".to_owned() };
                        let output = put(&catcher.result_path, input.clone(), json!(cause)).unwrap();
                        let read: Attachment = serde_json::from_value(output.clone()).expect("a Catch's output parses");
                        assert_eq!(read.error.as_ref(), Some(&cause), "finalize would not see the error");
                        walk(machine, &catcher.next, &output, fuel - 1, visited, ends);
                    }
                }
            }
        }
    }
}

#[test]
fn every_path_ends_in_the_state_of_its_outcome() {
    let machine = machine();
    let (mut visited, mut ends) = (BTreeSet::new(), BTreeSet::new());
    for input in [payloads::uploaded(), payloads::rejected(), payloads::possibly_stored()] {
        walk(&machine, &machine.start_at, &json!(input), 12, &mut visited, &mut ends);
    }
    assert_eq!(visited.iter().map(String::as_str).collect::<Vec<_>>(), STATES, "a state was not visited");
    let expected = [
        End::Succeeded(Outcome::Completed),
        End::Failed(Outcome::Failed),
        End::Failed(Outcome::Rejected),
        End::Failed(Outcome::TimedOut),
        End::Failed(Outcome::TrackingFailed),
        End::Failed("HELD_FOR_REVIEW".parse().unwrap()),
    ];
    assert_eq!(ends, BTreeSet::from(expected));
}

#[test]
fn each_documented_state_exists_and_has_a_comment() {
    let machine = machine();
    assert_eq!(machine.states.keys().map(String::as_str).collect::<Vec<_>>(), STATES);
    assert!(machine.comment.len() > 20);
    for (name, state) in &machine.states {
        assert!(state.comment().len() > 40, "{name} has no comment, or too short a one");
    }
}

#[test]
fn route_knows_every_decision_and_no_other() {
    let machine = machine();
    let Some(State::Choice(route)) = machine.states.get("Route") else { panic!("Route is not a Choice") };
    let literals: BTreeSet<String> = route.choices.iter().map(|rule| rule.string_equals.clone()).collect();
    let words = Decision::ALL.map(|decision| json!(decision).as_str().unwrap().to_owned());
    assert_eq!(literals, BTreeSet::from(words));
    let next = |decision: &str| next_of(route, &json!({"decision": decision})).to_owned();
    assert_eq!(
        ["poll", "wait", "completed", "unsuccessful"].map(next),
        ["PollJob", "WaitForJob", "RecordCompletion", "RecordFailure"]
    );
    assert_eq!(next("anything else"), "RecordFailure");
}

#[test]
fn tasks_call_their_functions() {
    for (name, state) in machine().states {
        let State::Task(task) = state else { continue };
        let function = if name == "PollJob" { "${PollFunctionArn}" } else { "${FinalizeFunctionArn}" };
        assert_eq!(task.parameters.function_name, function, "{name}");
        assert_eq!(task.resource, "arn:aws:states:::lambda:invoke", "{name}");
        assert_eq!(task.end, task.next.is_none(), "{name} must end or have a next state");
    }
}

#[test]
fn retries_name_existing_errors_and_are_bounded() {
    for (name, state) in machine().states {
        let State::Task(task) = state else { continue };
        let of_the_function = match name.as_str() {
            "PollJob" => [error_type::OF_POLL, error_type::OF_EARLIER_POLL].concat(),
            _ => error_type::OF_FINALIZE.to_vec(),
        };
        let mut named = BTreeSet::new();
        for retrier in &task.retry {
            for error in &retrier.error_equals {
                let exists = of_the_function.contains(&error.as_str()) || OF_THE_SERVICE.contains(&error.as_str());
                assert!(exists, "{name} retries {error}, which nothing returns");
                assert!(named.insert(error.clone()), "{name} retries {error} twice: only the first counts");
            }
            if retrier.max_attempts > 0 {
                assert!(retrier.interval_seconds.is_some_and(|seconds| seconds >= 1), "{name}: {retrier:?}");
                assert!(retrier.backoff_rate.is_some_and(|rate| rate > 1.0), "{name}: {retrier:?}");
                assert!(retrier.max_delay_seconds.is_some_and(|seconds| seconds <= 900), "{name}: {retrier:?}");
                assert_eq!(retrier.jitter_strategy.as_deref(), Some("FULL"), "{name}: {retrier:?}");
            }
        }
        for error in of_the_function {
            assert!(named.contains(error), "{name} has no retrier for {error}");
        }
        let service = OF_THE_SERVICE.iter().filter(|error| error.starts_with("Lambda.") && **error != "Lambda.Unknown");
        for error in service {
            assert!(named.contains(*error), "{name} does not retry {error}");
        }
        let last = task.retry.iter().position(|retrier| retrier.error_equals.iter().any(|e| e == "States.TaskFailed"));
        assert_eq!(last, Some(task.retry.len() - 1), "{name}: a retrier after States.TaskFailed has no effect");
    }
}

/// A forged call, or a foreign object under a record's key, does not go away by itself. No state may retry such an error or
/// turn it into an outcome.
#[test]
fn foreign_calls_and_records_are_neither_retried_nor_caught() {
    let mut checked = 0;
    for (name, state) in machine().states {
        let State::Task(task) = state else { continue };
        for error in error_type::FOREIGN {
            let retrier = task.retry.iter().find(|retrier| retrier.error_equals.iter().any(|named| named == error));
            let Some(retrier) = retrier else {
                assert_eq!(name, "PollJob", "{name} would retry {error} as States.TaskFailed");
                continue;
            };
            assert_eq!(retrier.max_attempts, 0, "{name} retries {error}");
            assert!(task.catch.is_empty(), "{name} catches {error}");
            checked += 1;
        }
    }
    assert_eq!(checked, 4, "RecordCompletion and RecordFailure name both");
}

#[test]
fn only_polljob_has_a_catch() {
    for (name, state) in machine().states {
        let State::Task(task) = state else { continue };
        if name == "PollJob" {
            assert_eq!(
                task.catch.last().map(|catcher| catcher.error_equals.clone()),
                Some(vec!["States.ALL".to_owned()])
            );
        } else {
            // If a record cannot be written or delivered, the execution must fail, so that a redrive can finish it.
            assert!(task.catch.is_empty(), "{name} must not have a Catch");
        }
    }
}
