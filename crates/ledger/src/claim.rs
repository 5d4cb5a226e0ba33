//! Taking an object for one run, and letting it go.

use attachments::{Identity, Timestamp};
use aws_sdk_dynamodb::{
    operation::update_item::UpdateItemError,
    types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure},
};

use crate::{
    Decided, Ledger, LedgerError, expires_at, number, object_key,
    row::{Row, State},
    text,
};

/// What a claim found.
#[derive(Debug)]
pub enum Claim {
    /// The object is this run's until the lease ends.
    Mine(Lease),
    /// Its fate at intake is known: start its execution with these bytes.
    Decided(Decided),
    /// It has its outcome.
    Done,
    /// Another run has it.
    Leased {
        /// When that run's lease ends.
        until: Timestamp,
    },
}

/// A run's hold on an object, and what earlier runs left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The object.
    pub identity: Identity,
    /// The fence: how many claims there were, this one included.
    pub attempt: u64,
    /// When the pipeline first claimed it.
    pub first_seen: Timestamp,
    /// Runs that ended without giving it back: crashes, or time-outs of the function.
    pub crashes: u64,
    /// Bytes that an earlier run reserved in the quota.
    pub reserved_bytes: u64,
    /// Uploads that earlier runs began and lived to tell of.
    pub upload_attempts: u32,
    /// Answers of 2xx to them that named no job.
    pub jobless_answers: u32,
    /// CXone may hold the file: it was sent whole, by a run that died perhaps, and nothing says that it was not kept.
    pub possibly_stored: bool,
    /// CXone has answered an upload with 2xx, be it without a job id.
    pub accepted: bool,
    /// Why the last run gave it back.
    pub last_fault: Option<String>,
    /// What the last run that gave it back knew of the object, in that run's own form.
    pub known: Option<String>,
}

impl Ledger {
    /// Claims an object until `lease_until`.
    ///
    /// # Errors
    /// [`LedgerError`] where DynamoDB cannot say.
    pub async fn claim(
        &self,
        identity: &Identity,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Claim, LedgerError> {
        // Tells this claim's own write from another run's, should the SDK have to repeat a write whose answer was lost.
        let owner = format!("{:016x}", fastrand::u64(..));
        let claimed = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", object_key(identity))
            .update_expression(
                "SET #state = :claimed, lease_until = :until, lease_owner = :owner, \
                 first_seen = if_not_exists(first_seen, :now), expires_at = :expires ADD attempts :one",
            )
            .condition_expression("attribute_not_exists(pk) OR (#state = :claimed AND lease_until < :now)")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":claimed", text("claimed"))
            .expression_attribute_values(":until", number(lease_until.unix_seconds() + 1))
            .expression_attribute_values(":owner", text(&owner))
            .expression_attribute_values(":now", number(now.unix_seconds()))
            .expression_attribute_values(":expires", expires_at(now))
            .expression_attribute_values(":one", number(1))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match claimed {
            Ok(output) => {
                let attributes = output.attributes.unwrap_or_default();
                Ok(Claim::Mine(lease(identity, &Row::new(identity, &attributes))?))
            }
            Err(error) => {
                let condition = error.as_service_error().and_then(|error| match error {
                    UpdateItemError::ConditionalCheckFailedException(failed) => failed.item(),
                    _ => None,
                });
                let Some(item) = condition else { return Err(LedgerError::unavailable("claim the object", error)) };
                let row = Row::new(identity, item);
                match row.state()? {
                    State::Done => Ok(Claim::Done),
                    State::Decided => Ok(Claim::Decided(row.decided()?)),
                    State::Claimed if row.text("lease_owner") == Some(&owner) => {
                        Ok(Claim::Mine(lease(identity, &row)?))
                    }
                    State::Claimed => {
                        let until = row.number("lease_until")?.ok_or_else(|| row.malformed("lease_until"))?;
                        Ok(Claim::Leased { until: Timestamp::from_unix_seconds(until) })
                    }
                }
            }
        }
    }

    /// Lets go of a claim, with what the next run must know. `fault` is for people, at most 256 characters are kept.
    /// Says whether the claim was still this run's.
    ///
    /// # Errors
    /// [`LedgerError`]; the lease then runs out by itself.
    pub async fn give_back(&self, lease: &Lease, fault: &str) -> Result<bool, LedgerError> {
        let fault: String = fault.chars().take(256).collect();
        let given = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", object_key(&lease.identity))
            .update_expression(
                "SET lease_until = :zero, upload_attempts = :uploads, jobless_answers = :jobless, \
                 possibly_stored = :stored, accepted = :accepted, last_fault = :fault, known = :known ADD given_back :one",
            )
            .condition_expression("attempts = :mine AND #state = :claimed AND lease_until <> :zero")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":zero", number(0))
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":uploads", number(lease.upload_attempts))
            .expression_attribute_values(":jobless", number(lease.jobless_answers))
            .expression_attribute_values(":stored", AttributeValue::Bool(lease.possibly_stored))
            .expression_attribute_values(":accepted", AttributeValue::Bool(lease.accepted))
            .expression_attribute_values(":fault", text(fault))
            .expression_attribute_values(":known", text(lease.known.as_deref().unwrap_or_default()))
            .expression_attribute_values(":mine", number(lease.attempt))
            .expression_attribute_values(":claimed", text("claimed"))
            .send()
            .await;
        match given {
            Ok(_) => Ok(true),
            Err(error)
                if error.as_service_error().is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
            {
                Ok(false)
            }
            Err(error) => Err(LedgerError::unavailable("take the object back", error)),
        }
    }
}

/// Reads the lease from the row as the claim left it.
fn lease(identity: &Identity, row: &Row<'_>) -> Result<Lease, LedgerError> {
    let missing = |attribute| row.malformed(attribute);
    let attempt: u64 = row.number("attempts")?.ok_or_else(|| missing("attempts"))?;
    let given_back: u64 = row.number("given_back")?.unwrap_or(0);
    let first_seen: i64 = row.number("first_seen")?.ok_or_else(|| missing("first_seen"))?;
    Ok(Lease {
        identity: identity.clone(),
        attempt,
        first_seen: Timestamp::from_unix_seconds(first_seen),
        crashes: attempt.saturating_sub(1).saturating_sub(given_back),
        reserved_bytes: row.number("reserved_bytes")?.unwrap_or(0),
        upload_attempts: row.number("upload_attempts")?.unwrap_or(0),
        jobless_answers: row.number("jobless_answers")?.unwrap_or(0),
        possibly_stored: row.is_true("possibly_stored"),
        accepted: row.is_true("accepted"),
        last_fault: row.text("last_fault").map(str::to_owned),
        known: row.text("known").filter(|known| !known.is_empty()).map(str::to_owned),
    })
}
