//! Taking an object for this run, and letting it go.

use std::time::Duration;

use attachments::{Identity, Timestamp, workflow::error_type};
use events::Notification;
use host::Clock;
use ledger::{Claim, Lease, LedgerError};
use tokio::time::{Instant, timeout_at};

use crate::{Intake, decide::start, finish::Finish};

/// How long an object rests that this run could not begin with, in seconds at most.
const SHORT_REST: u64 = 5;

/// When things must be over.
#[derive(Debug, Clone)]
pub(crate) struct Times {
    /// The time of day.
    pub(crate) clock: Clock,
    /// When a record must be done, 10 s before the invocation is.
    pub(crate) record: Instant,
    /// When what follows a record must be done: deciding, starting, releasing. 3 s before the invocation's deadline.
    pub(crate) wrap_up: Instant,
    /// When a claim ends, 5 s after the invocation.
    pub(crate) lease_until: Timestamp,
    /// The invocation's request id.
    pub(crate) run: String,
    /// Joins the execution's trace to the invocation's.
    pub(crate) trace_header: Option<String>,
}

#[cfg(test)]
impl Times {
    /// A record that has so much time.
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

/// Refuses an event that no write of the bucket can have caused. Before the claim, so that it leaves no row.
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

pub(crate) async fn claim(intake: &Intake, identity: &Identity, times: &Times) -> Result<Claim, Finish> {
    let now = times.clock.now();
    match timeout_at(times.wrap_up, intake.ledger.claim(identity, now, times.lease_until, &times.run)).await {
        Ok(claim) => claim.map_err(|error| ledger_failed(&error)),
        Err(_) => Err(out_of_time("the ledger did not claim the object in time")),
    }
}

/// An object that is not this run's to send.
pub(crate) async fn claimed_before(intake: &Intake, claim: Claim, times: &Times) -> Finish {
    match claim {
        Claim::Decided(decided) => start(intake, &decided, times).await,
        Claim::Leased { until } => {
            let now = times.clock.now();
            let rest = u64::try_from(until.unix_millis() - now.unix_millis()).unwrap_or(0);
            let wait =
                Duration::from_millis(rest) + jitter::between(Duration::from_millis(500), Duration::from_secs(3));
            Finish::unfinished(wait, "another run has the object")
        }
        Claim::Done | Claim::Mine(_) => Finish::Finished { execution_name: None },
    }
}

pub(crate) async fn postpone(intake: &Intake, lease: &Lease, times: &Times) {
    match timeout_at(times.wrap_up, intake.ledger.postpone(lease)).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::error!("{error}; the lease expires by itself"),
        Err(_) => tracing::error!("the ledger did not release the object in time; the lease expires by itself"),
    }
}

pub(crate) fn short_rest() -> Duration {
    jitter::between(Duration::from_secs(1), Duration::from_secs(SHORT_REST))
}

pub(crate) fn ledger_failed(error: &LedgerError) -> Finish {
    tracing::error!(error_type = error_type::LEDGER_UNAVAILABLE, "{error}");
    Finish::outage(error.to_string())
}

/// A call that the invocation's deadline ended.
pub(crate) fn out_of_time(fault: &str) -> Finish {
    tracing::error!("{fault}");
    Finish::outage(fault)
}
