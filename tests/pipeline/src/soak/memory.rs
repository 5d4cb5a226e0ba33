//! How much memory the functions' processes hold.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

use crate::world::{Function, World, lock};

/// Between two readings.
const PAUSE: Duration = Duration::from_secs(1);

/// The largest process of a function at a moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    /// Seconds since the watch began.
    pub(crate) at: f64,
    /// Resident, in KiB.
    pub(crate) resident: u64,
}

/// By function.
pub(crate) type Samples = BTreeMap<&'static str, Vec<Sample>>;

pub(super) struct Memory {
    samples: Arc<Mutex<Samples>>,
    task: JoinHandle<()>,
}

impl Memory {
    pub(super) fn watch(world: Arc<World>) -> Self {
        let samples: Arc<Mutex<Samples>> = Arc::default();
        let kept = Arc::clone(&samples);
        let began = Instant::now();
        let task = tokio::spawn(async move {
            loop {
                for function in Function::ALL {
                    let largest = world.processes_of(function).into_iter().filter_map(resident).max();
                    if let Some(resident) = largest {
                        let sample = Sample { at: began.elapsed().as_secs_f64(), resident };
                        lock(&kept).entry(function.name()).or_default().push(sample);
                    }
                }
                tokio::time::sleep(PAUSE).await;
            }
        });
        Self { samples, task }
    }

    pub(super) fn end(self) -> Samples {
        self.task.abort();
        std::mem::take(&mut *lock(&self.samples))
    }
}

/// `VmRSS` of a process, in KiB.
fn resident(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// The largest value in the second quarter of the time and in the last. The first quarter is left out, because loading
/// is not growth.
pub(super) fn growth(samples: &[Sample]) -> Option<(u64, u64)> {
    let end = samples.last()?.at;
    let largest = |from: f64, to: f64| {
        samples.iter().filter(|one| one.at >= end * from && one.at <= end * to).map(|one| one.resident).max()
    };
    Some((largest(0.25, 0.5)?, largest(0.75, 1.0)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_compares_the_second_quarter_with_the_last() {
        let samples: Vec<Sample> =
            (0..=100).map(|at| Sample { at: f64::from(at), resident: u64::try_from(at).unwrap() }).collect();
        assert_eq!(growth(&samples), Some((50, 100)));
        assert_eq!(growth(&[]), None);
        assert!(resident(std::process::id()).unwrap() > 100);
    }
}
