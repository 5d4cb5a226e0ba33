//! Reading rows for people: by identity, by interaction, by job, and those that wait for a retry.

use std::collections::HashMap;

use attachments::{Identity, Timestamp, shown, workflow::Resolution};
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};

use crate::{
    Ledger, LedgerError, WAITING_SHARDS, object_key,
    row::{Row, State},
    text,
};

/// Rows that one `BatchGetItem` may ask for.
const BATCH: usize = 100;

/// Where an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowState {
    /// Intake has it, or waits to try again.
    Claimed,
    /// Its execution is started, or about to be.
    Decided,
    /// Its outcome is fixed.
    Done,
}

/// An object's row as people read it. What an older release did not write is None.
#[derive(Debug, Clone, PartialEq)]
pub struct ObjectRow {
    /// The object.
    pub identity: Identity,
    /// Where it is.
    pub state: RowState,
    /// The object's key, as intake claimed it.
    pub key: Option<String>,
    /// The object's version, as intake claimed it.
    pub version_id: Option<String>,
    /// Claims so far.
    pub attempts: u64,
    /// When intake first saw the object.
    pub first_seen: Timestamp,
    /// When the lease ends. None if the object was released.
    pub lease_until: Option<Timestamp>,
    /// Runs in a row, before the current one, that ended without a release.
    pub crashes: u64,
    /// The request of the run that claimed the object last, if it did not release it.
    pub claimed_by: Option<String>,
    /// The request of the last run that crashed, if the run after it has the lease.
    pub crashed_run: Option<String>,
    /// Why the last run released it.
    pub last_fault: Option<String>,
    /// When the attempt after the last release could begin. None if the object was never released.
    pub retry_at: Option<Timestamp>,
    /// The execution that intake decided.
    pub execution_name: Option<String>,
    /// The outcome.
    pub resolution: Option<Resolution>,
}

impl Ledger {
    /// The rows of these objects. An object without a row is absent.
    ///
    /// # Errors
    /// [`LedgerError`] where DynamoDB cannot say, or a row cannot be read.
    pub async fn rows(&self, identities: &[Identity]) -> Result<Vec<ObjectRow>, LedgerError> {
        let mut rows = Vec::with_capacity(identities.len());
        for batch in identities.chunks(BATCH) {
            let mut keys = KeysAndAttributes::builder();
            for identity in batch {
                keys = keys.keys(HashMap::from([("pk".to_owned(), object_key(identity))]));
            }
            let keys = keys.build().map_err(|error| LedgerError::unavailable("ask for rows", error))?;
            let mut wanted = Some(HashMap::from([(self.table.clone(), keys)]));
            while let Some(keys) = wanted.filter(|keys| !keys.is_empty()) {
                let read = self.client.batch_get_item().set_request_items(Some(keys)).send().await;
                let read = read.map_err(|error| LedgerError::unavailable("read rows", error))?;
                for item in read.responses.unwrap_or_default().into_values().flatten() {
                    if let Some(identity) = identity_of(&item) {
                        rows.push(object_row(&identity, &item)?);
                    }
                }
                wanted = read.unprocessed_keys;
            }
        }
        Ok(rows)
    }

    /// Objects of an interaction, newest first, at most `limit` of them: by the interaction of the key, or the one that the
    /// file was sent to.
    ///
    /// # Errors
    /// [`LedgerError`] where DynamoDB cannot say.
    pub async fn of_interaction(&self, interaction: &str, limit: usize) -> Result<Vec<Identity>, LedgerError> {
        self.query("by_interaction", "interaction", &shown(interaction), limit, false).await
    }

    /// The object of a job.
    ///
    /// # Errors
    /// [`LedgerError`] where DynamoDB cannot say.
    pub async fn of_job(&self, job: &str) -> Result<Vec<Identity>, LedgerError> {
        self.query("by_job", "job_id", job, BATCH, false).await
    }

    /// Objects that were released for a retry, those that are due first; at most `limit` of each of the index's 16 shards.
    ///
    /// # Errors
    /// [`LedgerError`] where DynamoDB cannot say.
    pub async fn waiting(&self, limit: usize) -> Result<Vec<Identity>, LedgerError> {
        let mut found = Vec::new();
        for shard in 0..WAITING_SHARDS {
            found.extend(self.query("waiting", "waiting", &crate::waiting_shard(shard), limit, true).await?);
        }
        Ok(found)
    }

    async fn query(
        &self,
        index: &str,
        attribute: &str,
        value: &str,
        limit: usize,
        ascending: bool,
    ) -> Result<Vec<Identity>, LedgerError> {
        let mut pages = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(index)
            .key_condition_expression("#attribute = :value")
            .expression_attribute_names("#attribute", attribute)
            .expression_attribute_values(":value", text(value))
            .scan_index_forward(ascending)
            .into_paginator()
            .items()
            .send();
        let mut found = Vec::new();
        while let Some(item) = pages.next().await {
            let item = item.map_err(|error| LedgerError::unavailable("look the object up", error))?;
            found.extend(identity_of(&item));
            if found.len() >= limit {
                break;
            }
        }
        Ok(found)
    }
}

fn identity_of(item: &HashMap<String, AttributeValue>) -> Option<Identity> {
    item.get("pk")?.as_s().ok()?.strip_prefix("object#")?.parse().ok()
}

fn object_row(identity: &Identity, item: &HashMap<String, AttributeValue>) -> Result<ObjectRow, LedgerError> {
    let row = Row::new(identity, item);
    let text = |name| row.text(name).filter(|text| !text.is_empty()).map(str::to_owned);
    let seconds =
        |name| Ok::<_, LedgerError>(row.number::<i64>(name)?.filter(|at| *at > 0).map(Timestamp::from_unix_seconds));
    let attempts: u64 = row.number("attempts")?.unwrap_or(0);
    let released: u64 = row.number("released")?.unwrap_or(0);
    let lease_until = seconds("lease_until")?;
    Ok(ObjectRow {
        identity: identity.clone(),
        state: match row.state()? {
            State::Claimed => RowState::Claimed,
            State::Decided => RowState::Decided,
            State::Done => RowState::Done,
        },
        // As JSON, whose escapes keep it harmless and exact.
        key: row.text("key").and_then(|json| serde_json::from_str(json).ok()),
        version_id: text("version_id"),
        attempts,
        first_seen: row.first_seen()?,
        lease_until,
        // The run that holds the lease has not crashed yet; a caller that knows the time may count it.
        crashes: attempts.saturating_sub(released).saturating_sub(u64::from(lease_until.is_some())),
        claimed_by: text("claimed_by"),
        crashed_run: text("crashed_run"),
        last_fault: text("last_fault"),
        retry_at: seconds("retry_at")?,
        execution_name: text("execution_name"),
        resolution: row.resolution()?,
    })
}
