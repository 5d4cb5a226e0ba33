//! AWS in one process.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use crate::error::Trying as _;
use crate::group::ProcessGroup;
use crate::{Options, StackError, workspace};

/// The name under which ministack is reported.
pub(crate) const NAME: &str = "ministack";
/// The region that the local AWS says it is.
pub(crate) const REGION: &str = "us-east-1";
/// The account that it says it is.
const ACCOUNT: &str = "123456789012";

/// Starts ministack and returns its endpoint; it is not ready yet.
pub(crate) fn start(group: &mut ProcessGroup, options: &Options, logs: &Path) -> Result<String, StackError> {
    let port = options.port.map_or_else(free_port, checked)?;
    let endpoint = format!("http://127.0.0.1:{port}");
    let scratch = options.dir.join("tmp");
    std::fs::create_dir_all(&scratch).trying(|| format!("creating {}", scratch.display()))?;
    let mut command = Command::new(workspace::venv_program("python")?);
    command
        .arg(workspace::root().join("tests/python/ministack_with_logs.py"))
        // The functions inherit this environment whole; nothing of the caller's may leak into them.
        .env_clear()
        .env("PATH", workspace::venv_path())
        .env("HOME", &scratch)
        .env("TMPDIR", &scratch)
        .env("LANG", "C.UTF-8")
        .env("PYTHONUNBUFFERED", "1")
        .env("STACK_LOG_DIR", logs)
        // Without these it listens on every interface, and for MQTT.
        .env("BIND_HOST", "127.0.0.1")
        .env("IOT_MTLS_ENABLED", "0")
        .env("SFTP_ENABLED", "0")
        .env("MINISTACK_HOST", "127.0.0.1")
        .env("GATEWAY_PORT", port.to_string())
        .env("MINISTACK_ACCOUNT_ID", ACCOUNT)
        .env("MINISTACK_REGION", REGION)
        .env("SFN_WAIT_SCALE", options.wait_scale.to_string())
        .envs(aws_environment(&endpoint))
        .envs(options.environment.iter().map(|(name, value)| (name, value)));
    group.spawn(NAME, &mut command, &logs.join("ministack.log"))?;
    Ok(endpoint)
}

/// What turns an AWS client to the local endpoint, with credentials that are good for nothing.
pub(crate) fn aws_environment(endpoint: &str) -> [(&'static str, &str); 4] {
    [
        ("AWS_ENDPOINT_URL", endpoint),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_DEFAULT_REGION", REGION),
    ]
}

fn free_port() -> Result<u16, StackError> {
    TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .trying(|| "looking for a free port".to_owned())
}

fn checked(port: u16) -> Result<u16, StackError> {
    match TcpListener::bind(("127.0.0.1", port)) {
        Ok(_) => Ok(port),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => Err(StackError::PortInUse { port }),
        Err(source) => Err(StackError::Io { what: format!("trying port {port}"), source }),
    }
}
