//! Reads a decided object's row for finalize.

use attachments::{Identity, Timestamp, audit::QuotaState};

use crate::{
    Ledger, LedgerError, Settled, object_key,
    row::{Row, State},
};

/// The row of a decided object.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub(crate) identity: Identity,
    pub(crate) execution_name: String,
    /// The input that intake decided. Its facts about the object win over those of a payload.
    pub execution_input: String,
    /// When intake first saw the object.
    pub first_seen: Timestamp,
    pub(crate) reserved_bytes: u64,
    /// The outcome, once it is fixed.
    pub(crate) settled: Option<Settled>,
}

impl Ledger {
    /// Reads the row of an object for the execution of this name.
    ///
    /// # Errors
    /// [`LedgerError::Foreign`] if there is no row, intake has not decided yet, or it decided another execution. Another
    /// [`LedgerError`] if DynamoDB fails or the row is malformed.
    pub async fn entry(&self, identity: &Identity, execution_name: &str) -> Result<Entry, LedgerError> {
        let read = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("pk", object_key(identity))
            .consistent_read(true)
            .send()
            .await;
        let item = read.map_err(|error| LedgerError::unavailable("read the object's row", error))?.item;
        let item = item.unwrap_or_default();
        let row = Row::new(identity, &item);
        if item.is_empty() {
            return Err(row.foreign("does not exist"));
        }
        if row.state()? == State::Claimed {
            return Err(row.foreign("is still claimed by intake"));
        }
        let decided = row.decided()?;
        if decided.execution_name != execution_name {
            return Err(row.foreign("names another execution"));
        }
        let settled = row.resolution()?.map(|resolution| Settled {
            resolution,
            quota: row.text("quota").and_then(|word| word.parse().ok()).unwrap_or(QuotaState::None),
            record_sha256: row.text("record_sha256").map(str::to_owned),
            first: false,
        });
        Ok(Entry {
            identity: identity.clone(),
            execution_name: decided.execution_name,
            execution_input: decided.execution_input,
            first_seen: row.first_seen()?,
            reserved_bytes: row.number("reserved_bytes")?.unwrap_or(0),
            settled,
        })
    }
}

impl Entry {
    /// The error for an [`Entry::execution_input`] that is not a payload.
    #[must_use]
    pub fn malformed_input(&self) -> LedgerError {
        LedgerError::Malformed { pk: format!("object#{}", self.identity), attribute: "execution_input" }
    }
}
