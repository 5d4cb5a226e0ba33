//! The invariants of a whole stack, checked after all of its rows.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use aws_sdk_sfn::types::ExecutionStatus;
use aws_sdk_sqs::types::QueueAttributeName;

use super::{World, lock};
use crate::FaultsError;
use crate::error::Calling as _;

/// Longer than any visibility timeout, so that hidden copies of messages come back within it.
const DRAINED: Duration = Duration::from_secs(130);

/// The names of the invariants of a stack.
pub(crate) const WHOLE: [&str; 5] = ["queue", "executions", "webhooks", "ledger and quota", "logs"];

impl World {
    /// Checks one of [`WHOLE`].
    pub(crate) async fn check_whole(&self, what: &str) -> Result<String, FaultsError> {
        match what {
            "queue" => self.queue_is_empty().await,
            "executions" => self.one_execution_each(),
            "webhooks" => self.one_webhook_each().await,
            "ledger and quota" => self.ledger_is_settled().await,
            _ => self.nothing_secret_in_logs().map(|bytes| format!("nothing secret in {} KB", bytes / 1000)),
        }
    }

    /// Waits until the intake queue holds nothing, messages in flight included.
    pub async fn queue_drained(&self) -> Result<(), FaultsError> {
        let deadline = Instant::now() + DRAINED;
        loop {
            let (waiting, hidden) = self.messages(&self.place.queue_url).await?;
            if waiting + hidden == 0 {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(FaultsError::broken(format!(
                    "{waiting} messages wait in the queue, {hidden} are in flight"
                )));
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    /// The intake queue is empty, and the dead-letter queue holds what rows have put there.
    async fn queue_is_empty(&self) -> Result<String, FaultsError> {
        self.queue_drained().await?;
        let (dead, _) = self.messages(&self.place.dlq_url).await?;
        let expected = *lock(&self.buried);
        if dead != expected {
            return Err(FaultsError::broken(format!("{dead} dead letters instead of {expected}")));
        }
        Ok(format!("queue empty, {dead} dead letters as expected"))
    }

    /// Visible messages, and those in flight or delayed.
    pub(crate) async fn messages(&self, url: &str) -> Result<(usize, usize), FaultsError> {
        let all = QueueAttributeName::All;
        let call = self.clients.sqs.get_queue_attributes().queue_url(url).attribute_names(all);
        let attributes = call.send().await.calling("GetQueueAttributes")?.attributes.unwrap_or_default();
        let count =
            |name: QueueAttributeName| attributes.get(&name).and_then(|text| text.parse::<usize>().ok()).unwrap_or(0);
        let hidden = count(QueueAttributeName::ApproximateNumberOfMessagesNotVisible)
            + count(QueueAttributeName::ApproximateNumberOfMessagesDelayed);
        Ok((count(QueueAttributeName::ApproximateNumberOfMessages), hidden))
    }

    /// How many executions have ended.
    pub(crate) fn ended(&self) -> usize {
        self.watch.now().values().filter(|(_, status)| *status != ExecutionStatus::Running).count()
    }

    /// The number of executions by the last part of their names, which is the beginning of an identity.
    pub(crate) fn executions_by_identity(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for name in self.watch.now().keys() {
            let identity = name.rsplit('-').next().unwrap_or_default().to_owned();
            *counts.entry(identity).or_default() += 1;
        }
        counts
    }

    /// Every object has exactly one execution, which has ended, and every execution has an object.
    fn one_execution_each(&self) -> Result<String, FaultsError> {
        let executions = self.watch.now();
        let placed = self.all_placed();
        let names: BTreeSet<&String> = placed.iter().map(|placed| &placed.execution_name).collect();
        let by_hand = lock(&self.strays);
        let (mut strays, mut running) = (Vec::new(), Vec::new());
        for (name, (_, status)) in executions.iter() {
            if !names.contains(name) && !by_hand.contains(name) {
                strays.push(name);
            }
            if *status == ExecutionStatus::Running {
                running.push(name);
            }
        }
        let missing: Vec<&&String> = names.iter().filter(|name| !executions.contains_key(**name)).collect();
        if strays.is_empty() && running.is_empty() && missing.is_empty() {
            return Ok(format!("{} objects, {} executions", placed.len(), executions.len()));
        }
        Err(FaultsError::broken(format!(
            "unexpected executions {strays:?}, still running {running:?}, missing {missing:?}"
        )))
    }

    /// Every webhook id has one body and belongs to an object, and CXone saw no violation of its API.
    async fn one_webhook_each(&self) -> Result<String, FaultsError> {
        let placed = self.all_placed();
        let ids: BTreeSet<&str> = placed.iter().map(|placed| placed.identity.as_str()).collect();
        let mut bodies: BTreeMap<String, String> = BTreeMap::new();
        for delivery in self.receiver.deliveries(None, None).await? {
            let id = delivery.webhook_id.unwrap_or_default();
            if !ids.contains(id.as_str()) {
                return Err(FaultsError::broken(format!("webhook {id:?} belongs to no object")));
            }
            let body = bodies.entry(id).or_insert_with(|| delivery.body_sha256.clone());
            if *body != delivery.body_sha256 {
                return Err(FaultsError::broken("a webhook id came with two bodies"));
            }
        }
        let violations = self.standin.violations(None).await?;
        if let Some(violation) = violations.first() {
            return Err(FaultsError::broken(format!(
                "{} violations at CXone, the first: {}",
                violations.len(),
                violation.text
            )));
        }
        Ok(format!("{} ids, one body each; no violation at CXone", bodies.len()))
    }

    /// No row is stuck, and the counter equals the bytes that CXone holds or that are marked unsettled.
    async fn ledger_is_settled(&self) -> Result<String, FaultsError> {
        let table = self.ledger().await?;
        if let Some((identity, row)) = table.objects.iter().find(|(_, row)| row.state != "done") {
            return Err(FaultsError::broken(format!("the row of {identity} is stuck: {row:?}")));
        }
        if !self.has_quota {
            return Ok(format!("{} rows done, no quota", table.objects.len()));
        }
        let mut counted: BTreeMap<String, u64> = BTreeMap::new();
        for attachment in self.standin.attachments(None).await?.into_iter().filter(|one| one.live) {
            counted.insert(attachment.idempotency_key, attachment.size);
        }
        let live = counted.len();
        let mut unsettled = 0;
        for placed in self.all_placed() {
            let row = table.objects.get(placed.identity.as_str());
            if row.is_some_and(|row| row.quota == "unsettled") {
                unsettled += 1;
                counted.insert(placed.identity.as_str().to_owned(), placed.size);
            }
        }
        let expected: u64 = counted.values().sum();
        let reserved: u64 = table.objects.values().map(|row| row.reserved_bytes).sum();
        if (table.used_bytes, reserved) != (expected, expected) {
            return Err(FaultsError::broken(format!(
                "used_bytes {}, reserved by rows {reserved}, held at CXone or unsettled {expected}",
                table.used_bytes
            )));
        }
        let rows = table.objects.len();
        Ok(format!(
            "{rows} rows done; used_bytes {expected} is that of {live} live and {unsettled} unsettled, some of them the same"
        ))
    }
}
