//! One record's way: claim, send or reject, decide, start.

use std::time::{Duration, SystemTime};

use attachments::{
    Identity, JobId, ObjectKey, Reason, ReasonCode, Timestamp, execution_name,
    workflow::{Attachment, Decision},
};
use aws_sdk_sfn::{error::DisplayErrorContext, operation::start_execution::StartExecutionError};
use cxone::Retry;
use events::Notification;
use host::metrics::{self, Metric};
use ledger::{Claim, Decided, DecisionWrite, Lease, LedgerError, Release};
use tokio::{
    sync::RwLock,
    time::{Instant, timeout_at},
};

use crate::{
    Intake,
    finish::Finish,
    run::Run,
    transfer::{self, Halt},
};

/// After this many crashed runs in a row, the object itself is assumed to be the cause.
const CRASHES: u64 = 5;
/// How long an object rests that this run could not begin with, in seconds at most.
const SHORT_REST: u64 = 5;
/// An object that crashed a run is only worked on with this much of the record's time left.
const TIME_ALONE: Duration = Duration::from_secs(10);

/// When things must be over.
#[derive(Debug, Clone)]
pub(crate) struct Times {
    /// When a record must be done, 10 s before the invocation is.
    pub(crate) record: Instant,
    /// When what follows a record must be done: deciding, starting, releasing. 3 s before the invocation's deadline.
    pub(crate) wrap_up: Instant,
    /// When a claim ends, 5 s after the invocation.
    pub(crate) lease_until: Timestamp,
    /// Joins the execution's trace to the invocation's.
    pub(crate) trace_header: Option<String>,
}

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
    let claim = match claim(intake, identity, times).await {
        Ok(claim) => claim,
        Err(finish) => return finish,
    };
    let Claim::Mine(lease) = claim else { return claimed_before(intake, claim, times).await };
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
    match self::claim(intake, identity, times).await {
        Ok(Claim::Mine(lease)) => take(intake, notification, lease, times).await,
        Ok(claim) => claimed_before(intake, claim, times).await,
        Err(finish) => finish,
    }
}

/// Refuses an event that no write of the bucket can have caused. Before the claim, so that it leaves no row.
async fn admit(intake: &Intake, notification: &Notification, times: &Times) -> Result<(), Finish> {
    match timeout_at(times.wrap_up, intake.bucket.refusal(&notification.object)).await {
        Ok(Ok(None)) => Ok(()),
        Ok(Ok(Some(reason))) => Err(Finish::Refused { reason }),
        Ok(Err(fault)) => {
            tracing::error!("{fault}");
            Err(Finish::outage(fault))
        }
        Err(_) => Err(out_of_time("S3 did not say in time whether the bucket is versioned")),
    }
}

async fn claim(intake: &Intake, identity: &Identity, times: &Times) -> Result<Claim, Finish> {
    let now = Timestamp::from(SystemTime::now());
    match timeout_at(times.wrap_up, intake.ledger.claim(identity, now, times.lease_until)).await {
        Ok(claim) => claim.map_err(|error| ledger_failed(&error)),
        Err(_) => Err(out_of_time("the ledger did not claim the object in time")),
    }
}

/// An object that is not this run's to send.
async fn claimed_before(intake: &Intake, claim: Claim, times: &Times) -> Finish {
    match claim {
        Claim::Decided(decided) => start(intake, &decided, times).await,
        Claim::Leased { until } => {
            let now = Timestamp::from(SystemTime::now());
            let rest = u64::try_from(until.unix_millis() - now.unix_millis()).unwrap_or(0);
            let wait =
                Duration::from_millis(rest) + jitter::between(Duration::from_millis(500), Duration::from_secs(3));
            Finish::unfinished(wait, "another run has the object")
        }
        Claim::Done | Claim::Mine(_) => Finish::Finished { execution_name: None },
    }
}

async fn take(intake: &Intake, notification: &Notification, lease: Lease, times: &Times) -> Finish {
    let mut run = Run::new(intake, notification, lease, times.record);
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
            accepted(&mut run.attachment, job);
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

fn crashed(lease: &Lease) -> Option<Reason> {
    (lease.crashes >= CRASHES).then(|| {
        let text = format!("intake crashed {} times in a row on this object; its logs say how", lease.crashes);
        Reason::new(ReasonCode::IntakeCrashed, text)
    })
}

/// Ends an object whose time is over by decision, after the attempt that just failed; releases any other.
async fn give_up_or_release(run: &mut Run<'_>, last: Retry, wait: Duration, times: &Times) -> Finish {
    if let Some(reason) = run.given_up(&last, Timestamp::from(SystemTime::now())) {
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

async fn postpone(intake: &Intake, lease: &Lease, times: &Times) {
    match timeout_at(times.wrap_up, intake.ledger.postpone(lease)).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::error!("{error}; the lease expires by itself"),
        Err(_) => tracing::error!("the ledger did not release the object in time; the lease expires by itself"),
    }
}

fn short_rest() -> Duration {
    jitter::between(Duration::from_secs(1), Duration::from_secs(SHORT_REST))
}

fn accepted(attachment: &mut Attachment, job: JobId) {
    tracing::info!(upload_attempts = attachment.upload_attempts, bytes = attachment.object.size_bytes, "uploaded");
    attachment.decision = Decision::Poll;
    attachment.job_id = Some(job);
    attachment.possibly_stored = false;
}

fn count_upload(attachment: &Attachment) {
    let milliseconds =
        attachment.upload.and_then(|upload| Some(upload.ended_at?.seconds_since(upload.started_at) * 1000.0));
    #[expect(clippy::cast_precision_loss, reason = "a file's size is far below 2^52")]
    let bytes = attachment.object.size_bytes.unwrap_or(0) as f64;
    metrics::emit(&[
        (Metric::Uploads, 1.0),
        (Metric::UploadBytes, bytes),
        (Metric::UploadLatency, milliseconds.unwrap_or(0.0)),
        (Metric::UploadRetries, f64::from(attachment.upload_attempts.saturating_sub(1))),
    ]);
}

async fn decide(run: &Run<'_>, times: &Times) -> Finish {
    let Run { intake, notification, lease, attachment, .. } = run;
    let interaction = attachment.interaction_id.as_ref().map_or_else(
        || ObjectKey::interaction_of(&notification.object.key, &intake.settings.key_prefix),
        |id| id.as_str().to_owned(),
    );
    let execution_input = match attachments::to_json(attachment) {
        Ok(input) => input,
        Err(error) => return Finish::outage(format!("the payload has no JSON form: {error}")),
    };
    let decided = Decided { execution_name: execution_name(&interaction, &lease.identity), execution_input };
    match timeout_at(times.wrap_up, intake.ledger.decide(lease, decided)).await {
        Ok(Ok(DecisionWrite::Start(decided))) => {
            // Here, so that an upload whose decision failed and which is repeated counts once.
            if attachment.job_id.is_some() {
                count_upload(attachment);
            }
            start(intake, &decided, times).await
        }
        Ok(Ok(DecisionWrite::Done)) => Finish::Finished { execution_name: None },
        Ok(Ok(DecisionWrite::Lost)) => Finish::unfinished(short_rest(), "another run has taken the object over"),
        Ok(Err(error)) => ledger_failed(&error),
        Err(_) => out_of_time("the ledger did not take the decision in time"),
    }
}

/// Starts the decided execution. `ExecutionAlreadyExists` counts as success.
async fn start(intake: &Intake, decided: &Decided, times: &Times) -> Finish {
    let started = intake
        .sfn
        .start_execution()
        .state_machine_arn(&intake.settings.state_machine_arn)
        .name(&decided.execution_name)
        .input(&decided.execution_input)
        .set_trace_header(times.trace_header.clone())
        .send();
    match timeout_at(times.wrap_up, started).await {
        Ok(Ok(_)) => tracing::info!(execution_name = decided.execution_name, "execution started"),
        Ok(Err(error)) if error.as_service_error().is_some_and(StartExecutionError::is_execution_already_exists) => {
            tracing::info!(execution_name = decided.execution_name, "execution exists");
        }
        Ok(Err(error)) => {
            let fault = format!("the execution cannot be started: {}", DisplayErrorContext(error));
            tracing::error!(execution_name = decided.execution_name, "{fault}");
            return Finish::outage(fault);
        }
        Err(_) => return out_of_time("Step Functions did not start the execution in time"),
    }
    Finish::Finished { execution_name: Some(decided.execution_name.clone()) }
}

fn ledger_failed(error: &LedgerError) -> Finish {
    tracing::error!(error_type = attachments::workflow::error_type::LEDGER_UNAVAILABLE, "{error}");
    Finish::outage(error.to_string())
}

/// A call that the invocation's deadline ended.
fn out_of_time(fault: &str) -> Finish {
    tracing::error!("{fault}");
    Finish::outage(fault)
}
