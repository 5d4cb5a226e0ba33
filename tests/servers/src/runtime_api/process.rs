//! A process's use of CPU and memory, from `/proc`.

use std::{fs, time::Duration};

use crate::Error;

/// A process's use of CPU and memory up to a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// CPU time of its living threads, in user and kernel mode, to the nanosecond: `stat` counts in hundredths of a
    /// second.
    pub cpu: Duration,
    /// Resident now, in KiB.
    pub resident_kib: u64,
    /// The most that was resident until now, in KiB.
    pub peak_kib: u64,
}

impl Usage {
    pub(crate) fn of(pid: u32) -> Result<Self, Error> {
        let number = |text: &str| {
            text.parse::<u64>().map_err(|_| Error::Function(format!("/proc/{pid} has {text:?} in place of a number")))
        };
        let mut cpu = 0;
        for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
            // A thread may end meanwhile. Its use is then missing.
            let Ok(line) = fs::read_to_string(thread?.path().join("schedstat")) else { continue };
            cpu += number(line.split_whitespace().next().unwrap_or_default())?;
        }
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        let kib = |name: &str| -> Result<u64, Error> {
            let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            number(line.unwrap_or_default().trim().trim_end_matches("kB").trim())
        };
        Ok(Self { cpu: Duration::from_nanos(cpu), resident_kib: kib("VmRSS")?, peak_kib: kib("VmHWM")? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_used_something() {
        let used = Usage::of(std::process::id()).unwrap();
        assert!(used.resident_kib > 0 && used.peak_kib >= used.resident_kib, "{used:?}");
    }

    #[test]
    fn work_uses_cpu_time() {
        let before = Usage::of(std::process::id()).unwrap().cpu;
        // Repeated until it shows, because the time of a loop is not predictable.
        let shown = (0..1_000_000_u64).any(|round| {
            std::hint::black_box((0..100_000).fold(round, u64::wrapping_add));
            Usage::of(std::process::id()).unwrap().cpu > before
        });
        assert!(shown, "no CPU time shows");
    }
}
