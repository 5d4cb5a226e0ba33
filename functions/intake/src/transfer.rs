//! One object's way from S3 to CXone: read, check, send; again in place while waits are short.

use std::time::{Duration, SystemTime};

use attachments::{
    JobId, ObjectKey, ReasonCode, Timestamp,
    workflow::{Attachment, Upload},
};
use cxone::{UploadError, UploadRequest};
use events::Notification;
use host::metrics::{self, Metric};
use ledger::{Lease, Reservation};
use tokio::time::{Instant, sleep};

use crate::{Intake, source, stop::Stop, validation};

/// The longest wait that is slept inside an invocation; longer ones give the object back.
const LONGEST_SLEEP: Duration = Duration::from_secs(20);
/// Tries at a passing fault inside one invocation.
const PASSING_TRIES: u32 = 5;
/// Answers without a job id, of all of the object's runs, after which there is no other try.
const NO_JOB_TRIES: u32 = 3;
/// What must be left of the time for another try to be worth beginning.
const WORTH_TRYING: Duration = Duration::from_secs(2);

/// Faults seen in this invocation.
#[derive(Default)]
struct Faults {
    passing: u32,
    token_refused: bool,
}

/// Sends the object. What is learnt of it goes into `attachment` and `lease` as it is learnt, so that a stop on the way has it.
pub(crate) async fn send(
    intake: &Intake,
    notification: &Notification,
    lease: &mut Lease,
    attachment: &mut Attachment,
    deadline: Instant,
) -> Result<JobId, Stop> {
    let key = validation::key(&notification.object, &intake.settings)?;
    let mut faults = Faults::default();
    loop {
        let wait = match try_once(intake, notification, &key, lease, attachment, deadline).await {
            Ok(job) => return Ok(job),
            Err(Fault::Stop(stop @ (Stop::Reject(_) | Stop::Untraceable(_) | Stop::Lost))) => return Err(stop),
            Err(Fault::Stop(Stop::Later { fault, .. })) => passing(&mut faults, fault)?,
            Err(Fault::Upload(error)) => judge(error, &mut faults, lease)?,
        };
        let left = deadline.saturating_duration_since(Instant::now());
        if wait + WORTH_TRYING > left {
            let fault = format!("no time left in this invocation for another try after {} s", wait.as_secs());
            return Err(Stop::Later { wait: Some(wait), fault });
        }
        sleep(wait).await;
    }
}

enum Fault {
    Stop(Stop),
    Upload(UploadError),
}

impl From<Stop> for Fault {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

async fn try_once(
    intake: &Intake,
    notification: &Notification,
    key: &ObjectKey,
    lease: &mut Lease,
    attachment: &mut Attachment,
    deadline: Instant,
) -> Result<JobId, Fault> {
    let settings = &intake.settings;
    let object = &notification.object;
    let open = source::open(&intake.s3, object).await?;
    attachment.object.size_bytes = Some(open.size);
    attachment.object.etag = open.etag.or(attachment.object.etag.take());
    attachment.object.version_id = open.version_id.or(attachment.object.version_id.take());
    attachment.object.declared_content_type = open.declared_content_type;
    attachment.auto_scan =
        !open.metadata.get("auto-scan").is_some_and(|value| value.trim().eq_ignore_ascii_case("false"));
    let wanted = open.metadata.get("interaction-id").map_or(key.interaction.as_str(), |id| id.trim());
    let interaction = validation::interaction(wanted, settings)?;
    tracing::Span::current().record("interaction_id", interaction.as_str());
    attachment.interaction_id = Some(interaction.clone());
    if open.has_tags && attachment.tags.is_empty() {
        attachment.tags = source::tags(&intake.s3, object).await?;
    }
    validation::size(open.size, settings)?;
    let stream = source::peek(open.body).await?;
    let media_type = validation::media_type(intake, object, &key.file_name, &stream, open.size).await?;
    attachment.object.mime_type = Some(media_type.as_str().to_owned());
    // A token endpoint that is down or refuses is no try at an upload.
    intake.cxone.authorize().await.map_err(Fault::Upload)?;
    reserve(intake, lease, open.size).await?;

    let (body, digest) = stream.hashed();
    lease.upload_attempts += 1;
    let started_at = Timestamp::from(SystemTime::now());
    attachment.upload = Some(Upload { started_at, ended_at: None });
    attachment.upload_attempts = attempts(lease);
    let request = UploadRequest {
        interaction_id: &interaction,
        idempotency_key: lease.identity.as_str(),
        file_name: key.file_name.as_str(),
        content_type: media_type.as_str(),
        size: open.size,
        tags: &attachment.tags,
        auto_scan: attachment.auto_scan,
        framing: settings.framing,
        limit: deadline.saturating_duration_since(Instant::now()),
    };
    let uploaded = intake.cxone.upload(request, body).await;
    let ended_at = Timestamp::from(SystemTime::now());
    attachment.upload = Some(Upload { started_at, ended_at: Some(ended_at) });
    // The digest is set only when the last byte was read without a fault, S3's checksum included.
    attachment.object.sha256 = digest.get().cloned();
    attachment.object.source_checksum = digest.get().map(|_| open.source_checksum);
    uploaded.map_err(Fault::Upload)
}

/// How many uploads there may have been: a run that died told of none, so it stands for one.
pub(crate) fn attempts(lease: &Lease) -> u32 {
    lease.upload_attempts.saturating_add(u32::try_from(lease.crashes).unwrap_or(u32::MAX))
}

async fn reserve(intake: &Intake, lease: &mut Lease, bytes: u64) -> Result<(), Stop> {
    let limit = intake.settings.quota;
    if limit == 0 {
        return Ok(());
    }
    match intake.ledger.reserve(lease, bytes, limit).await {
        Ok(Reservation::Reserved) => {
            lease.reserved_bytes = lease.reserved_bytes.max(bytes);
            gauge_quota(intake, limit).await;
            Ok(())
        }
        Ok(Reservation::QuotaExceeded) => Err(Stop::reject(
            ReasonCode::QuotaExceeded,
            format!("the storage quota of {limit} bytes has no room for {bytes} more (STORAGE_QUOTA_BYTES)"),
        )),
        Ok(Reservation::Lost) => Err(Stop::Lost),
        Err(error) => Err(Stop::later(error.to_string())),
    }
}

/// Emits how full the quota is; a gauge that cannot be read stops nothing.
async fn gauge_quota(intake: &Intake, limit: u64) {
    match intake.ledger.used_bytes().await {
        #[expect(clippy::cast_precision_loss, reason = "a ratio needs no more than 52 bits")]
        Ok(used) => metrics::emit(&[(Metric::QuotaUsedRatio, used as f64 / limit as f64)]),
        Err(error) => tracing::warn!("{error}"),
    }
}

/// How long to wait before the next try in place, or why there is none.
fn judge(error: UploadError, faults: &mut Faults, lease: &mut Lease) -> Result<Duration, Stop> {
    let fault = error.to_string();
    if matches!(error, UploadError::Throttled { .. }) {
        metrics::count(Metric::Throttled);
    }
    match error {
        UploadError::Refused(reason) => {
            // CXone keeps one answer per Idempotency-Key, so its refusal now means that it holds nothing from before either;
            // but not where it has said 2xx before, or where a gateway may be speaking, which knows no keys.
            let may_be_a_gateways = matches!(reason.code, ReasonCode::CxoneRedirect | ReasonCode::CxonePayloadTooLarge);
            if !lease.accepted && !may_be_a_gateways {
                lease.possibly_stored = false;
            }
            Err(Stop::Reject(reason))
        }
        UploadError::TokenRefused if !faults.token_refused => {
            tracing::warn!("{fault}; fetching another");
            faults.token_refused = true;
            Ok(Duration::ZERO)
        }
        UploadError::TokenRefused => {
            Err(unauthorized("CXone refused a fresh token (401); check the client's scopes (CXONE_SCOPES)"))
        }
        UploadError::Unauthorized(fault) => Err(unauthorized(&fault)),
        UploadError::Throttled { wait } if wait <= LONGEST_SLEEP => {
            tracing::warn!(upload_attempt = lease.upload_attempts, "{fault}");
            // A wait of nothing would be a busy loop; jitter keeps the records of a batch from coming back together.
            Ok(wait.max(Duration::from_secs(1)) + Duration::from_millis(fastrand::u64(0..500)))
        }
        UploadError::Throttled { wait } => Err(Stop::Later { wait: Some(wait), fault }),
        UploadError::Unanswered(_) => {
            lease.possibly_stored = true;
            passing(faults, fault)
        }
        UploadError::Interrupted(_) => {
            (lease.possibly_stored, lease.accepted) = (true, true);
            passing(faults, fault)
        }
        UploadError::Unavailable(_) | UploadError::Source(_) => passing(faults, fault),
        UploadError::NoJobId(reason) => {
            (lease.possibly_stored, lease.accepted) = (true, true);
            lease.jobless_answers += 1;
            if lease.jobless_answers >= NO_JOB_TRIES {
                return Err(Stop::Untraceable(reason));
            }
            tracing::warn!(upload_attempt = lease.upload_attempts, "{fault}");
            Ok(backoff(lease.jobless_answers))
        }
    }
}

fn unauthorized(fault: &str) -> Stop {
    metrics::count(Metric::CxoneUnauthorized);
    tracing::error!(error_type = attachments::workflow::error_type::CXONE_UNAUTHORIZED, "{fault}");
    Stop::later(fault)
}

fn passing(faults: &mut Faults, fault: String) -> Result<Duration, Stop> {
    faults.passing += 1;
    if faults.passing >= PASSING_TRIES {
        return Err(Stop::later(fault));
    }
    tracing::warn!(tries = faults.passing, "{fault}");
    Ok(backoff(faults.passing))
}

/// Exponential with full jitter: up to 0.5, 1, 2, 4 s.
fn backoff(tries: u32) -> Duration {
    let ceiling = 500_u64 << tries.saturating_sub(1).min(5);
    Duration::from_millis(fastrand::u64(50..=ceiling))
}

#[cfg(test)]
mod tests {
    use attachments::{Identity, Reason};

    use super::*;

    fn lease() -> Lease {
        Lease {
            identity: "0".repeat(64).parse::<Identity>().unwrap(),
            attempt: 1,
            first_seen: Timestamp::from_unix_seconds(0),
            crashes: 0,
            reserved_bytes: 6_000,
            upload_attempts: 1,
            jobless_answers: 0,
            possibly_stored: false,
            accepted: false,
            last_fault: None,
            known: None,
        }
    }

    /// Whether CXone may hold the file after this answer and then a refusal for this reason.
    fn may_be_held(first: UploadError, then: ReasonCode) -> bool {
        let (mut lease, mut faults) = (lease(), Faults::default());
        judge(first, &mut faults, &mut lease).unwrap();
        let refused = judge(UploadError::Refused(Reason::new(then, "refused")), &mut faults, &mut lease);
        assert!(matches!(refused, Err(Stop::Reject(_))));
        lease.possibly_stored
    }

    #[test]
    fn a_refusal_gives_the_bytes_back_only_where_cxone_has_not_taken_them() {
        let unanswered = || UploadError::Unanswered("no answer".to_owned());
        let interrupted = || UploadError::Interrupted("202, cut".to_owned());
        let jobless = || UploadError::NoJobId(Reason::new(ReasonCode::CxoneNoJobId, "202"));
        let unavailable = || UploadError::Unavailable("503".to_owned());
        // The same key would have brought the first upload's answer again.
        assert!(!may_be_held(unanswered(), ReasonCode::CxoneForbidden));
        assert!(!may_be_held(unavailable(), ReasonCode::CxonePayloadTooLarge));
        // A gateway may have said that, which knows no keys.
        assert!(may_be_held(unanswered(), ReasonCode::CxonePayloadTooLarge));
        assert!(may_be_held(unanswered(), ReasonCode::CxoneRedirect));
        // CXone has said that it took the file.
        assert!(may_be_held(interrupted(), ReasonCode::CxoneNotFound));
        assert!(may_be_held(jobless(), ReasonCode::CxoneForbidden));
    }

    #[test]
    fn a_run_that_died_stands_for_an_upload() {
        assert_eq!(attempts(&Lease { crashes: 2, upload_attempts: 3, ..lease() }), 5);
    }
}
