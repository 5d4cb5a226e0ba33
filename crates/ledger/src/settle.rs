//! Fixing the outcome, finalize's alone.

use attachments::{
    Identity, Timestamp,
    audit::QuotaState,
    workflow::{Resolution, Settlement},
};
use aws_sdk_dynamodb::{operation::update_item::UpdateItemError, types::Update};

use crate::{Ledger, LedgerError, expires_at, number, object_key, quota::Transacted, quota_key, row::Row, text};

/// The outcome as it stands in the ledger.
#[derive(Debug, Clone, PartialEq)]
pub struct Settled {
    /// How and when it ended, by whoever wrote first.
    pub resolution: Resolution,
    /// What became of the reserved bytes.
    pub quota: QuotaState,
    /// Whether this call fixed it; otherwise an earlier one had.
    pub first: bool,
}

/// Looks at a row whose write lost a race before concluding that something else is wrong.
const LOOKS: u32 = 3;

impl Ledger {
    /// Fixes outcome and time, gives reserved bytes back where the ending says so, and marks the object done, in one write or
    /// one transaction. A repeat reads back what is there.
    ///
    /// # Errors
    /// [`LedgerError`] where DynamoDB cannot say; repeat the call.
    pub async fn settle(
        &self,
        identity: &Identity,
        resolution: &Resolution,
        possibly_stored: bool,
        now: Timestamp,
    ) -> Result<Settled, LedgerError> {
        for _ in 0..LOOKS {
            let row = self.row(identity).await?;
            let row = Row::new(identity, &row);
            if let Some(resolution) = row.resolution()? {
                let quota = row.text("quota").and_then(|word| word.parse().ok()).unwrap_or(QuotaState::None);
                return Ok(Settled { resolution, quota, first: false });
            }
            let reserved: u64 = row.number("reserved_bytes")?.unwrap_or(0);
            let settlement = resolution.ending.settlement(possibly_stored);
            let quota = QuotaState::of(reserved, settlement);
            if self.fix(identity, resolution, reserved, settlement, quota, now).await? {
                return Ok(Settled { resolution: resolution.clone(), quota, first: true });
            }
        }
        Err(LedgerError::Malformed { pk: format!("object#{identity}"), attribute: "outcome" })
    }

    async fn row(
        &self,
        identity: &Identity,
    ) -> Result<std::collections::HashMap<String, aws_sdk_dynamodb::types::AttributeValue>, LedgerError> {
        let read = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("pk", object_key(identity))
            .consistent_read(true)
            .send()
            .await;
        let read = read.map_err(|error| LedgerError::unavailable("read the object's row", error))?;
        Ok(read.item.unwrap_or_default())
    }

    /// Whether this write was the first.
    async fn fix(
        &self,
        identity: &Identity,
        resolution: &Resolution,
        reserved: u64,
        settlement: Settlement,
        quota: QuotaState,
        now: Timestamp,
    ) -> Result<bool, LedgerError> {
        let give_back = settlement == Settlement::GiveBack && reserved > 0;
        let kept = if give_back { 0 } else { reserved };
        let mut set = "SET #state = :done, outcome = :outcome, outcome_at = :at, quota = :quota, expires_at = :expires"
            .to_owned();
        let mut condition = "attribute_not_exists(outcome)".to_owned();
        let mut object = Update::builder()
            .table_name(&self.table)
            .key("pk", object_key(identity))
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":done", text("done"))
            .expression_attribute_values(":outcome", text(resolution.ending.outcome().as_str()))
            .expression_attribute_values(":at", text(resolution.at.to_string()))
            .expression_attribute_values(":quota", text(quota.as_str()))
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
        if !give_back {
            return self.update("fix the outcome", object).await;
        }
        let counter = Update::builder()
            .table_name(&self.table)
            .key("pk", quota_key())
            .update_expression("ADD used_bytes :less")
            .expression_attribute_values(":less", number(format_args!("-{reserved}")))
            .build()
            .map_err(|error| LedgerError::unavailable("form the quota's write", error))?;
        Ok(matches!(self.transact("fix the outcome", [object, counter]).await?, Transacted::Done))
    }

    /// The same write outside a transaction, which costs half. Whether its condition held.
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
