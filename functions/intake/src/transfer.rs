//! One object's way from S3 to CXone: read, check, send; again in place while waits are short.

use std::time::Duration;

use attachments::{
    JobId, ObjectKey, Reason, ReasonCode,
    workflow::{Upload, error_type::CXONE_UNAUTHORIZED},
};
use cxone::{Cause, NextStep, Retry, UPLOADS_IN_FIRST_RUN, UPLOADS_IN_LATER_RUN, UploadContent, UploadRequest};
use host::{
    Refused,
    metrics::{self, Metric},
};
use ledger::Prepared;
use tokio::time::sleep;

use crate::{
    check,
    read::{self, Opened, Stream},
    run::{Doing, Run},
    stop::Stop,
};

/// The longest wait that is slept inside an invocation; a longer one releases the object.
const LONGEST_SLEEP: Duration = Duration::from_secs(20);
/// Attempts of every kind inside one invocation.
const ATTEMPTS: u32 = 5;
/// No upload begins with less than this left of the record's time.
const WORTH_TRYING: Duration = Duration::from_secs(2);

/// How a run ends without a job.
pub(crate) enum Halt {
    /// The object ends here.
    Final(Reason),
    /// The object is released for a later run.
    Later {
        /// The fault of the last attempt.
        last: Retry,
        /// How long the object rests.
        wait: Duration,
    },
    /// The record's time ended before an attempt was made.
    NoTime,
    /// Another run has the object now.
    Lost,
    /// The event names no object of the bucket.
    Refused(String),
}

/// Sends the object. What is learnt of it goes into the run as it is learnt, so that a stop on the way has it.
pub(crate) async fn send(run: &mut Run<'_>) -> Result<JobId, Halt> {
    let key = match check::key(&run.notification.object, &run.intake.settings) {
        Ok(key) => key,
        Err(stop) => return Err(halted(run, stop)),
    };
    let mut attempts = 0;
    let mut before = None;
    loop {
        attempts += 1;
        let retry = match attempt(run, &key).await {
            Ok(NextStep::Accepted(job)) => return Ok(job),
            Ok(NextStep::Final(reason)) => return Err(Halt::Final(reason)),
            Ok(NextStep::Retry(retry)) => retry,
            Err(Halt::Later { last, .. }) => last,
            // The fault is what came before, not that time ran out.
            Err(Halt::NoTime) => {
                let later = |last: Retry| Halt::Later { wait: last.wait(jitter::fraction()), last };
                return Err(before.map_or(Halt::NoTime, later));
            }
            Err(halt) => return Err(halt),
        };
        report(&retry, run);
        let wait = retry.wait(jitter::fraction());
        // Refused credentials are a person's to fix, which takes longer than a wait in place.
        let spent = attempts >= ATTEMPTS || run.uploads >= upload_limit(run) || retry.cause == Cause::Unauthorized;
        if spent || wait > LONGEST_SLEEP || wait + WORTH_TRYING > run.time_left() {
            return Err(Halt::Later { last: retry, wait });
        }
        sleep(wait).await;
        before = Some(retry);
    }
}

/// Uploads that the run may begin, whatever the class of the responses.
fn upload_limit(run: &Run<'_>) -> u32 {
    if run.lease.attempt == 1 { UPLOADS_IN_FIRST_RUN } else { UPLOADS_IN_LATER_RUN }
}

fn halted(run: &mut Run<'_>, stop: Stop) -> Halt {
    let (cause, fault) = match stop {
        Stop::Final(reason) => return Halt::Final(reason),
        Stop::Lost => return Halt::Lost,
        Stop::Refused(reason) => return Halt::Refused(reason),
        Stop::Source(fault) => (Cause::Source, fault),
        Stop::KeyDenied(fault) => {
            run.key_denied = true;
            (Cause::Source, fault)
        }
        Stop::Internal(fault) => (Cause::Internal, fault),
    };
    later(run.history.fault(cause, fault))
}

fn later(last: Retry) -> Halt {
    Halt::Later { last, wait: Duration::ZERO }
}

async fn attempt(run: &mut Run<'_>, key: &ObjectKey) -> Result<NextStep, Halt> {
    run.doing = Doing::Reading;
    (run.key_denied, run.token_refused, run.cxone_status) = (false, false, None);
    let (content, stream, open) = match read::open_and_check(run, key).await {
        Ok(read) => read,
        Err(stop) => return Err(halted(run, stop)),
    };
    // A token failure is no upload attempt.
    if let Err(error) = run.intake.cxone.authorize().await {
        run.token_refused = true;
        run.cxone_status = error.status();
        return Err(later(run.history.token_fault(&error)));
    }
    run.doing = Doing::Preparing;
    if let Err(stop) = prepare(run, &content, open.size).await {
        return Err(halted(run, stop));
    }
    if run.time_left() < WORTH_TRYING {
        return Err(Halt::NoTime);
    }
    run.doing = Doing::Sending;
    Ok(upload(run, &content, stream, &open).await)
}

/// Writes the request down before its first byte is sent: a retry is the same request, byte for byte.
async fn prepare(run: &mut Run<'_>, content: &UploadContent, bytes: u64) -> Result<(), Stop> {
    let limit = run.intake.settings.quota;
    let request = attachments::to_json(content)
        .map_err(|error| Stop::Internal(format!("the tags have no JSON form: {error}")))?;
    match run.intake.ledger.prepare(&run.lease, &request, bytes, limit).await {
        Ok(Prepared::Ready) => {
            run.lease.request = Some(request);
            run.content = Some(content.clone());
            if limit > 0 && run.lease.reserved_bytes == 0 {
                run.lease.reserved_bytes = bytes;
                gauge_quota(run, limit).await;
            }
            Ok(())
        }
        Ok(Prepared::QuotaExceeded) => Err(Stop::reject(
            ReasonCode::QuotaExceeded,
            format!(
                "the storage quota of {} has no room for {} more (STORAGE_QUOTA_BYTES)",
                check::in_mib(limit),
                check::in_mib(bytes)
            ),
        )),
        Ok(Prepared::Lost) => Err(Stop::Lost),
        Err(error) => Err(Stop::Internal(error.to_string())),
    }
}

/// Emits how full the quota is; a gauge that cannot be read stops nothing.
async fn gauge_quota(run: &Run<'_>, limit: u64) {
    match run.intake.ledger.used_bytes().await {
        #[expect(clippy::cast_precision_loss, reason = "a ratio needs no more than 52 bits")]
        Ok(used) => metrics::emit(&[(Metric::QuotaUsedRatio, used as f64 / limit as f64)]),
        Err(error) => tracing::warn!("{error}"),
    }
}

async fn upload(run: &mut Run<'_>, content: &UploadContent, stream: Stream, open: &Opened) -> NextStep {
    let (body, digest) = stream.hashed();
    run.uploads += 1;
    run.history.uploads = run.history.uploads.saturating_add(1);
    let started_at = run.clock.now();
    run.attachment.upload = Some(Upload { started_at, ended_at: None });
    run.attachment.upload_attempts = run.history.uploads;
    let request = UploadRequest {
        content,
        idempotency_key: run.lease.identity.as_str(),
        size: open.size,
        framing: run.intake.settings.framing,
        limit: run.time_left(),
    };
    let attempt = run.intake.cxone.upload(request, body).await;
    let ended_at = run.clock.now();
    run.attachment.upload = Some(Upload { started_at, ended_at: Some(ended_at) });
    // The digest is set only when the last byte was read without a fault, S3's checksum included.
    run.attachment.object.sha256 = digest.get().cloned();
    run.attachment.object.source_checksum = digest.get().map(|_| open.source_checksum);
    run.cxone_status = attempt.status();
    run.history.next_step(&attempt, ended_at)
}

/// Counts and logs a fault once, where it is handled.
fn report(retry: &Retry, run: &Run<'_>) {
    let Retry { cause, fault, .. } = retry;
    match cause {
        Cause::Throttled => metrics::count(Metric::Throttled),
        Cause::Unauthorized => return report_refusal(fault, run),
        Cause::Source | Cause::Unavailable | Cause::Internal => {}
    }
    tracing::warn!(cxone_status = run.cxone_status, upload_attempts = run.history.uploads, "{fault}");
}

/// The log has both by the name that the runbook looks for.
fn report_refusal(fault: &str, run: &Run<'_>) {
    let refused = match &run.attachment.interaction_id {
        Some(interaction) if !run.token_refused => Refused::Call(interaction),
        _ => Refused::Token,
    };
    if run.intake.refusals.note(refused) {
        tracing::error!(cxone_status = run.cxone_status, error_type = CXONE_UNAUTHORIZED, "{fault}");
    } else {
        tracing::warn!(
            cxone_status = run.cxone_status,
            error_type = CXONE_UNAUTHORIZED,
            "{fault}; refused for this interaction alone so far"
        );
    }
}

#[cfg(test)]
mod tests;
