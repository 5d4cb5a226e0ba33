//! What became of the objects, gathered from every place that tells of it.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::Value;
use servers::cxone::Attachment;
use servers::webhook::Delivery;
use sha2::{Digest as _, Sha256};

use crate::stack::failed;
use crate::{Stack, StackError};

use super::dropped::Dropped;
use super::follow::{self, Execution};

/// What became of one object.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Its execution, if that has ended.
    pub(crate) execution: Option<Execution>,
    /// Its audit record.
    pub(crate) record: Option<Record>,
    /// What the receiver says of its webhook.
    pub(crate) webhook: Webhook,
    /// The file as the stand-in holds it.
    pub(crate) stored: Option<Attachment>,
    /// From the write to the execution's end.
    pub(crate) seconds: Option<f64>,
    /// How far it came, where it has no end.
    pub(crate) stuck: Option<String>,
}

/// An audit record.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Record {
    /// `s3://{bucket}/{key}`
    pub(crate) location: String,
    pub(crate) sha256: String,
    /// Until when it cannot be deleted.
    pub(crate) locked_until: Option<String>,
    /// What is stored, byte for byte if it is text.
    pub(crate) text: String,
    pub(crate) json: Value,
}

/// What the receiver says of an object's webhook.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Webhook {
    /// Every try was verified and one was answered with 200; the digest is that of its body.
    Verified { sha256: String },
    #[default]
    Missing,
    /// Why a try was not.
    Refused(String),
}

/// Everything that is seen once the executions have ended.
#[derive(Debug)]
pub(crate) struct Gathered {
    /// In the order of the objects.
    pub(crate) seen: Vec<Seen>,
    /// What is somewhere and belongs to no object.
    pub(crate) strays: Vec<String>,
}

/// Looks at executions, audit bucket, receiver, stand-in and ledger.
pub(crate) async fn gather(
    stack: &Stack,
    standin: &servers::cxone::Control,
    receiver: &servers::webhook::Control,
    objects: &[Dropped],
    mut ended: BTreeMap<String, Execution>,
) -> Result<Gathered, StackError> {
    let mut records = records(stack).await?;
    let mut deliveries = receiver.deliveries(None, None).await?;
    let mut attachments = standin.attachments(None).await?;
    let mut executions = follow::executions(stack).await?;
    let mut seen = Vec::with_capacity(objects.len());
    for object in objects {
        let identity = object.identity.as_str();
        let execution = ended.remove(&object.execution_name);
        let started = executions.remove(&object.execution_name).is_some();
        let own = |delivery: &mut Delivery| delivery.webhook_id.as_deref() == Some(identity);
        let tries: Vec<Delivery> = deliveries.extract_if(.., own).collect();
        let stored = attachments.iter().position(|attachment| attachment.idempotency_key == identity);
        seen.push(Seen {
            seconds: execution.as_ref().map(|execution| execution.ended - object.at),
            stuck: match &execution {
                Some(_) => None,
                None if started => Some(format!("its execution {} still runs", object.execution_name)),
                None => Some(ledger(stack, identity).await?),
            },
            execution,
            record: records.remove(identity),
            webhook: webhook(&tries),
            stored: stored.map(|index| attachments.remove(index)),
        });
    }
    let mut strays: Vec<String> = executions.into_keys().map(|name| format!("an execution too many: {name}")).collect();
    strays.extend(records.into_values().map(|record| format!("an audit record too many: {}", record.location)));
    strays.extend(attachments.iter().map(|file| {
        format!("the stand-in holds a file too many: {} at the interaction {}", file.file_name, file.interaction_id)
    }));
    strays.extend(deliveries.iter().map(|try_| format!("a webhook too many: {:?}", try_.webhook_id)));
    let violations = standin.violations(None).await?;
    strays.extend(violations.iter().map(|violation| {
        let interaction = violation.interaction_id.as_deref().unwrap_or("none");
        format!("CXone's API does not allow a request (interaction {interaction}): {}", violation.text)
    }));
    Ok(Gathered { seen, strays })
}

fn webhook(tries: &[Delivery]) -> Webhook {
    if let Some(fault) = tries.iter().find_map(|try_| try_.fault.as_ref()) {
        return Webhook::Refused(fault.clone());
    }
    let taken = tries.iter().find(|try_| try_.verified && try_.status == Some(200));
    match (taken, tries.last()) {
        (Some(taken), _) => Webhook::Verified { sha256: taken.body_sha256.clone() },
        (None, Some(last)) => Webhook::Refused(format!("answered with {:?}", last.status)),
        (None, None) => Webhook::Missing,
    }
}

/// All audit records by identity.
async fn records(stack: &Stack) -> Result<BTreeMap<String, Record>, StackError> {
    let (s3, bucket) = (&stack.clients().s3, &stack.description().audit_bucket);
    let listed = s3.list_objects_v2().bucket(bucket).send().await.map_err(|error| failed("ListObjectsV2", &error))?;
    let mut records = BTreeMap::new();
    for key in listed.contents.unwrap_or_default().into_iter().filter_map(|object| object.key) {
        let got = s3.get_object().bucket(bucket).key(&key).send().await.map_err(|error| failed("GetObject", &error))?;
        let locked_until = got.object_lock_retain_until_date.map(|date| date.to_string());
        let bytes = got.body.collect().await.map_err(|error| failed("GetObject", &error))?.into_bytes();
        let json = serde_json::from_slice(&bytes)
            .map_err(|source| StackError::Json { what: format!("reading the audit record {key}"), source })?;
        let name = key.rsplit('/').next().unwrap_or(&key);
        let identity = name.strip_suffix(".json").unwrap_or(name).to_owned();
        let location = format!("s3://{bucket}/{key}");
        let (sha256, text) = (hex::encode(Sha256::digest(&bytes)), String::from_utf8_lossy(&bytes).into_owned());
        records.insert(identity, Record { location, sha256, locked_until, text, json });
    }
    Ok(records)
}

/// The ledger's state of an object that has no execution, and the fault for which it was last released, in words.
async fn ledger(stack: &Stack, identity: &str) -> Result<String, StackError> {
    let key = AttributeValue::S(format!("object#{identity}"));
    let table = &stack.description().ledger_table;
    let call = stack.clients().dynamodb.get_item().table_name(table).key("pk", key).send();
    let Some(item) = call.await.map_err(|error| failed("GetItem", &error))?.item else {
        return Ok("intake has not seen it: the ledger has no item of it".to_owned());
    };
    let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).map_or("none", String::as_str);
    Ok(format!("no execution; the ledger's state is {}, the last fault {}", text("state"), text("last_fault")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn delivery(fault: Option<&str>, status: Option<u16>) -> Delivery {
        serde_json::from_value(json!({
            "seq": 1, "method": "POST", "path": "/webhook", "webhook_id": "w", "webhook_timestamp": "1", "signatures": 1,
            "verified": fault.is_none(), "verified_by": null, "fault": fault, "headers": {}, "body": "", "body_sha256": "d",
            "json": null, "interaction_id": null, "received_ms": 0, "step": null, "end": null, "status": status,
        }))
        .unwrap()
    }

    #[test]
    fn a_webhook_is_verified_only_if_every_try_was_and_one_was_taken() {
        let verified = Webhook::Verified { sha256: "d".to_owned() };
        assert_eq!(webhook(&[]), Webhook::Missing);
        assert_eq!(webhook(&[delivery(None, Some(200))]), verified);
        // A try that was cut off was followed by another one.
        assert_eq!(webhook(&[delivery(None, None), delivery(None, Some(200))]), verified);
        assert!(matches!(webhook(&[delivery(None, Some(500))]), Webhook::Refused(_)));
        let forged = [delivery(Some("bad signature"), Some(401)), delivery(None, Some(200))];
        assert_eq!(webhook(&forged), Webhook::Refused("bad signature".to_owned()));
    }
}
