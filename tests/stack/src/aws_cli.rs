//! The AWS command line client, for what it alone does: packaging a template and deploying it.

use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

use crate::error::Trying as _;
use crate::{StackError, ministack, workspace};

/// Runs `aws {arguments}` against the endpoint, in `dir`, and returns what it printed.
///
/// It sees nothing of the caller's environment or profile, so that no call can reach a real account.
pub(crate) async fn run(endpoint: &str, dir: &Path, arguments: &[&str]) -> Result<Vec<u8>, StackError> {
    // As a module: the first line of the script `aws` cannot name an interpreter whose path has a space.
    let output = Command::new(workspace::venv_program("python")?)
        .args(["-m", "awscli", "--endpoint-url", endpoint])
        .args(arguments)
        .current_dir(dir)
        .env_clear()
        .env("PATH", workspace::venv_path())
        .env("HOME", dir)
        .env("LANG", "C.UTF-8")
        .env("AWS_PAGER", "")
        .envs(ministack::aws_environment(endpoint))
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .trying(|| "starting aws".to_owned())?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    Err(StackError::Program {
        program: format!("aws {}", arguments.iter().take(2).copied().collect::<Vec<_>>().join(" ")),
        status: output.status,
        output: format!("{}\n{}", said(&output.stdout), said(&output.stderr)).trim().to_owned(),
    })
}
