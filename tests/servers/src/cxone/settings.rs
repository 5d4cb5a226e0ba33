//! The stand-in's settings and arguments.

use std::path::PathBuf;

use lexopt::{Parser, ValueExt as _};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::{
    Error,
    scripted::program::{self, Invocation, Listen},
};

/// The scopes that the API knows.
pub const SCOPES: [&str; 4] = ["interaction:write", "attachment:write", "job:read", "analytics:read"];

/// Where uploads go, below `/api/v2/`.
const UPLOAD_PATH: &str = "interactions/{interaction_id}/attachments";
/// Where jobs are polled, below `/api/v2/`.
const JOB_PATH: &str = "jobs/{job_id}";

/// How a client sends its credentials to the token endpoint. Any other way is refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TokenAuth {
    /// `Authorization: Basic`, with client id and secret unchanged.
    #[default]
    Basic,
    /// The same with both form-encoded first, as in RFC 6749 (2.3.1).
    BasicEncoded,
    /// `client_id` and `client_secret` in the form.
    Body,
}

impl std::str::FromStr for TokenAuth {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "basic" => Ok(Self::Basic),
            "basic-encoded" => Ok(Self::BasicEncoded),
            "body" => Ok(Self::Body),
            other => Err(format!("--token-auth must be basic, basic-encoded or body, but is {other:?}")),
        }
    }
}

/// The stand-in's settings. Credentials and job times can be changed while it runs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The only client that gets tokens.
    pub client_id: String,
    /// Its secret.
    pub client_secret: SecretString,
    /// A token request must ask for exactly these, in any order.
    pub scopes: Vec<String>,
    /// Seconds for which a token is valid.
    pub token_expires_in: u64,
    /// How the client sends its credentials to the token endpoint.
    pub token_auth: TokenAuth,
    /// Where uploads go, below `/api/v2/`, with `{interaction_id}` as one of its segments.
    pub upload_path: String,
    /// Where jobs are polled, below `/api/v2/`, with `{job_id}` as one of its segments.
    pub job_path: String,
    /// How long jobs take.
    pub job_times: JobTimes,
    /// Where to keep the bytes of stored files. If none, only their digests are kept.
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
            token_auth: TokenAuth::Basic,
            upload_path: UPLOAD_PATH.to_owned(),
            job_path: JOB_PATH.to_owned(),
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
A stand-in for CXone's attachment API, for local tests. It serves the API under /api/v2. Requests to /_control set its
faults and show what it received. It prints one line with its base URL when it is ready, and logs one line per request
to standard error.

Usage: cxone-standin [OPTIONS]

{}
    --client-id ID           the client that gets tokens (default standin-client)
    --client-secret SECRET   its secret (default standin-secret)
    --scopes SCOPES          the scopes a token request must name, separated by spaces
                             (default \"{}\")
    --token-expires-in N     seconds for which a token is valid (default 3600)
    --token-auth WAY         how the client sends its credentials: basic (default), basic-encoded or body
    --upload-path PATH       below /api/v2/ (default {UPLOAD_PATH})
    --job-path PATH          below /api/v2/ (default {JOB_PATH})
    --pending-ms N           milliseconds for which a job is PENDING (default 200)
    --running-ms N           milliseconds for which it is RUNNING after that (default 300)
    --keep DIR               keep the bytes of stored files in DIR, each under its SHA-256

Exit code: 0 after SIGTERM or SIGINT, 1 if it cannot serve, 2 if the arguments are wrong.
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
            "token-auth" => self.token_auth = parser.value()?.parse()?,
            "upload-path" => self.upload_path = filled(name, parser)?,
            "job-path" => self.job_path = filled(name, parser)?,
            "pending-ms" => self.job_times.pending_ms = parser.value()?.parse()?,
            "running-ms" => self.job_times.running_ms = parser.value()?.parse()?,
            "keep" => self.keep = Some(parser.value()?.into()),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Checks that the settings are consistent.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.token_auth == TokenAuth::Basic && self.client_id.contains(':') {
            let text = "the client id must not hold a colon, which ends it in Basic credentials (--client-id)";
            return Err(Error::Settings(text.to_owned()));
        }
        check_path("--upload-path", &self.upload_path, "{interaction_id}")?;
        check_path("--job-path", &self.job_path, "{job_id}")?;
        if self.upload_path == self.job_path {
            return Err(Error::Settings("--upload-path and --job-path must differ".to_owned()));
        }
        Ok(())
    }
}

/// Checks that a path has the placeholder as exactly one of its segments, and no other braces.
fn check_path(option: &str, path: &str, placeholder: &str) -> Result<(), Error> {
    let (placeholders, others): (Vec<_>, Vec<_>) = path.split('/').partition(|segment| *segment == placeholder);
    let plain = |segment: &&str| !segment.is_empty() && !segment.contains(['{', '}', '*', ':']);
    if placeholders.len() == 1 && others.iter().all(plain) {
        return Ok(());
    }
    let text = format!("{option} must have {placeholder} as one of its segments, but is {path:?}");
    Err(Error::Settings(text))
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
        let given = "--client-id a --client-secret b --scopes x --token-expires-in 9 --pending-ms 1 --running-ms 2 \
                     --keep d --token-auth body --upload-path a/{interaction_id} --job-path b/{job_id}/c";
        let given: Vec<_> = given.split_whitespace().collect();
        let Ok(Invocation::Serve(_, settings)) = parse(&given) else { panic!("not accepted") };
        assert_eq!(settings.client_id, "a");
        assert_eq!(settings.client_secret.expose_secret(), "b");
        assert_eq!(settings.scopes, ["x"]);
        assert_eq!(settings.token_expires_in, 9);
        assert_eq!(settings.job_times, JobTimes { pending_ms: 1, running_ms: 2 });
        assert_eq!(settings.keep, Some("d".into()));
        assert_eq!(settings.token_auth, TokenAuth::Body);
        assert_eq!((settings.upload_path.as_str(), settings.job_path.as_str()), ("a/{interaction_id}", "b/{job_id}/c"));
        settings.check().unwrap();
    }

    #[test]
    fn faults_are_named_and_help_lists_every_option() {
        for (given, named) in [
            (["--pending-ms", "soon"], "soon"),
            (["--client-secret", ""], "--client-secret"),
            (["--token-auth", "digest"], "basic-encoded"),
        ] {
            let fault = parse(&given).unwrap_err().to_string();
            assert!(fault.contains(named), "{fault}");
        }
        let with = |settings: Settings| settings.check().map_err(|fault| fault.to_string());
        let colon = Settings { client_id: "a:b".to_owned(), ..Settings::default() };
        assert!(with(colon.clone()).unwrap_err().contains("colon"));
        assert_eq!(with(Settings { token_auth: TokenAuth::Body, ..colon }), Ok(()));
        for path in
            ["", "a", "x{interaction_id}", "/{interaction_id}", "{interaction_id}/{b}", "{job_id}/{interaction_id}"]
        {
            let wrong = Settings { upload_path: path.to_owned(), ..Settings::default() };
            assert!(with(wrong).unwrap_err().contains("--upload-path"), "{path}");
        }
        for option in [
            "listen",
            "ready-file",
            "client-id",
            "client-secret",
            "scopes",
            "token-expires-in",
            "token-auth",
            "upload-path",
            "job-path",
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
