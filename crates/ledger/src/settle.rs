//! Writes an object's outcome for finalize.

use attachments::{
    Timestamp,
    audit::QuotaState,
    workflow::{Resolution, Settlement},
};
use aws_sdk_dynamodb::{operation::update_item::UpdateItemError, types::Update};

use crate::{Entry, Ledger, LedgerError, expires_at, number, object_key, quota::Transacted, quota_key, text};

/// The outcome in the ledger.
#[derive(Debug, Clone, PartialEq)]
pub struct Settled {
    /// The first writer's ending and time.
    pub resolution: Resolution,
    /// Whether the reserved bytes stay counted.
    pub quota: QuotaState,
    /// SHA-256 of the first writer's audit record. None in a row that an earlier release settled.
    pub record_sha256: Option<String>,
    /// Whether this call wrote the outcome. If not, an earlier call did.
    pub first: bool,
}

/// How often [`Ledger::settle`] tries to write if another writer changes the row at the same time.
const MAX_WRITES: u32 = 3;

impl Ledger {
    /// Writes the outcome and its time, refunds the reserved bytes if the ending says so, and marks the object done, in one
    /// write or one transaction. If the row has an outcome already, returns that. `digest` computes the SHA-256 of the
    /// audit record with the given quota state.
    ///
    /// # Errors
    /// [`LedgerError`] if DynamoDB fails or the row is malformed. The caller may repeat the call.
    pub async fn settle(
        &self,
        entry: &Entry,
        resolution: &Resolution,
        possibly_stored: bool,
        digest: impl Fn(QuotaState) -> String,
        now: Timestamp,
    ) -> Result<Settled, LedgerError> {
        let settlement = resolution.ending.settlement(possibly_stored);
        let mut entry = entry.clone();
        for _ in 0..MAX_WRITES {
            if let Some(settled) = entry.settled {
                return Ok(settled);
            }
            let quota = QuotaState::of(entry.reserved_bytes, settlement);
            let settled =
                Settled { resolution: resolution.clone(), quota, record_sha256: Some(digest(quota)), first: true };
            if self.write_outcome(&entry, &settled, settlement, now).await? {
                return Ok(settled);
            }
            entry = self.entry(&entry.identity, &entry.execution_name).await?;
        }
        entry
            .settled
            .ok_or_else(|| LedgerError::Malformed { pk: format!("object#{}", entry.identity), attribute: "outcome" })
    }

    /// Returns false if the row has changed since it was read.
    async fn write_outcome(
        &self,
        entry: &Entry,
        settled: &Settled,
        settlement: Settlement,
        now: Timestamp,
    ) -> Result<bool, LedgerError> {
        let (reserved, resolution) = (entry.reserved_bytes, &settled.resolution);
        let refund = settlement == Settlement::Refund && reserved > 0;
        let kept = if refund { 0 } else { reserved };
        let mut set =
            "SET #state = :done, outcome = :outcome, outcome_at = :at, quota = :quota, expires_at = :expires, \
                       record_sha256 = :digest"
                .to_owned();
        let mut condition = "attribute_not_exists(outcome) AND #state = :decided AND execution_name = :name".to_owned();
        let mut object = Update::builder()
            .table_name(&self.table)
            .key("pk", object_key(&entry.identity))
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":decided", text("decided"))
            .expression_attribute_values(":name", text(&entry.execution_name))
            .expression_attribute_values(":digest", text(settled.record_sha256.as_deref().unwrap_or_default()))
            .expression_attribute_values(":done", text("done"))
            .expression_attribute_values(":outcome", text(resolution.ending.outcome().as_str()))
            .expression_attribute_values(":at", text(resolution.at.to_string()))
            .expression_attribute_values(":quota", text(settled.quota.as_str()))
            .expression_attribute_values(":expires", expires_at(now));
        if let Some(reason) = resolution.ending.reason() {
            set.push_str(", reason_code = :code, reason_text = :text");
            object = object
                .expression_attribute_values(":code", text(reason.code.as_str().into_owned()))
                .expression_attribute_values(":text", text(&reason.text));
        }
        if reserved > 0 {
            set.push_str(", reserved_bytes = :kept");
            condition.push_str(" AND reserved_bytes = :reserved");
            object = object
                .expression_attribute_values(":kept", number(kept))
                .expression_attribute_values(":reserved", number(reserved));
        }
        let object = object.update_expression(set).condition_expression(condition).build();
        let object = object.map_err(|error| LedgerError::unavailable("form the outcome's write", error))?;
        if !refund {
            return self.update("write the outcome", object).await;
        }
        let counter = Update::builder()
            .table_name(&self.table)
            .key("pk", quota_key())
            .update_expression("ADD used_bytes :less")
            .expression_attribute_values(":less", number(format_args!("-{reserved}")))
            .build()
            .map_err(|error| LedgerError::unavailable("form the quota's write", error))?;
        Ok(matches!(self.transact("write the outcome", [object, counter]).await?, Transacted::Done))
    }

    /// Writes one item without a transaction, which costs half as much. Returns false if the condition failed.
    pub(crate) async fn update(&self, action: &'static str, update: Update) -> Result<bool, LedgerError> {
        let sent = self
            .client
            .update_item()
            .table_name(update.table_name)
            .set_key(Some(update.key))
            .update_expression(update.update_expression)
            .set_condition_expression(update.condition_expression)
            .set_expression_attribute_names(update.expression_attribute_names)
            .set_expression_attribute_values(update.expression_attribute_values)
            .send()
            .await;
        match sent {
            Ok(_) => Ok(true),
            Err(error)
                if error.as_service_error().is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
            {
                Ok(false)
            }
            Err(error) => Err(LedgerError::unavailable(action, error)),
        }
    }
}
