//! Writes the upload request and reserves storage quota before intake sends the first byte.

use std::time::Duration;

use aws_sdk_dynamodb::{
    operation::transact_write_items::TransactWriteItemsError,
    types::{CancellationReason, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update},
};

use crate::{Lease, Ledger, LedgerError, number, object_key, quota_key, row::Row, text};

/// How often a transaction is tried if it conflicts with others. All objects share the quota's one row, so conflicts are common.
const MAX_TRIES: u32 = 12;

/// The result of [`Ledger::prepare`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prepared {
    /// The request is written and the bytes are reserved, by this run or an earlier one.
    Ready,
    /// The quota has no room for these bytes.
    QuotaExceeded,
    /// Another run has claimed the object.
    Lost,
}

impl Ledger {
    /// Writes the upload request that every attempt repeats, and reserves `bytes` so that all objects together stay within
    /// `limit` bytes (0: no quota). Both happen once per object. [`Lease::request`] and [`Lease::reserved_bytes`] show whether an
    /// earlier run has done so.
    ///
    /// # Errors
    /// [`LedgerError`] if DynamoDB fails or the row is malformed.
    pub async fn prepare(&self, lease: &Lease, request: &str, bytes: u64, limit: u64) -> Result<Prepared, LedgerError> {
        let reserve = limit > 0 && lease.reserved_bytes == 0;
        if !reserve && lease.request.is_some() {
            return Ok(Prepared::Ready);
        }
        let mut set = vec!["#request = if_not_exists(#request, :request)"];
        let mut condition = "attempts = :mine AND #state = :claimed".to_owned();
        let mut object = Update::builder()
            .table_name(&self.table)
            .key("pk", object_key(&lease.identity))
            .expression_attribute_names("#state", "state")
            // A reserved word of DynamoDB.
            .expression_attribute_names("#request", "request")
            .expression_attribute_values(":claimed", text("claimed"))
            .expression_attribute_values(":mine", number(lease.attempt))
            .expression_attribute_values(":request", text(request))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        if reserve {
            set.push("reserved_bytes = :bytes");
            condition.push_str(" AND attribute_not_exists(reserved_bytes)");
            object = object.expression_attribute_values(":bytes", number(bytes));
        }
        let object =
            object.update_expression(format!("SET {}", set.join(", "))).condition_expression(condition).build();
        let object = object.map_err(|error| LedgerError::unavailable("form the upload's write", error))?;
        if reserve {
            let Some(room) = limit.checked_sub(bytes) else { return Ok(Prepared::QuotaExceeded) };
            return self.reserve(lease, object, bytes, room).await;
        }
        let written = self.update("write the upload request", object).await?;
        Ok(if written { Prepared::Ready } else { Prepared::Lost })
    }

    async fn reserve(&self, lease: &Lease, object: Update, bytes: u64, room: u64) -> Result<Prepared, LedgerError> {
        let quota = Update::builder()
            .table_name(&self.table)
            .key("pk", quota_key())
            .update_expression("ADD used_bytes :bytes")
            .condition_expression("attribute_not_exists(used_bytes) OR used_bytes <= :room")
            .expression_attribute_values(":bytes", number(bytes))
            .expression_attribute_values(":room", number(room))
            .build()
            .map_err(|error| LedgerError::unavailable("form the reservation", error))?;
        match self.transact("reserve quota", [object, quota]).await? {
            Transacted::Done => Ok(Prepared::Ready),
            Transacted::Refused([object, quota]) => {
                if let Some(refused) = object {
                    let item = refused.item().cloned().unwrap_or_default();
                    let row = Row::new(&lease.identity, &item);
                    // If a response is lost, the SDK repeats the write. Then the row holds this reservation already.
                    let mine =
                        row.number("attempts")? == Some(lease.attempt) && row.number("reserved_bytes")? == Some(bytes);
                    return Ok(if mine { Prepared::Ready } else { Prepared::Lost });
                }
                // Only the quota row's condition means that the quota has no room.
                Ok(if quota.is_some() { Prepared::QuotaExceeded } else { Prepared::Lost })
            }
        }
    }

    /// Bytes that all objects together have reserved. The read is eventually consistent, which is enough for a metric.
    ///
    /// # Errors
    /// [`LedgerError`] if DynamoDB fails.
    pub async fn used_bytes(&self) -> Result<u64, LedgerError> {
        let read = self.client.get_item().table_name(&self.table).key("pk", quota_key()).send().await;
        let item = read.map_err(|error| LedgerError::unavailable("read the quota", error))?.item.unwrap_or_default();
        let used = item.get("used_bytes").and_then(|used| used.as_n().ok()).and_then(|digits| digits.parse().ok());
        Ok(used.unwrap_or(0))
    }

    /// Writes both items or neither. After a conflict or throttling, it retries with jitter.
    pub(crate) async fn transact(&self, action: &'static str, items: [Update; 2]) -> Result<Transacted, LedgerError> {
        let items = items.map(|update| TransactWriteItem::builder().update(update).build());
        let mut tries = 0;
        loop {
            tries += 1;
            let sent = self.client.transact_write_items().set_transact_items(Some(items.to_vec())).send().await;
            let Err(error) = sent else { return Ok(Transacted::Done) };
            let transient = match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                    let reasons = cancelled.cancellation_reasons();
                    let refused = |index: usize| {
                        reasons.get(index).filter(|reason| reason.code() == Some("ConditionalCheckFailed"))
                    };
                    if refused(0).is_some() || refused(1).is_some() {
                        return Ok(Transacted::Refused([refused(0).cloned(), refused(1).cloned()]));
                    }
                    true
                }
                Some(TransactWriteItemsError::TransactionInProgressException(_)) => true,
                _ => false,
            };
            if !transient || tries == MAX_TRIES {
                return Err(LedgerError::unavailable(action, error));
            }
            let ceiling = Duration::from_millis(50 << tries.min(6));
            tokio::time::sleep(jitter::between(Duration::from_millis(20), ceiling)).await;
        }
    }
}

/// The result of a transaction.
pub(crate) enum Transacted {
    Done,
    /// Nothing was written. For each of the two items: why, if its condition failed.
    Refused([Option<CancellationReason>; 2]),
}
