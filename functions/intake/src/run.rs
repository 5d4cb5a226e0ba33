//! What one run and the runs before it know of an object, and how the object ends without a job.

use attachments::{
    ObjectKey, ObjectVersion, Reason, ReasonCode, Timestamp,
    workflow::{Attachment, Decision, Ending, JobProgress, ObjectFacts, Resolution, SCHEMA},
};
use cxone::{Cause, History, Retry, Stored, UploadContent};
use events::Notification;
use host::Clock;
use ledger::Lease;
use tokio::time::Instant;

use crate::{Intake, claim::Times};

/// Intake gives up an object whose KMS key it may not use this many seconds after it first saw the object. That is enough
/// time for an operator to correct the key's policy, and a producer's own key cannot make intake retry for days.
const KEY_PATIENCE_SECONDS: u64 = 3_600;

/// The step that a run is in. If the run's time ends, it says whose fault that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Reading,
    Preparing,
    Sending,
}

/// What one run works with.
pub(crate) struct Run<'a> {
    pub(crate) intake: &'a Intake,
    pub(crate) notification: &'a Notification,
    pub(crate) lease: Lease,
    /// When the record must end.
    pub(crate) deadline: Instant,
    pub(crate) clock: Clock,
    pub(crate) attachment: Attachment,
    pub(crate) history: History,
    /// The upload request, once an attempt has prepared it. Every later attempt repeats it.
    pub(crate) content: Option<UploadContent>,
    pub(crate) step: Step,
    /// Uploads that this run has started.
    pub(crate) uploads: u32,
    /// The HTTP status of CXone's response to the last attempt, for the log.
    pub(crate) cxone_status: Option<u16>,
    /// The last attempt failed because intake may not use the object's KMS key.
    pub(crate) key_denied: bool,
    /// The last attempt failed because the token endpoint gave no token.
    pub(crate) token_refused: bool,
    /// Intake has logged and counted the metadata's requests that it ignores. It does so once a run.
    pub(crate) wishes_reported: bool,
}

impl<'a> Run<'a> {
    pub(crate) fn new(intake: &'a Intake, notification: &'a Notification, lease: Lease, times: &Times) -> Self {
        let content: Option<UploadContent> = lease.request.as_deref().and_then(|text| serde_json::from_str(text).ok());
        let mut history = History::parse(lease.history.as_deref());
        let crashes = u32::try_from(lease.crashes).unwrap_or(u32::MAX);
        history.add_crashes(crashes, lease.request.is_some());
        let mut attachment = from_event(notification, &lease, &intake.settings.key_prefix);
        attachment.upload_attempts = history.uploads;
        Self {
            intake,
            notification,
            lease,
            deadline: times.record,
            clock: times.clock,
            attachment,
            history,
            content,
            step: Step::Reading,
            uploads: 0,
            cxone_status: None,
            key_denied: false,
            token_refused: false,
            wishes_reported: false,
        }
    }

    pub(crate) fn time_left(&self) -> std::time::Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// The fault of a run whose time ended during a step.
    pub(crate) fn out_of_time(&mut self) -> Retry {
        let (cause, fault) = match self.step {
            Step::Reading => (Cause::Source, "the object could not be read within this run's time"),
            Step::Preparing => (Cause::Internal, "the ledger did not store the upload request within this run's time"),
            Step::Sending => {
                self.history.add_stopped();
                (Cause::Unavailable, "the upload did not finish within this run's time")
            }
        };
        self.history.fault(cause, fault)
    }

    /// A snapshot of the object's facts, as JSON: this run's, or that of an earlier run if it is more complete. So a less
    /// complete snapshot never overwrites a more complete one.
    pub(crate) fn known(&self) -> Option<String> {
        let facts =
            |one: &Attachment| (one.upload.is_some(), one.object.mime_type.is_some(), one.object.size_bytes.is_some());
        let less = self.known_before().is_some_and(|before| facts(&before) > facts(&self.attachment));
        if less { self.lease.known.clone() } else { attachments::to_json(&self.attachment).ok() }
    }

    fn known_before(&self) -> Option<Attachment> {
        // If another release wrote it in a form that this one cannot read, only the event's facts are known.
        serde_json::from_str(self.lease.known.as_deref()?).ok()
    }

    /// Restores what an earlier run knew, for an object that ends without another read.
    pub(crate) fn restore_known(&mut self) {
        if let Some(known) = self.known().and_then(|known| serde_json::from_str(&known).ok()) {
            self.attachment = known;
        }
        if let Some(content) = &self.content {
            self.attachment.interaction_id.get_or_insert_with(|| content.interaction_id.clone());
            self.attachment.object.mime_type.get_or_insert_with(|| content.content_type.clone());
            self.attachment.tags.clone_from(&content.tags);
            self.attachment.auto_scan = content.auto_scan;
        }
        self.attachment.upload_attempts = self.history.uploads;
    }

    /// Ends the object without a job. If CXone may hold the file, the outcome is not `REJECTED`, and the text does not advise
    /// to write the object again.
    pub(crate) fn end(&mut self, reason: Reason) {
        let stored = self.history.stored != Stored::No;
        let ending = if stored {
            Ending::TrackingFailed(Reason::possibly_stored(reason.code, reason.text))
        } else {
            Ending::Rejected(with_advice(reason))
        };
        if let Some(reason) = ending.reason() {
            // The reason's text is not logged: it may quote CXone, whose words may repeat the file's content.
            tracing::info!(cxone_status = self.cxone_status, outcome = %ending.outcome(), reason = %reason.code, "not uploaded");
        }
        self.attachment.possibly_stored = stored;
        self.attachment.decision = Decision::Unsuccessful;
        let at = self.clock.now();
        self.attachment.result = Some(Resolution { ending, at });
    }

    /// The reason to give up the object for its age, after an attempt of this run that failed. None while it is young.
    pub(crate) fn given_up(&self, last: &Retry, now: Timestamp) -> Option<Reason> {
        let age = u64::try_from(now.unix_seconds() - self.lease.first_seen.unix_seconds()).unwrap_or(0);
        // If intake could read the object before, its producer has not chosen a key that intake may not use.
        let never_readable = self.key_denied && self.content.is_none();
        give_up_reason(age, self.intake.settings.give_up_after_seconds, last, never_readable)
    }
}

/// The reason names the side that failed last. None while the object is young (`age` and `limit` in seconds), and for a fault
/// of the pipeline itself, which says nothing about S3 or CXone.
fn give_up_reason(age: u64, limit: u64, last: &Retry, key_denied: bool) -> Option<Reason> {
    let fault = last.fault.trim_end_matches('.');
    if key_denied && age >= limit.min(KEY_PATIENCE_SECONDS) {
        let text = format!("given up after {age} s; last fault: {fault}");
        return Some(Reason::new(ReasonCode::ObjectUnreadable, text));
    }
    let code = match last.cause {
        _ if age < limit => return None,
        Cause::Internal => return None,
        Cause::Source => ReasonCode::SourceUnreadable,
        Cause::Throttled | Cause::Unauthorized | Cause::Unavailable => ReasonCode::CxoneUnavailable,
    };
    Some(Reason::new(code, format!("given up after {age} s (GIVE_UP_AFTER_SECONDS); last fault: {fault}")))
}

/// Adds the advice to write the object again, for the reasons where that helps. Only for an object that CXone does not hold:
/// an object that it may hold must not be sent again before a person has looked.
fn with_advice(reason: Reason) -> Reason {
    match reason.code {
        ReasonCode::ObjectGone
        | ReasonCode::ObjectUnreadable
        | ReasonCode::SourceUnreadable
        | ReasonCode::CxoneUnavailable
        | ReasonCode::IntakeCrashed => Reason::new(
            reason.code,
            format!("{}. Write the object again to send it", reason.text.trim_end_matches('.')),
        ),
        _ => reason,
    }
}

/// What the event says of the object.
fn from_event(notification: &Notification, lease: &Lease, key_prefix: &str) -> Attachment {
    let object = &notification.object;
    let key_interaction = Some(ObjectKey::interaction_of(&object.key, key_prefix)).filter(|named| !named.is_empty());
    let (version_id, etag) = match &object.version {
        ObjectVersion::Id(id) => (Some(id.clone()), None),
        ObjectVersion::Unversioned { etag, .. } => (None, Some(etag.clone())),
    };
    Attachment {
        schema: SCHEMA,
        decision: Decision::Poll,
        wait_seconds: None,
        identity: lease.identity.clone(),
        interaction_id: None,
        key_interaction,
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

#[cfg(test)]
mod tests {
    use cxone::History;

    use super::*;

    #[test]
    fn reason_to_give_up_names_the_side_that_failed_last() {
        let reason = |cause| give_up_reason(7, 7, &History::default().fault(cause, "it broke."), false);
        for (cause, code) in [
            (Cause::Source, ReasonCode::SourceUnreadable),
            (Cause::Throttled, ReasonCode::CxoneUnavailable),
            (Cause::Unauthorized, ReasonCode::CxoneUnavailable),
            (Cause::Unavailable, ReasonCode::CxoneUnavailable),
        ] {
            let reason = reason(cause).unwrap();
            assert_eq!(reason.code, code);
            assert!(reason.text.ends_with("last fault: it broke"), "{reason}");
        }
        assert_eq!(reason(Cause::Internal), None);
        assert_eq!(give_up_reason(6, 7, &History::default().fault(Cause::Source, "it broke."), false), None);
    }

    #[test]
    fn object_with_denied_kms_key_is_given_up_after_an_hour() {
        let denied = History::default().fault(Cause::Source, "intake may not use its KMS key");
        let code = |age, limit, key_denied| give_up_reason(age, limit, &denied, key_denied).map(|reason| reason.code);
        assert_eq!(code(3_599, 259_200, true), None);
        assert_eq!(code(3_600, 259_200, true), Some(ReasonCode::ObjectUnreadable));
        assert_eq!(code(60, 60, true), Some(ReasonCode::ObjectUnreadable));
        assert_eq!(code(3_600, 259_200, false), None);
    }

    #[test]
    fn advice_to_write_again_is_added_only_where_it_helps() {
        let said = |code| with_advice(Reason::new(code, "it broke")).text;
        assert_eq!(said(ReasonCode::ObjectGone), "it broke. Write the object again to send it");
        assert_eq!(said(ReasonCode::TooLarge), "it broke");
    }
}
