//! All processes of a stack in one process group whose leader ends them.
//!
//! The leader is a small shell that waits on a pipe held by this process. However this process ends, the pipe closes,
//! and the leader kills the whole group: the servers, and the function processes that ministack started. Nothing is
//! lost by the signal, since the stack keeps nothing.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde::{Deserialize, Serialize};

use crate::StackError;
use crate::error::Trying as _;

/// With this message, the leader keeps the group running and holds its number, so that `down` can rely on it.
const LEADER: &str =
    r#"if read -r word && [ "$word" = keep ]; then exec sleep infinity </dev/null; fi; kill -s KILL 0"#;

/// The servers' processes, and the processes that they start.
#[derive(Debug)]
pub(crate) struct ProcessGroup {
    leader: Child,
    lifeline: Option<ChildStdin>,
    members: Vec<Member>,
}

/// One server in the group.
#[derive(Debug)]
struct Member {
    name: &'static str,
    child: Child,
    log: PathBuf,
}

/// A process that can be told from a later one with the same number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ProcessRecord {
    /// Which server it is.
    pub(crate) name: String,
    /// Its number.
    pub(crate) pid: u32,
    /// When it started, in clock ticks since the machine did (`/proc/{pid}/stat`, field 22).
    pub(crate) started: u64,
}

impl ProcessGroup {
    /// Starts the leader.
    pub(crate) fn new() -> Result<Self, StackError> {
        let mut leader = Command::new("/bin/sh")
            .args(["-c", LEADER])
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .trying(|| "starting the process group's leader".to_owned())?;
        let lifeline = leader.stdin.take();
        Ok(Self { leader, lifeline, members: Vec::new() })
    }

    /// Starts a server in the group, its output appended to `log`.
    pub(crate) fn spawn(&mut self, name: &'static str, command: &mut Command, log: &Path) -> Result<(), StackError> {
        let open = || OpenOptions::new().create(true).append(true).open(log);
        let output = open().trying(|| format!("opening {}", log.display()))?;
        let errors = output.try_clone().trying(|| format!("opening {}", log.display()))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .process_group(i32::try_from(self.leader.id()).unwrap_or(0))
            .spawn()
            .trying(|| format!("starting {name}"))?;
        self.members.push(Member { name, child, log: log.to_path_buf() });
        Ok(())
    }

    /// An error if the server has ended, with the end of its log.
    pub(crate) fn check(&mut self, name: &'static str) -> Result<(), StackError> {
        let Some(member) = self.members.iter_mut().find(|member| member.name == name) else { return Ok(()) };
        let ended: Option<ExitStatus> = member.child.try_wait().trying(|| format!("looking after {name}"))?;
        if ended.is_none() {
            return Ok(());
        }
        Err(StackError::EndedEarly { server: name, log: end_of(&member.log) })
    }

    /// The leader first, then the servers.
    pub(crate) fn records(&self) -> Vec<ProcessRecord> {
        let servers = self.members.iter().map(|member| (member.name, member.child.id()));
        std::iter::once(("leader", self.leader.id()))
            .chain(servers)
            .filter_map(|(name, pid)| {
                start_of(pid).map(|started| ProcessRecord { name: name.to_owned(), pid, started })
            })
            .collect()
    }

    /// Lets the group live on when this process ends.
    pub(crate) fn detach(mut self) -> Result<(), StackError> {
        if let Some(mut lifeline) = self.lifeline.take() {
            lifeline.write_all(b"keep\n").trying(|| "detaching the stack".to_owned())?;
        }
        // Without its members, dropping has nothing to end or to wait for.
        self.members.clear();
        Ok(())
    }
}

/// The last lines of a log, for a message: the log itself may go with the stack.
pub(crate) fn end_of(log: &Path) -> String {
    let log = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = log.lines().collect();
    lines.get(lines.len().saturating_sub(20)..).unwrap_or_default().join("\n")
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        // The leader kills the group, itself included. After `detach` it keeps the group, and there is no process to wait for.
        let Some(lifeline) = self.lifeline.take() else { return };
        drop(lifeline);
        let deadline = Instant::now() + Duration::from_secs(5);
        let children = self.members.iter_mut().map(|member| &mut member.child).chain(std::iter::once(&mut self.leader));
        for child in children {
            while matches!(child.try_wait(), Ok(None)) && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }
}

impl ProcessRecord {
    /// Whether this very process still runs.
    pub(crate) fn is_alive(&self) -> bool {
        start_of(self.pid) == Some(self.started)
    }
}

/// Ends the processes of a detached group, and waits until they are gone.
///
/// While the leader lives, its number names this group and no other. Without it only the recorded servers are ended;
/// function processes then end by themselves, since the API that they wait on is gone.
pub(crate) fn end(records: &[ProcessRecord]) -> Result<(), StackError> {
    let alive: Vec<&ProcessRecord> = records.iter().filter(|record| record.is_alive()).collect();
    let number = |record: &&ProcessRecord| i32::try_from(record.pid).ok().and_then(Pid::from_raw);
    // A process that has ended by itself is no fault. The wait below shows any other fault.
    if let Some(leader) = alive.iter().copied().find(|record| record.name == "leader").as_ref().and_then(number) {
        let _ = kill_process_group(leader, Signal::KILL);
    } else {
        for pid in alive.iter().filter_map(number) {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
    let deadline = Instant::now() + Duration::from_secs(5);
    while let Some(record) = alive.iter().find(|record| record.is_alive()) {
        if Instant::now() > deadline {
            let source = std::io::Error::from(std::io::ErrorKind::TimedOut);
            return Err(StackError::Io { what: format!("ending {} (process {})", record.name, record.pid), source });
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// When the process started; `None` if there is none, or only a zombie that was not collected.
fn start_of(pid: u32) -> Option<u64> {
    let mut stat = String::new();
    std::io::Read::read_to_string(&mut File::open(format!("/proc/{pid}/stat")).ok()?, &mut stat).ok()?;
    // The second field is the program's name in parentheses and may hold anything; the third is the state.
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ');
    let state = fields.next()?;
    if matches!(state, "Z" | "X") { None } else { fields.nth(18)?.parse().ok() }
}
