//! One record's way: claim, send or reject, decide, start.

use std::time::{Duration, SystemTime};

use attachments::{
    Identity, JobId, ObjectKey, ObjectVersion, Reason, ReasonCode, Timestamp, execution_name,
    workflow::{Attachment, Decision, Ending, JobProgress, ObjectFacts, Resolution, SCHEMA},
};
use aws_sdk_sfn::{error::DisplayErrorContext, operation::start_execution::StartExecutionError};
use events::Notification;
use host::metrics::{self, Metric};
use ledger::{Claim, Decided, Lease, LedgerError, Verdict};
use serde::Serialize;
use tokio::time::{Instant, timeout_at};

use crate::{Intake, stop::Stop, transfer};

/// Take-overs of leases that nobody gave back before the object itself is taken for the cause.
const CRASHES: u64 = 5;
/// The longest backoff between two tries of an object.
const LONGEST_BACKOFF: Duration = Duration::from_mins(15);

/// When things must be over.
#[derive(Debug, Clone)]
pub(crate) struct Times {
    /// When a record must be done, 10 s before the invocation is.
    pub(crate) record: Instant,
    /// When a claim ends, 5 s after the invocation.
    pub(crate) lease_until: Timestamp,
    /// Joins the execution's trace to the invocation's.
    pub(crate) trace_header: Option<String>,
}

/// What became of a record.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case", tag = "record")]
pub(crate) enum Finish {
    /// Its execution is started, now or before.
    Finished {
        /// None where the object has its outcome already.
        execution_name: Option<String>,
    },
    /// It must come again.
    Unfinished {
        #[serde(serialize_with = "in_seconds")]
        retry_in: Duration,
        fault: String,
        /// An outage of the pipeline's own services: the longer it lasts, the longer the message stays hidden, so that it
        /// does not reach the dead-letter queue by being received too often.
        outage: bool,
    },
}

fn in_seconds<S: serde::Serializer>(wait: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(wait.as_secs())
}

impl Finish {
    pub(crate) fn unfinished(retry_in: Duration, fault: impl Into<String>) -> Self {
        Self::Unfinished { retry_in, fault: fault.into(), outage: false }
    }

    fn outage(fault: impl Into<String>) -> Self {
        Self::Unfinished { retry_in: Duration::from_secs(5), fault: fault.into(), outage: true }
    }
}

/// Works one object.
pub(crate) async fn work(intake: &Intake, notification: &Notification, identity: &Identity, times: &Times) -> Finish {
    let now = Timestamp::from(SystemTime::now());
    let claim = match intake.ledger.claim(identity, now, times.lease_until).await {
        Ok(claim) => claim,
        Err(error) => return ledger_failed(&error),
    };
    match claim {
        Claim::Done => Finish::Finished { execution_name: None },
        Claim::Decided(decided) => start(intake, &decided, times).await,
        Claim::Leased { until } => {
            let rest = u64::try_from(until.unix_millis() - now.unix_millis()).unwrap_or(0);
            let wait = Duration::from_millis(rest + fastrand::u64(500..3_000));
            Finish::unfinished(wait, "another run has the object")
        }
        Claim::Mine(lease) => take(intake, notification, lease, times, now).await,
    }
}

async fn take(intake: &Intake, notification: &Notification, mut lease: Lease, times: &Times, now: Timestamp) -> Finish {
    let mut attachment = blank(notification, &lease.identity);
    // A run that died may have sent the file whole: nobody lived to say that it had not.
    lease.possibly_stored |= lease.crashes > 0 && lease.reserved_bytes > 0;
    let ended = if let Some(reason) = given_up(intake, &lease, now) {
        if let Some(known) = known(&lease) {
            attachment = known;
        }
        attachment.upload_attempts = transfer::attempts(&lease);
        Err(Stop::Reject(reason))
    } else {
        attachment.upload_attempts = transfer::attempts(&lease);
        let sending = transfer::send(intake, notification, &mut lease, &mut attachment, times.record);
        let ended = timeout_at(times.record + Duration::from_secs(1), sending).await;
        ended.unwrap_or_else(|_| {
            lease.possibly_stored |= attachment.upload.is_some();
            Err(Stop::later("the record's time in this invocation ran out"))
        })
    };
    attachment.possibly_stored = lease.possibly_stored;
    match ended {
        Ok(job) => {
            tracing::Span::current().record("job_id", job.as_str());
            accepted(&mut attachment, job);
        }
        Err(Stop::Reject(reason)) => unsuccessful(&mut attachment, Ending::Rejected(reason)),
        Err(Stop::Untraceable(reason)) => unsuccessful(&mut attachment, Ending::TrackingFailed(reason)),
        Err(Stop::Lost) => return Finish::unfinished(Duration::from_secs(5), "another run has taken the object over"),
        Err(Stop::Later { wait, fault }) => return give_back(intake, lease, &attachment, wait, fault).await,
    }
    decide(intake, notification, &lease, &attachment, times).await
}

/// Whether to end it by decision: the time is over, or the object brings intake down.
fn given_up(intake: &Intake, lease: &Lease, now: Timestamp) -> Option<Reason> {
    if lease.crashes >= CRASHES {
        let text = format!("intake died {} times over this object; its logs say how", lease.crashes);
        return Some(Reason::new(ReasonCode::IntakeCrashed, text));
    }
    let age = u64::try_from(now.unix_seconds() - lease.first_seen.unix_seconds()).unwrap_or(0);
    // Whatever the clocks say, the first claim gets its try.
    if lease.attempt > 1 && age >= intake.settings.give_up_after_seconds {
        let last = lease.last_fault.as_deref().unwrap_or("no fault was recorded");
        let text =
            format!("given up after {age} s (GIVE_UP_AFTER_SECONDS); last: {last}. Write the object again to send it");
        return Some(Reason::new(ReasonCode::CxoneUnavailable, text));
    }
    None
}

/// What an earlier run knew of the object when it gave it back: for an object that is given up without being read again.
fn known(lease: &Lease) -> Option<Attachment> {
    // Another release's form, or none: the record then says what the event says.
    serde_json::from_str(lease.known.as_deref()?).ok()
}

fn blank(notification: &Notification, identity: &Identity) -> Attachment {
    let object = &notification.object;
    let (version_id, etag) = match &object.version {
        ObjectVersion::Id(id) => (Some(id.clone()), None),
        ObjectVersion::Unversioned { etag, .. } => (None, Some(etag.clone())),
    };
    Attachment {
        schema: SCHEMA,
        decision: Decision::Poll,
        wait_seconds: None,
        identity: identity.clone(),
        interaction_id: None,
        job_id: None,
        object: ObjectFacts {
            bucket: object.bucket.clone(),
            key: object.key.clone(),
            version_id,
            etag,
            event_time: notification.event_time,
            ..ObjectFacts::default()
        },
        tags: std::collections::BTreeMap::new(),
        auto_scan: true,
        upload: None,
        upload_attempts: 0,
        possibly_stored: false,
        job: JobProgress::default(),
        result: None,
        error: None,
    }
}

fn accepted(attachment: &mut Attachment, job: JobId) {
    tracing::info!(upload_attempts = attachment.upload_attempts, bytes = attachment.object.size_bytes, "uploaded");
    count_upload(attachment);
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

fn unsuccessful(attachment: &mut Attachment, ending: Ending) {
    if let Some(reason) = ending.reason() {
        // CXone's own words stay out of the log: they may repeat what the file says.
        tracing::info!(outcome = %ending.outcome(), reason = %reason.code, "not uploaded");
    }
    attachment.decision = Decision::Unsuccessful;
    attachment.result = Some(Resolution { ending, at: Timestamp::from(SystemTime::now()) });
}

async fn decide(
    intake: &Intake,
    notification: &Notification,
    lease: &Lease,
    attachment: &Attachment,
    times: &Times,
) -> Finish {
    let interaction = attachment.interaction_id.as_ref().map_or_else(
        || ObjectKey::interaction_of(&notification.object.key, &intake.settings.key_prefix),
        |id| id.as_str().to_owned(),
    );
    let execution_input = match serde_json::to_string(attachment) {
        Ok(input) => input,
        Err(error) => return Finish::unfinished(LONGEST_BACKOFF, format!("the payload has no JSON form: {error}")),
    };
    let decided = Decided { execution_name: execution_name(&interaction, &lease.identity), execution_input };
    match intake.ledger.decide(lease, decided).await {
        Ok(Verdict::Start(decided)) => start(intake, &decided, times).await,
        Ok(Verdict::Done) => Finish::Finished { execution_name: None },
        Ok(Verdict::Lost) => Finish::unfinished(Duration::from_secs(5), "another run has taken the object over"),
        Err(error) => ledger_failed(&error),
    }
}

/// Starts the decided execution; that it exists already is as good.
async fn start(intake: &Intake, decided: &Decided, times: &Times) -> Finish {
    let started = intake
        .sfn
        .start_execution()
        .state_machine_arn(&intake.settings.state_machine_arn)
        .name(&decided.execution_name)
        .input(&decided.execution_input)
        .set_trace_header(times.trace_header.clone())
        .send()
        .await;
    match started {
        Ok(_) => tracing::info!(execution_name = decided.execution_name, "execution started"),
        Err(error) if error.as_service_error().is_some_and(StartExecutionError::is_execution_already_exists) => {
            tracing::info!(execution_name = decided.execution_name, "execution exists");
        }
        Err(error) => {
            let fault = format!("the execution cannot be started: {}", DisplayErrorContext(error));
            tracing::error!(execution_name = decided.execution_name, "{fault}");
            return Finish::outage(fault);
        }
    }
    Finish::Finished { execution_name: Some(decided.execution_name.clone()) }
}

/// The pause after the `tries`-th try: about 5, 10, 20 s and so on up to 15 min, with jitter.
pub(crate) fn backoff(tries: u64) -> Duration {
    let exponent = u32::try_from(tries.saturating_sub(1).min(10)).unwrap_or(10);
    let ceiling = LONGEST_BACKOFF.min(Duration::from_secs(5) * 2_u32.pow(exponent));
    let ceiling = u64::try_from(ceiling.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(fastrand::u64(ceiling / 2..=ceiling))
}

async fn give_back(
    intake: &Intake,
    mut lease: Lease,
    attachment: &Attachment,
    wait: Option<Duration>,
    fault: String,
) -> Finish {
    // A run that got less far than one before it does not take back what that one knew.
    let told =
        |one: &Attachment| (one.upload.is_some(), one.object.mime_type.is_some(), one.object.size_bytes.is_some());
    if known(&lease).is_none_or(|before| told(attachment) >= told(&before)) {
        lease.known = serde_json::to_string(attachment).ok();
    }
    let retry_in = wait.unwrap_or_default().max(backoff(lease.attempt));
    tracing::warn!(attempt = lease.attempt, retry_in_seconds = retry_in.as_secs(), "given back: {fault}");
    metrics::count(Metric::GivenBack);
    match intake.ledger.give_back(&lease, &fault).await {
        Ok(_) => Finish::unfinished(retry_in, fault),
        Err(error) => {
            tracing::error!("{error}; the lease runs out by itself");
            Finish::unfinished(retry_in, fault)
        }
    }
}

fn ledger_failed(error: &LedgerError) -> Finish {
    tracing::error!(error_type = attachments::workflow::error_type::LEDGER_UNAVAILABLE, "{error}");
    Finish::outage(error.to_string())
}
