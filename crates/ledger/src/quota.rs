//! Room in the tenant's storage quota.

use std::time::Duration;

use aws_sdk_dynamodb::{
    operation::transact_write_items::TransactWriteItemsError,
    types::{CancellationReason, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update},
};

use crate::{Lease, Ledger, LedgerError, number, object_key, quota_key, row::Row, text};

/// Tries of a transaction that others got in the way of: one hot item serves every object of the tenant.
const TRIES: u32 = 12;

/// What became of a reservation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reservation {
    /// The bytes are the object's, by this run or an earlier one.
    Reserved,
    /// There is no room.
    QuotaExceeded,
    /// Another run has taken the object over.
    Lost,
}

impl Ledger {
    /// Reserves `bytes` for the object unless that was done before, so that all objects together stay within `limit`.
    ///
    /// # Errors
    /// [`LedgerError`] where DynamoDB cannot say.
    pub async fn reserve(&self, lease: &Lease, bytes: u64, limit: u64) -> Result<Reservation, LedgerError> {
        if lease.reserved_bytes > 0 {
            return Ok(Reservation::Reserved);
        }
        let Some(room) = limit.checked_sub(bytes) else { return Ok(Reservation::QuotaExceeded) };
        let object = Update::builder()
            .table_name(&self.table)
            .key("pk", object_key(&lease.identity))
            .update_expression("SET reserved_bytes = :bytes")
            .condition_expression("attempts = :mine AND #state = :claimed AND attribute_not_exists(reserved_bytes)")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":claimed", text("claimed"))
            .expression_attribute_values(":mine", number(lease.attempt))
            .expression_attribute_values(":bytes", number(bytes))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(|error| LedgerError::unavailable("form the reservation", error))?;
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
            Transacted::Done => Ok(Reservation::Reserved),
            Transacted::Refused([object, quota]) => {
                if let Some(refused) = object {
                    let item = refused.item().cloned().unwrap_or_default();
                    let row = Row::new(&lease.identity, &item);
                    // This very reservation, whose answer was lost?
                    let mine =
                        row.number("attempts")? == Some(lease.attempt) && row.number("reserved_bytes")? == Some(bytes);
                    return Ok(if mine { Reservation::Reserved } else { Reservation::Lost });
                }
                // Only the quota's own condition means that there is no room.
                Ok(if quota.is_some() { Reservation::QuotaExceeded } else { Reservation::Lost })
            }
        }
    }

    /// Bytes that are reserved in all, as of a moment ago: an eventually consistent read, for a gauge.
    ///
    /// # Errors
    /// [`LedgerError`] where DynamoDB cannot say.
    pub async fn used_bytes(&self) -> Result<u64, LedgerError> {
        let read = self.client.get_item().table_name(&self.table).key("pk", quota_key()).send().await;
        let item = read.map_err(|error| LedgerError::unavailable("read the quota", error))?.item.unwrap_or_default();
        let used = item.get("used_bytes").and_then(|used| used.as_n().ok()).and_then(|digits| digits.parse().ok());
        Ok(used.unwrap_or(0))
    }

    /// Writes both items or neither. Conflicts and throttling are waited out with jitter.
    pub(crate) async fn transact(&self, action: &'static str, items: [Update; 2]) -> Result<Transacted, LedgerError> {
        let items = items.map(|update| TransactWriteItem::builder().update(update).build());
        let mut tries = 0;
        loop {
            tries += 1;
            let sent = self.client.transact_write_items().set_transact_items(Some(items.to_vec())).send().await;
            let Err(error) = sent else { return Ok(Transacted::Done) };
            let passing = match error.as_service_error() {
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
            if !passing || tries == TRIES {
                return Err(LedgerError::unavailable(action, error));
            }
            let ceiling = 50_u64 << tries.min(6);
            tokio::time::sleep(Duration::from_millis(fastrand::u64(20..=ceiling))).await;
        }
    }
}

/// What became of a transaction.
pub(crate) enum Transacted {
    Done,
    /// Whose condition failed.
    Refused([Option<CancellationReason>; 2]),
}
