//! The programs beside ministack: the stand-in for `CXone` and the webhook receiver.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::StackError;
use crate::group::{ProcessGroup, end_of};

/// How long a server may take until it listens.
const READY_SECONDS: u64 = 20;

/// Starts a program that says `listening on {URL}` on its output once it does, and returns that URL.
pub(crate) async fn start(
    group: &mut ProcessGroup,
    name: &'static str,
    program: &Path,
    arguments: &[&str],
    logs: &Path,
) -> Result<String, StackError> {
    let log = logs.join(format!("{name}.log"));
    let mut command = Command::new(program);
    command.args(["--listen", "127.0.0.1:0"]).args(arguments).env_clear().env("LANG", "C.UTF-8");
    group.spawn(name, &mut command, &log)?;
    let deadline = Instant::now() + Duration::from_secs(READY_SECONDS);
    loop {
        // A file, not a pipe: the server outlives this process when the stack is detached.
        let said = std::fs::read_to_string(&log).unwrap_or_default();
        if let Some(url) = said.split_inclusive('\n').find_map(listening_on) {
            return Ok(url.to_owned());
        }
        group.check(name)?;
        if Instant::now() > deadline {
            return Err(StackError::NotReady { server: name, seconds: READY_SECONDS, log: end_of(&log) });
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The URL in a whole line `listening on {URL}`.
fn listening_on(line: &str) -> Option<&str> {
    line.strip_suffix('\n')?.strip_prefix("listening on ").map(str::trim_end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_line_is_believed() {
        assert_eq!(listening_on("listening on http://127.0.0.1:80\n"), Some("http://127.0.0.1:80"));
        assert_eq!(listening_on("listening on http://127.0.0.1:8"), None);
        assert_eq!(listening_on("not listening on http://127.0.0.1:80\n"), None);
    }
}
