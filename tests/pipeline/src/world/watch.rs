//! The executions as they come and end, listed once for all rows.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_sdk_sfn::types::ExecutionStatus;
use stack::Clients;
use tokio::{sync::watch, task::JoinHandle};

/// Between two looks at least; each lists every execution.
const PAUSE: Duration = Duration::from_millis(500);
/// A pause is so many times as long as the look before it, so that looking takes little of the local AWS's time.
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
                let pages = sfn.list_executions().state_machine_arn(&machine).into_paginator().items().send();
                // A look that fails is made again; a row that waits in vain says so by itself.
                if let Ok(listed) = pages.collect::<Result<Vec<_>, _>>().await {
                    let listed = listed.into_iter().map(|item| (item.name, (item.execution_arn, item.status)));
                    if say.send(Arc::new(listed.collect())).is_err() {
                        return;
                    }
                }
                tokio::time::sleep(PAUSE.max(began.elapsed() * SPARING)).await;
            }
        });
        Self { seen, task }
    }

    /// The executions at the last look.
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

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}
