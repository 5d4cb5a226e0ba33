//! The process: arguments, Ctrl-C, exit code.

use std::{process::ExitCode, time::SystemTime};

use clap::Parser as _;
use operator::{
    Exit, ToolError,
    cli::Cli,
    commands, exit_of,
    ui::{self, Out},
};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers; clap prints them to standard output.
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Success };
            let _ = error.print();
            return exit.into();
        }
    };
    let result = answer(&cli);
    if let Err(error) = &result {
        for line in error.to_string().lines() {
            ui::note(line);
        }
    }
    exit_of(&result).into()
}

#[tokio::main]
async fn answer(cli: &Cli) -> Result<Exit, ToolError> {
    let mut out = Out::stdout(cli.global.color, cli.global.json || cli.global.jsonl);
    tokio::select! {
        result = commands::run(cli, SystemTime::now().into(), &mut out) => result,
        _ = tokio::signal::ctrl_c() => Err(ToolError::Interrupted),
    }
}
