//! All that the stand-in knows, behind one lock.

mod archive;
mod tokens;

pub(crate) use archive::JobState;
pub use tokens::TOKEN_PREFIX;

use std::{
    collections::{BTreeMap, HashMap},
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Instant, SystemTime},
};

use archive::Archive;
use scripted_http::unix_ms;
use tokens::Tokens;

use crate::{
    records::{Attachment, Call, RequestRecord, Stats, Violation, ViolationKind},
    scripts::AllScripts,
    settings::{JobTimes, Settings},
};

/// A handle on the one state, for all handlers.
#[derive(Clone)]
pub(crate) struct Standin {
    world: Arc<Mutex<World>>,
    pub(crate) keep: Option<Arc<PathBuf>>,
    pub(crate) log: bool,
}

pub(crate) struct World {
    pub(crate) settings: Settings,
    pub(crate) tokens: Tokens,
    pub(crate) scripts: AllScripts,
    pub(crate) archive: Archive,
    pub(crate) requests: BTreeMap<u64, RequestRecord>,
    pub(crate) violations: Vec<Violation>,
    pub(crate) stats: Stats,
    pub(crate) job_times: JobTimes,
    pub(crate) job_times_of: HashMap<String, JobTimes>,
    next_seq: u64,
}

/// What became of an upload that was to be stored.
pub(crate) enum Filing {
    /// It is an attachment now.
    Stored(String),
    /// It was one already.
    Replayed(String),
    /// A reset came between its head and its end; it belongs to a time that is over.
    Forgotten,
}

impl Standin {
    pub(crate) fn new(settings: Settings) -> Self {
        let (keep, log) = (settings.keep.clone().map(Arc::new), settings.log);
        let world = World {
            tokens: Tokens::new(settings.client_id.clone(), settings.client_secret.clone()),
            job_times: settings.job_times,
            settings,
            scripts: AllScripts::default(),
            archive: Archive::default(),
            requests: BTreeMap::new(),
            violations: Vec::new(),
            stats: Stats::default(),
            job_times_of: HashMap::new(),
            next_seq: 1,
        };
        Self { world: Arc::new(Mutex::new(world)), keep, log }
    }

    /// The state. Nothing may wait while it is held.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        // No code that holds the lock leaves the state half changed.
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl World {
    /// Takes a new request into the records; its `seq` is given here.
    pub(crate) fn begin(&mut self, mut record: RequestRecord) -> u64 {
        let seq = self.next_seq;
        self.next_seq += 1;
        record.seq = seq;
        match record.call {
            Call::Token => self.stats.token_requests += 1,
            Call::Upload => self.stats.uploads_begun += 1,
            Call::Job => self.stats.polls += 1,
            Call::Other => {}
        }
        self.requests.insert(seq, record);
        seq
    }

    /// Notes a violation, unless the request belongs to a time that a reset has ended.
    pub(crate) fn violation(&mut self, seq: u64, kind: ViolationKind, text: String) {
        let Some(record) = self.requests.get_mut(&seq) else { return };
        record.violations.push(kind);
        self.stats.violations += 1;
        self.violations.push(Violation { seq, interaction_id: record.interaction_id.clone(), kind, text });
    }

    /// Stores an upload, or finds that it is stored. An error names what differs from an earlier upload with its key.
    /// `requests`, `job_id`, `stored_ms`, `status` and `live` of the candidate are filled in here.
    pub(crate) fn file(&mut self, seq: u64, mut candidate: Attachment) -> Result<Filing, String> {
        if !self.requests.contains_key(&seq) {
            return Ok(Filing::Forgotten);
        }
        if let Some(job_id) = self.archive.earlier(&candidate)? {
            self.archive.repeated(&job_id, seq);
            self.stats.uploads_replayed += 1;
            return Ok(Filing::Replayed(job_id));
        }
        let job_id = format!("job-{seq}-{:08x}", fastrand::u32(..));
        candidate.job_id.clone_from(&job_id);
        candidate.requests = vec![seq];
        candidate.stored_ms = unix_ms(SystemTime::now());
        let times = self.job_times_of.get(&candidate.interaction_id).copied().unwrap_or(self.job_times);
        self.archive.file(candidate, times, Instant::now());
        self.stats.uploads_stored += 1;
        Ok(Filing::Stored(job_id))
    }

    /// Forgets all that happened and all scripts. Credentials, tokens and the count of requests stay.
    pub(crate) fn reset(&mut self) {
        self.scripts = AllScripts::default();
        self.archive = Archive::default();
        self.requests.clear();
        self.violations.clear();
        self.stats = Stats::default();
        self.job_times = self.settings.job_times;
        self.job_times_of.clear();
    }
}
