//! Sends one object from S3 to CXone: read, check, prepare, upload. Short waits are slept before the next attempt; for a longer
//! one, the run ends.

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
    run::{Run, Step},
    stop::Stop,
};

/// The longest wait that a run sleeps. For a longer one, it releases the object.
const LONGEST_SLEEP: Duration = Duration::from_secs(20);
/// The most attempts of one run, whether they get as far as an upload or not.
const MAX_ATTEMPTS: u32 = 5;
/// A run starts an upload only if this much of the record's time is left.
const MIN_UPLOAD_TIME: Duration = Duration::from_secs(2);

/// How a run ended without a job. `stop` says how this differs from the other two types.
pub(crate) enum Halt {
    /// The object ends with this reason.
    Final(Reason),
    /// A later run must try again. `object` gives the object up or releases it.
    Later {
        /// The fault of the last attempt.
        last: Retry,
        /// How long the message is hidden.
        wait: Duration,
    },
    /// The record's time ended before the first upload.
    NoTime,
    /// Another run has claimed the object since.
    Lost,
    /// The event does not belong to the write that S3 has.
    Refused(String),
}

/// Sends the object. Each fact goes into `run` as soon as it is known, so that it is there if the attempt stops.
pub(crate) async fn send(run: &mut Run<'_>) -> Result<JobId, Halt> {
    let key = match check::key(&run.notification.object, &run.intake.settings) {
        Ok(key) => key,
        Err(stop) => return Err(halt_for(run, stop)),
    };
    let mut attempts = 0;
    let mut previous = None;
    loop {
        attempts += 1;
        let retry = match attempt(run, &key).await {
            Ok(NextStep::Accepted(job)) => return Ok(job),
            Ok(NextStep::Final(reason)) => return Err(Halt::Final(reason)),
            Ok(NextStep::Retry(retry)) => retry,
            Err(Halt::Later { last, .. }) => last,
            // The fault to report is that of the attempt before.
            Err(Halt::NoTime) => {
                let later = |last: Retry| Halt::Later { wait: last.wait(jitter::fraction()), last };
                return Err(previous.map_or(Halt::NoTime, later));
            }
            Err(halt) => return Err(halt),
        };
        report(&retry, run);
        let wait = retry.wait(jitter::fraction());
        // A person must fix refused credentials, which takes longer than a run.
        let spent = attempts >= MAX_ATTEMPTS || run.uploads >= upload_limit(run) || retry.cause == Cause::Unauthorized;
        if spent || wait > LONGEST_SLEEP || wait + MIN_UPLOAD_TIME > run.time_left() {
            return Err(Halt::Later { last: retry, wait });
        }
        sleep(wait).await;
        previous = Some(retry);
    }
}

/// The most uploads of the run. The responses do not change it.
fn upload_limit(run: &Run<'_>) -> u32 {
    if run.lease.attempt == 1 { UPLOADS_IN_FIRST_RUN } else { UPLOADS_IN_LATER_RUN }
}

/// The end of a run whose attempt stopped.
fn halt_for(run: &mut Run<'_>, stop: Stop) -> Halt {
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
    run.step = Step::Reading;
    (run.key_denied, run.token_refused, run.cxone_status) = (false, false, None);
    let (content, stream, open) = match read::open_and_check(run, key).await {
        Ok(read) => read,
        Err(stop) => return Err(halt_for(run, stop)),
    };
    // The token first, so that a token failure does not count as an upload.
    if let Err(error) = run.intake.cxone.authorize().await {
        run.token_refused = true;
        run.cxone_status = error.status();
        return Err(later(run.history.token_fault(&error)));
    }
    run.step = Step::Preparing;
    if let Err(stop) = prepare(run, &content, open.size).await {
        return Err(halt_for(run, stop));
    }
    if run.time_left() < MIN_UPLOAD_TIME {
        return Err(Halt::NoTime);
    }
    run.step = Step::Sending;
    Ok(upload(run, &content, stream, &open).await)
}

/// Writes the upload request to the ledger and reserves the quota, before the first byte is sent. So a retry can repeat the
/// request byte for byte.
async fn prepare(run: &mut Run<'_>, content: &UploadContent, bytes: u64) -> Result<(), Stop> {
    let limit = run.intake.settings.quota;
    let request = attachments::to_json(content)
        .map_err(|error| Stop::Internal(format!("the upload request cannot be written as JSON: {error}")))?;
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

/// Emits how full the quota is. If the ledger cannot say, the upload continues.
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
    // The digest is set only if the last byte was read without a fault. A wrong S3 checksum is a fault.
    run.attachment.object.sha256 = digest.get().cloned();
    run.attachment.object.source_checksum = digest.get().map(|_| open.source_checksum);
    run.cxone_status = attempt.status();
    run.history.next_step(&attempt, ended_at)
}

/// Counts and logs the fault of an attempt.
fn report(retry: &Retry, run: &Run<'_>) {
    let Retry { cause, fault, .. } = retry;
    match cause {
        Cause::Throttled => metrics::count(Metric::Throttled),
        Cause::Unauthorized => return report_refusal(fault, run),
        Cause::Source | Cause::Unavailable | Cause::Internal => {}
    }
    tracing::warn!(cxone_status = run.cxone_status, upload_attempts = run.history.uploads, "{fault}");
}

/// Logs the error name that the runbook searches for, whether or not the refusal counts for the alarm.
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
            "{fault}; so far, only calls for this interaction are refused"
        );
    }
}

#[cfg(test)]
mod tests;
