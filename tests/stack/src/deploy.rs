//! From the template and the compiled functions to a deployed stack.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde::Deserialize;

use crate::error::Trying as _;
use crate::{Binaries, StackError, aws_cli, workspace};

/// The `CloudFormation` stack's name.
const STACK_NAME: &str = "cxone-attachments";
/// The bucket that packages are uploaded to.
pub(crate) const ARTIFACTS: &str = "artifacts";
/// The functions of the template, each in `functions/{name}`.
const FUNCTIONS: [&str; 3] = ["intake", "poll", "finalize"];

/// What `describe-stacks` says of the deployed stack.
#[derive(Debug)]
pub(crate) struct Deployed {
    outputs: BTreeMap<String, String>,
    parameters: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    stacks: Vec<AnsweredStack>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AnsweredStack {
    #[serde(default)]
    outputs: Vec<Output>,
    #[serde(default)]
    parameters: Vec<Parameter>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Output {
    output_key: String,
    output_value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Parameter {
    parameter_key: String,
    parameter_value: String,
}

/// The text of the project's template.
pub(crate) fn template() -> Result<String, StackError> {
    let path = workspace::root().join("template.yaml");
    std::fs::read_to_string(&path).trying(|| format!("reading {}", path.display()))
}

/// Lays out `dir` like the working tree as the template sees it, with compiled functions in place of their sources.
///
/// So the very template is deployed, byte for byte.
pub(crate) fn lay_out(dir: &Path, binaries: &Binaries) -> Result<(), StackError> {
    let root = workspace::root();
    copy(&root.join("template.yaml"), &dir.join("template.yaml"))?;
    copy_all(&root.join("infra"), &dir.join("infra"))?;
    for name in FUNCTIONS {
        let bootstrap = dir.join("functions").join(name).join("bootstrap");
        copy(binaries.path(name)?, &bootstrap)?;
        std::fs::set_permissions(&bootstrap, std::fs::Permissions::from_mode(0o755))
            .trying(|| format!("making {} executable", bootstrap.display()))?;
    }
    Ok(())
}

/// Packages and deploys what was laid out.
pub(crate) async fn deploy(
    endpoint: &str,
    dir: &Path,
    parameters: &[(String, String)],
) -> Result<Deployed, StackError> {
    let package = ["--template-file", "template.yaml", "--output-template-file", "packaged.yaml"];
    let arguments = [&["cloudformation", "package", "--s3-bucket", ARTIFACTS][..], &package[..]].concat();
    aws_cli::run(endpoint, dir, &arguments).await?;

    let overrides: Vec<String> = parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut arguments = vec!["cloudformation", "deploy", "--template-file", "packaged.yaml"];
    arguments.extend(["--stack-name", STACK_NAME, "--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]);
    arguments.push("--parameter-overrides");
    arguments.extend(overrides.iter().map(String::as_str));
    aws_cli::run(endpoint, dir, &arguments).await?;

    let arguments = ["cloudformation", "describe-stacks", "--stack-name", STACK_NAME, "--output", "json"];
    let answer = aws_cli::run(endpoint, dir, &arguments).await?;
    let answer: Answer = serde_json::from_slice(&answer).trying(|| "reading describe-stacks".to_owned())?;
    let mut deployed = Deployed { outputs: BTreeMap::new(), parameters: BTreeMap::new() };
    for stack in answer.stacks {
        deployed.outputs.extend(stack.outputs.into_iter().map(|output| (output.output_key, output.output_value)));
        let parameters = stack.parameters.into_iter();
        deployed.parameters.extend(parameters.map(|given| (given.parameter_key, given.parameter_value)));
    }
    Ok(deployed)
}

impl Deployed {
    /// One of the template's outputs.
    pub(crate) fn output(&self, name: &'static str) -> Result<String, StackError> {
        self.outputs.get(name).cloned().ok_or(StackError::Incomplete { kind: "output", name })
    }

    /// The value that a parameter has.
    pub(crate) fn parameter(&self, name: &'static str) -> Result<&str, StackError> {
        self.parameters.get(name).map(String::as_str).ok_or(StackError::Incomplete { kind: "parameter", name })
    }
}

fn copy(from: &Path, to: &Path) -> Result<(), StackError> {
    to.parent()
        .map_or(Ok(()), std::fs::create_dir_all)
        .and_then(|()| std::fs::copy(from, to))
        .trying(|| format!("copying {} to {}", from.display(), to.display()))?;
    Ok(())
}

fn copy_all(from: &Path, to: &Path) -> Result<(), StackError> {
    let reading = || format!("reading {}", from.display());
    for entry in std::fs::read_dir(from).trying(reading)? {
        let entry = entry.trying(reading)?;
        let target = to.join(entry.file_name());
        if entry.file_type().trying(reading)?.is_dir() {
            copy_all(&entry.path(), &target)?;
        } else {
            copy(&entry.path(), &target)?;
        }
    }
    Ok(())
}
