//! The frame of the server programs: arguments, ready line, signals and exit codes.

use std::{
    fmt::Display,
    fs,
    io::{self, Write as _},
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::ExitCode,
};

use axum::Router;
use lexopt::{Arg, Parser, ValueExt as _};
use tokio::signal::unix::{SignalKind, signal};

use super::server::Server;
use crate::Error;

/// Exit code for wrong arguments.
const USAGE_FAULT: u8 = 2;

/// The options of all server programs: where the server listens and where it reports that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    /// A loopback address; port 0 takes a free one.
    pub address: SocketAddr,
    /// The server writes its base URL and a newline to this file once it answers. The file is created atomically.
    pub ready_file: Option<PathBuf>,
}

impl Default for Listen {
    fn default() -> Self {
        Self { address: (Ipv4Addr::LOCALHOST, 0).into(), ready_file: None }
    }
}

impl Listen {
    /// The lines of `--help` for these options.
    pub const HELP: &str = "  \
  --listen ADDRESS         loopback address and port; port 0 takes a free one (default 127.0.0.1:0)
    --ready-file PATH        write the base URL to this file once the server answers
    --help                   print this text";

    /// Reads the option if it is one of these; false if it is not.
    pub fn accept(&mut self, name: &str, parser: &mut Parser) -> Result<bool, lexopt::Error> {
        match name {
            "listen" => self.address = parser.value()?.parse()?,
            "ready-file" => self.ready_file = Some(parser.value()?.into()),
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// The meaning of the arguments.
#[derive(Debug)]
pub enum Invocation<S> {
    /// Print the help text.
    Help,
    /// Serve.
    Serve(Listen, S),
}

/// Reads the arguments: the options of [`Listen`], and with `accept` the program's own. All are long options.
/// `accept` returns false for a name that it does not know.
pub fn arguments<S>(
    mut parser: Parser,
    mut settings: S,
    mut accept: impl FnMut(&mut S, &str, &mut Parser) -> Result<bool, lexopt::Error>,
) -> Result<Invocation<S>, lexopt::Error> {
    let mut listen = Listen::default();
    while let Some(argument) = parser.next()? {
        let Arg::Long(name) = argument else { return Err(argument.unexpected()) };
        let name = name.to_owned();
        if name == "help" {
            return Ok(Invocation::Help);
        }
        if !listen.accept(&name, &mut parser)? && !accept(&mut settings, &name, &mut parser)? {
            return Err(lexopt::Error::UnexpectedOption(format!("--{name}")));
        }
    }
    Ok(Invocation::Serve(listen, settings))
}

/// Runs a server program from its arguments to its exit code: 0 after `--help`, SIGTERM or SIGINT, 1 if it could not
/// serve, 2 if the arguments are wrong.
pub fn run<S, E: Display>(
    help: &str,
    invocation: Result<Invocation<S>, lexopt::Error>,
    router: impl FnOnce(S) -> Result<Router, E>,
) -> ExitCode {
    let outcome = match invocation {
        Err(fault) => {
            report(&format!("{fault}; --help lists the options"));
            return ExitCode::from(USAGE_FAULT);
        }
        Ok(Invocation::Help) => say(help.trim_end()).map_err(|fault| fault.to_string()),
        Ok(Invocation::Serve(listen, settings)) => router(settings)
            .map_err(|fault| fault.to_string())
            .and_then(|router| serve(&listen, router).map_err(|fault| fault.to_string())),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            report(&fault);
            ExitCode::FAILURE
        }
    }
}

fn serve(listen: &Listen, router: Router) -> Result<(), Error> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let served = runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let server = Server::bind(listen.address)?;
        let base_url = server.base_url();
        if let Some(path) = &listen.ready_file {
            write_whole(path, &format!("{base_url}\n"))
                .map_err(|source| Error::ReadyFile { path: path.clone(), source })?;
        }
        say(&format!("listening on {base_url}"))?;
        let stop = async {
            tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        };
        server.run(router, stop).await;
        Ok(())
    });
    // Handlers may sleep for minutes.
    runtime.shutdown_background();
    served
}

/// Creates the file atomically.
fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    fs::write(&partial, text)?;
    fs::rename(&partial, path)
}

fn say(line: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{line}")?;
    stdout.flush()
}

/// Writes one line to standard error. A closed standard error is ignored.
pub fn report(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments_given: &[&str]) -> Result<Invocation<Vec<String>>, lexopt::Error> {
        arguments(Parser::from_args(arguments_given), Vec::new(), |seen, name, parser| {
            if name != "word" {
                return Ok(false);
            }
            seen.push(parser.value()?.string()?);
            Ok(true)
        })
    }

    #[test]
    fn options_of_both_kinds_are_read() {
        let Invocation::Serve(listen, words) =
            parse(&["--word", "a", "--listen", "127.0.0.1:8080", "--word=b", "--ready-file", "f"]).unwrap()
        else {
            panic!("not help")
        };
        assert_eq!(listen, Listen { address: ([127, 0, 0, 1], 8080).into(), ready_file: Some("f".into()) });
        assert_eq!(words, ["a", "b"]);
    }

    #[test]
    fn errors_name_the_argument() {
        let fault = |given: &[&str]| parse(given).unwrap_err().to_string();
        assert!(fault(&["--nonsense"]).contains("--nonsense"));
        assert!(fault(&["--listen", "here"]).contains("here"));
        assert!(fault(&["--listen"]).contains("--listen"));
        assert!(fault(&["stray"]).contains("stray"));
        assert!(fault(&["-w"]).contains("-w"));
    }

    #[test]
    fn help_comes_before_later_errors() {
        assert!(matches!(parse(&["--help", "--nonsense"]), Ok(Invocation::Help)));
    }
}
