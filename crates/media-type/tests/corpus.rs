//! Every file of a corpus of real files, if there is one: `CORPUS_DIR`, or `../shared/corpus` beside the workspace.
//!
//! The folder holds `manifest.csv`, whose first two columns are the file and its true type. A file is accepted if its true
//! type is a [`MediaType`].

mod samples;

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
};

use libtest_mimic::{Arguments, Failed, Trial};
use media_type::{HEAD_LEN, MediaType, Refusal, Verdict};
use samples::decide_with_reads;

fn main() {
    let arguments = Arguments::from_args();
    libtest_mimic::run(&arguments, vec![Trial::test("every_file_of_the_corpus_is_judged_right", run)]).exit();
}

struct Row {
    file: String,
    /// `None` for a file that is to be refused.
    expected: Option<MediaType>,
}

#[derive(Default)]
struct Tally {
    files: usize,
    right: usize,
    falsely_accepted: usize,
    bytes_read: Vec<u64>,
    ranges: usize,
}

fn run() -> Result<(), Failed> {
    let folder = corpus_dir();
    let manifest = folder.join("manifest.csv");
    let Ok(manifest) = fs::read_to_string(&manifest) else {
        println!("SKIPPED: there is no corpus ({} cannot be read); set CORPUS_DIR", manifest.display());
        return Ok(());
    };
    let mut tallies: BTreeMap<Option<MediaType>, Tally> = BTreeMap::new();
    let mut wrong = Vec::new();
    for row in manifest.lines().skip(1).map(row) {
        let row = row?;
        let object = fs::read(folder.join(&row.file))?;
        let (verdict, ranges) = decide_with_reads(&object);
        let found = match verdict {
            Verdict::Accepted(media_type) => Ok(media_type),
            Verdict::Refused(refusal) => Err(refusal),
        };
        let tally = tallies.entry(row.expected).or_default();
        tally.files += 1;
        tally.bytes_read.push(object.len().min(HEAD_LEN) as u64 + ranges.iter().map(|(_, length)| length).sum::<u64>());
        tally.ranges += ranges.len();
        if found.ok() == row.expected {
            tally.right += 1;
        } else {
            wrong.push(describe(&row, found));
        }
        if let Some(falsely) = found.ok().filter(|found| Some(*found) != row.expected) {
            tallies.entry(Some(falsely)).or_default().falsely_accepted += 1;
        }
    }
    print(&mut tallies);
    if wrong.is_empty() { Ok(()) } else { Err(format!("{} wrong:\n{}", wrong.len(), wrong.join("\n")).into()) }
}

fn corpus_dir() -> PathBuf {
    env::var_os("CORPUS_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus"), PathBuf::from)
}

fn row(line: &str) -> Result<Row, Failed> {
    let mut columns = line.split(',');
    let (Some(file), Some(true_type)) = (columns.next(), columns.next()) else {
        return Err(format!("not a row of a manifest: {line}").into());
    };
    Ok(Row { file: file.to_owned(), expected: true_type.parse().ok() })
}

fn describe(row: &Row, found: Result<MediaType, Refusal>) -> String {
    let expected = row.expected.map_or("reject", MediaType::as_str);
    let found = found.map_or_else(|refusal| refusal.to_string(), |media_type| media_type.to_string());
    format!("{}: expected {expected}, found {found}", row.file)
}

fn print(tallies: &mut BTreeMap<Option<MediaType>, Tally>) {
    println!(
        "{:<72} {:>5} {:>5} {:>6} {:>7} {:>6} {:>7} {:>6} {:>6} {:>6}",
        "type", "files", "right", "missed", "false +", "min B", "median", "p99", "max B", "ranges"
    );
    for (expected, tally) in tallies {
        tally.bytes_read.sort_unstable();
        let at = |hundredths: usize| {
            let rank = (tally.bytes_read.len() * hundredths).div_ceil(100).max(1) - 1;
            tally.bytes_read.get(rank).copied().unwrap_or_default()
        };
        println!(
            "{:<72} {:>5} {:>5} {:>6} {:>7} {:>6} {:>7} {:>6} {:>6} {:>6}",
            expected.map_or("none of these", MediaType::as_str),
            tally.files,
            tally.right,
            tally.files - tally.right,
            tally.falsely_accepted,
            at(0),
            at(50),
            at(99),
            at(100),
            tally.ranges
        );
    }
}
