//! Counts instructions with callgrind. Other load on the machine does not change these counts.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    process::Stdio,
};

use rustix::process::{Pid, Signal, kill_process};

use super::{LENGTHS, send};
use crate::{
    Error,
    fakes::{Fakes, ObjectName, Transport},
    subject::start_under_callgrind,
};

/// Intake under callgrind.
#[derive(Debug, Clone)]
pub struct Callgrind {
    /// Intake's bootstrap.
    pub intake: PathBuf,
    /// The folder for callgrind's files.
    pub scratch: PathBuf,
}

/// Instructions in user mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Instructions {
    /// Process start to the first request for an event.
    pub init: u64,
    /// Init and the first invoke, of 1 KiB over TLS.
    pub first_tls: u64,
    /// A warm invoke of 1 KiB in plain text.
    pub small: u64,
    /// A warm invoke of 25 MiB in plain text, without SHA-256's compression function.
    pub large: u64,
    /// That function for 25 MiB. It is portable code, because valgrind has no SHA extensions.
    pub sha256: u64,
    /// A warm invoke of 25 MiB over TLS, without SHA-256's compression function.
    pub large_tls: u64,
}

/// The instructions of a run, and those of its hottest function alone.
#[derive(Debug, Clone, Copy)]
struct Counted {
    total: u64,
    hottest: u64,
}

/// Whether valgrind is installed.
#[must_use]
pub fn is_there() -> bool {
    let mut asked = std::process::Command::new("valgrind");
    asked.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    asked.status().is_ok_and(|status| status.success())
}

impl Callgrind {
    /// Counts each case in a process of its own, and takes differences.
    pub async fn all(&self, fakes: &Fakes) -> Result<Instructions, Error> {
        let [small, _, large] = LENGTHS.map(ObjectName::of);
        let first_tls = self.count(fakes, Transport::Tls, &[small]).await?;
        let one = self.count(fakes, Transport::Plain, &[small]).await?;
        let two = self.count(fakes, Transport::Plain, &[small, small]).await?;
        let with_large = self.count(fakes, Transport::Plain, &[small, large]).await?;
        let tls_large = self.count(fakes, Transport::Tls, &[small, large]).await?;
        let sha256 = with_large.hottest;
        Ok(Instructions {
            init: self.init(fakes).await?,
            first_tls: first_tls.total,
            small: two.total.saturating_sub(one.total),
            large: with_large.total.saturating_sub(one.total).saturating_sub(sha256),
            sha256,
            large_tls: tls_large.total.saturating_sub(first_tls.total).saturating_sub(sha256),
        })
    }

    /// Process start to the first request for an event.
    pub async fn init(&self, fakes: &Fakes) -> Result<u64, Error> {
        Ok(self.count(fakes, Transport::Plain, &[]).await?.total)
    }

    /// Process start to the end of a first invoke, of 1 KiB over TLS.
    pub async fn first_tls(&self, fakes: &Fakes) -> Result<u64, Error> {
        let [small, ..] = LENGTHS.map(ObjectName::of);
        Ok(self.count(fakes, Transport::Tls, &[small]).await?.total)
    }

    async fn count(&self, fakes: &Fakes, transport: Transport, objects: &[ObjectName]) -> Result<Counted, Error> {
        let (counts, log) = (self.scratch.join("callgrind.out"), self.scratch.join("callgrind.log"));
        for old in [&counts, &log] {
            if old.exists() {
                fs::remove_file(old)?;
            }
        }
        let mut process = start_under_callgrind(&self.intake, fakes, transport, &counts, &log).await?;
        process.ready().await?;
        for object in objects {
            send(fakes, &mut process, *object, 1).await?;
        }
        let pid = process.id().and_then(|id| Pid::from_raw(id.cast_signed())).ok_or("valgrind has ended")?;
        kill_process(pid, Signal::TERM)?;
        process.ended().await?;
        Ok(Counted { total: total(&log)?, hottest: hottest(&counts)? })
    }
}

/// Reads a line such as `==123== Collected : 4567`.
fn total(log: &Path) -> Result<u64, Error> {
    let text = fs::read_to_string(log)?;
    let collected = text.lines().find_map(|line| line.split_once("Collected : ")).map(|(_, count)| count.trim());
    Ok(collected.ok_or_else(|| format!("callgrind printed no count; see {}", log.display()))?.parse()?)
}

/// The highest self cost of a function. Its cost lines follow `fn=`. A line after `calls=` is the cost of the called function.
fn hottest(counts: &Path) -> Result<u64, Error> {
    let text = fs::read_to_string(counts)?;
    let mut costs: HashMap<String, u64> = HashMap::new();
    let mut function = String::new();
    let mut of_a_call = false;
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("fn=") {
            // `(12) name` at its first occurrence, `(12)` later.
            name.split(' ').next().unwrap_or(name).clone_into(&mut function);
        } else if line.starts_with("calls=") {
            of_a_call = true;
        } else if line.starts_with(|first: char| first.is_ascii_digit() || "+-*".contains(first)) {
            let cost = line.split(' ').nth(1).and_then(|cost| cost.parse::<u64>().ok());
            if !std::mem::take(&mut of_a_call) {
                *costs.entry(function.clone()).or_default() += cost.unwrap_or_default();
            }
        }
    }
    Ok(costs.values().copied().max().unwrap_or_default())
}
