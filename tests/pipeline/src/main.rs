//! `faults`: plays the table of fault scenarios, or puts a load with faults on the pipeline.

use std::process::ExitCode;

use pipeline::{FaultsError, Load, Selection};
use tokio::signal::unix::{SignalKind, signal};

const HELP: &str = "\
Plays scenarios in which something goes wrong, and checks what became of every object.

Usage: faults run [--only TEXT] [--fast]
       faults soak [--objects N] [--faults PERCENT]

  run           plays the table of scenarios
  --only TEXT   only scenarios whose name holds TEXT, such as upload/ or quota
  --fast        only those that take seconds
  soak          writes many objects of all sizes and types, and counts what became of them
  --objects N   how many (2000)
  --faults P    how many in a hundred meet a fault (10%)

The variable PROFILE is the cargo profile of the functions (release). BUILT is the folder of a
`sam build`, whose functions `run` takes as they are: it shows what another release did.
Exit codes: 0 all held, 1 some did not or it could not be run, 2 not understood, 130 interrupted.";

enum Command {
    Run(Selection),
    Soak(Load),
    Help,
}

fn main() -> ExitCode {
    let command = match parse(lexopt::Parser::from_env()) {
        Ok(command) => command,
        Err(error) => {
            eprintln!("faults: {error}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    match obey(&command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("faults: {error}");
            if matches!(error, FaultsError::Interrupted) { ExitCode::from(130) } else { ExitCode::FAILURE }
        }
    }
}

fn parse(mut arguments: lexopt::Parser) -> Result<Command, lexopt::Error> {
    use lexopt::prelude::{Long, Short, Value, ValueExt as _};
    let profile = std::env::var("PROFILE").ok().filter(|profile| !profile.is_empty());
    let profile = profile.unwrap_or_else(|| "release".to_owned());
    let mut selection = Selection { profile: profile.clone(), ..Selection::default() };
    let mut load = Load { objects: 2_000, percent: 10, profile };
    let mut soaks = None;
    while let Some(argument) = arguments.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(Command::Help),
            Value(word) if soaks.is_none() && (word == "run" || word == "soak") => soaks = Some(word == "soak"),
            Long("only") if soaks == Some(false) => selection.only = Some(arguments.value()?.string()?),
            Long("fast") if soaks == Some(false) => selection.fast = true,
            Long("objects") if soaks == Some(true) => load.objects = arguments.value()?.parse()?,
            Long("faults") if soaks == Some(true) => {
                let text = arguments.value()?.string()?;
                load.percent =
                    text.trim_end_matches('%').parse().ok().filter(|percent| *percent <= 100).ok_or_else(|| {
                        lexopt::Error::Custom(format!("--faults {text} is not a number from 0 to 100").into())
                    })?;
            }
            other => return Err(other.unexpected()),
        }
    }
    match soaks {
        Some(true) => Ok(Command::Soak(load)),
        Some(false) => Ok(Command::Run(selection)),
        None => Err("a command is missing".into()),
    }
}

/// `false` if it ran and not all was as it must be.
#[tokio::main]
async fn obey(command: &Command) -> Result<bool, FaultsError> {
    // What is not finished when a signal comes is dropped, the stacks with it.
    tokio::select! {
        held = act(command) => held,
        () = interrupted() => Err(FaultsError::Interrupted),
    }
}

async fn act(command: &Command) -> Result<bool, FaultsError> {
    match command {
        Command::Help => {
            println!("{HELP}");
            Ok(true)
        }
        Command::Run(selection) => {
            let summary = pipeline::run(selection).await?;
            print!("\n{}", summary.table);
            Ok(summary.failed == 0)
        }
        Command::Soak(load) => {
            let report = pipeline::soak(load).await?;
            let plot = pipeline::save_plot(&report)?;
            print!("\nplot        {}\n{}", plot.display(), report.text());
            Ok(report.failures() == 0)
        }
    }
}

async fn interrupted() {
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
