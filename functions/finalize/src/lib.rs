//! `FinalizeFunction`: fixes the outcome in the ledger, writes the audit record, posts the very same bytes as a signed webhook.
//!
//! In that order, each step safe to repeat: the ledger's first writer wins, the record is written once and read back, and the
//! webhook carries the record's stored bytes under the object's identity.
//!
//! The ledger is the authority, and the payload is only a message. Finalize settles an object only for the execution that intake
//! decided, takes the object's facts from the ledger, and signs no bytes under the record's key but its own.

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
pub use crate::{notify::LIMIT as WEBHOOK_LIMIT, retention::NUMBERS};

/// What every invocation uses, made once at cold start.
pub struct Finalize {
    ledger: ledger::Ledger,
    audit: AuditStore,
    webhook: Webhook,
}

impl Finalize {
    /// Reads the settings and makes the clients. It calls nothing yet.
    ///
    /// # Errors
    /// [`Invalid`]: the environment has noted a fault.
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

/// Answers one invocation.
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
    let entry = finalize.ledger.entry(&request.attachment.identity, execution.name()).await.map_err(of_the_ledger)?;
    let attachment = checked(request.attachment, &entry)?;
    let identity = &attachment.identity;
    let now = Timestamp::from(SystemTime::now());
    let wanted = attachment.resolution(now).between(entry.first_seen, now);
    let record =
        |resolution: &Resolution, quota| AuditRecord::new(&attachment, resolution, quota, Some(execution.to_string()));
    let digest_with = |quota| record(&wanted, quota).to_bytes().map(|bytes| digest(&bytes)).unwrap_or_default();
    let settled = finalize.ledger.settle(&entry, &wanted, attachment.possibly_stored, digest_with, now).await;
    let settled = settled.map_err(of_the_ledger)?;
    let resolution = &settled.resolution;
    let (outcome, said) = (resolution.ending.outcome(), wanted.ending.outcome());
    if outcome != said {
        // An execution has one ending, and repeats it word for word. So one of the two calls was not the state machine's.
        return Err(foreign(format_args!("the ledger holds the outcome {outcome}, and this payload says {said}")));
    }
    let record = record(resolution, settled.quota);
    let key = audit_key(finalize.audit.prefix(), identity, resolution);
    let stored = finalize.audit.write_once(&key, &record, settled.record_sha256.as_deref()).await?;
    // Either alone may miss it: an outcome that an earlier run fixed and did not get to record, a record whose write S3 took
    // without being heard.
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

/// The object as the ledger knows it, with what the payload says of its job.
fn checked(message: Attachment, entry: &Entry) -> Result<Attachment, Failure> {
    let decided = serde_json::from_str(&entry.execution_input).map_err(|_| of_the_ledger(entry.malformed_input()))?;
    message.checked_against(decided).map_err(foreign)
}

fn of_the_ledger(error: LedgerError) -> Failure {
    if matches!(error, LedgerError::Foreign { .. }) {
        return foreign(error);
    }
    metrics::count(Metric::LedgerUnavailable);
    Failure::new(error_type::LEDGER_UNAVAILABLE, error)
}

/// The call is not that of the execution which intake decided for the object.
fn foreign(what: impl std::fmt::Display) -> Failure {
    metrics::count(Metric::InputForeign);
    Failure::new(error_type::INPUT_FOREIGN, what)
}

/// Counts the outcome, once an object.
fn measure(attachment: &Attachment, resolution: &Resolution) {
    metrics::count_outcome(resolution.ending.outcome(), resolution.ending.reason().map(|reason| reason.code));
    if let Some(event_time) = attachment.object.event_time {
        let milliseconds = resolution.at.seconds_since(event_time).max(0.0) * 1000.0;
        metrics::emit(&[(Metric::EndToEndLatency, milliseconds)]);
    }
}

/// What the console shows of a failed execution.
fn cause(resolution: &Resolution, bucket: &str, key: &str) -> String {
    let code = resolution.ending.reason().map_or_else(|| "completed".into(), |reason| reason.code.as_str());
    format!("{code}; audit record s3://{bucket}/{key}")
}

/// The stored record in the log, in one line, without what a producer or CXone may have put personal data into.
fn log(stored: &[u8], key: &str) {
    match shown(stored) {
        Ok((line, tags)) => tracing::info!(tags, audit = line, "audit record"),
        // An earlier run wrote these bytes, or somebody else did. The error may quote them, so only its kind and place are told.
        Err(error) => tracing::error!(
            audit_key = key,
            "the stored audit record cannot be read ({:?} error at line {} column {})",
            error.classify(),
            error.line(),
            error.column()
        ),
    }
}

/// The record as the log shows it, and how many tags it has.
fn shown(stored: &[u8]) -> Result<(String, usize), serde_json::Error> {
    let mut record: AuditRecord = serde_json::from_slice(stored)?;
    let tags = std::mem::take(&mut record.tags).len();
    if let Some(reason) = record.error_reason.as_mut() {
        reason.text.clear();
    }
    Ok((serde_json::to_string(&record)?, tags))
}

#[cfg(test)]
mod tests;
