//! Writing the objects into the bucket, as a producer does.

use std::time::{SystemTime, UNIX_EPOCH};

use attachments::{Identity, ObjectKey, ObjectRef, ObjectVersion, execution_name};

use crate::stack::failed;
use crate::{Stack, StackError};

use super::samples::{KEY_PREFIX, Sample};

/// An object in the bucket.
#[derive(Debug)]
pub(crate) struct Dropped {
    pub(crate) sample: Sample,
    /// What ledger, upload, webhook and execution know it by.
    pub(crate) identity: Identity,
    /// The name that its execution must have.
    pub(crate) execution_name: String,
    /// When the write began, in seconds since the Unix epoch.
    pub(crate) at: f64,
}

/// Writes all objects, one after the other.
pub(crate) async fn all(stack: &Stack, samples: Vec<Sample>) -> Result<Vec<Dropped>, StackError> {
    let mut dropped = Vec::with_capacity(samples.len());
    for sample in samples {
        dropped.push(one(stack, sample).await?);
    }
    Ok(dropped)
}

async fn one(stack: &Stack, sample: Sample) -> Result<Dropped, StackError> {
    let (bucket, key) = (&stack.description().bucket, sample.key());
    let at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    let put = stack.clients().s3.put_object().bucket(bucket).key(&key).body(sample.body.clone().into());
    let tags: Vec<String> = sample.tags.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let put = if tags.is_empty() { put } else { put.tagging(tags.join("&")) };
    let answer = put.send().await.map_err(|error| failed("PutObject", &error))?;
    let version = answer.version_id.ok_or_else(|| StackError::Aws {
        call: "PutObject",
        reason: format!("no version id for {key}: is the bucket's versioning on?"),
    })?;
    let version = ObjectVersion::Id(version);
    let named = ObjectRef::new(bucket, &key, version);
    let named = named.map_err(|error| StackError::Aws { call: "PutObject", reason: error.to_string() })?;
    let identity = named.identity();
    let execution_name = execution_name(&ObjectKey::interaction_of(&key, KEY_PREFIX), &identity);
    Ok(Dropped { sample, identity, execution_name, at })
}
