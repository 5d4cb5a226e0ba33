//! Cold starts: from the process's start to its first request for an event, and the first invoke over TLS.

use std::{collections::BTreeMap, time::Duration};

use super::{Bench, KIB, fastest, median};
use crate::{
    Error,
    fakes::{ObjectName, Transport},
    subject::Subject,
};

/// The cold starts of a subject: the fastest wall times, and the medians of the other values.
#[derive(Debug, Clone, Copy)]
pub struct Start {
    /// Process start to the first request for an event.
    pub init_wall: Duration,
    /// CPU of that.
    pub init_cpu: Duration,
    /// Resident after it, in KiB.
    pub resident_kib: u64,
    /// The first invoke, of 1 KiB over TLS.
    pub first_wall: Duration,
    /// CPU of that.
    pub first_cpu: Duration,
}

/// Starts each subject several times, in turn.
pub async fn starts(bench: &Bench) -> Result<BTreeMap<Subject, Start>, Error> {
    let mut seen: BTreeMap<Subject, Vec<Start>> = BTreeMap::new();
    // The first round is not counted: it brings programs and libraries into the page cache.
    for round in 0..=bench.repetitions(10, 3) {
        for subject in Subject::all(Transport::Tls) {
            let start = once(bench, *subject).await?;
            if round > 0 {
                seen.entry(*subject).or_default().push(start);
            }
        }
    }
    Ok(seen.into_iter().map(|(subject, starts)| (subject, middle(&starts))).collect())
}

async fn once(bench: &Bench, subject: Subject) -> Result<Start, Error> {
    let mut process = subject.start(&bench.programs, &bench.fakes, Transport::Tls).await?;
    let init_wall = process.ready().await?;
    let usage = process.usage()?;
    let first = bench.send(&mut process, ObjectName::of(KIB), 1).await?;
    Ok(Start {
        init_wall,
        init_cpu: usage.cpu,
        resident_kib: usage.resident_kib,
        first_wall: first.wall,
        first_cpu: first.cpu,
    })
}

fn middle(starts: &[Start]) -> Start {
    let of = |figure: fn(&Start) -> Duration| median(starts.iter().map(figure).collect());
    let least = |figure: fn(&Start) -> Duration| fastest(&starts.iter().map(figure).collect::<Vec<_>>());
    let mut resident: Vec<u64> = starts.iter().map(|start| start.resident_kib).collect();
    resident.sort_unstable();
    Start {
        init_wall: least(|start| start.init_wall),
        init_cpu: of(|start| start.init_cpu),
        resident_kib: resident.get(resident.len() / 2).copied().unwrap_or_default(),
        first_wall: least(|start| start.first_wall),
        first_cpu: of(|start| start.first_cpu),
    }
}
