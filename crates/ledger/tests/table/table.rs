//! A table of a test's own.

use std::{collections::HashMap, time::Duration};

use attachments::{Identity, Timestamp, audit::QuotaState, workflow::Resolution};
use aws_sdk_dynamodb::{
    Client,
    types::{AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType},
};
use ledger::{Claim, Decided, Lease, Ledger, LedgerError, Release, Settled};

use crate::proxy::Proxy;

/// The time at which tests begin.
pub(crate) const START: i64 = 1_800_000_000;
/// For how many seconds tests claim.
pub(crate) const LEASE: i64 = 100;

pub(crate) type Item = HashMap<String, AttributeValue>;

/// A ledger, and the table below it as it is.
#[derive(Clone)]
pub(crate) struct Table {
    pub(crate) ledger: Ledger,
    dynamodb: Client,
    endpoint: String,
    name: String,
}

/// This many seconds after the start.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(START + seconds)
}

pub(crate) fn object(n: usize) -> Identity {
    format!("{n:064x}").parse().unwrap()
}

pub(crate) fn decided(what: &str) -> Decided {
    Decided { execution_name: format!("name-{what}"), execution_input: format!("{{\"input\": \"{what}\"}}") }
}

/// What [`settle`] takes for the digest of the record.
pub(crate) fn digest(quota: QuotaState) -> String {
    format!("digest-{quota}")
}

/// Settles an object as its execution `name-a` does.
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

/// A release for this fault, of a run that knew nothing.
pub(crate) fn released(fault: &str) -> Release {
    Release { fault: fault.to_owned(), ..Release::default() }
}

pub(crate) fn n(value: i64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

pub(crate) fn s(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

impl Table {
    /// `trial` has a `::` in it, which a table's name must not have.
    pub(crate) async fn create(dynamodb: Client, endpoint: &str, trial: &str) -> Self {
        let name = trial.replace("::", ".");
        let key = KeySchemaElement::builder().attribute_name("pk").key_type(KeyType::Hash).build().unwrap();
        let attribute = AttributeDefinition::builder().attribute_name("pk").attribute_type(ScalarAttributeType::S);
        let table = dynamodb.create_table().table_name(&name).key_schema(key);
        let table = table.attribute_definitions(attribute.build().unwrap()).billing_mode(BillingMode::PayPerRequest);
        table.send().await.unwrap();
        Self { ledger: Ledger::new(dynamodb.clone(), name.clone()), dynamodb, endpoint: endpoint.to_owned(), name }
    }

    /// The same table by way of a proxy.
    pub(crate) fn through(&self, proxy: &Proxy) -> Ledger {
        Ledger::new(stack::Clients::new(proxy.url()).dynamodb, self.name.clone())
    }

    /// Where ministack is, for a proxy.
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

    /// The counter; none before anything was reserved.
    pub(crate) async fn used_bytes(&self) -> Option<i64> {
        let row = self.get("quota#tenant").await;
        row.get("used_bytes").map(|value| value.as_n().unwrap().parse().unwrap())
    }

    /// Puts a row as if something else had written it.
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
        self.ledger.claim(identity, at(seconds), at(seconds + LEASE), &format!("run at {seconds}")).await.unwrap()
    }

    /// A claim that must succeed.
    pub(crate) async fn lease_at(&self, identity: &Identity, seconds: i64) -> Lease {
        mine(self.claim_at(identity, seconds).await)
    }
}

pub(crate) fn mine(claim: Claim) -> Lease {
    match claim {
        Claim::Mine(lease) => lease,
        other => panic!("not mine: {other:?}"),
    }
}

/// Runs them all at once, each in a task.
pub(crate) async fn at_once<T: Send + 'static>(
    runs: impl IntoIterator<Item = impl Future<Output = T> + Send + 'static>,
) -> Vec<T> {
    let tasks: Vec<_> = runs.into_iter().map(tokio::spawn).collect();
    let mut results = Vec::new();
    for task in tasks {
        results.push(tokio::time::timeout(Duration::from_mins(1), task).await.expect("it hangs").unwrap());
    }
    results
}
