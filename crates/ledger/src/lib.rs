//! The DynamoDB table that makes at-least-once delivery end in exactly one outcome.
//!
//! One row per object, `object#{identity}`, goes `claimed → decided → done`; one row, `quota#tenant`, counts the bytes stored.
//!
//! - [`Ledger::claim`] takes an object for one run of intake. `attempts`, which each claim raises, is the fencing token: every
//!   later write of that run has it as a condition, so a run whose lease was taken over changes nothing.
//! - [`Ledger::prepare`] writes the upload request that every attempt repeats and reserves quota, once per object.
//! - [`Ledger::decide`] fixes the execution's name and the exact bytes of its input, before it is started: whoever comes
//!   later starts the very same.
//! - [`Ledger::release`] ends a claim, with what the next run must know. [`Ledger::postpone`] ends one that did nothing.
//! - [`Ledger::entry`], finalize's alone, reads what was decided, for the execution that was decided and no other.
//! - [`Ledger::settle`], finalize's alone, fixes the outcome; the first writer wins.
//!
//! Invariant: the sum of `reserved_bytes` over all objects is `used_bytes` of the quota.
//!
//! Times in the table are whole seconds since the Unix epoch (`lease_until`, `first_seen`, `expires_at`) or RFC 3339 (`outcome_at`).

mod claim;
mod decide;
mod entry;
mod error;
mod quota;
mod row;
mod settle;

use attachments::Identity;
use aws_sdk_dynamodb::{Client, types::AttributeValue};

pub use claim::{Claim, Lease, Release};
pub use decide::{Decided, DecisionWrite};
pub use entry::Entry;
pub use error::LedgerError;
pub use quota::Prepared;
pub use settle::Settled;

/// How long a row is kept: longer than the 90 days for which Step Functions remembers an execution's name.
pub const RETENTION_DAYS: i64 = 120;

/// The table.
#[derive(Debug, Clone)]
pub struct Ledger {
    client: Client,
    table: String,
}

impl Ledger {
    /// A ledger in this table, whose key is `pk`.
    #[must_use]
    pub const fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }
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
