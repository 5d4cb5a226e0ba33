//! Claims an object for one run, and releases it.

use std::{collections::HashMap, fmt::Write as _};

use attachments::{Identity, Timestamp, shown, to_json};
use aws_sdk_dynamodb::{
    operation::update_item::UpdateItemError,
    types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure},
};

use crate::{
    Decided, Ledger, LedgerError, expires_at, number, object_key,
    row::{Row, State},
    shard_of, text,
};

/// The result of [`Ledger::claim`].
#[derive(Debug)]
pub enum Claim {
    /// This run holds the lease.
    Mine(Lease),
    /// Intake has decided the object. The caller starts its execution with this name and input.
    Decided(Decided),
    /// The object has its outcome.
    Done,
    /// Another run holds the lease.
    Leased {
        /// When that run's lease ends.
        until: Timestamp,
    },
}

/// A run's lease of an object, and the facts that earlier runs wrote to its row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The object.
    pub identity: Identity,
    /// The fencing token: the number of claims of this object, this one included.
    pub attempt: u64,
    /// When a run first claimed the object.
    pub first_seen: Timestamp,
    /// How many runs directly before this one ended without a release, because they crashed or the function timed out.
    pub crashes: u64,
    /// The run before this one, if it ended without a release.
    pub crashed_run: Option<String>,
    /// Bytes that an earlier run reserved in the quota.
    pub reserved_bytes: u64,
    /// The upload request that every attempt repeats, encoded by intake. None until a run prepares an upload.
    pub request: Option<String>,
    /// What CXone's responses to earlier attempts have shown, encoded by intake, as of the last release.
    pub history: Option<String>,
    /// Why the last run released the object, or how it crashed. At most 256 characters.
    pub last_fault: Option<String>,
    /// The facts about the object that the last release stored, encoded by intake.
    pub known: Option<String>,
}

/// Which object a run takes, and until when.
#[derive(Debug, Clone, Copy)]
pub struct Claiming<'a> {
    /// The object.
    pub identity: &'a Identity,
    /// Its key, for people who read the row.
    pub key: &'a str,
    /// Its version.
    pub version_id: Option<&'a str>,
    /// The interaction that the key names, valid or not; empty if it names none. The row is found by it.
    pub interaction: &'a str,
    /// The time.
    pub now: Timestamp,
    /// When the lease ends.
    pub lease_until: Timestamp,
    /// The run, such as an invocation's request id.
    pub run: &'a str,
}

/// What a run stores for the next one when it releases the object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// For people. [`Ledger::release`] keeps the first 256 characters.
    pub fault: String,
    /// When the next attempt may begin.
    pub retry_at: Timestamp,
    /// See [`Lease::history`].
    pub history: String,
    /// See [`Lease::known`]. None keeps what an earlier run stored.
    pub known: Option<String>,
}

const MAX_FAULT_CHARS: usize = 256;

impl Ledger {
    /// Claims an object for one run.
    ///
    /// # Errors
    /// [`LedgerError`] if DynamoDB fails or the row is malformed.
    pub async fn claim(&self, claiming: Claiming<'_>) -> Result<Claim, LedgerError> {
        let Claiming { identity, key, version_id, interaction, now, lease_until, run } = claiming;
        // If a response is lost, the SDK repeats the write. The owner then shows that the first write was this claim's.
        let owner = owner()?;
        // Writing to a string cannot fail.
        let mut more = String::new();
        let mut values: HashMap<String, AttributeValue> = HashMap::new();
        // People read the row, so that no text in it may steer a terminal. An index takes no empty text.
        for (name, value) in [("interaction", interaction), ("version_id", version_id.unwrap_or_default())] {
            if !value.is_empty() {
                let _ = write!(more, ", {name} = if_not_exists({name}, :{name})");
                values.insert(format!(":{name}"), text(shown(value)));
            }
        }
        let claimed = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", object_key(identity))
            .set_expression_attribute_values(Some(values))
            .update_expression(format!(
                "SET #state = :claimed, lease_until = :until, lease_owner = :owner, \
                 first_seen = if_not_exists(first_seen, :now), expires_at = :expires, \
                 crashed_run = if_not_exists(claimed_by, :none), claimed_by = :run, #key = :key{more} \
                 ADD attempts :one",
            ))
            .condition_expression("attribute_not_exists(pk) OR (#state = :claimed AND lease_until < :now)")
            .expression_attribute_names("#state", "state")
            // A reserved word of DynamoDB.
            .expression_attribute_names("#key", "key")
            .expression_attribute_values(":key", text(to_json(&key).unwrap_or_default()))
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

    /// Releases a claim and stores what the next run must know. Returns false, and writes nothing, if this run no longer
    /// holds the lease.
    ///
    /// # Errors
    /// [`LedgerError`] if DynamoDB fails. The lease then expires by itself.
    pub async fn release(&self, lease: &Lease, release: &Release) -> Result<bool, LedgerError> {
        let fault = shortened(&release.fault);
        let known = release.known.as_deref().or(lease.known.as_deref()).unwrap_or_default();
        let update = ", last_fault = :fault, history = :history, known = :known, retry_at = :retry_at, waiting = :shard \
                    REMOVE claimed_by";
        let values = [
            (":fault", text(fault)),
            (":history", text(&release.history)),
            (":known", text(known)),
            (":retry_at", number(release.retry_at.unix_seconds())),
            (":shard", text(shard_of(&lease.identity))),
        ];
        let values = values.map(with_owned_name).into();
        self.end_lease(lease, lease.attempt, update, values).await
    }

    /// Releases a claim that this run did not work on. The next claim counts the same number of crashes in a row. Returns
    /// false, and writes nothing, if this run no longer holds the lease.
    ///
    /// # Errors
    /// [`LedgerError`] if DynamoDB fails. The lease then expires by itself and counts as a crash.
    pub async fn postpone(&self, lease: &Lease) -> Result<bool, LedgerError> {
        let crashed = text(lease.crashed_run.as_deref().unwrap_or_default());
        let values = [(":crashed", crashed)].map(with_owned_name).into();
        let counted_from = lease.attempt.saturating_sub(lease.crashes);
        self.end_lease(lease, counted_from, ", claimed_by = :crashed", values).await
    }

    /// Writes to the object's row that the run before this one crashed, for people who read the row.
    ///
    /// # Errors
    /// [`LedgerError`] if DynamoDB fails.
    pub async fn note_crash(&self, lease: &Lease, fault: &str) -> Result<(), LedgerError> {
        let written = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", object_key(&lease.identity))
            .update_expression("SET last_fault = :fault")
            .condition_expression("attempts = :mine")
            .expression_attribute_values(":fault", text(shortened(fault)))
            .expression_attribute_values(":mine", number(lease.attempt))
            .send()
            .await;
        match written {
            Ok(_) => Ok(()),
            // Another run holds the lease now, and writes newer facts.
            Err(error)
                if error.as_service_error().is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
            {
                Ok(())
            }
            Err(error) => Err(LedgerError::unavailable("note the crash", error)),
        }
    }

    /// Ends the lease, if this run still holds it. Later claims count crashes from the attempt `released`. `update` is the rest
    /// of the update expression, with its `values`.
    async fn end_lease(
        &self,
        lease: &Lease,
        released: u64,
        update: &str,
        values: HashMap<String, AttributeValue>,
    ) -> Result<bool, LedgerError> {
        let sent = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", object_key(&lease.identity))
            .update_expression(format!("SET lease_until = :zero, released = :released{update}"))
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

fn shortened(fault: &str) -> String {
    fault.chars().take(MAX_FAULT_CHARS).collect()
}

fn with_owned_name((name, value): (&str, AttributeValue)) -> (String, AttributeValue) {
    (name.to_owned(), value)
}

/// 64 random bits in hexadecimal.
fn owner() -> Result<String, LedgerError> {
    let mut random = [0; 8];
    getrandom::getrandom(&mut random).map_err(|error| LedgerError::unavailable("name the claim's owner", error))?;
    Ok(format!("{:016x}", u64::from_be_bytes(random)))
}

/// Reads the lease from the row after the claim.
fn lease(identity: &Identity, row: &Row<'_>) -> Result<Lease, LedgerError> {
    let attempt: u64 = row.number("attempts")?.ok_or_else(|| row.malformed("attempts"))?;
    let released: u64 = row.number("released")?.unwrap_or(0);
    let non_empty = |name| row.text(name).filter(|text| !text.is_empty()).map(str::to_owned);
    Ok(Lease {
        identity: identity.clone(),
        attempt,
        first_seen: row.first_seen()?,
        crashes: attempt.saturating_sub(1).saturating_sub(released),
        crashed_run: non_empty("crashed_run"),
        reserved_bytes: row.number("reserved_bytes")?.unwrap_or(0),
        request: non_empty("request"),
        history: non_empty("history"),
        last_fault: non_empty("last_fault"),
        known: non_empty("known"),
    })
}
