//! Asks the compiled functions whether they accept the settings that the deployed stack gives them.
//!
//! A function reads all of its settings when it starts, and logs what is wrong before it asks for its first invocation. So each
//! program is started with the environment of the deployed function, and without a Runtime API: it logs its faults and ends.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use servers::scripted::control::ControlClient;
use tokio::process::Command;

use crate::binaries::FUNCTIONS;
use crate::error::Trying as _;
use crate::{Binaries, Description, StackError, ministack, parameters};

/// The error type of wrong settings, as the functions log it.
const REFUSED: &str = "Settings.Invalid";
/// How long a program may take to start and end; hundredths of a second are usual.
const ENDED_WITHIN: Duration = Duration::from_secs(20);
/// In place of a Runtime API: a port that nothing listens on.
const NO_RUNTIME_API: &str = "127.0.0.1:9";

/// What Lambda says of a function.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Configuration {
    environment: Environment,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Environment {
    variables: BTreeMap<String, String>,
}

/// A line of a function's log.
#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    error_type: String,
    message: String,
}

/// An error with what each function refuses. `inherited` are the variables that functions have from the local AWS's process.
pub(crate) async fn check(
    stack: &Description,
    binaries: &Binaries,
    inherited: &[(String, String)],
) -> Result<(), StackError> {
    let mut refused = Vec::new();
    for (name, _) in FUNCTIONS {
        let path = format!("/2015-03-31/functions/{}/configuration", stack.functions.named(name));
        let configuration: Configuration = ControlClient::new(&stack.endpoint)?.get(&path).await?;
        let local =
            ministack::aws_environment(&stack.endpoint).map(|(name, value)| (name.to_owned(), value.to_owned()));
        let own = configuration.environment.variables;
        let environment = local.into_iter().chain(inherited.iter().cloned()).chain(own).collect();
        if let Some(message) = refusal(binaries.path(name)?, &environment).await? {
            refused.push(format!("{name}: {message}"));
        }
    }
    if refused.is_empty() {
        return Ok(());
    }
    let parameters = named_in(&refused.join("\n"))?;
    Err(StackError::Refused { refused, parameters })
}

/// The message in which the program refuses its settings.
async fn refusal(program: &Path, environment: &BTreeMap<String, String>) -> Result<Option<String>, StackError> {
    let child = Command::new(program)
        .env_clear()
        .envs(environment)
        .env("AWS_LAMBDA_RUNTIME_API", NO_RUNTIME_API)
        .envs([("AWS_LAMBDA_FUNCTION_NAME", "check"), ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")])
        .envs([("AWS_LAMBDA_LOG_GROUP_NAME", "check"), ("AWS_LAMBDA_LOG_STREAM_NAME", "check")])
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .trying(|| format!("starting {}", program.display()))?;
    let ended = tokio::time::timeout(ENDED_WITHIN, child.wait_with_output()).await;
    let output = ended
        .map_err(|_| StackError::StillRunning { program: program.to_path_buf(), seconds: ENDED_WITHIN.as_secs() })?;
    let output = output.trying(|| format!("reading what {} says", program.display()))?;
    let lines = output.stdout.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice::<Line>(line).ok());
    Ok(lines.into_iter().find(|line| line.error_type == REFUSED).map(|line| line.message))
}

/// The template's parameters whose variables the text names.
fn named_in(text: &str) -> Result<Vec<String>, StackError> {
    let names = |parameter: &str| {
        let variable = variable_of(parameter);
        text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').any(|word| word == variable)
    };
    Ok(parameters::declared()?.into_keys().filter(|name| names(name)).collect())
}

/// `KeyPrefix` is the variable `KEY_PREFIX`.
fn variable_of(parameter: &str) -> String {
    let mut variable = String::new();
    for letter in parameter.chars() {
        if letter.is_ascii_uppercase() && !variable.is_empty() {
            variable.push('_');
        }
        variable.push(letter.to_ascii_uppercase());
    }
    variable
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(name: &str, text: &str) -> std::path::PathBuf {
        use std::os::unix::fs::PermissionsExt as _;
        let path = std::env::temp_dir().join(format!("settings-{name}-{}", std::process::id()));
        std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    #[tokio::test]
    async fn a_program_that_refuses_its_settings_is_quoted() {
        let refuses =
            r#"echo "{\"error_type\":\"Settings.Invalid\",\"message\":\"KEY_PREFIX is $KEY_PREFIX\"}"; exit 1"#;
        let environment = BTreeMap::from([("KEY_PREFIX".to_owned(), "x".to_owned())]);
        let program = script("refuses", refuses);
        assert_eq!(refusal(&program, &environment).await.unwrap().as_deref(), Some("KEY_PREFIX is x"));
        std::fs::remove_file(program).unwrap();
    }

    #[tokio::test]
    async fn a_program_that_lacks_only_the_runtime_api_accepts_its_settings() {
        let program = script("accepts", r#"echo no JSON; echo '{"message":"up"}'; exit 1"#);
        assert_eq!(refusal(&program, &BTreeMap::new()).await.unwrap(), None);
        std::fs::remove_file(program).unwrap();
    }

    #[test]
    fn the_parameters_behind_variables_are_named() {
        let text =
            "CXONE_UPLOAD_PATH is \"x\"; JOB_DEADLINE_SECONDS is \"30.5\"; XKEY_PREFIX; INTAKE_DLQ_URL is missing";
        assert_eq!(named_in(text).unwrap(), ["CxoneUploadPath", "JobDeadlineSeconds"]);
    }
}
