//! The stand-in's state.

mod archive;
mod repetition;
mod tokens;

pub(crate) use archive::JobState;
pub(crate) use repetition::{Attempt, WholeBody};
pub use tokens::TOKEN_PREFIX;

use std::{
    collections::{HashMap, VecDeque},
    time::{Instant, SystemTime},
};

use archive::Archive;
use repetition::Repetitions;
use tokens::Tokens;

use crate::{
    cxone::{
        records::{Attachment, Call, RequestRecord, Stats, Violation, ViolationKind},
        scripts::AllScripts,
        settings::{JobTimes, Settings},
    },
    scripted::{
        state::{Records, Shared},
        unix_ms,
    },
};

/// The stand-in's state.
pub(crate) struct Standin {
    pub(crate) settings: Settings,
    pub(crate) tokens: Tokens,
    pub(crate) scripts: AllScripts,
    pub(crate) archive: Archive,
    pub(crate) requests: Records<RequestRecord>,
    pub(crate) violations: Vec<Violation>,
    pub(crate) stats: Stats,
    pub(crate) job_times: JobTimes,
    pub(crate) job_times_of: HashMap<String, JobTimes>,
    /// Ids for jobs of later uploads, by interaction.
    pub(crate) job_ids_of: HashMap<String, VecDeque<String>>,
    repetitions: Repetitions,
}

/// The result of storing an upload.
pub(crate) enum Filing {
    /// It is stored as a new attachment.
    Stored(String),
    /// It was stored before.
    Replayed(String),
    /// A reset came after its head, so it is not stored.
    Forgotten,
}

impl Standin {
    pub(crate) fn start(settings: Settings) -> Shared<Self> {
        let log = settings.log;
        let state = Self {
            tokens: Tokens::new(settings.client_id.clone(), settings.client_secret.clone()),
            job_times: settings.job_times,
            settings,
            scripts: AllScripts::default(),
            archive: Archive::default(),
            requests: Records::default(),
            violations: Vec::new(),
            stats: Stats::default(),
            job_times_of: HashMap::new(),
            job_ids_of: HashMap::new(),
            repetitions: Repetitions::default(),
        };
        Shared::new(state, log)
    }

    /// Adds a request to the records. Its `seq` is set here.
    pub(crate) fn begin(&mut self, record: RequestRecord) -> u64 {
        match record.call {
            Call::Token => self.stats.token_requests += 1,
            Call::Upload => self.stats.uploads_begun += 1,
            Call::Job => self.stats.polls += 1,
            Call::Other => {}
        }
        self.requests.add(|seq| RequestRecord { seq, ..record })
    }

    /// Records a violation, unless a reset has removed the request.
    pub(crate) fn violation(&mut self, seq: u64, kind: ViolationKind, text: String) {
        let Some(record) = self.requests.get_mut(seq) else { return };
        record.violations.push(kind);
        self.stats.violations += 1;
        self.violations.push(Violation { seq, interaction_id: record.interaction_id.clone(), kind, text });
    }

    /// Compares an attempt with the first one under its key. A difference is a violation; its text.
    pub(crate) fn compare(&mut self, seq: u64, idempotency_key: &str, attempt: Attempt) -> Option<String> {
        if !self.requests.contains(seq) {
            return None;
        }
        let differences = self.repetitions.compare(idempotency_key, attempt)?;
        let text = format!("the Idempotency-Key came before with another {differences}");
        self.violation(seq, ViolationKind::IdempotencyKeyReused, text.clone());
        Some(text)
    }

    /// Stores an upload, or finds it stored. `requests`, `job_id`, `stored_ms`, `status` and `live` of the
    /// candidate are filled in here.
    pub(crate) fn file(&mut self, seq: u64, mut candidate: Attachment) -> Filing {
        if !self.requests.contains(seq) {
            return Filing::Forgotten;
        }
        if let Some(job_id) = self.archive.earlier(&candidate.idempotency_key) {
            self.archive.repeated(&job_id, seq);
            self.stats.uploads_replayed += 1;
            return Filing::Replayed(job_id);
        }
        let promised = self.archive.promised(&candidate.idempotency_key);
        let job_id = promised.unwrap_or_else(|| self.new_job_id(seq, &candidate.interaction_id));
        candidate.job_id.clone_from(&job_id);
        candidate.requests = vec![seq];
        candidate.stored_ms = unix_ms(SystemTime::now());
        let times = self.job_times_of.get(&candidate.interaction_id).copied().unwrap_or(self.job_times);
        self.archive.file(candidate, times, Instant::now());
        self.stats.uploads_stored += 1;
        Filing::Stored(job_id)
    }

    /// The job of an upload whose body has not been received.
    pub(crate) fn promise(&mut self, seq: u64, idempotency_key: &str, interaction_id: &str) -> String {
        let known = self.archive.earlier(idempotency_key).or_else(|| self.archive.promised(idempotency_key));
        known.unwrap_or_else(|| {
            let job_id = self.new_job_id(seq, interaction_id);
            self.archive.promise(&job_id, idempotency_key, interaction_id);
            job_id
        })
    }

    #[expect(clippy::disallowed_methods, reason = "nothing of a test server has to be unknown")]
    fn new_job_id(&mut self, seq: u64, interaction_id: &str) -> String {
        let chosen = self.job_ids_of.get_mut(interaction_id).and_then(VecDeque::pop_front);
        chosen.unwrap_or_else(|| format!("job-{seq}-{:08x}", fastrand::u32(..)))
    }

    /// Removes all records, attachments and scripts. Credentials, tokens and the numbering of requests stay.
    pub(crate) fn reset(&mut self) {
        self.scripts = AllScripts::default();
        self.archive = Archive::default();
        self.requests.clear();
        self.violations.clear();
        self.stats = Stats::default();
        self.job_times = self.settings.job_times;
        self.job_times_of.clear();
        self.job_ids_of.clear();
        self.repetitions = Repetitions::default();
    }
}
