//! Warm invokes: all subjects alive at once, one after the other in each round.

use std::{collections::BTreeMap, hint::black_box, time::Duration};

use runtime_api::thread_cpu;
use sha2::{Digest as _, Sha256};

use super::{Bench, LENGTHS, MIB, fastest, median};
use crate::{
    Error,
    fakes::{ObjectName, Transport},
    subject::Subject,
};

/// Invokes of one length.
#[derive(Debug, Clone, Copy)]
pub struct Warm {
    /// Event to answer, the fastest of several.
    pub wall: Duration,
    /// CPU of the process, the median.
    pub cpu: Duration,
    /// The most that was resident up to these invokes, in KiB; smaller files went before.
    pub peak_kib: u64,
}

/// What every subject took for every length.
pub async fn warm(bench: &Bench, transport: Transport) -> Result<BTreeMap<(Subject, usize), Warm>, Error> {
    let mut processes = Vec::new();
    for subject in Subject::all(transport) {
        let mut process = subject.start(&bench.programs, &bench.fakes, transport).await?;
        process.ready().await?;
        // Connections, token and everything that is made once.
        bench.send(&mut process, ObjectName::of(super::KIB), 1).await?;
        processes.push((*subject, process));
    }
    let mut found = BTreeMap::new();
    for length in LENGTHS {
        let rounds = if length > MIB { bench.repetitions(15, 5) } else { bench.repetitions(60, 20) };
        let mut seen: BTreeMap<Subject, (Vec<Duration>, Vec<Duration>)> = BTreeMap::new();
        for _ in 0..rounds {
            for (subject, process) in &mut processes {
                let measured = bench.send(process, ObjectName::of(length), 1).await?;
                let (wall, cpu) = seen.entry(*subject).or_default();
                wall.push(measured.wall);
                cpu.push(measured.cpu);
            }
        }
        for (subject, process) in &processes {
            let (wall, cpu) = seen.remove(subject).unwrap_or_default();
            let peak_kib = process.usage()?.peak_kib;
            found.insert((*subject, length), Warm { wall: fastest(&wall), cpu: median(cpu), peak_kib });
        }
    }
    Ok(found)
}

/// CPU time of SHA-256 alone over that many bytes, in pieces as they come from a connection.
pub fn sha256(length: usize) -> Result<Duration, Error> {
    let piece = vec![b' '; 64 * 1024];
    let mut takes = Vec::new();
    for _ in 0..15 {
        let before = thread_cpu()?;
        let mut hash = Sha256::new();
        for _ in 0..length.div_ceil(piece.len()) {
            hash.update(black_box(&piece));
        }
        black_box(hash.finalize());
        takes.push(thread_cpu()?.saturating_sub(before));
    }
    Ok(median(takes))
}
