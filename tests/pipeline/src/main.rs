//! `faults`: plays the table of fault scenarios, or puts a load with faults on the pipeline.

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use pipeline::{FaultsError, Load, Selection};
use stack::{output, signals};

const ENVIRONMENT: &str = "\
The variable PROFILE is the cargo profile of the functions (release). BUILT is
the folder of a `sam build`, whose functions `run` takes as they are: it shows
what another release did.

Exit codes: 0 all held, 1 some did not or it could not be run,
2 not understood, 130 interrupted.";

/// Plays scenarios in which something goes wrong, and checks what became of every
/// object.
#[derive(Parser)]
#[command(name = "faults", disable_help_subcommand = true, verbatim_doc_comment, after_help = ENVIRONMENT)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Play the table of scenarios
    Run(Rows),
    /// Print the scenarios, one a line, and play none
    List(Rows),
    /// Write many objects of all sizes and types, and count what became of them
    Soak {
        /// How many objects
        #[arg(long, default_value_t = 2_000)]
        objects: usize,
        /// How many in a hundred meet a fault
        #[arg(long, value_name = "PERCENT", default_value = "10%", value_parser = percent)]
        faults: usize,
    },
}

#[derive(Args)]
struct Rows {
    /// Only scenarios whose name holds TEXT, such as upload/ or quota
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// This scenario alone
    #[arg(long, value_name = "NAME", conflicts_with = "only")]
    exact: Option<String>,
    /// Only scenarios that take seconds
    #[arg(long)]
    fast: bool,
}

impl Rows {
    fn selection(self, profile: String) -> Selection {
        Selection { only: self.only, exact: self.exact, fast: self.fast, profile }
    }
}

fn percent(text: &str) -> Result<usize, String> {
    let number = text.trim_end_matches('%').parse().ok().filter(|percent| *percent <= 100);
    number.ok_or_else(|| "it must be a number from 0 to 100".to_owned())
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            output::say(&format!("faults: {error}"));
            match error {
                FaultsError::Stack(stack::StackError::Interrupted) => ExitCode::from(130),
                FaultsError::NoSuchRow { .. } => ExitCode::from(2),
                _ => ExitCode::FAILURE,
            }
        }
    }
}

/// `false` if it ran and not all was as it must be.
#[tokio::main]
async fn run(command: Command) -> Result<bool, FaultsError> {
    // What is not finished when a signal comes is dropped, the stacks with it.
    signals::unless_interrupted(Box::pin(act(command))).await
}

async fn act(command: Command) -> Result<bool, FaultsError> {
    let profile = std::env::var("PROFILE").ok().filter(|profile| !profile.is_empty());
    let profile = profile.unwrap_or_else(|| "release".to_owned());
    match command {
        Command::Run(rows) => {
            let summary = pipeline::run(&rows.selection(profile)).await?;
            output::print(&format!("\n{}", summary.table))?;
            Ok(summary.failed == 0)
        }
        Command::List(rows) => {
            output::print(&pipeline::list(&rows.selection(profile))?)?;
            Ok(true)
        }
        Command::Soak { objects, faults } => {
            let report = pipeline::soak(&Load { objects, percent: faults, profile }).await?;
            let plot = pipeline::save_plot(&report)?;
            output::print(&format!("\nplot        {}\n{}", plot.display(), report.text()))?;
            Ok(report.failures() == 0)
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn every_page_of_the_help_fits_80_columns() {
        let mut command = Cli::command();
        command.build();
        let mut pages = vec![command.render_long_help().to_string()];
        pages.extend(command.get_subcommands_mut().map(|command| command.render_long_help().to_string()));
        assert_eq!(pages.len(), 4);
        for line in pages.iter().flat_map(|page| page.lines()) {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }

    #[test]
    fn a_share_is_a_number_of_percent() {
        assert_eq!((percent("7%"), percent("100")), (Ok(7), Ok(100)));
        for wrong in ["101", "%", "a", "-1"] {
            assert!(percent(wrong).is_err(), "{wrong}");
        }
    }
}
