//! From the template and the compiled functions to a deployed stack.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::error::Trying as _;
use crate::{Binaries, StackError, aws_cli, binaries::FUNCTIONS, workspace};

/// The `CloudFormation` stack's name.
const STACK_NAME: &str = "cxone-attachments";
/// The bucket that packages are uploaded to.
pub(crate) const ARTIFACTS: &str = "artifacts";
/// The folder of a stack's directory in which the template and the functions are laid out.
pub(crate) const PACKAGE: &str = "package";
/// The template, and the folder of what it includes.
const TEMPLATE: &str = "template.yaml";
const INFRA: &str = "infra";
/// The template with the packages' places in it.
const PACKAGED: &str = "packaged.yaml";

/// How long the stack may take; a second or two are usual.
const CREATED_WITHIN: Duration = Duration::from_mins(2);
/// How often to look.
const LOOK_EVERY: Duration = Duration::from_millis(200);

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
    stack_status: String,
    stack_status_reason: Option<String>,
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

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Parameter {
    parameter_key: String,
    parameter_value: String,
}

/// Lays out `dir` like the working tree as the template sees it, with compiled functions in place of their sources.
///
/// So the very template is deployed, byte for byte.
pub(crate) fn lay_out(dir: &Path, binaries: &Binaries) -> Result<(), StackError> {
    let root = workspace::root();
    copy(&root.join(TEMPLATE), &dir.join(TEMPLATE))?;
    copy_all(&root.join(INFRA), &dir.join(INFRA))?;
    lay_out_functions(dir, binaries)
}

/// The compiled functions alone.
pub(crate) fn lay_out_functions(dir: &Path, binaries: &Binaries) -> Result<(), StackError> {
    for (name, _) in FUNCTIONS {
        let bootstrap = bootstrap(dir, name);
        copy(binaries.path(name)?, &bootstrap)?;
        std::fs::set_permissions(&bootstrap, std::fs::Permissions::from_mode(0o755))
            .trying(|| format!("making {} executable", bootstrap.display()))?;
    }
    Ok(())
}

/// A function's program below the folder in which it was laid out.
pub(crate) fn bootstrap(dir: &Path, function: &str) -> PathBuf {
    dir.join("functions").join(function).join("bootstrap")
}

/// The content of the template's files below a folder, by name.
pub(crate) fn template_files(dir: &Path) -> Result<BTreeMap<PathBuf, Vec<u8>>, StackError> {
    let mut files = BTreeMap::new();
    let mut left = vec![PathBuf::from(TEMPLATE), PathBuf::from(INFRA)];
    while let Some(name) = left.pop() {
        let path = dir.join(&name);
        let reading = || format!("reading {}", path.display());
        if path.is_dir() {
            for entry in std::fs::read_dir(&path).trying(reading)? {
                left.push(name.join(entry.trying(reading)?.file_name()));
            }
        } else {
            files.insert(name, std::fs::read(&path).trying(reading)?);
        }
    }
    Ok(files)
}

/// Packages and deploys what was laid out.
pub(crate) async fn deploy(
    endpoint: &str,
    dir: &Path,
    parameters: &[(String, String)],
) -> Result<Deployed, StackError> {
    let package = ["--template-file", TEMPLATE, "--output-template-file", PACKAGED];
    let arguments = [&["cloudformation", "package", "--s3-bucket", ARTIFACTS][..], &package[..]].concat();
    aws_cli::run(endpoint, dir, &arguments).await?;

    // `aws cloudformation deploy` would do as well, but looks every 30 s whether the stack is there.
    let parameters: Vec<Parameter> = parameters
        .iter()
        .map(|(key, value)| Parameter { parameter_key: key.clone(), parameter_value: value.clone() })
        .collect();
    let parameters = serde_json::to_string(&parameters).trying(|| "writing the parameters".to_owned())?;
    // CloudFormation takes 51,200 bytes of a template in the call, and a million by way of S3.
    let object = format!("s3://{ARTIFACTS}/{PACKAGED}");
    aws_cli::run(endpoint, dir, &["s3", "cp", "--only-show-errors", PACKAGED, &object]).await?;
    let url = format!("{endpoint}/{ARTIFACTS}/{PACKAGED}");
    let mut arguments = vec!["cloudformation", "create-stack", "--template-url", &url];
    arguments.extend(["--stack-name", STACK_NAME, "--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]);
    arguments.extend(["--parameters", &parameters]);
    aws_cli::run(endpoint, dir, &arguments).await?;
    let begun = Instant::now();
    loop {
        let stack = described(endpoint, dir).await?;
        match stack.stack_status.as_str() {
            "CREATE_COMPLETE" => return Ok(stack.into()),
            "CREATE_IN_PROGRESS" if begun.elapsed() < CREATED_WITHIN => tokio::time::sleep(LOOK_EVERY).await,
            status => {
                return Err(StackError::NotCreated {
                    status: status.to_owned(),
                    reason: stack.stack_status_reason.unwrap_or_default(),
                });
            }
        }
    }
}

async fn described(endpoint: &str, dir: &Path) -> Result<AnsweredStack, StackError> {
    let arguments = ["cloudformation", "describe-stacks", "--stack-name", STACK_NAME, "--output", "json"];
    let answer = aws_cli::run(endpoint, dir, &arguments).await?;
    let answer: Answer = serde_json::from_slice(&answer).trying(|| "reading describe-stacks".to_owned())?;
    answer.stacks.into_iter().next().ok_or_else(|| StackError::NotCreated {
        status: "missing".to_owned(),
        reason: "describe-stacks does not know it".to_owned(),
    })
}

impl From<AnsweredStack> for Deployed {
    fn from(stack: AnsweredStack) -> Self {
        let outputs = stack.outputs.into_iter().map(|output| (output.output_key, output.output_value));
        let parameters = stack.parameters.into_iter().map(|given| (given.parameter_key, given.parameter_value));
        Self { outputs: outputs.collect(), parameters: parameters.collect() }
    }
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
