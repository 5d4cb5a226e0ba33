//! The executions as they come and end, listed once for all rows.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_sdk_sfn::types::ExecutionStatus;
use stack::Clients;
use tokio::{sync::watch, task::JoinHandle};

use crate::FaultsError;
use crate::error::Calling as _;

/// The least time between two listings; each lists every execution.
const PAUSE: Duration = Duration::from_millis(500);
/// A pause is at least this many times as long as the listing before it, so that the local AWS has time for other
/// calls.
const SPARING: u32 = 3;

/// Executions by name, with ARN and status.
pub(crate) type Executions = BTreeMap<String, (String, ExecutionStatus)>;

/// A task that lists the executions again and again.
#[derive(Debug)]
pub(crate) struct Watch {
    seen: watch::Receiver<Arc<Executions>>,
    task: JoinHandle<()>,
}

impl Watch {
    pub(crate) fn start(clients: &Clients, machine: &str) -> Self {
        let (say, seen) = watch::channel(Arc::new(Executions::new()));
        let (sfn, machine) = (clients.sfn.clone(), machine.to_owned());
        let task = tokio::spawn(async move {
            loop {
                let began = Instant::now();
                // A failed listing is repeated. A row for which none succeeds runs into its own time limit.
                if let Ok(listed) = list(&sfn, &machine).await
                    && say.send(Arc::new(listed)).is_err()
                {
                    return;
                }
                tokio::time::sleep(PAUSE.max(began.elapsed() * SPARING)).await;
            }
        });
        Self { seen, task }
    }

    /// The executions in the last listing.
    pub(crate) fn now(&self) -> Arc<Executions> {
        Arc::clone(&self.seen.borrow())
    }

    /// Waits until the execution is there and has ended; its ARN and status.
    pub(crate) async fn end_of(&self, name: &str) -> Option<(String, ExecutionStatus)> {
        let mut seen = self.seen.clone();
        let ended =
            |all: &Arc<Executions>| all.get(name).is_some_and(|(_, status)| *status != ExecutionStatus::Running);
        let all = seen.wait_for(ended).await.ok()?;
        all.get(name).cloned()
    }
}

/// All executions at this moment.
pub(super) async fn list(sfn: &aws_sdk_sfn::Client, machine: &str) -> Result<Executions, FaultsError> {
    let pages = sfn.list_executions().state_machine_arn(machine).into_paginator().items().send();
    let listed = pages.collect::<Result<Vec<_>, _>>().await.calling("ListExecutions")?;
    Ok(listed.into_iter().map(|item| (item.name, (item.execution_arn, item.status))).collect())
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}
