//! The DynamoDB table that makes at-least-once delivery end in exactly one outcome.
//!
//! One row per object, `object#{identity}`, goes through the states `claimed → decided → done`. One row, `quota#tenant`, counts
//! the bytes stored.
//!
//! - [`Ledger::claim`] claims an object for one run of intake. Each claim raises `attempts`, the fencing token. Every later
//!   write of that run has it as a condition, so a run that has lost its lease changes nothing.
//! - [`Ledger::prepare`] writes the upload request that every attempt repeats, and reserves quota, once per object.
//! - [`Ledger::decide`] writes the execution's name and the exact bytes of its input before a run starts the execution. Every
//!   later run starts the same execution.
//! - [`Ledger::release`] ends a claim and stores what the next run must know. [`Ledger::postpone`] ends a claim that was not
//!   used.
//! - [`Ledger::entry`] reads what intake decided, only for the execution that intake decided. Only finalize calls it.
//! - [`Ledger::settle`] writes the outcome; the first writer wins. Only finalize calls it.
//!
//! Invariant: the sum of `reserved_bytes` over all objects is `used_bytes` of the quota.
//!
//! Three sparse indexes with keys alone serve people who look for an object: `by_interaction`, `by_job`, and `waiting` for
//! objects that were released for a retry ([`Ledger::of_interaction`] and so on).
//!
//! Times in the table are whole seconds since the Unix epoch (`lease_until`, `first_seen`, `expires_at`) or RFC 3339 (`outcome_at`).

mod claim;
mod decide;
mod entry;
mod error;
mod lookup;
mod quota;
mod row;
mod settle;

use attachments::Identity;
use aws_sdk_dynamodb::{Client, types::AttributeValue};

pub use claim::{Claim, Claiming, Lease, Release};
pub use decide::{Decided, DecisionWrite, Found};
pub use entry::Entry;
pub use error::LedgerError;
pub use lookup::{ObjectRow, RowState};
pub use quota::Prepared;
pub use settle::Settled;

/// A row is kept longer than the 90 days for which Step Functions remembers an execution's name.
pub const RETENTION_DAYS: i64 = 120;

/// The table.
#[derive(Debug, Clone)]
pub struct Ledger {
    client: Client,
    table: String,
}

impl Ledger {
    /// The table's partition key must be `pk`.
    #[must_use]
    pub const fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }
}

/// Shards of the index `waiting`: one partition would limit how fast objects can be released.
const WAITING_SHARDS: u32 = 16;

fn waiting_shard(shard: u32) -> String {
    format!("{shard:x}")
}

/// The shard of an object: the first digit of its identity, which is a hash.
fn shard_of(identity: &Identity) -> &str {
    identity.as_str().get(..1).unwrap_or("0")
}

fn object_key(identity: &Identity) -> AttributeValue {
    AttributeValue::S(format!("object#{identity}"))
}

fn quota_key() -> AttributeValue {
    AttributeValue::S("quota#tenant".to_owned())
}

fn number(value: impl std::fmt::Display) -> AttributeValue {
    AttributeValue::N(format!("{value}"))
}

fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

fn expires_at(now: attachments::Timestamp) -> AttributeValue {
    number(now.unix_seconds() + RETENTION_DAYS * 86_400)
}
