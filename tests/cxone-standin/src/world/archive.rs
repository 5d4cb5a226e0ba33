//! The attachments that the stand-in holds, and their jobs.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use crate::{records::Attachment, settings::JobTimes};

/// What CXone says of a file that its scanner stopped.
const INFECTED: &str = "Virus found: EICAR-Test-File";

#[derive(Default)]
pub(crate) struct Archive {
    filed: Vec<Filed>,
    by_key: HashMap<String, usize>,
    by_job: HashMap<String, usize>,
}

struct Filed {
    /// With `status` and `live` as of the moment it was stored.
    attachment: Attachment,
    since: Instant,
    times: JobTimes,
    /// An end that a script told the client, which then holds.
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
    /// The job that was made of an earlier upload under the same key; an error names what differs from it.
    pub(crate) fn earlier(&self, candidate: &Attachment) -> Result<Option<String>, String> {
        let Some(filed) = self.by_key.get(&candidate.idempotency_key).and_then(|index| self.filed.get(*index)) else {
            return Ok(None);
        };
        let earlier = &filed.attachment;
        let differences: Vec<_> = [
            ("interaction", earlier.interaction_id != candidate.interaction_id),
            ("file name", earlier.file_name != candidate.file_name),
            ("content type", earlier.content_type != candidate.content_type),
            ("content", earlier.sha256 != candidate.sha256),
            ("metadata", earlier.metadata != candidate.metadata),
            ("autoScan", earlier.auto_scan != candidate.auto_scan),
        ]
        .into_iter()
        .filter_map(|(what, differs)| differs.then_some(what))
        .collect();
        if differences.is_empty() { Ok(Some(earlier.job_id.clone())) } else { Err(differences.join(", ")) }
    }

    /// Takes an attachment whose key is new.
    pub(crate) fn file(&mut self, attachment: Attachment, times: JobTimes, now: Instant) {
        let index = self.filed.len();
        self.by_key.insert(attachment.idempotency_key.clone(), index);
        self.by_job.insert(attachment.job_id.clone(), index);
        self.filed.push(Filed { attachment, since: now, times, told: None });
    }

    /// Notes that a request repeated the upload of a job.
    pub(crate) fn repeated(&mut self, job_id: &str, seq: u64) {
        if let Some(filed) = self.by_job.get(job_id).and_then(|index| self.filed.get_mut(*index)) {
            filed.attachment.requests.push(seq);
        }
    }

    /// The interaction of a job, if there is such a job.
    pub(crate) fn interaction(&self, job_id: &str) -> Option<String> {
        let filed = self.filed.get(*self.by_job.get(job_id)?)?;
        Some(filed.attachment.interaction_id.clone())
    }

    pub(crate) fn state(&self, job_id: &str, now: Instant) -> Option<JobState> {
        Some(self.filed.get(*self.by_job.get(job_id)?)?.state(now))
    }

    /// From now on the job has this state, whatever the clock says.
    pub(crate) fn told(&mut self, job_id: &str, state: JobState) {
        if let Some(filed) = self.by_job.get(job_id).and_then(|index| self.filed.get_mut(*index)) {
            filed.told = Some(state);
        }
    }

    /// All attachments, or those of one interaction, with their status of now.
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
