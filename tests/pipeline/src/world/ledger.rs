//! The ledger's rows as they are stored.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;

use super::World;
use crate::FaultsError;
use crate::error::Calling as _;

/// An object's row.
#[derive(Debug, Default, Clone)]
pub(crate) struct LedgerRow {
    pub(crate) state: String,
    /// Empty while it has none.
    pub(crate) outcome: String,
    pub(crate) attempts: u64,
    pub(crate) last_fault: String,
    pub(crate) quota: String,
    pub(crate) reserved_bytes: u64,
    /// What intake decided; empty before that.
    pub(crate) execution_input: String,
}

/// All rows.
#[derive(Debug, Default)]
pub(crate) struct LedgerTable {
    /// By identity.
    pub(crate) objects: BTreeMap<String, LedgerRow>,
    pub(crate) used_bytes: u64,
}

impl World {
    /// The object's row; none if the pipeline has not seen it.
    pub(crate) async fn ledger_row(&self, identity: &str) -> Result<Option<LedgerRow>, FaultsError> {
        let key = AttributeValue::S(format!("object#{identity}"));
        let call = self.clients.dynamodb.get_item().table_name(&self.place.ledger_table).key("pk", key);
        let found = call.consistent_read(true).send().await.calling("GetItem")?.item;
        Ok(found.as_ref().map(row))
    }

    /// Every text of the object's row, with the name of its attribute.
    pub(super) async fn row_texts(&self, identity: &str) -> Result<Vec<(String, String)>, FaultsError> {
        let key = AttributeValue::S(format!("object#{identity}"));
        let call = self.clients.dynamodb.get_item().table_name(&self.place.ledger_table).key("pk", key);
        let found = call.consistent_read(true).send().await.calling("GetItem")?.item.unwrap_or_default();
        let texts = found
            .into_iter()
            .filter_map(|(name, value)| Some((format!("the ledger row's {name}"), value.as_s().ok()?.clone())));
        Ok(texts.collect())
    }

    /// The whole table.
    pub(crate) async fn ledger(&self) -> Result<LedgerTable, FaultsError> {
        let pages = self.clients.dynamodb.scan().table_name(&self.place.ledger_table).into_paginator().items().send();
        let items = pages.collect::<Result<Vec<_>, _>>().await.calling("Scan")?;
        let mut table = LedgerTable::default();
        for item in items {
            let key = text(&item, "pk");
            if let Some(identity) = key.strip_prefix("object#") {
                table.objects.insert(identity.to_owned(), row(&item));
            } else {
                table.used_bytes = number(&item, "used_bytes");
            }
        }
        Ok(table)
    }
}

fn row(item: &HashMap<String, AttributeValue>) -> LedgerRow {
    LedgerRow {
        state: text(item, "state"),
        outcome: text(item, "outcome"),
        attempts: number(item, "attempts"),
        last_fault: text(item, "last_fault"),
        quota: text(item, "quota"),
        reserved_bytes: number(item, "reserved_bytes"),
        execution_input: text(item, "execution_input"),
    }
}

fn text(item: &HashMap<String, AttributeValue>, name: &str) -> String {
    item.get(name).and_then(|value| value.as_s().ok()).cloned().unwrap_or_default()
}

fn number(item: &HashMap<String, AttributeValue>, name: &str) -> u64 {
    item.get(name).and_then(|value| value.as_n().ok()?.parse().ok()).unwrap_or_default()
}
