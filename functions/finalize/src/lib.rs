//! `FinalizeFunction` writes the outcome to the ledger, writes the audit record, and posts the same bytes as a signed webhook.
//!
//! It does so in this order, and each step can be repeated: the ledger's first writer wins, the record is written once and read
//! back, and the webhook sends the record's stored bytes with the object's identity.
//!
//! Finalize trusts the ledger, not the payload. It settles an object only for the execution that intake decided, uses the object's
//! facts from the ledger, and signs only the record that it has written itself.

mod audit_store;
mod notify;
mod retention;

use std::time::SystemTime;

use attachments::{
    ExecutionArn, Timestamp,
    audit::{AuditRecord, audit_key, digest},
    workflow::{Attachment, FinalizeRequest, Finalized, Resolution, SCHEMA, error_type},
};
use host::{
    Environment, Failure, Invalid, PlainHttpHosts,
    metrics::{self, Metric},
};
use lambda_runtime::Context;
use ledger::{Entry, LedgerError};
use serde_json::Value;
use tracing::Instrument;

use crate::{audit_store::AuditStore, notify::Webhook, retention::Retention};
pub use crate::{notify::TIMEOUT as WEBHOOK_TIMEOUT, retention::NUMBERS};

/// The clients for all invocations, made once at cold start.
pub struct Finalize {
    ledger: ledger::Ledger,
    audit: AuditStore,
    webhook: Webhook,
}

impl Finalize {
    /// Reads the settings and makes the clients. It makes no call.
    ///
    /// # Errors
    /// [`Invalid`] if a setting is wrong.
    pub fn make(environment: &mut Environment) -> Result<Self, Invalid> {
        let table = environment.required("LEDGER_TABLE");
        let bucket = environment.required("AUDIT_BUCKET");
        let prefix = environment.optional("AUDIT_PREFIX").unwrap_or_else(|| "audit/".to_owned());
        if !prefix.ends_with('/') {
            environment.fault("AUDIT_PREFIX", format_args!("is {prefix:?}: it must end in /"));
        }
        let retention = Retention::from_environment(environment);
        let plain = PlainHttpHosts::from_environment(environment);
        let url = environment.url("WEBHOOK_URL", &plain);
        let secret_id = environment.required("WEBHOOK_SECRET_ID");
        let clients = host::HttpClients::from_environment(environment)?;
        let aws = host::Aws::from_environment(environment, &clients);
        let s3 = aws_sdk_s3::config::Builder::from(&aws.s3()).force_path_style(aws.path_style()).build();
        let secrets = aws_sdk_secretsmanager::Client::new(&aws.secrets_manager());
        Ok(Self {
            ledger: ledger::Ledger::new(aws_sdk_dynamodb::Client::new(&aws.dynamodb()), table),
            audit: AuditStore::new(aws_sdk_s3::Client::from_conf(s3), bucket, prefix, retention),
            webhook: Webhook::new(clients.web, url?, secrets, secret_id),
        })
    }
}

/// Handles one invocation.
///
/// # Errors
/// `Input.Invalid`, `Input.Foreign`, `Ledger.Unavailable`, `Audit.Unwritable`, `Audit.Foreign`, `Webhook.Undelivered`.
pub async fn handle(finalize: &Finalize, payload: Value, context: Context) -> Result<Finalized, Failure> {
    let request: FinalizeRequest = serde_json::from_value(payload)
        .map_err(|error| Failure::input(format_args!("the payload cannot be read: {error}")))?;
    let attachment = &request.attachment;
    let span = tracing::error_span!(
        "outcome",
        request_id = context.request_id,
        identity = attachment.identity.as_str(),
        interaction_id = attachment.interaction_id.as_ref().map(attachments::InteractionId::as_str),
        job_id = attachment.job_id.as_ref().map(attachments::JobId::as_str),
    );
    conclude(finalize, request).instrument(span).await
}

async fn conclude(finalize: &Finalize, request: FinalizeRequest) -> Result<Finalized, Failure> {
    let execution: ExecutionArn = request.execution_arn.as_deref().unwrap_or_default().parse().map_err(foreign)?;
    let entry = finalize.ledger.entry(&request.attachment.identity, execution.name()).await.map_err(ledger_failure)?;
    let attachment = checked(request.attachment, &entry)?;
    let identity = &attachment.identity;
    let now = Timestamp::from(SystemTime::now());
    let from_payload = attachment.resolution(now).between(entry.first_seen, now);
    let record =
        |resolution: &Resolution, quota| AuditRecord::new(&attachment, resolution, quota, Some(execution.to_string()));
    let digest_with = |quota| record(&from_payload, quota).to_bytes().map(|bytes| digest(&bytes)).unwrap_or_default();
    let settled = finalize.ledger.settle(&entry, &from_payload, attachment.possibly_stored, digest_with, now).await;
    let settled = settled.map_err(ledger_failure)?;
    let resolution = &settled.resolution;
    let (outcome, claimed) = (resolution.ending.outcome(), from_payload.ending.outcome());
    if outcome != claimed {
        // An execution has one ending, and repeats it unchanged. So one of the two calls did not come from the state machine.
        return Err(foreign(format_args!("the ledger holds the outcome {outcome}, and this payload says {claimed}")));
    }
    let record = record(resolution, settled.quota);
    let key = audit_key(finalize.audit.prefix(), identity, resolution);
    let stored = finalize.audit.write_once(&key, &record, settled.record_sha256.as_deref()).await?;
    // Log and count each object once. An earlier call may have written the outcome and crashed before it wrote the record, or the
    // response to its write of the record may have been lost. So either condition is enough.
    if settled.first || stored.written {
        log(&stored.bytes, &key);
        measure(&attachment, resolution);
    }
    let webhook_status = finalize.webhook.deliver(identity.as_str(), stored.bytes).await?;
    tracing::info!(webhook_status, audit_key = key, "recorded and delivered");
    Ok(Finalized {
        schema: SCHEMA,
        outcome,
        cause: cause(resolution, finalize.audit.bucket(), &key),
        identity: identity.clone(),
        audit_bucket: finalize.audit.bucket().to_owned(),
        audit_key: key,
        webhook_status,
    })
}

/// The object's facts from the ledger, with the job's progress and end from the payload.
fn checked(message: Attachment, entry: &Entry) -> Result<Attachment, Failure> {
    let decided = serde_json::from_str(&entry.execution_input).map_err(|_| ledger_failure(entry.malformed_input()))?;
    message.checked_against(decided).map_err(foreign)
}

fn ledger_failure(error: LedgerError) -> Failure {
    if matches!(error, LedgerError::Foreign { .. }) {
        return foreign(error);
    }
    metrics::count(Metric::LedgerUnavailable);
    Failure::new(error_type::LEDGER_UNAVAILABLE, error)
}

/// The failure if the call does not come from the execution that intake decided.
fn foreign(fault: impl std::fmt::Display) -> Failure {
    metrics::count(Metric::InputForeign);
    Failure::new(error_type::INPUT_FOREIGN, fault)
}

/// Counts the outcome and the latency. It must be called once per object.
fn measure(attachment: &Attachment, resolution: &Resolution) {
    metrics::count_outcome(resolution.ending.outcome(), resolution.ending.reason().map(|reason| reason.code));
    if let Some(event_time) = attachment.object.event_time {
        let milliseconds = resolution.at.seconds_since(event_time).max(0.0) * 1000.0;
        metrics::emit(&[(Metric::EndToEndLatency, milliseconds)]);
    }
}

/// The cause of a failed execution, which the console shows.
fn cause(resolution: &Resolution, bucket: &str, key: &str) -> String {
    let code = resolution.ending.reason().map_or_else(|| "completed".into(), |reason| reason.code.as_str());
    format!("{code}; audit record s3://{bucket}/{key}")
}

/// Logs the stored record in one line, without the fields in which a producer or CXone may have put personal data.
fn log(stored: &[u8], key: &str) {
    match for_log(stored) {
        Ok((line, tags)) => tracing::info!(tags, audit = line, "audit record"),
        // The error may quote the bytes, which may contain anything. So log only its kind and its place.
        Err(error) => tracing::error!(
            audit_key = key,
            "the stored audit record cannot be read ({:?} error at line {} column {})",
            error.classify(),
            error.line(),
            error.column()
        ),
    }
}

/// The record without tags and texts as JSON, and the number of its tags.
fn for_log(stored: &[u8]) -> Result<(String, usize), serde_json::Error> {
    let mut record: AuditRecord = serde_json::from_slice(stored)?;
    let tags = std::mem::take(&mut record.tags).len();
    if let Some(reason) = record.error_reason.as_mut() {
        reason.text.clear();
    }
    Ok((serde_json::to_string(&record)?, tags))
}

#[cfg(test)]
mod tests;
