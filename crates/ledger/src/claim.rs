//! Taking an object for one run, and letting it go.

use std::collections::HashMap;

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
    /// The fencing token: how many claims there were, this one included.
    pub attempt: u64,
    /// When the pipeline first claimed it.
    pub first_seen: Timestamp,
    /// Runs in a row that ended without a release, this one's predecessor the last: crashes, or timeouts of the function.
    pub crashes: u64,
    /// The name of the last run that ended without a release. None if the last run released the object.
    pub crashed_run: Option<String>,
    /// Bytes that an earlier run reserved in the quota.
    pub reserved_bytes: u64,
    /// The upload request that every attempt repeats, in intake's own form. None until an upload was prepared.
    pub request: Option<String>,
    /// What earlier attempts have shown, in intake's own form, as of the last release.
    pub history: Option<String>,
    /// Why the last run released it.
    pub last_fault: Option<String>,
    /// What the last run that released it knew of the object, in intake's own form.
    pub known: Option<String>,
}

/// What a release leaves for the next run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Release {
    /// For people; at most 256 characters are kept.
    pub fault: String,
    /// See [`Lease::history`].
    pub history: String,
    /// See [`Lease::known`].
    pub known: Option<String>,
}

/// How much of a fault is kept, in characters.
const FAULT: usize = 256;

impl Ledger {
    /// Claims an object until `lease_until` for `run`, such as an invocation's request id.
    ///
    /// # Errors
    /// [`LedgerError`] where DynamoDB cannot say.
    pub async fn claim(
        &self,
        identity: &Identity,
        now: Timestamp,
        lease_until: Timestamp,
        run: &str,
    ) -> Result<Claim, LedgerError> {
        // Tells this claim's own write from another run's, should the SDK have to repeat a write whose response was lost.
        let owner = owner()?;
        let claimed = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", object_key(identity))
            .update_expression(
                "SET #state = :claimed, lease_until = :until, lease_owner = :owner, \
                 first_seen = if_not_exists(first_seen, :now), expires_at = :expires, \
                 crashed_run = if_not_exists(claimed_by, :none), claimed_by = :run ADD attempts :one",
            )
            .condition_expression("attribute_not_exists(pk) OR (#state = :claimed AND lease_until < :now)")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":claimed", text("claimed"))
            .expression_attribute_values(":until", number(lease_until.unix_seconds() + 1))
            .expression_attribute_values(":owner", text(&owner))
            .expression_attribute_values(":now", number(now.unix_seconds()))
            .expression_attribute_values(":expires", expires_at(now))
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":none", text(""))
            .expression_attribute_values(":run", text(run))
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

    /// Releases a claim, with what the next run must know. Says whether the claim was still this run's.
    ///
    /// # Errors
    /// [`LedgerError`]; the lease then expires by itself.
    pub async fn release(&self, lease: &Lease, release: &Release) -> Result<bool, LedgerError> {
        let fault = kept(&release.fault);
        let known = release.known.as_deref().or(lease.known.as_deref()).unwrap_or_default();
        let more = ", last_fault = :fault, history = :history, known = :known REMOVE claimed_by";
        let values =
            [(":fault", text(fault)), (":history", text(&release.history)), (":known", text(known))].map(named).into();
        self.let_go(lease, lease.attempt, more, values).await
    }

    /// Releases a claim that this run did not work on, so that a later claim counts the same crashes in a row.
    ///
    /// # Errors
    /// [`LedgerError`]; the lease then expires by itself and counts as a crash.
    pub async fn postpone(&self, lease: &Lease) -> Result<bool, LedgerError> {
        let crashed = text(lease.crashed_run.as_deref().unwrap_or_default());
        let values = [(":crashed", crashed)].map(named).into();
        let counted_from = lease.attempt.saturating_sub(lease.crashes);
        self.let_go(lease, counted_from, ", claimed_by = :crashed", values).await
    }

    /// Notes in the object's row that the run before this one crashed, for people who read the row.
    ///
    /// # Errors
    /// [`LedgerError`] where DynamoDB did not write it.
    pub async fn note_crash(&self, lease: &Lease, fault: &str) -> Result<(), LedgerError> {
        let written = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", object_key(&lease.identity))
            .update_expression("SET last_fault = :fault")
            .condition_expression("attempts = :mine")
            .expression_attribute_values(":fault", text(kept(fault)))
            .expression_attribute_values(":mine", number(lease.attempt))
            .send()
            .await;
        match written {
            Ok(_) => Ok(()),
            // Another run has the object now, and knows more.
            Err(error)
                if error.as_service_error().is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
            {
                Ok(())
            }
            Err(error) => Err(LedgerError::unavailable("note the crash", error)),
        }
    }

    /// `released` is the attempt that a later claim counts crashes from; `more` and `values` say what else is written.
    async fn let_go(
        &self,
        lease: &Lease,
        released: u64,
        more: &str,
        values: HashMap<String, AttributeValue>,
    ) -> Result<bool, LedgerError> {
        let sent = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", object_key(&lease.identity))
            .update_expression(format!("SET lease_until = :zero, released = :released{more}"))
            .condition_expression("attempts = :mine AND #state = :claimed AND lease_until <> :zero")
            .expression_attribute_names("#state", "state")
            .set_expression_attribute_values(Some(values))
            .expression_attribute_values(":zero", number(0))
            .expression_attribute_values(":released", number(released))
            .expression_attribute_values(":mine", number(lease.attempt))
            .expression_attribute_values(":claimed", text("claimed"))
            .send()
            .await;
        match sent {
            Ok(_) => Ok(true),
            Err(error)
                if error.as_service_error().is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
            {
                Ok(false)
            }
            Err(error) => Err(LedgerError::unavailable("release the object", error)),
        }
    }
}

fn kept(fault: &str) -> String {
    fault.chars().take(FAULT).collect()
}

fn named((name, value): (&str, AttributeValue)) -> (String, AttributeValue) {
    (name.to_owned(), value)
}

/// 64 bits that nobody else can name.
fn owner() -> Result<String, LedgerError> {
    let mut random = [0; 8];
    getrandom::getrandom(&mut random).map_err(|error| LedgerError::unavailable("name the claim's owner", error))?;
    Ok(format!("{:016x}", u64::from_be_bytes(random)))
}

/// Reads the lease from the row as the claim left it.
fn lease(identity: &Identity, row: &Row<'_>) -> Result<Lease, LedgerError> {
    let missing = |attribute| row.malformed(attribute);
    let attempt: u64 = row.number("attempts")?.ok_or_else(|| missing("attempts"))?;
    let released: u64 = row.number("released")?.unwrap_or(0);
    let own = |name| row.text(name).filter(|text| !text.is_empty()).map(str::to_owned);
    Ok(Lease {
        identity: identity.clone(),
        attempt,
        first_seen: row.first_seen()?,
        crashes: attempt.saturating_sub(1).saturating_sub(released),
        crashed_run: own("crashed_run"),
        reserved_bytes: row.number("reserved_bytes")?.unwrap_or(0),
        request: own("request"),
        history: own("history"),
        last_fault: own("last_fault"),
        known: own("known"),
    })
}
