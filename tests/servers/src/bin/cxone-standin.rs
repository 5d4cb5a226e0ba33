//! The stand-in as a program. `servers::cxone` describes it.

use std::process::ExitCode;

use lexopt::Parser;
use servers::cxone::Settings;
use servers::scripted::program;

fn main() -> ExitCode {
    program::run(&Settings::help(), Settings::from_arguments(Parser::from_env()), servers::cxone::router)
}
