//! The stand-in as a program of its own; see the library for what it does.

use std::process::ExitCode;

use cxone_standin::Settings;
use lexopt::Parser;
use scripted_http::program;

fn main() -> ExitCode {
    program::run(&Settings::help(), Settings::from_arguments(Parser::from_env()), cxone_standin::router)
}
