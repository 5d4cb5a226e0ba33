//! `faults`: plays the table of fault scenarios.

use std::process::ExitCode;

use faults::{FaultsError, Selection, Summary};
use tokio::signal::unix::{SignalKind, signal};

const HELP: &str = "\
Plays scenarios in which something goes wrong, and checks what became of every object.

Usage: faults run [--only TEXT] [--fast]

  --only TEXT  only scenarios whose name holds TEXT, such as upload/ or quota
  --fast       only those that take seconds

The variable PROFILE is the cargo profile of the functions (release).
Exit codes: 0 all held, 1 some did not or it could not be run, 2 not understood, 130 interrupted.";

fn main() -> ExitCode {
    let selection = match parse(lexopt::Parser::from_env()) {
        Ok(Some(selection)) => selection,
        Ok(None) => {
            println!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("faults: {error}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    match run(&selection) {
        Ok(summary) => {
            print!("\n{}", summary.table);
            if summary.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("faults: {error}");
            if matches!(error, FaultsError::Interrupted) { ExitCode::from(130) } else { ExitCode::FAILURE }
        }
    }
}

fn parse(mut arguments: lexopt::Parser) -> Result<Option<Selection>, lexopt::Error> {
    use lexopt::prelude::{Long, Short, Value, ValueExt as _};
    let profile = std::env::var("PROFILE").ok().filter(|profile| !profile.is_empty());
    let mut selection =
        Selection { profile: profile.unwrap_or_else(|| "release".to_owned()), ..Selection::default() };
    let mut command = false;
    while let Some(argument) = arguments.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(None),
            Long("only") => selection.only = Some(arguments.value()?.string()?),
            Long("fast") => selection.fast = true,
            Value(word) if !command && word == "run" => command = true,
            other => return Err(other.unexpected()),
        }
    }
    if command { Ok(Some(selection)) } else { Err("a command is missing".into()) }
}

#[tokio::main]
async fn run(selection: &Selection) -> Result<Summary, FaultsError> {
    let interrupted = async {
        let (Ok(mut interrupt), Ok(mut terminate)) =
            (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
        else {
            return std::future::pending().await;
        };
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    };
    // What is not finished when a signal comes is dropped, the stacks with it.
    tokio::select! {
        summary = faults::run(selection) => summary,
        () = interrupted => Err(FaultsError::Interrupted),
    }
}
