//! Tells the true type of files, by the decision that the pipeline makes on its streams.

use std::{
    ffi::OsString,
    fs::File,
    io::{self, BufWriter, ErrorKind, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use lexopt::prelude::{Long, Short, Value, ValueExt as _};
use media_type::{ActiveContentPolicy, AllowedTypes, Head, Inspection, Refusal, Verdict, inspect};

const HELP: &str = "\
Tells the true type of files.

Usage: media_type [--name FILE.EXT] [--refuse-active-content none|macros|all] FILE...

Prints a line for each file, separated by tabs:
  path, `accept` or `reject`, the type or the reason's code, bytes read, ranges read

The content alone decides.

Options:
  --name FILE.EXT  judge each file as if it had this name, so that its extension counts as well
  --refuse-active-content WHAT  what is refused as active content: none, macros (the default) or all
  --help           print this text

Exit code: 0, or 2 if a file could not be read or the command line is wrong.";

/// The size in which an object's body arrives.
const FRAME_LEN: usize = 16 * 1024;

struct Arguments {
    name: Option<String>,
    policy: ActiveContentPolicy,
    files: Vec<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = match arguments() {
        Ok(Some(arguments)) => arguments,
        Ok(None) => {
            return if writeln!(io::stdout(), "{HELP}").is_ok() { ExitCode::SUCCESS } else { ExitCode::from(2) };
        }
        Err(error) => {
            eprintln!("{error}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    match report(&arguments, &mut BufWriter::new(io::stdout().lock())) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(2),
        // Whoever reads the output has seen enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("standard output: {error}");
            ExitCode::from(2)
        }
    }
}

/// `None` if only help is wanted.
fn arguments() -> Result<Option<Arguments>, lexopt::Error> {
    let mut parser = lexopt::Parser::from_env();
    let mut arguments = Arguments { name: None, policy: ActiveContentPolicy::default(), files: Vec::new() };
    while let Some(argument) = parser.next()? {
        match argument {
            Long("name") => arguments.name = Some(text(parser.value()?)?),
            Long("refuse-active-content") => arguments.policy = parser.value()?.parse()?,
            Short('h') | Long("help") => return Ok(None),
            Value(file) => arguments.files.push(file.into()),
            other => return Err(other.unexpected()),
        }
    }
    if arguments.files.is_empty() { Err("no file given".into()) } else { Ok(Some(arguments)) }
}

fn text(value: OsString) -> Result<String, lexopt::Error> {
    value.into_string().map_err(lexopt::Error::NonUnicodeValue)
}

/// Whether every file could be read.
fn report(arguments: &Arguments, output: &mut impl Write) -> io::Result<bool> {
    let mut all_read = true;
    for path in &arguments.files {
        match decide_file(path, arguments.policy) {
            Ok(decision) => {
                let (outcome, detail) = match conclude(arguments.name.as_deref(), decision.verdict) {
                    Ok(media_type) => ("accept", media_type),
                    Err(refusal) => ("reject", refusal.code().as_str()),
                };
                let Decision { bytes, ranges, .. } = decision;
                writeln!(output, "{}\t{outcome}\t{detail}\t{bytes}\t{ranges}", path.display())?;
            }
            Err(error) => {
                output.flush()?;
                eprintln!("{}: {error}", path.display());
                all_read = false;
            }
        }
    }
    output.flush()?;
    Ok(all_read)
}

/// With a name, the pipeline's order: first the extension, then the content, then whether they agree.
fn conclude(name: Option<&str>, verdict: Verdict) -> Result<&'static str, Refusal> {
    let Some(name) = name else {
        return match verdict {
            Verdict::Accepted(media_type) => Ok(media_type.as_str()),
            Verdict::Refused(refusal) => Err(refusal),
        };
    };
    let allowed = AllowedTypes::default();
    let named = allowed.check_name(name)?;
    allowed.check_content(named, verdict).map(media_type::MediaType::as_str)
}

struct Decision {
    verdict: Verdict,
    /// Those that the decision was made from: head and ranges.
    bytes: u64,
    ranges: u32,
}

fn decide_file(path: &Path, policy: ActiveContentPolicy) -> io::Result<Decision> {
    let mut file = File::open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    }
    let object_len = metadata.len();
    let mut head = Head::default();
    let mut frame = vec![0; FRAME_LEN];
    while !head.is_full() {
        let read = file.read(&mut frame)?;
        if read == 0 {
            break;
        }
        head.take(frame.get(..read).unwrap_or_default());
    }
    let head_bytes = head.bytes().len() as u64;
    let first = match inspect(head.bytes(), object_len, policy) {
        Inspection::Decided(verdict) => return Ok(Decision { verdict, bytes: head_bytes, ranges: 0 }),
        Inspection::NeedsRange(first) => first,
    };
    let range = read_range(&mut file, first.offset(), first.length())?;
    let bytes = head_bytes + range.len() as u64;
    let second = match first.decide(&range) {
        Inspection::Decided(verdict) => return Ok(Decision { verdict, bytes, ranges: 1 }),
        Inspection::NeedsRange(second) => second,
    };
    let more = read_range(&mut file, second.offset(), second.length())?;
    Ok(Decision { verdict: second.decide(&more), bytes: bytes + more.len() as u64, ranges: 2 })
}

fn read_range(file: &mut File, offset: u64, length: u64) -> io::Result<Vec<u8>> {
    let mut range = Vec::new();
    file.seek(SeekFrom::Start(offset))?;
    file.take(length).read_to_end(&mut range)?;
    Ok(range)
}
