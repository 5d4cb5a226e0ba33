//! The webhook receiver as a program. `servers::webhook` describes it.

use std::{convert::Infallible, process::ExitCode};

use lexopt::Parser;
use servers::scripted::program;
use servers::webhook::Settings;

fn main() -> ExitCode {
    let router = |settings| Ok::<_, Infallible>(servers::webhook::router(settings));
    program::run(&Settings::help(), Settings::from_arguments(Parser::from_env()), router)
}
