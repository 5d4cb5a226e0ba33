//! A test's own table.

use std::{collections::HashMap, time::Duration};

use attachments::{Identity, Timestamp, audit::QuotaState, workflow::Resolution};
use aws_sdk_dynamodb::{
    Client,
    types::{
        AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
        ProjectionType, ScalarAttributeType,
    },
};
use ledger::{Claim, Claiming, Decided, Lease, Ledger, LedgerError, Release, Settled};

use crate::proxy::Proxy;

/// The time at which tests begin, in seconds since the Unix epoch.
pub(crate) const START: i64 = 1_800_000_000;
/// The length of a test's lease in seconds.
pub(crate) const LEASE: i64 = 100;

pub(crate) type Item = HashMap<String, AttributeValue>;

/// A ledger, and direct access to its table.
#[derive(Clone)]
pub(crate) struct Table {
    pub(crate) ledger: Ledger,
    dynamodb: Client,
    endpoint: String,
    name: String,
}

/// This many seconds after [`START`].
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(START + seconds)
}

pub(crate) fn object(n: usize) -> Identity {
    format!("{n:064x}").parse().unwrap()
}

pub(crate) fn decided(what: &str) -> Decided {
    Decided { execution_name: format!("name-{what}"), execution_input: format!("{{\"input\": \"{what}\"}}") }
}

/// The record's digest in these tests.
pub(crate) fn digest(quota: QuotaState) -> String {
    format!("digest-{quota}")
}

/// Settles an object for its execution `name-a`.
pub(crate) async fn settle(
    ledger: &Ledger,
    identity: &Identity,
    resolution: &Resolution,
    possibly_stored: bool,
    now: Timestamp,
) -> Result<Settled, LedgerError> {
    let entry = ledger.entry(identity, "name-a").await?;
    ledger.settle(&entry, resolution, possibly_stored, digest, now).await
}

/// A release with this fault and no other facts.
pub(crate) fn released(fault: &str) -> Release {
    Release { fault: fault.to_owned(), retry_at: at(7), history: String::new(), known: None }
}

pub(crate) fn n(value: i64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

pub(crate) fn s(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

impl Table {
    /// Replaces the `::` of the trial's name, because a table's name must not contain it.
    pub(crate) async fn create(dynamodb: Client, endpoint: &str, trial: &str) -> Self {
        let name = trial.replace("::", ".");
        let key = |name: &str, kind: KeyType| {
            KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap()
        };
        let mut table = dynamodb.create_table().table_name(&name).billing_mode(BillingMode::PayPerRequest);
        table = table.key_schema(key("pk", KeyType::Hash));
        let texts = ["pk", "interaction", "job_id", "waiting"].map(|name| (name, ScalarAttributeType::S));
        let numbers = ["first_seen", "retry_at"].map(|name| (name, ScalarAttributeType::N));
        for (name, kind) in texts.into_iter().chain(numbers) {
            let attribute = AttributeDefinition::builder().attribute_name(name).attribute_type(kind);
            table = table.attribute_definitions(attribute.build().unwrap());
        }
        // As in the template.
        for (index, attribute, sort) in [
            ("by_interaction", "interaction", Some("first_seen")),
            ("by_job", "job_id", None),
            ("waiting", "waiting", Some("retry_at")),
        ] {
            let mut built = GlobalSecondaryIndex::builder().index_name(index).key_schema(key(attribute, KeyType::Hash));
            if let Some(sort) = sort {
                built = built.key_schema(key(sort, KeyType::Range));
            }
            let keys = Projection::builder().projection_type(ProjectionType::KeysOnly).build();
            table = table.global_secondary_indexes(built.projection(keys).build().unwrap());
        }
        table.send().await.unwrap();
        Self { ledger: Ledger::new(dynamodb.clone(), name.clone()), dynamodb, endpoint: endpoint.to_owned(), name }
    }

    /// A ledger that reaches the same table through a proxy.
    pub(crate) fn through(&self, proxy: &Proxy) -> Ledger {
        Ledger::new(stack::Clients::new(proxy.url()).dynamodb, self.name.clone())
    }

    /// Ministack's URL.
    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    async fn get(&self, pk: &str) -> Item {
        let read = self.dynamodb.get_item().table_name(&self.name).key("pk", s(pk)).consistent_read(true);
        read.send().await.unwrap().item.unwrap_or_default()
    }

    pub(crate) async fn row(&self, identity: &Identity) -> Item {
        self.get(&format!("object#{identity}")).await
    }

    /// A number in an object's row.
    pub(crate) async fn number(&self, identity: &Identity, attribute: &str) -> Option<i64> {
        let row = self.row(identity).await;
        row.get(attribute).map(|value| value.as_n().unwrap().parse().unwrap())
    }

    /// The quota's counter. None before the first reservation.
    pub(crate) async fn used_bytes(&self) -> Option<i64> {
        let row = self.get("quota#tenant").await;
        row.get("used_bytes").map(|value| value.as_n().unwrap().parse().unwrap())
    }

    /// Replaces a row without the ledger.
    pub(crate) async fn put<'a>(
        &self,
        identity: &Identity,
        attributes: impl IntoIterator<Item = (&'a str, AttributeValue)>,
    ) {
        let mut put = self.dynamodb.put_item().table_name(&self.name).item("pk", s(&format!("object#{identity}")));
        for (name, value) in attributes {
            put = put.item(name, value);
        }
        put.send().await.unwrap();
    }

    pub(crate) async fn claim_at(&self, identity: &Identity, seconds: i64) -> Claim {
        self.ledger
            .claim(claiming(identity, at(seconds), at(seconds + LEASE), &format!("run at {seconds}")))
            .await
            .unwrap()
    }

    /// Claims the object and panics if it gets no lease.
    pub(crate) async fn lease_at(&self, identity: &Identity, seconds: i64) -> Lease {
        mine(self.claim_at(identity, seconds).await)
    }
}

pub(crate) fn claiming<'a>(
    identity: &'a Identity,
    now: Timestamp,
    lease_until: Timestamp,
    run: &'a str,
) -> Claiming<'a> {
    let (key, interaction) = ("interactions/INT-1/a.pdf", "INT-1");
    Claiming { identity, key, version_id: Some("v1"), interaction, now, lease_until, run }
}

pub(crate) fn mine(claim: Claim) -> Lease {
    match claim {
        Claim::Mine(lease) => lease,
        other => panic!("the claim got no lease: {other:?}"),
    }
}

/// Runs all futures concurrently, each in its own task.
pub(crate) async fn at_once<T: Send + 'static>(
    runs: impl IntoIterator<Item = impl Future<Output = T> + Send + 'static>,
) -> Vec<T> {
    let tasks: Vec<_> = runs.into_iter().map(tokio::spawn).collect();
    let mut results = Vec::new();
    for task in tasks {
        results.push(tokio::time::timeout(Duration::from_mins(1), task).await.expect("the task hangs").unwrap());
    }
    results
}
