//! How the stand-in is started.

use std::path::PathBuf;

use lexopt::{Parser, ValueExt as _};
use scripted_http::program::{self, Invocation, Listen};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

/// The scopes that the API knows.
pub const SCOPES: [&str; 4] = ["interaction:write", "attachment:write", "job:read", "analytics:read"];

/// What the stand-in starts with; credentials and job times can be changed while it runs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The only client that gets tokens.
    pub client_id: String,
    /// Its secret.
    pub client_secret: SecretString,
    /// A token request must ask for exactly these, in any order.
    pub scopes: Vec<String>,
    /// Seconds for which a token lasts.
    pub token_expires_in: u64,
    /// How long jobs take.
    pub job_times: JobTimes,
    /// Where to keep the bytes of stored files; only their digests are kept if none.
    pub keep: Option<PathBuf>,
    /// Whether to log one line per request to standard error.
    pub log: bool,
}

/// How long a job stays in each state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobTimes {
    /// Milliseconds in PENDING, from the moment of the upload.
    pub pending_ms: u64,
    /// Milliseconds in RUNNING after that.
    pub running_ms: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            client_id: "standin-client".to_owned(),
            client_secret: SecretString::from("standin-secret"),
            scopes: SCOPES.map(str::to_owned).into(),
            token_expires_in: 3600,
            job_times: JobTimes { pending_ms: 200, running_ms: 300 },
            keep: None,
            log: false,
        }
    }
}

impl Settings {
    /// The text of `--help`.
    #[must_use]
    pub fn help() -> String {
        format!(
            "\
A stand-in for CXone's attachment API, for local tests. It serves the API under /api/v2, and under /_control what tells
it to misbehave and shows what it saw. It prints one line with its base URL when it is ready, and logs one line per
request to standard error.

Usage: cxone-standin [OPTIONS]

{}
    --client-id ID           the client that gets tokens (default standin-client)
    --client-secret SECRET   its secret (default standin-secret)
    --scopes SCOPES          the scopes a token request must name, separated by spaces
                             (default \"{}\")
    --token-expires-in N     seconds for which a token lasts (default 3600)
    --pending-ms N           milliseconds for which a job is PENDING (default 200)
    --running-ms N           milliseconds for which it is RUNNING after that (default 300)
    --keep DIR               keep the bytes of stored files in DIR, each under its SHA-256

Exit code: 0 after SIGTERM or SIGINT, 1 if it cannot serve, 2 if the arguments are at fault.
",
            Listen::HELP,
            SCOPES.join(" ")
        )
    }

    /// Reads the program's arguments.
    pub fn from_arguments(parser: Parser) -> Result<Invocation<Self>, lexopt::Error> {
        program::arguments(parser, Self { log: true, ..Self::default() }, Self::accept)
    }

    fn accept(&mut self, name: &str, parser: &mut Parser) -> Result<bool, lexopt::Error> {
        match name {
            "client-id" => self.client_id = filled(name, parser)?,
            "client-secret" => self.client_secret = filled(name, parser)?.into(),
            "scopes" => {
                self.scopes = filled(name, parser)?.split_whitespace().map(str::to_owned).collect();
            }
            "token-expires-in" => self.token_expires_in = parser.value()?.parse()?,
            "pending-ms" => self.job_times.pending_ms = parser.value()?.parse()?,
            "running-ms" => self.job_times.running_ms = parser.value()?.parse()?,
            "keep" => self.keep = Some(parser.value()?.into()),
            _ => return Ok(false),
        }
        if self.client_id.contains(':') {
            return Err("--client-id cannot hold a colon, which ends it in Basic credentials".into());
        }
        Ok(true)
    }
}

fn filled(name: &str, parser: &mut Parser) -> Result<String, lexopt::Error> {
    let text = parser.value()?.string()?;
    if text.trim().is_empty() { Err(format!("--{name} is empty").into()) } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    fn parse(given: &[&str]) -> Result<Invocation<Settings>, lexopt::Error> {
        Settings::from_arguments(Parser::from_args(given))
    }

    #[test]
    fn every_option_is_read() {
        let given =
            "--client-id a --client-secret b --scopes x --token-expires-in 9 --pending-ms 1 --running-ms 2 --keep d";
        let given: Vec<_> = given.split(' ').collect();
        let Ok(Invocation::Serve(_, settings)) = parse(&given) else { panic!("not accepted") };
        assert_eq!(settings.client_id, "a");
        assert_eq!(settings.client_secret.expose_secret(), "b");
        assert_eq!(settings.scopes, ["x"]);
        assert_eq!(settings.token_expires_in, 9);
        assert_eq!(settings.job_times, JobTimes { pending_ms: 1, running_ms: 2 });
        assert_eq!(settings.keep, Some("d".into()));
    }

    #[test]
    fn faults_are_named_and_help_lists_every_option() {
        for (given, named) in [
            (["--pending-ms", "soon"], "soon"),
            (["--client-secret", ""], "--client-secret"),
            (["--client-id", "a:b"], "colon"),
        ] {
            let fault = parse(&given).unwrap_err().to_string();
            assert!(fault.contains(named), "{fault}");
        }
        for option in [
            "listen",
            "ready-file",
            "client-id",
            "client-secret",
            "scopes",
            "token-expires-in",
            "pending-ms",
            "running-ms",
            "keep",
            "help",
        ] {
            assert!(Settings::help().contains(&format!("--{option} ")), "{option}");
        }
    }

    #[test]
    fn the_secret_is_not_shown() {
        assert!(!format!("{:?}", Settings::default()).contains("standin-secret"));
    }
}
