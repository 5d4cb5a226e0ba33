//! `make bench`: measures, prints and writes the report. `bench compare name=path …` compares builds of intake.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use bench::{
    Error,
    compare::{self, Build},
    fakes::{Fakes, Transport},
    measure::{self, Bench, Callgrind},
    proxy,
    report::Report,
    rows,
    subject::Programs,
};
use lexopt::prelude::*;

const HELP: &str = "\
Measures intake, Python functions and a raw proxy, and compares them.

Usage: bench [--quick]                  measures all; writes target/bench/report.md and report.json
       bench compare NAME=PROGRAM …     compares builds of intake in a table
       bench proxy --source HOST:PORT --sink HOST:PORT [--hash]
                                        runs the raw proxy, under a Runtime API server";

enum Command {
    Measure { quick: bool },
    Compare(Vec<Build>),
    Help,
    Proxy(proxy::Task),
}

fn main() -> ExitCode {
    let done = command().and_then(|command| match command {
        // One thread, like the functions.
        Command::Proxy(task) => {
            tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(proxy::run(&task))
        }
        Command::Compare(builds) => tokio::runtime::Runtime::new()?.block_on(compare(&builds)),
        Command::Help => {
            println!("{HELP}");
            Ok(())
        }
        Command::Measure { quick } => tokio::runtime::Runtime::new()?.block_on(run(quick)),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn command() -> Result<Command, Error> {
    let (mut quick, mut is_proxy, mut hashes, mut source, mut sink) = (false, false, false, None, None);
    let mut builds: Option<Vec<Build>> = None;
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("quick") => quick = true,
            Long("hash") => hashes = true,
            Long("source") => source = Some(arguments.value()?.string()?),
            Long("sink") => sink = Some(arguments.value()?.string()?),
            Long("help") | Short('h') => return Ok(Command::Help),
            Value(build) if builds.is_some() => builds.get_or_insert_default().push(Build::parse(&build.string()?)?),
            Value(word) if word == "compare" => builds = Some(Vec::new()),
            Value(word) if word == "proxy" => is_proxy = true,
            other => return Err(other.unexpected().into()),
        }
    }
    if let Some(builds) = builds {
        return Ok(Command::Compare(builds));
    }
    if !is_proxy {
        return Ok(Command::Measure { quick });
    }
    let runtime = std::env::var("AWS_LAMBDA_RUNTIME_API")?;
    Ok(Command::Proxy(proxy::Task {
        runtime,
        source: source.ok_or("--source is missing")?,
        sink: sink.ok_or("--sink is missing")?,
        hashes,
    }))
}

async fn compare(builds: &[Build]) -> Result<(), Error> {
    let (_, programs) = programs()?;
    let fakes = Fakes::start(&programs.scratch).await?;
    println!("{}", compare::compare(builds, &programs, fakes).await?);
    Ok(())
}

/// The folder of the report, and the programs to measure.
fn programs() -> Result<(PathBuf, Programs), Error> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
    let bench_program = std::env::current_exe()?;
    // Cargo puts the functions in this program's folder.
    let release = bench_program.parent().ok_or("the path of this program has no folder")?.to_owned();
    let folder = release.parent().unwrap_or(&release).join("bench");
    let scratch = folder.join("scratch");
    std::fs::create_dir_all(&scratch)?;
    let programs = Programs {
        intake: release.join("intake"),
        python: root.join(".venv-bench/bin/python"),
        handlers: root.join("tests/python/bench"),
        bench: bench_program,
        scratch,
    };
    Ok((folder, programs))
}

async fn run(quick: bool) -> Result<(), Error> {
    let (folder, programs) = programs()?;
    check_exists(&programs.intake, "cargo build --release -p intake")?;
    check_exists(&programs.python, "make bench")?;
    let release = programs.intake.parent().unwrap_or(&folder).to_owned();
    let mut report = Report::new(quick, &programs.python)?;
    let bench = Bench { fakes: Fakes::start(&programs.scratch).await?, programs, quick };
    rows::sizes(&mut report, &release)?;
    eprintln!("cold starts …");
    rows::starts(&mut report, &measure::starts(&bench).await?);
    for transport in [Transport::Plain, Transport::Tls] {
        eprintln!("warm invokes, {} …", transport.name());
        rows::warm(&mut report, transport, &measure::warm(&bench, transport).await?);
    }
    eprintln!("memory with a slow reader …");
    let crowds = [measure::crowd(&bench, 1).await?, measure::crowd(&bench, 10).await?];
    rows::crowds(&mut report, &crowds);
    if measure::callgrind_is_there() {
        eprintln!("instructions …");
        let callgrind = Callgrind { intake: bench.programs.intake.clone(), scratch: bench.programs.scratch.clone() };
        rows::instructions(&mut report, &callgrind.all(&bench.fakes).await?);
    } else {
        eprintln!("SKIPPED: instructions, because valgrind is not installed (Debian: apt-get install valgrind)");
    }
    rows::polling(&mut report);
    let journeys = folder.join("end-to-end.json");
    if journeys.exists() {
        rows::end_to_end(&mut report, &serde_json::from_slice(&std::fs::read(&journeys)?)?);
    }
    report.finish(&folder)
}

fn check_exists(path: &Path, remedy: &str) -> Result<(), Error> {
    if path.exists() { Ok(()) } else { Err(format!("{} does not exist; run: {remedy}", path.display()).into()) }
}
