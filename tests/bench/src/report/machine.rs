//! The machine of a report.

use std::{fs, path::Path, process::Command};

use serde::Serialize;

/// The properties of the machine that the figures depend on.
#[derive(Debug, Clone, Serialize)]
pub struct Machine {
    cpu: String,
    cores: usize,
    sha_extensions: bool,
    memory_mib: u64,
    kernel: String,
    rustc: String,
    python: String,
    valgrind: String,
    /// Load average over the last minute when the run began.
    load: String,
}

impl Machine {
    pub(super) fn read(python: &Path) -> Self {
        let cpu = file("/proc/cpuinfo");
        let field = |name: &str| {
            let line = cpu.lines().find(|line| line.starts_with(name));
            line.and_then(|line| line.split_once(':')).map_or("unknown", |(_, value)| value.trim()).to_owned()
        };
        let memory = file("/proc/meminfo");
        let kib = memory.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or_default();
        Self {
            cpu: field("model name"),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            sha_extensions: field("flags").split(' ').any(|flag| flag == "sha_ni"),
            memory_mib: kib / 1024,
            kernel: file("/proc/sys/kernel/osrelease").trim().to_owned(),
            rustc: version(Path::new("rustc")),
            python: version(python),
            valgrind: version(Path::new("valgrind")),
            load: file("/proc/loadavg").split(' ').next().unwrap_or_default().to_owned(),
        }
    }

    pub(super) fn describe(&self, quick: bool) -> String {
        let Self { cpu, cores, sha_extensions, memory_mib, kernel, rustc, python, valgrind, load } = self;
        let sha = if *sha_extensions { "with" } else { "without" };
        let length = if quick { "A quick run: fewer repetitions." } else { "A full run." };
        format!(
            "{cpu}, {cores} cores, {sha} SHA extensions, {memory_mib} MiB; Linux {kernel}; {rustc}; {python}; {valgrind}; \
             load {load} at the start. {length}\n\nTrust the ratios of one run, the instructions, the memory and the sizes; \
             milliseconds depend on what else the machine does. Wall times are the fastest of several, CPU times the median.\n"
        )
    }
}

fn file(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

fn version(program: &Path) -> String {
    let output = Command::new(program).arg("--version").output();
    output.map_or_else(
        |_| format!("no {}", program.display()),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}
