//! Admitting an event, claiming its object for this run, and postponing the claim.

use std::time::Duration;

use attachments::{Identity, ObjectKey, ObjectRef, ObjectVersion, Timestamp, workflow::error_type};
use events::Notification;
use host::Clock;
use ledger::{Claim, Claiming, Lease, LedgerError};
use tokio::time::{Instant, timeout_at};

use crate::{Intake, finish::Finish};

/// The longest wait for an object that this run could not start on, in seconds.
const SHORT_WAIT_SECONDS: u64 = 5;

/// The deadlines of an invocation's records, and what else they share.
#[derive(Debug, Clone)]
pub(crate) struct Times {
    /// The time of day.
    pub(crate) clock: Clock,
    /// When the work on a record must end: 10 s before the invocation's deadline.
    pub(crate) record: Instant,
    /// When the calls that follow it must end (decide, start, release): 3 s before the invocation's deadline.
    pub(crate) wrap_up: Instant,
    /// When a claim's lease expires: 5 s after the invocation's deadline.
    pub(crate) lease_until: Timestamp,
    /// The invocation's request id.
    pub(crate) run: String,
    /// Joins the execution's trace to the invocation's.
    pub(crate) trace_header: Option<String>,
}

#[cfg(test)]
impl Times {
    /// The times of a record that has this much time.
    pub(crate) fn within(time: Duration, clock: Clock) -> Self {
        let record = Instant::now() + time;
        Self {
            clock,
            record,
            wrap_up: record + time,
            lease_until: clock.now(),
            run: "request-1".to_owned(),
            trace_header: None,
        }
    }
}

/// Refuses an event that no write to the bucket can have caused. Call it before the claim, so that such an event leaves no row.
pub(crate) async fn admit(intake: &Intake, notification: &Notification, times: &Times) -> Result<(), Finish> {
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

pub(crate) async fn claim(
    intake: &Intake,
    object: &ObjectRef,
    identity: &Identity,
    times: &Times,
) -> Result<Claim, Finish> {
    let interaction = ObjectKey::interaction_of(&object.key, &intake.settings.key_prefix);
    let claiming = Claiming {
        identity,
        key: &object.key,
        version_id: match &object.version {
            ObjectVersion::Id(id) => Some(id),
            ObjectVersion::Unversioned { .. } => None,
        },
        interaction: &interaction,
        now: times.clock.now(),
        lease_until: times.lease_until,
        run: &times.run,
    };
    match timeout_at(times.wrap_up, intake.ledger.claim(claiming)).await {
        Ok(claim) => claim.map_err(|error| ledger_failed(&error)),
        Err(_) => Err(out_of_time("the ledger did not claim the object in time")),
    }
}

/// Releases an object that this run has not worked on.
pub(crate) async fn postpone(intake: &Intake, lease: &Lease, times: &Times) {
    match timeout_at(times.wrap_up, intake.ledger.postpone(lease)).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::error!("{error}; the lease expires by itself"),
        Err(_) => tracing::error!("the ledger did not release the object in time; the lease expires by itself"),
    }
}

pub(crate) fn short_wait() -> Duration {
    jitter::between(Duration::from_secs(1), Duration::from_secs(SHORT_WAIT_SECONDS))
}

pub(crate) fn ledger_failed(error: &LedgerError) -> Finish {
    tracing::error!(error_type = error_type::LEDGER_UNAVAILABLE, "{error}");
    Finish::outage(error.to_string())
}

/// The end of a record whose call did not finish before its deadline.
pub(crate) fn out_of_time(fault: &str) -> Finish {
    tracing::error!("{fault}");
    Finish::outage(fault)
}
