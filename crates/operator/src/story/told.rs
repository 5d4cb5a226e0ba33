//! Where an object is, in words, with what comes next and what to do.

use attachments::{Reason, ReasonCode, Timestamp, workflow::error_type};
use ledger::{ObjectRow, RETENTION_DAYS, RowState};

use super::{Limits, Verdict};
use crate::{Object, execution::Visit};

/// Runs in a row that may crash before intake gives the object up.
const CRASHES: u64 = 5;
/// An object that intake has not seen after so many seconds was probably not announced by S3.
const UNSEEN_SECONDS: f64 = 600.0;
/// A retry that is overdue for so long does not come: its message is gone.
const ABANDONED_SECONDS: f64 = 86_400.0;

/// The parts of a story that say where the object is.
pub(super) struct Told {
    pub(super) verdict: Verdict,
    pub(super) words: String,
    pub(super) reason_code: Option<String>,
    pub(super) webhook: Option<String>,
    pub(super) next: Option<(String, Option<Timestamp>)>,
    pub(super) advice: String,
}

impl Told {
    fn new(verdict: Verdict, words: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { verdict, words: words.into(), reason_code: None, webhook: None, next: None, advice: advice.into() }
    }

    fn next(self, what: impl Into<String>, at: Option<Timestamp>) -> Self {
        Self { next: Some((what.into(), at)), ..self }
    }
}

/// Tells where the object is.
pub(super) fn tell(object: &Object, limits: Limits, now: Timestamp) -> Told {
    match &object.row {
        None => unclaimed(object, now),
        Some(row) => match row.state {
            RowState::Claimed => claimed(row, limits, now),
            RowState::Decided => decided(object),
            RowState::Done => done(object, row),
        },
    }
}

fn unclaimed(object: &Object, now: Timestamp) -> Told {
    if let Some(ignored) = &object.ignored {
        return Told::new(Verdict::Ignored, ignored, "write the file under another name or key, if it is to be sent");
    }
    let Some(source) = &object.source else {
        return Told::new(Verdict::Nothing, "no object has this key", "check the key; keys are case-sensitive");
    };
    if source.is_delete_marker {
        return Told::new(
            Verdict::Nothing,
            "the object was deleted, and intake never claimed it",
            "write it again to send it",
        );
    }
    let age = now.seconds_since(source.written);
    // The ledger deletes rows after this time.
    if source.written.plus_millis(RETENTION_DAYS * 86_400_000) < now {
        return Told::new(
            Verdict::Unseen,
            format!(
                "written more than {RETENTION_DAYS} days ago: the ledger keeps no row for so long, so CXone may have the file"
            ),
            "look for its audit record before you do anything (docs/audit.md)",
        );
    }
    if age < UNSEEN_SECONDS {
        return Told::new(Verdict::Queued, "in the bucket; intake has not claimed it yet", "nothing")
            .next("intake claims it within seconds, unless it is behind others in the queue", None);
    }
    Told::new(
        Verdict::Unseen,
        "in the bucket, but intake has not claimed it: its event did not arrive, waits in the queue, or is a dead letter",
        "look at the queue and the dead letters (cxone-attachments status), then at the notification (cxone-attachments \
         doctor). Write the object again only if it is older than the deployment",
    )
}

fn claimed(row: &ObjectRow, limits: Limits, now: Timestamp) -> Told {
    let give_up_at =
        row.first_seen.plus_millis(i64::try_from(limits.give_up_seconds).unwrap_or(i64::MAX / 1000) * 1000);
    let attempt = row.attempts + 1;
    match row.lease_until {
        None => {
            let fault = row.last_fault.as_deref().unwrap_or("the run before had no time for it");
            let told = Told::new(
                Verdict::Waiting,
                fault,
                "nothing, unless many wait for the same reason (cxone-attachments status)",
            );
            let last = row.retry_at.unwrap_or(give_up_at).max(give_up_at);
            if now.seconds_since(last) > ABANDONED_SECONDS {
                let words = format!("waits for a retry that is long overdue, last fault: {fault}");
                return Told::new(
                    Verdict::Stuck,
                    words,
                    "look for its message in the dead letters (cxone-attachments status)",
                );
            }
            let due = if row.retry_at.is_some_and(|at| at <= now) { " is due" } else { "" };
            told.next(format!("attempt {attempt}{due}; intake gives up at {give_up_at}"), row.retry_at)
        }
        Some(until) if until > now && row.crashes == 0 => {
            let words = format!("intake reads or sends it now (attempt {})", row.attempts);
            Told::new(Verdict::Working, words, "nothing")
                .next("an outcome, or a release for a retry, at the latest", Some(until))
        }
        Some(until) => {
            let crashes = row.crashes + u64::from(until <= now);
            let request = if until > now { row.crashed_run.as_deref() } else { row.claimed_by.as_deref() };
            let request = request.unwrap_or("unknown");
            let words = format!(
                "intake crashed or timed out {crashes} {} in a row on this object; after {CRASHES} it is given up. Last request: {request}",
                if crashes == 1 { "time" } else { "times" }
            );
            let visible = until.plus_millis(i64::try_from(limits.visibility_seconds).unwrap_or(0) * 1000);
            let told = Told::new(Verdict::Crashing, words, format!("search intake's log for the request {request}"));
            if until > now {
                return told.next(
                    format!("attempt {} runs: an outcome or a release, at the latest", row.attempts),
                    Some(until),
                );
            }
            told.next(
                format!("attempt {attempt} when the queue delivers the message again, at the latest"),
                Some(visible),
            )
        }
    }
}

fn decided(object: &Object) -> Told {
    let Some(execution) = &object.execution else {
        return Told::new(Verdict::Recording, "intake has decided, and starts the execution", "nothing")
            .next("the execution starts when the queue delivers the message again", None);
    };
    let last = object.visits.last();
    if execution.is_running() {
        if let Some(visit) = last.filter(|visit| visit.state.starts_with("Record")) {
            return recording(visit);
        }

        if object.attachment().is_some_and(|attachment| attachment.job_id.is_none()) {
            return Told::new(Verdict::Recording, "not sent; the outcome is being recorded", "nothing")
                .next("audit record and webhook, within seconds", None);
        }
        let status = last.map(|visit| visit.note.as_str()).filter(|note| !note.is_empty());
        let words = format!("CXone has the file and scans it{}", status.map(|s| format!(" ({s})")).unwrap_or_default());
        return Told::new(Verdict::Scanning, words, "nothing").next("the job's status, or the job's deadline", None);
    }
    let error = execution.error.as_deref().unwrap_or("no error name");
    // The row was read before the execution ended.
    if execution.has_outcome() {
        return Told::new(Verdict::Recording, "the outcome has just been recorded", "nothing").next("ask again", None);
    }
    Told::new(
        Verdict::Stuck,
        format!(
            "its execution ended {} with {error}: {}",
            execution.status,
            execution.cause.as_deref().unwrap_or("no cause")
        ),
        repair(error, &execution.arn),
    )
}

/// What repairs an execution that ended with this error.
fn repair(error: &str, arn: &str) -> String {
    let first = match error {
        error_type::WEBHOOK_UNDELIVERED => "fix the webhook's receiver",
        error_type::AUDIT_FOREIGN | error_type::INPUT_FOREIGN => {
            return "somebody may have forged a record or a call: follow docs/runbook.md before you redrive anything"
                .to_owned();
        }
        error_type::SETTINGS_INVALID => "correct the setting that the cause names",
        _ => "fix what the cause names",
    };
    format!("{first}, then redrive the execution: aws stepfunctions redrive-execution --execution-arn {arn}")
}

fn recording(visit: &Visit) -> Told {
    match &visit.last_error {
        Some(error) => Told::new(
            Verdict::Recording,
            format!("the outcome is known; {} failed {} times, last with {error}", visit.state, visit.failures),
            if error == error_type::WEBHOOK_UNDELIVERED {
                "fix the webhook's receiver; the state is retried"
            } else {
                "nothing yet; the state is retried"
            },
        )
        .next("the state machine retries", None),
        None => Told::new(Verdict::Recording, "the outcome is known and is being recorded and delivered", "nothing")
            .next("audit record and webhook, within seconds", None),
    }
}

fn done(object: &Object, row: &ObjectRow) -> Told {
    let Some(resolution) = &row.resolution else {
        return Told::new(Verdict::Other, "the ledger says done without an outcome", "cxone-attachments doctor");
    };
    let outcome = resolution.ending.outcome();
    let verdict = Verdict::of(&outcome);
    let reason = resolution.ending.reason();
    let job = object.job_id().map(|job| format!(" ({job})")).unwrap_or_default();
    let words = match reason {
        None => format!("CXone has the file, since {}{job}", resolution.at),
        Some(Reason { code, text }) => format!("{code}: {text}{job}"),
    };
    let mut told = Told::new(verdict, words, advice(verdict, reason));
    told.reason_code = reason.map(|reason| reason.code.to_string());
    let Some(execution) = object.execution.as_ref().filter(|execution| !execution.has_outcome()) else { return told };
    let recorder = object.visits.iter().rev().find(|visit| visit.state.starts_with("Record") && !visit.left);
    let (tries, error) = recorder.map_or((0, None), |visit| (visit.failures, visit.last_error.as_deref()));
    let webhook = error == Some(error_type::WEBHOOK_UNDELIVERED);
    let what = if webhook { "not delivered" } else { "the record or the webhook is not finished" };
    if execution.is_running() {
        let Some(error) = error else { return told.next("audit record and webhook, within seconds", None) };
        told.webhook = Some(format!("{what} yet: {error}, {tries} attempts"));
        let advice = if webhook { "fix the webhook's receiver" } else { "fix what the error names" };
        told.advice = format!("{advice}; the state machine retries");
        return told.next("the state machine retries", None);
    }
    let error = error.or(execution.error.as_deref()).unwrap_or("no error name");
    told.webhook = Some(format!("{what}: {error}, {tries} attempts, and the execution ended {}", execution.status));
    told.advice = repair(error, &execution.arn);
    told
}

/// What to do about an outcome.
fn advice(verdict: Verdict, reason: Option<&Reason>) -> String {
    let declared = reason.and_then(|reason| reason.code.advice()).map(|advice| advice.replace('`', ""));
    let text = match verdict {
        Verdict::Completed => "nothing",
        Verdict::Failed if reason.is_some_and(|reason| reason.code == ReasonCode::JobFailed) => {
            "tell the security team if CXone found a virus. The file is still in the bucket; do not send it again"
        }
        Verdict::TimedOut | Verdict::TrackingFailed | Verdict::Other | Verdict::Failed => {
            "look at the interaction in CXone: it may hold the file. Only if it does not, write the object again"
        }
        _ => {
            return declared.unwrap_or_else(|| "correct what the reason names, then write the object again".to_owned());
        }
    };
    text.to_owned()
}
