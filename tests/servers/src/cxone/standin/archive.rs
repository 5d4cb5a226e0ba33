//! The attachments that the stand-in holds, and all jobs.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use crate::cxone::{records::Attachment, settings::JobTimes};

/// CXone's reason for an infected file.
const INFECTED: &str = "Virus found: EICAR-Test-File";

/// CXone's reason for a file whose upload was accepted before it was aborted.
const INCOMPLETE: &str = "The file did not arrive completely";

#[derive(Default)]
pub(crate) struct Archive {
    filed: Vec<Filed>,
    by_key: HashMap<String, usize>,
    by_job: HashMap<String, usize>,
    /// Jobs that clients got before their file was received.
    promised: Vec<Promise>,
}

/// A job without a file yet.
struct Promise {
    job_id: String,
    idempotency_key: String,
    interaction_id: String,
    /// The upload was aborted.
    broken: bool,
}

impl Promise {
    fn state(&self) -> JobState {
        let (word, reason) = if self.broken { ("FAILED", Some(INCOMPLETE.to_owned())) } else { ("RUNNING", None) };
        JobState { word: word.to_owned(), reason }
    }
}

struct Filed {
    /// `status` and `live` are those of the moment it was stored.
    attachment: Attachment,
    since: Instant,
    times: JobTimes,
    /// A final status from a script, which stays.
    told: Option<JobState>,
}

/// A job's status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct JobState {
    pub(crate) word: String,
    pub(crate) reason: Option<String>,
}

impl Filed {
    fn state(&self, now: Instant) -> JobState {
        if let Some(told) = &self.told {
            return told.clone();
        }
        let age = now.duration_since(self.since);
        let pending = Duration::from_millis(self.times.pending_ms);
        let (word, reason) = if age < pending {
            ("PENDING", None)
        } else if age < pending + Duration::from_millis(self.times.running_ms) {
            ("RUNNING", None)
        } else if self.attachment.auto_scan && self.attachment.infected {
            ("FAILED", Some(INFECTED.to_owned()))
        } else {
            ("COMPLETED", None)
        };
        JobState { word: word.to_owned(), reason }
    }
}

impl Archive {
    /// The job that was made of an earlier upload under the same key.
    pub(crate) fn earlier(&self, idempotency_key: &str) -> Option<String> {
        let filed = self.filed.get(*self.by_key.get(idempotency_key)?)?;
        Some(filed.attachment.job_id.clone())
    }

    /// The job that was promised for an upload under this key.
    pub(crate) fn promised(&self, idempotency_key: &str) -> Option<String> {
        let promise = self.promised.iter().find(|promise| promise.idempotency_key == idempotency_key)?;
        Some(promise.job_id.clone())
    }

    /// Adds a job before its file is received.
    pub(crate) fn promise(&mut self, job_id: &str, idempotency_key: &str, interaction_id: &str) {
        self.promised.push(Promise {
            job_id: job_id.to_owned(),
            idempotency_key: idempotency_key.to_owned(),
            interaction_id: interaction_id.to_owned(),
            broken: false,
        });
    }

    /// The upload of a promised job was aborted.
    pub(crate) fn broken(&mut self, job_id: &str) {
        for promise in self.promised.iter_mut().filter(|promise| promise.job_id == job_id) {
            promise.broken = true;
        }
    }

    /// Adds an attachment whose key is new.
    pub(crate) fn file(&mut self, attachment: Attachment, times: JobTimes, now: Instant) {
        let index = self.filed.len();
        self.promised.retain(|promise| promise.job_id != attachment.job_id);
        self.by_key.insert(attachment.idempotency_key.clone(), index);
        self.by_job.insert(attachment.job_id.clone(), index);
        self.filed.push(Filed { attachment, since: now, times, told: None });
    }

    /// Records that a request repeated the upload of a job.
    pub(crate) fn repeated(&mut self, job_id: &str, seq: u64) {
        if let Some(filed) = self.by_job.get(job_id).and_then(|index| self.filed.get_mut(*index)) {
            filed.attachment.requests.push(seq);
        }
    }

    /// The interaction of a job, if there is such a job.
    pub(crate) fn interaction(&self, job_id: &str) -> Option<String> {
        if let Some(filed) = self.by_job.get(job_id).and_then(|index| self.filed.get(*index)) {
            return Some(filed.attachment.interaction_id.clone());
        }
        Some(self.promise_of(job_id)?.interaction_id.clone())
    }

    pub(crate) fn state(&self, job_id: &str, now: Instant) -> Option<JobState> {
        let filed = self.by_job.get(job_id).and_then(|index| self.filed.get(*index));
        filed.map(|filed| filed.state(now)).or_else(|| self.promise_of(job_id).map(Promise::state))
    }

    fn promise_of(&self, job_id: &str) -> Option<&Promise> {
        self.promised.iter().find(|promise| promise.job_id == job_id)
    }

    /// From now on, the job has this state, independent of the time.
    pub(crate) fn told(&mut self, job_id: &str, state: JobState) {
        if let Some(filed) = self.by_job.get(job_id).and_then(|index| self.filed.get_mut(*index)) {
            filed.told = Some(state);
        }
    }

    /// All attachments, or those of one interaction, with their current status.
    pub(crate) fn list(&self, interaction_id: Option<&str>, now: Instant) -> Vec<Attachment> {
        self.filed
            .iter()
            .filter(|filed| interaction_id.is_none_or(|wanted| filed.attachment.interaction_id == wanted))
            .map(|filed| {
                let status = filed.state(now).word;
                Attachment { live: status != "FAILED", status, ..filed.attachment.clone() }
            })
            .collect()
    }
}
