//! Warm invokes: all subjects run at once, and each round measures one after the other.

use std::{collections::BTreeMap, time::Duration};

use super::{Bench, LENGTHS, MIB, fastest, median};
use crate::{
    Error,
    fakes::{ObjectName, Transport},
    subject::Subject,
};

/// The invokes of one subject with objects of one length.
#[derive(Debug, Clone, Copy)]
pub struct Warm {
    /// Event to answer, the fastest of several.
    pub wall: Duration,
    /// CPU of the process, the median.
    pub cpu: Duration,
    /// The highest resident memory up to these invokes, in KiB. The invokes with smaller objects come before.
    pub peak_kib: u64,
}

/// Intake without SHA-256, compared with the raw proxy. The cost of SHA-256 is the hashing proxy's minus the raw proxy's. Each
/// round gives a ratio, so that a machine that is slow for a while slows all three alike. The values are the medians.
#[derive(Debug, Clone, Copy)]
pub struct Beside {
    /// The proxy's wall time divided by intake's.
    pub throughput: f64,
    /// Intake's CPU time divided by the proxy's.
    pub cpu: f64,
    /// The CPU time of SHA-256.
    pub sha256: Duration,
}

/// Measures every subject with every length. With the proxies (plain HTTP only), compares intake with them for the largest.
pub async fn warm(
    bench: &Bench,
    transport: Transport,
) -> Result<(BTreeMap<(Subject, usize), Warm>, Option<Beside>), Error> {
    let mut processes = Vec::new();
    for subject in Subject::all(transport) {
        let mut process = subject.start(&bench.programs, &bench.fakes, transport).await?;
        process.ready().await?;
        // The first invoke opens connections and gets the token.
        bench.send(&mut process, ObjectName::of(super::KIB), 1).await?;
        processes.push((*subject, process));
    }
    let (mut found, mut compared) = (BTreeMap::new(), None);
    for length in LENGTHS {
        let rounds = if length > MIB { bench.repetitions(45, 9) } else { bench.repetitions(60, 20) };
        let mut seen: BTreeMap<Subject, Taken> = BTreeMap::new();
        for _ in 0..rounds {
            for (subject, process) in &mut processes {
                let measured = bench.send(process, ObjectName::of(length), 1).await?;
                let (wall, cpu) = seen.entry(*subject).or_default();
                wall.push(measured.wall);
                cpu.push(measured.cpu);
            }
        }
        compared = beside(&seen);
        for (subject, process) in &processes {
            let (wall, cpu) = seen.remove(subject).unwrap_or_default();
            let peak_kib = process.usage()?.peak_kib;
            found.insert((*subject, length), Warm { wall: fastest(&wall), cpu: median(cpu), peak_kib });
        }
    }
    Ok((found, compared))
}

/// Wall and CPU times, by round.
type Taken = (Vec<Duration>, Vec<Duration>);

fn beside(seen: &BTreeMap<Subject, Taken>) -> Option<Beside> {
    let (intake, proxy) = (seen.get(&Subject::Intake)?, seen.get(&Subject::Proxy)?);
    let hashing = seen.get(&Subject::HashingProxy)?;
    let ratio = |times: fn(&Taken) -> &Vec<Duration>| {
        let rounds = times(intake).iter().zip(times(proxy)).zip(times(hashing));
        middle(rounds.map(|((intake, proxy), hashing)| {
            let (intake, proxy, hashing) = (intake.as_secs_f64(), proxy.as_secs_f64(), hashing.as_secs_f64());
            (intake - (hashing - proxy)) / proxy
        }))
    };
    let hashes = hashing.1.iter().zip(&proxy.1).map(|(hashing, proxy)| hashing.saturating_sub(*proxy)).collect();
    Some(Beside { throughput: 1.0 / ratio(|taken| &taken.0), cpu: ratio(|taken| &taken.1), sha256: median(hashes) })
}

fn middle(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len().saturating_sub(1) / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_round_does_not_change_the_ratios() {
        let times = |milliseconds: [u64; 3]| milliseconds.map(Duration::from_millis).to_vec();
        let seen = BTreeMap::from([
            // The second round ran at half the speed.
            (Subject::Intake, (times([22, 44, 22]), times([23, 46, 23]))),
            (Subject::Proxy, (times([8, 16, 8]), times([10, 20, 10]))),
            (Subject::HashingProxy, (times([20, 40, 20]), times([22, 44, 22]))),
        ]);
        let found = beside(&seen).unwrap();
        assert!((found.throughput - 0.8).abs() < 1e-9 && (found.cpu - 1.1).abs() < 1e-9, "{found:?}");
        assert_eq!(found.sha256, Duration::from_millis(12));
    }
}
