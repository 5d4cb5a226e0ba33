//! `IntakeFunction`: takes each new object from the queue, checks it, streams it to CXone, and starts its execution.
//!
//! [`batch`] processes the records of an invocation side by side and answers each message. [`object`] processes one object:
//!
//! 1. [`claim`] refuses an event that no write to the bucket can have caused ([`bucket`]), and claims the object.
//! 2. [`transfer`] sends it, in several attempts if necessary. Each attempt calls [`read`], which opens the object
//!    ([`source`]), reads what its metadata ask for ([`wishes`]) and checks it ([`check`]). Then `transfer` writes the upload
//!    request into the ledger and uploads the [`stream`].
//! 3. [`decide`] fixes the execution in the ledger and starts it.
//!
//! [`run`] holds what one run knows of its object. [`stop`] lists the three types that say how this work ends.

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
/// `Input.Invalid` if the payload has no known shape, or if a bare event names no object of the ingest bucket.
/// `Intake.Unfinished` if the object of a bare event needs a retry.
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
