//! Processing one object: claim, send or reject, decide, start.

use std::time::Duration;

use attachments::{Identity, JobId, Reason, ReasonCode, workflow::Decision};
use cxone::Retry;
use events::Notification;
use host::metrics::{self, Metric};
use ledger::{Claim, Lease, Release};
use tokio::{sync::RwLock, time::timeout_at};

use crate::{
    Intake,
    claim::{Times, admit, claim, postpone, short_wait},
    decide::{decide, start},
    finish::Finish,
    run::Run,
    transfer::{self, Halt},
};

/// After this many crashed runs in a row, the object itself is assumed to be the cause.
const MAX_CRASHES: u64 = 5;
/// An object that crashed a run is processed only if this much of the record's time is left.
const MIN_TIME_ALONE: Duration = Duration::from_secs(10);

/// Ordinary records share it. An object that crashed a run takes it exclusively, so that it is processed alone.
pub(crate) type Lane = RwLock<()>;

/// Claims the object and processes it. After a crash, it postpones the claim until the other records are done.
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
    let claimed = match claim(intake, &notification.object, identity, times).await {
        Ok(claimed) => claimed,
        Err(finish) => return finish,
    };
    let Claim::Mine(lease) = claimed else { return not_claimed(intake, claimed, times).await };
    if lease.crashes == 0 || lease.crashes >= MAX_CRASHES {
        return run_claimed(intake, notification, lease, times).await;
    }
    drop(shared);
    if let Ok(_alone) = lane.try_write() {
        return run_claimed(intake, notification, lease, times).await;
    }
    // The claim is released for the wait, so that a crash of another record does not count as this object's.
    postpone(intake, &lease, times).await;
    let enough = times.record.checked_sub(MIN_TIME_ALONE).unwrap_or(times.record);
    let Ok(_alone) = timeout_at(enough, lane.write()).await else {
        return Finish::unfinished(
            short_wait(),
            "the object's last run crashed, and this run had no time left to process the object alone",
        );
    };
    match claim(intake, &notification.object, identity, times).await {
        Ok(Claim::Mine(lease)) => run_claimed(intake, notification, lease, times).await,
        Ok(claimed) => not_claimed(intake, claimed, times).await,
        Err(finish) => finish,
    }
}

/// Continues what another run has begun: waits for it, starts the decided execution, or does nothing for an object that is done.
async fn not_claimed(intake: &Intake, claim: Claim, times: &Times) -> Finish {
    match claim {
        Claim::Decided(decided) => start(intake, &decided, times).await,
        Claim::Leased { until } => {
            let left = until.unix_millis() - times.clock.now().unix_millis();
            let jitter = jitter::between(Duration::from_millis(500), Duration::from_secs(3));
            let wait = Duration::from_millis(u64::try_from(left).unwrap_or(0)) + jitter;
            Finish::unfinished(wait, "another run has claimed the object")
        }
        Claim::Done | Claim::Mine(_) => Finish::Finished { execution_name: None },
    }
}

async fn run_claimed(intake: &Intake, notification: &Notification, lease: Lease, times: &Times) -> Finish {
    // Logged before the object is read: if the object crashes intake, this is the last line that names it.
    tracing::info!(key = notification.object.key, attempt = lease.attempt, crashes = lease.crashes, "claimed");
    note_crash(intake, &lease, times).await;
    let mut run = Run::new(intake, notification, lease, times);
    if let Some(reason) = crash_reason(&run.lease) {
        tracing::error!(
            crashes = run.lease.crashes,
            "intake crashed on this object too many times in a row; it gives up"
        );
        run.restore_known();
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
        Halt::Lost => Finish::unfinished(short_wait(), "another run has claimed the object since"),
        Halt::NoTime => {
            postpone(intake, &run.lease, times).await;
            Finish::unfinished(short_wait(), "this run had no time left to start an upload")
        }
        Halt::Refused(reason) => {
            // The row stays until it expires, without an execution. The write's own event has another row.
            postpone(intake, &run.lease, times).await;
            Finish::Refused { reason }
        }
        Halt::Later { last, wait } => give_up_or_release(&mut run, last, wait, times).await,
    }
}

/// Logs that the run before this one crashed, and writes it into the ledger as the object's `last_fault`.
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
        Err(_) => tracing::warn!("the ledger did not store the crash in time"),
    }
}

fn crash_reason(lease: &Lease) -> Option<Reason> {
    (lease.crashes >= MAX_CRASHES).then(|| {
        let last = lease.crashed_run.as_deref().map(|run| format!(", last in the request {run}")).unwrap_or_default();
        let text = format!("intake crashed {} times in a row on this object{last}; see its log", lease.crashes);
        Reason::new(ReasonCode::IntakeCrashed, text)
    })
}

/// Gives up an object that is too old, after the attempt that just failed. Releases any other for a retry.
async fn give_up_or_release(run: &mut Run<'_>, last: Retry, wait: Duration, times: &Times) -> Finish {
    if let Some(reason) = run.given_up(&last, times.clock.now()) {
        run.restore_known();
        run.end(reason);
        return decide(run, times).await;
    }
    let Retry { fault, .. } = last;
    tracing::warn!(attempt = run.lease.attempt, retry_in_seconds = wait.as_secs(), "released for a retry: {fault}");
    metrics::count(Metric::GivenBack);
    let history = serde_json::to_string(&run.history).unwrap_or_default();
    let retry_at = host::later(times.clock.now(), wait);
    let release = Release { fault: fault.clone(), retry_at, history, known: run.known() };
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
