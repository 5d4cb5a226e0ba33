//! The receiver's settings and arguments.

use lexopt::{Parser, ValueExt as _};

use crate::{
    scripted::program::{self, Invocation, Listen},
    webhook::Secrets,
};

/// The receiver's settings.
#[derive(Debug, Default)]
pub struct Settings {
    /// Any of them may verify a delivery. They can be changed while the receiver runs.
    pub secrets: Secrets,
    /// Whether to log one line per delivery to standard error.
    pub log: bool,
}

impl Settings {
    /// The text of `--help`.
    #[must_use]
    pub fn help() -> String {
        format!(
            "\
A webhook receiver for local tests. It accepts a POST on any path, verifies it as Standard Webhooks says, records it,
and answers 200, or 401 if no secret verifies it. Requests to /_control set its faults and show the deliveries. It
prints one line with its base URL when it is ready, and logs one line per delivery to standard error.

Usage: webhook-receiver --secret whsec_... [OPTIONS]

    --secret SECRET          whsec_ followed by base64; may be given several times, any of them may verify
{}

Exit code: 0 after SIGTERM or SIGINT, 1 if it cannot serve, 2 if the arguments are wrong.
",
            Listen::HELP
        )
    }

    /// Reads the program's arguments.
    pub fn from_arguments(parser: Parser) -> Result<Invocation<Self>, lexopt::Error> {
        let invocation = program::arguments(parser, Vec::new(), |secrets: &mut Vec<String>, name, parser| {
            if name != "secret" {
                return Ok(false);
            }
            secrets.push(parser.value()?.string()?);
            Ok(true)
        })?;
        match invocation {
            Invocation::Help => Ok(Invocation::Help),
            Invocation::Serve(listen, secrets) => {
                let secrets = Secrets::parse(&secrets).map_err(|fault| lexopt::Error::Custom(fault.into()))?;
                if secrets.is_empty() {
                    return Err("--secret is missing".into());
                }
                Ok(Invocation::Serve(listen, Self { secrets, log: true }))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(given: &[&str]) -> Result<Invocation<Settings>, lexopt::Error> {
        Settings::from_arguments(Parser::from_args(given))
    }

    #[test]
    fn several_secrets_are_taken_and_at_least_one_is_needed() {
        let Ok(Invocation::Serve(_, settings)) = parse(&["--secret", "whsec_QUJD", "--secret", "whsec_QUJE"]) else {
            panic!("not accepted")
        };
        assert_eq!(format!("{:?}", settings.secrets), "2 secrets [redacted]");
        assert_eq!(parse(&[]).unwrap_err().to_string(), "--secret is missing");
        let fault = parse(&["--secret", "QUJD"]).unwrap_err().to_string();
        assert!(fault.contains("secret 1") && !fault.contains("QUJD"), "{fault}");
    }

    #[test]
    fn help_lists_every_option() {
        for option in ["listen", "ready-file", "secret", "help"] {
            assert!(Settings::help().contains(&format!("--{option} ")), "{option}");
        }
    }
}
