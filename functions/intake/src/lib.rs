//! `IntakeFunction`: takes each new object from the queue, checks it, streams it to CXone, and starts its execution.
//!
//! An object passes through the modules in this order: [`batch`] (the records of an invocation), [`claim`], [`object`],
//! [`source`] and [`wishes`] (read), [`check`], [`transfer`] (send), [`decide`] (fix the execution and start it).

mod batch;
mod bucket;
mod check;
mod claim;
mod clients;
mod decide;
#[cfg(test)]
mod fake_aws;
mod finish;
mod object;
mod queue;
mod read;
mod run;
mod settings;
mod source;
mod stop;
mod stream;
mod transfer;
mod wishes;

use events::{Invocation, Source};
use host::Failure;
use lambda_runtime::Context;
use serde_json::Value;

use crate::settings::Settings;
pub use crate::{
    batch::{LEASE_MARGIN, RECORD_MARGIN},
    settings::NUMBERS,
};

pub use crate::clients::Intake;

/// Answers one invocation: a batch of the queue, a bare S3 notification or a bare `EventBridge` event.
///
/// # Errors
/// `Input.Invalid` for a payload of no known shape and for a bare event that names no object of the ingest bucket,
/// `Intake.Unfinished` where a bare event's object must come again.
pub async fn handle(intake: &Intake, payload: Value, context: Context) -> Result<Value, Failure> {
    let Settings { ingest_bucket, key_prefix, ignored_names, .. } = &intake.settings;
    let source = Source { bucket: ingest_bucket, prefix: key_prefix, ignored_names };
    match events::parse_invocation(&payload, source).map_err(Failure::input)? {
        Invocation::Queue(messages) => batch::answer_queue(intake, messages, &context).await,
        Invocation::Bare(notifications) => batch::answer_bare(intake, notifications, &context).await,
    }
}

#[cfg(test)]
mod tests;
