//! One object's way: claim, send or reject, decide, start.

use std::time::Duration;

use attachments::{Identity, JobId, Reason, ReasonCode, workflow::Decision};
use cxone::Retry;
use events::Notification;
use host::metrics::{self, Metric};
use ledger::{Claim, Lease, Release};
use tokio::{sync::RwLock, time::timeout_at};

use crate::{
    Intake,
    claim::{Times, admit, claim, claimed_before, postpone, short_rest},
    decide::decide,
    finish::Finish,
    run::Run,
    transfer::{self, Halt},
};

/// After this many crashed runs in a row, the object itself is assumed to be the cause.
const CRASHES: u64 = 5;
/// An object that crashed a run is only worked on with this much of the record's time left.
const TIME_ALONE: Duration = Duration::from_secs(10);

/// Lets an object that crashed a run be worked on alone: ordinary records share it, such an object has it to itself.
pub(crate) type Lane = RwLock<()>;

/// Works on one object.
pub(crate) async fn process(
    intake: &Intake,
    notification: &Notification,
    identity: &Identity,
    times: &Times,
    lane: &Lane,
) -> Finish {
    if let Err(finish) = admit(intake, notification, times).await {
        return finish;
    }
    let shared = lane.read().await;
    let claimed = match claim(intake, identity, times).await {
        Ok(claimed) => claimed,
        Err(finish) => return finish,
    };
    let Claim::Mine(lease) = claimed else { return claimed_before(intake, claimed, times).await };
    if lease.crashes == 0 || lease.crashes >= CRASHES {
        return take(intake, notification, lease, times).await;
    }
    drop(shared);
    if let Ok(_alone) = lane.try_write() {
        return take(intake, notification, lease, times).await;
    }
    // Not held while it waits: if a neighbour crashes this run, that is no crash of this object.
    postpone(intake, &lease, times).await;
    let enough = times.record.checked_sub(TIME_ALONE).unwrap_or(times.record);
    let Ok(_alone) = timeout_at(enough, lane.write()).await else {
        return Finish::unfinished(
            short_rest(),
            "the object crashed a run, and this one had no time to work on it alone",
        );
    };
    match claim(intake, identity, times).await {
        Ok(Claim::Mine(lease)) => take(intake, notification, lease, times).await,
        Ok(claimed) => claimed_before(intake, claimed, times).await,
        Err(finish) => finish,
    }
}

async fn take(intake: &Intake, notification: &Notification, lease: Lease, times: &Times) -> Finish {
    // Before anything reads the object: if it kills intake, this is the last line that names it.
    tracing::info!(key = notification.object.key, attempt = lease.attempt, crashes = lease.crashes, "claimed");
    note_crash(intake, &lease, times).await;
    let mut run = Run::new(intake, notification, lease, times);
    if let Some(reason) = crashed(&run.lease) {
        tracing::error!(crashes = run.lease.crashes, "intake crashed on this object again and again; it is given up");
        run.recall();
        run.end(reason);
        return decide(&run, times).await;
    }
    let sent = timeout_at(times.record + Duration::from_secs(1), transfer::send(&mut run)).await;
    let halt = match sent {
        Ok(Ok(job)) => {
            tracing::Span::current().record("job_id", job.as_str());
            accepted(&mut run, job);
            return decide(&run, times).await;
        }
        Ok(Err(halt)) => halt,
        Err(_) => {
            let last = run.out_of_time();
            Halt::Later { wait: last.wait(jitter::fraction()), last }
        }
    };
    match halt {
        Halt::Final(reason) => {
            run.end(reason);
            decide(&run, times).await
        }
        Halt::Lost => Finish::unfinished(short_rest(), "another run has taken the object over"),
        Halt::NoTime => {
            postpone(intake, &run.lease, times).await;
            Finish::unfinished(short_rest(), "this run had no time left to begin an upload")
        }
        Halt::Refused(reason) => {
            // The row stays until it expires. It gets no execution: the write itself has another row.
            postpone(intake, &run.lease, times).await;
            Finish::Refused { reason }
        }
        Halt::Later { last, wait } => give_up_or_release(&mut run, last, wait, times).await,
    }
}

/// Says in the log and in the ledger that the run before this one crashed. The ledger's text is the object's `last_fault`.
async fn note_crash(intake: &Intake, lease: &Lease, times: &Times) {
    if lease.crashes == 0 {
        return;
    }
    let run = lease.crashed_run.as_deref().unwrap_or("unknown");
    let fault = format!("the run of the request {run} crashed or timed out: it did not release the object");
    tracing::warn!(crashes = lease.crashes, crashed_request_id = run, "{fault}");
    match timeout_at(times.wrap_up, intake.ledger.note_crash(lease, &fault)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!("{error}"),
        Err(_) => tracing::warn!("the ledger did not note the crash in time"),
    }
}

fn crashed(lease: &Lease) -> Option<Reason> {
    (lease.crashes >= CRASHES).then(|| {
        let last = lease.crashed_run.as_deref().map(|run| format!(", last in the request {run}")).unwrap_or_default();
        let text = format!("intake crashed {} times in a row on this object{last}; see its log", lease.crashes);
        Reason::new(ReasonCode::IntakeCrashed, text)
    })
}

/// Ends an object whose time is over by decision, after the attempt that just failed; releases any other.
async fn give_up_or_release(run: &mut Run<'_>, last: Retry, wait: Duration, times: &Times) -> Finish {
    if let Some(reason) = run.given_up(&last, times.clock.now()) {
        run.recall();
        run.end(reason);
        return decide(run, times).await;
    }
    let Retry { fault, .. } = last;
    tracing::warn!(attempt = run.lease.attempt, retry_in_seconds = wait.as_secs(), "released for a retry: {fault}");
    metrics::count(Metric::GivenBack);
    let history = serde_json::to_string(&run.history).unwrap_or_default();
    let release = Release { fault: fault.clone(), history, known: run.known() };
    match timeout_at(times.wrap_up, run.intake.ledger.release(&run.lease, &release)).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::error!("{error}; the lease expires by itself"),
        Err(_) => tracing::error!("the ledger did not release the object in time; the lease expires by itself"),
    }
    Finish::unfinished(wait, fault)
}

fn accepted(run: &mut Run<'_>, job: JobId) {
    let attachment = &mut run.attachment;
    tracing::info!(
        cxone_status = run.cxone_status,
        upload_attempts = attachment.upload_attempts,
        bytes = attachment.object.size_bytes,
        "uploaded"
    );
    attachment.decision = Decision::Poll;
    attachment.job_id = Some(job);
    attachment.possibly_stored = false;
}

#[cfg(test)]
mod tests;
