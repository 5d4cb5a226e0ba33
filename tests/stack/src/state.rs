//! What is known of a running stack, and finding it again.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::Trying as _;
use crate::group::{self, ProcessRecord};
use crate::variables::Asked;
use crate::{StackError, workspace};

/// Where a running stack can be reached, and what it deployed; what `status` prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// The AWS endpoint.
    pub endpoint: String,
    /// The AWS region.
    pub region: String,
    /// The ingest bucket.
    pub bucket: String,
    /// The queue between the bucket and intake.
    pub queue_url: String,
    /// Its dead-letter queue.
    pub dlq_url: String,
    /// The state machine.
    pub state_machine_arn: String,
    /// The bucket of the audit records.
    pub audit_bucket: String,
    /// The ledger's table.
    pub ledger_table: String,
    /// The functions' deployed names.
    pub functions: Functions,
    /// One file of log lines per function and per server.
    pub log_dir: PathBuf,
    /// The base URL of the `CXone` API that is used.
    pub cxone_base_url: String,
    /// Where webhooks go.
    pub webhook_url: String,
    /// The root of the control interface of the stand-in for `CXone`, if the stack has it: what makes calls go wrong.
    #[serde(default)]
    pub cxone_control: Option<String>,
    /// The same of the webhook receiver.
    #[serde(default)]
    pub webhook_control: Option<String>,
    /// The secret with the `CXone` credentials.
    pub cxone_secret_arn: String,
    /// The secret with the webhook's signing secrets.
    pub webhook_secret_arn: String,
}

/// The functions' deployed names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Functions {
    /// Validates and uploads.
    pub intake: String,
    /// Follows a job.
    pub poll: String,
    /// Writes the audit record and posts the webhook.
    pub finalize: String,
}

impl Functions {
    /// The deployed name of `intake`, `poll` or `finalize`.
    pub(crate) fn named(&self, function: &str) -> &str {
        match function {
            "intake" => &self.intake,
            "poll" => &self.poll,
            _ => &self.finalize,
        }
    }
}

/// A detached stack, as it is written to `state.json`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) description: Description,
    /// The variables of `make up`.
    #[serde(default)]
    pub(crate) asked: Asked,
    /// What the functions have from the environment of the local AWS, beside its address and credentials.
    #[serde(default)]
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) processes: Vec<ProcessRecord>,
}

/// The directory of the stack that `make up` starts.
#[must_use]
pub fn background_dir() -> PathBuf {
    workspace::root().join("target/stack")
}

/// The stack that was left running with this directory, if it runs whole.
pub fn find(dir: &Path) -> Result<Description, StackError> {
    running(dir).map(|state| state.description)
}

/// The same with all that was saved of it.
pub(crate) fn running(dir: &Path) -> Result<State, StackError> {
    let state = load(dir)?.filter(State::has_survivors).ok_or(StackError::NotRunning)?;
    let ended: Vec<String> =
        state.processes.iter().filter(|process| !process.is_alive()).map(|process| process.name.clone()).collect();
    if ended.is_empty() {
        return Ok(state);
    }
    Err(StackError::Broken { endpoint: state.description.endpoint, ended, log_dir: state.description.log_dir })
}

/// Ends the stack that was left running with this directory; `false` if there was none. Its logs stay.
pub fn stop(dir: &Path) -> Result<bool, StackError> {
    let Some(state) = load(dir)? else { return Ok(false) };
    let ran = state.has_survivors();
    group::end(&state.processes)?;
    let path = file(dir);
    std::fs::remove_file(&path).trying(|| format!("removing {}", path.display()))?;
    Ok(ran)
}

impl State {
    /// Whether any of its processes still runs.
    pub(crate) fn has_survivors(&self) -> bool {
        self.processes.iter().any(ProcessRecord::is_alive)
    }

    /// Writes it where [`find`] looks, whole or not at all.
    pub(crate) fn save(&self, dir: &Path) -> Result<(), StackError> {
        let path = file(dir);
        let text = serde_json::to_vec_pretty(self).trying(|| "writing the stack's state".to_owned())?;
        let draft = dir.join("state.json.new");
        std::fs::write(&draft, text)
            .and_then(|()| std::fs::rename(&draft, &path))
            .trying(|| format!("writing {}", path.display()))
    }
}

/// What was saved in the directory, if anything was.
pub(crate) fn load(dir: &Path) -> Result<Option<State>, StackError> {
    let path = file(dir);
    match std::fs::read(&path) {
        Ok(text) => serde_json::from_slice(&text).trying(|| format!("reading {}", path.display())).map(Some),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(StackError::Io { what: format!("reading {}", path.display()), source }),
    }
}

fn file(dir: &Path) -> PathBuf {
    dir.join("state.json")
}
