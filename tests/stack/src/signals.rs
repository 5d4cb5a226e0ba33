//! Ending this program by a signal.

use tokio::signal::unix::{SignalKind, signal};

use crate::StackError;
use crate::error::Trying as _;

/// Does the work, unless SIGINT, SIGTERM or SIGHUP comes first: then drops it, and with it every process that it holds, and
/// returns [`StackError::Interrupted`].
pub async fn unless_interrupted<T, E: From<StackError>>(work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    let listening = || "listening for signals".to_owned();
    let mut interrupt = signal(SignalKind::interrupt()).trying(listening)?;
    let mut terminate = signal(SignalKind::terminate()).trying(listening)?;
    let mut hang_up = signal(SignalKind::hangup()).trying(listening)?;
    tokio::select! {
        done = work => done,
        _ = interrupt.recv() => Err(StackError::Interrupted.into()),
        _ = terminate.recv() => Err(StackError::Interrupted.into()),
        _ = hang_up.recv() => Err(StackError::Interrupted.into()),
    }
}
