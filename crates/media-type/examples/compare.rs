//! Measures this crate beside `infer` and `file-format` on one corpus in one run: accuracy, false accepts, speed.
//!
//! `cargo run --release -p media-type --example compare`; the corpus is `CORPUS_DIR`, or `../shared/corpus`.

use std::{
    env, fs,
    hint::black_box,
    io::{self, Cursor, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant},
};

use file_format::FileFormat;
use media_type::{ActiveContentPolicy, HEAD_LEN, Inspection, MediaType, Verdict, inspect};

/// Long enough that the clock's resolution and a cold cache do not count.
const LEAST_TIME: Duration = Duration::from_secs(2);

struct File {
    content: Vec<u8>,
    /// `None` for a file that is of no accepted type.
    expected: Option<MediaType>,
}

type Detect = fn(&[u8]) -> Option<MediaType>;

const DETECTORS: [(&str, Detect); 5] = [
    ("media-type, head and ranges", decide),
    ("infer, 8 KiB head", |content| of_infer(head(content))),
    ("infer, whole file", of_infer),
    ("file-format, 8 KiB head", |content| named(FileFormat::from_bytes(head(content)).media_type())),
    ("file-format, whole file", |content| {
        FileFormat::from_reader(Cursor::new(content)).ok().and_then(|format| named(format.media_type()))
    }),
];

fn main() -> ExitCode {
    match load().and_then(|files| compare(&files)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn load() -> io::Result<Vec<File>> {
    let folder = env::var_os("CORPUS_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus"), PathBuf::from);
    let manifest = folder.join("manifest.csv");
    let rows = fs::read_to_string(&manifest)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}; set CORPUS_DIR", manifest.display())))?;
    let mut files = Vec::new();
    for row in rows.lines().skip(1) {
        let mut columns = row.split(',');
        if let (Some(file), Some(true_type)) = (columns.next(), columns.next()) {
            files.push(File { content: fs::read(folder.join(file))?, expected: named(true_type) });
        }
    }
    Ok(files)
}

fn compare(files: &[File]) -> io::Result<()> {
    let mut output = io::stdout().lock();
    let to_accept = files.iter().filter(|file| file.expected.is_some()).count();
    writeln!(output, "{} files, {to_accept} of them of accepted types", files.len())?;
    writeln!(output, "{:<32} {:>8} {:>8} {:>12} {:>12}", "detector", "right", "let in", "ns/decision", "decisions/s")?;
    for (name, detect) in DETECTORS {
        let found: Vec<_> = files.iter().map(|file| (file.expected, detect(&file.content))).collect();
        let right = found.iter().filter(|(expected, found)| expected.is_some() && expected == found).count();
        let let_in = found.iter().filter(|(expected, found)| expected.is_none() && found.is_some()).count();
        let nanoseconds = nanoseconds_per_decision(files, detect);
        writeln!(
            output,
            "{name:<32} {:>6}.{} % {let_in:>6} {nanoseconds:>12} {:>12}",
            right * 100 / to_accept.max(1),
            right * 1000 / to_accept.max(1) % 10,
            1_000_000_000 / nanoseconds.max(1)
        )?;
    }
    Ok(())
}

fn nanoseconds_per_decision(files: &[File], detect: Detect) -> u128 {
    let start = Instant::now();
    let mut decisions = 0_u128;
    while start.elapsed() < LEAST_TIME {
        for file in files {
            black_box(detect(black_box(&file.content)));
        }
        decisions += files.len() as u128;
    }
    start.elapsed().as_nanos() / decisions.max(1)
}

fn head(content: &[u8]) -> &[u8] {
    content.get(..HEAD_LEN).unwrap_or(content)
}

fn named(name: &str) -> Option<MediaType> {
    name.parse().ok()
}

fn of_infer(content: &[u8]) -> Option<MediaType> {
    infer::get(content).and_then(|kind| named(kind.mime_type()))
}

fn decide(content: &[u8]) -> Option<MediaType> {
    let part = |offset: u64, length: u64| {
        let start = usize::try_from(offset).ok()?;
        content.get(start..start + usize::try_from(length).ok()?)
    };
    let verdict = match inspect(head(content), content.len() as u64, ActiveContentPolicy::default()) {
        Inspection::Decided(verdict) => verdict,
        Inspection::NeedsRange(first) => match first.decide(part(first.offset(), first.length())?) {
            Inspection::Decided(verdict) => verdict,
            Inspection::NeedsRange(second) => second.decide(part(second.offset(), second.length())?),
        },
    };
    match verdict {
        Verdict::Accepted(media_type) => Some(media_type),
        Verdict::Refused(_) => None,
    }
}
