//! Makes the report's tables and figures from the measurements.

use std::{collections::BTreeMap, path::Path, time::Duration};

use serde::Deserialize;

use crate::{
    Error,
    fakes::Transport,
    measure::{Beside, Crowd, Instructions, KIB, LENGTHS, MIB, Start, Warm, size},
    polling::{self, Followed, Limits, Strategy},
    report::{Bars, Report, markdown, number},
    subject::Subject,
};

const LARGE: usize = 25 * MIB;

/// The sizes of the three functions in `folder`.
pub fn sizes(report: &mut Report, folder: &Path) -> Result<(), Error> {
    let mut rows = Vec::new();
    for function in ["intake", "poll", "finalize"] {
        let size = size(&folder.join(function))?;
        report.add(format!("{function}.binary"), "bytes", count(size.binary));
        report.add(format!("{function}.zip"), "bytes", count(size.zip));
        rows.push(vec![function.to_owned(), number(count(size.binary)), number(count(size.zip))]);
    }
    report.section("Sizes", &["function", "binary, bytes", "zip, bytes"], &rows, "");
    Ok(())
}

/// Cold starts.
pub fn starts(report: &mut Report, starts: &BTreeMap<Subject, Start>) {
    let Some(intake) = starts.get(&Subject::Intake) else { return };
    let mut rows = Vec::new();
    for (subject, start) in starts {
        let name = subject.name();
        report.add(format!("{name}.init.wall"), "ms", ms(start.init_wall));
        report.add(format!("{name}.init.cpu"), "ms", ms(start.init_cpu));
        report.add(format!("{name}.init.resident"), "bytes", kib(start.resident_kib));
        report.add(format!("{name}.first_tls.wall"), "ms", ms(start.first_wall));
        report.add(format!("{name}.first_tls.cpu"), "ms", ms(start.first_cpu));
        let timed = |of: fn(&Start) -> Duration| with_ratio(ms(of(start)), ms(of(intake)));
        rows.push(vec![
            subject.title().to_owned(),
            timed(|start| start.init_wall),
            timed(|start| start.init_cpu),
            timed(|start| start.first_wall),
            timed(|start| start.first_cpu),
            with_ratio(mib(start.resident_kib), mib(intake.resident_kib)),
        ]);
    }
    let heads = ["", "init, ms", "init CPU, ms", "first TLS invoke, ms", "its CPU, ms", "resident after init, MiB"];
    report.section(
        "Cold start",
        &heads,
        &rows,
        "Process start to the first `/next`, then the first invoke: 1 KiB over TLS.",
    );
    // The ratio to the faster one of the two Python functions that stream.
    let python = [Subject::Toolbelt, Subject::Httpx].iter().filter_map(|subject| starts.get(subject));
    if let Some(python) = python.map(|start| start.init_wall).min() {
        report.add("intake.init.wall_ratio_to_python", "ratio", ms(intake.init_wall) / ms(python));
    }
    let bars =
        starts.iter().map(|(subject, start)| (subject.title().to_owned(), ms(start.init_wall) + ms(start.first_wall)));
    report.plot("cold-start", Bars::new("Process start to the end of the first invoke over TLS", "ms", bars.collect()));
}

/// Warm invokes of one transport.
pub fn warm(
    report: &mut Report,
    transport: Transport,
    (warm, beside): &(BTreeMap<(Subject, usize), Warm>, Option<Beside>),
) {
    let way = transport.name();
    let mut rows = Vec::new();
    for subject in Subject::all(transport) {
        let mut row = vec![subject.title().to_owned()];
        for length in LENGTHS {
            let (Some(of), Some(intake)) = (warm.get(&(*subject, length)), warm.get(&(Subject::Intake, length))) else {
                continue;
            };
            let name = format!("{}.{}.{way}", subject.name(), file(length));
            report.add(format!("{name}.wall"), "ms", ms(of.wall));
            report.add(format!("{name}.cpu"), "ms", ms(of.cpu));
            report.add(format!("{name}.peak"), "bytes", kib(of.peak_kib));
            row.push(with_ratio(ms(of.cpu), ms(intake.cpu)));
            row.push(with_ratio(ms(of.wall), ms(intake.wall)));
            if length == LARGE {
                row.push(with_ratio(mib(of.peak_kib), mib(intake.peak_kib)));
            }
        }
        rows.push(row);
    }
    let heads = ["", "1 KiB CPU, ms", "wall", "1 MiB CPU", "wall", "25 MiB CPU", "wall", "peak, MiB"];
    report.section(&format!("Warm invokes, {way}"), &heads, &rows, "");
    let bars = |of: fn(&Warm) -> f64| -> Vec<(String, f64)> {
        let subjects = Subject::all(transport).iter();
        subjects.filter_map(|subject| Some((subject.title().to_owned(), of(warm.get(&(*subject, LARGE))?)))).collect()
    };
    report.plot(
        &format!("cpu-25-mib-{way}"),
        Bars::new(format!("CPU of 25 MiB, {way}"), "ms", bars(|warm| ms(warm.cpu))),
    );
    report.plot(
        &format!("peak-25-mib-{way}"),
        Bars::new(format!("Peak memory at 25 MiB, {way}"), "MiB", bars(|warm| mib(warm.peak_kib))),
    );
    if let Some(beside) = beside {
        paired(report, warm, *beside);
    }
}

/// The ratios that have targets, and the comparison with the proxies.
fn paired(report: &mut Report, warm: &BTreeMap<(Subject, usize), Warm>, beside: Beside) {
    let large = |subject| warm.get(&(subject, LARGE));
    let Some(intake) = large(Subject::Intake) else { return };
    for (python, name) in [(Subject::Toolbelt, "toolbelt"), (Subject::ReadAll, "read")] {
        if let Some(python) = large(python) {
            report.add(
                format!("intake.25_mib.peak_ratio_to_{name}"),
                "ratio",
                kib(intake.peak_kib) / kib(python.peak_kib),
            );
        }
    }
    if let Some(small) = warm.get(&(Subject::Intake, KIB)) {
        let growth = kib(intake.peak_kib.saturating_sub(small.peak_kib));
        report.add("intake.peak_growth_1_kib_to_25_mib", "bytes", growth);
    }
    let (Some(proxy), Some(hashing)) = (large(Subject::Proxy), large(Subject::HashingProxy)) else { return };
    report.add("sha256.25_mib", "ms", ms(beside.sha256));
    let mut rows = Vec::new();
    for (title, suffix, proxy) in
        [("intake and the raw proxy", "", proxy), ("intake and the hashing proxy", "_with_sha256", hashing)]
    {
        let (throughput, work) = (ms(proxy.wall) / ms(intake.wall), ms(intake.cpu) / ms(proxy.cpu));
        report.add(format!("intake.25_mib.throughput_of_proxy{suffix}"), "ratio", throughput);
        report.add(format!("intake.25_mib.cpu_of_proxy{suffix}"), "ratio", work);
        let figures = [ms(intake.wall), ms(proxy.wall), throughput, ms(intake.cpu), ms(proxy.cpu), work];
        rows.push(std::iter::once(title.to_owned()).chain(figures.map(number)).collect());
    }
    report.add("intake.25_mib.throughput_of_proxy_without_sha256", "ratio", beside.throughput);
    report.add("intake.25_mib.cpu_of_proxy_without_sha256", "ratio", beside.cpu);
    let [throughput, work] = [beside.throughput, beside.cpu].map(number);
    let without = ["intake without SHA-256 and the raw proxy", "-", "-", &throughput, "-", "-", &work];
    rows.push(without.map(str::to_owned).to_vec());
    let note = format!(
        "Throughput is the proxy's wall time divided by intake's. Without SHA-256: the cost of SHA-256 in a round is that of the hashing \
         proxy minus that of the raw one (median: {} ms of CPU). It is subtracted from intake's in that round; the ratio is the \
         median of all rounds.",
        number(ms(beside.sha256))
    );
    let heads = ["", "wall, ms", "proxy's", "throughput", "CPU, ms", "proxy's", "ratio"];
    report.section("Compared with the raw proxy, 25 MiB", &heads, &rows, &note);
}

/// Memory with a slow reader.
pub fn crowds(report: &mut Report, crowds: &[Crowd]) {
    let mut rows = Vec::new();
    for crowd in crowds {
        report.add(format!("intake.slow_reader.{}_records.peak", crowd.records), "bytes", kib(crowd.peak_kib));
        rows.push(vec![format!("{} × 25 MiB", crowd.records), number(mib(crowd.peak_kib))]);
    }
    let note = "CXone takes 10 ms for each frame. The records of a batch run side by side.";
    report.section("Memory with a slow reader", &["batch", "peak, MiB"], &rows, note);
}

/// Instructions.
pub fn instructions(report: &mut Report, counted: &Instructions) {
    let cases = [
        ("intake.init.instructions", "process start to the first `/next`", counted.init),
        ("intake.first_tls.instructions", "that and a first invoke of 1 KiB over TLS", counted.first_tls),
        ("intake.1_kib.instructions", "warm invoke, 1 KiB", counted.small),
        ("intake.25_mib.instructions_without_sha256", "warm invoke, 25 MiB, without SHA-256", counted.large),
        ("intake.25_mib.instructions_of_sha256", "SHA-256 of 25 MiB, in portable code", counted.sha256),
        (
            "intake.25_mib_tls.instructions_without_sha256",
            "warm invoke, 25 MiB over TLS, without SHA-256",
            counted.large_tls,
        ),
    ];
    let mut rows = Vec::new();
    for (name, title, value) in cases {
        report.add(name, "instructions", whole(value));
        rows.push(vec![title.to_owned(), number(whole(value))]);
    }
    let note = "Counted by callgrind, in user mode. Valgrind has no SHA extensions, so the hash runs in portable code. SHA-256 is \
                the function with the highest self cost.";
    report.section("Instructions of intake", &["case", "instructions"], &rows, note);
}

/// Median seconds of one object on the local stack, written by the example `put_to_completed` of `tests/pipeline`.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct EndToEnd {
    standin: f64,
    queued: f64,
    upload: f64,
    processing: f64,
    whole: f64,
}

/// From PUT to COMPLETED.
pub fn end_to_end(report: &mut Report, seconds: &EndToEnd) {
    let mut rows = Vec::new();
    for (name, title, value) in [
        ("queued", "S3's event to the upload's start", seconds.queued),
        ("upload", "the upload", seconds.upload),
        ("processing", "CXone's answer to the outcome", seconds.processing),
        ("standin", "of that, the stand-in's own time", seconds.standin),
        ("whole", "the whole", seconds.whole),
    ] {
        report.add(format!("end_to_end.{name}"), "s", value);
        rows.push(vec![title.to_owned(), number(value)]);
    }
    let note = "1 MiB, one object at a time, on the local stack. Its AWS takes most of the rest: it looks for work every 50 ms.";
    report.section("End to end", &["", "s"], &rows, note);
}

const STRATEGIES: [(&str, Strategy); 2] = [("windows", polling::windows), ("5 s loop", polling::fixed_loop)];
const DURATIONS: [u64; 4] = [3, 20, 120, 300];
const POLLING_HEADS: [&str; 6] =
    ["job, strategy", "transitions", "Lambda s", "CXone calls", "delay, s", "$ per million"];

/// The simulation of polling.
pub fn polling(report: &mut Report) {
    let limits = Limits::default();
    for seconds in DURATIONS {
        let followed = polling::windows(Duration::from_secs(seconds), limits);
        report.add(format!("polling.{seconds}_s.transitions"), "transitions", followed.transitions);
        report.add(format!("polling.{seconds}_s.delay"), "s", followed.delay_seconds);
        report.add(format!("polling.{seconds}_s.dollars_per_million"), "dollars", followed.dollars_per_million());
    }
    let note = "Windows: the functions' schedule, with quick polls inside an invocation and growing waits between invocations. \
                5 s loop: Wait, Poll, Choice. The whole execution is counted. The mix has a long tail: half of the jobs end \
                within 2.7 s, one in ten takes longer than 10 s, and one in two hundred longer than 2 min.";
    report.section("Polling a job (simulated)", &POLLING_HEADS, &polling_rows(limits), note);
}

/// The simulation as a table in Markdown.
#[must_use]
pub fn polling_table(limits: Limits) -> String {
    markdown(&POLLING_HEADS, &polling_rows(limits))
}

fn polling_rows(limits: Limits) -> Vec<Vec<String>> {
    let each = DURATIONS.iter().flat_map(|seconds| {
        STRATEGIES.iter().map(move |(title, strategy)| {
            polling_row(&format!("{seconds} s, {title}"), &strategy(Duration::from_secs(*seconds), limits))
        })
    });
    let mixes = STRATEGIES
        .iter()
        .map(|(title, strategy)| polling_row(&format!("mix, {title}"), &polling::of_the_mix(*strategy, limits)));
    each.chain(mixes).collect()
}

fn polling_row(title: &str, followed: &Followed) -> Vec<String> {
    let figures = [
        followed.transitions,
        followed.lambda_seconds,
        followed.polls,
        followed.delay_seconds,
        followed.dollars_per_million(),
    ];
    std::iter::once(title.to_owned()).chain(figures.into_iter().map(number)).collect()
}

fn file(length: usize) -> &'static str {
    match length {
        KIB => "1_kib",
        MIB => "1_mib",
        _ => "25_mib",
    }
}

fn with_ratio(value: f64, ours: f64) -> String {
    let ratio = value / ours;
    if (ratio - 1.0).abs() < f64::EPSILON { number(value) } else { format!("{} (×{})", number(value), number(ratio)) }
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

fn kib(kib: u64) -> f64 {
    whole(kib) * 1024.0
}

fn mib(kib: u64) -> f64 {
    whole(kib) / 1024.0
}

fn count(bytes: usize) -> f64 {
    whole(bytes as u64)
}

#[expect(clippy::cast_precision_loss, reason = "counts and sizes far below 2^52")]
fn whole(value: u64) -> f64 {
    value as f64
}
