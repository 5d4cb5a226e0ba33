//! `IntakeFunction`: takes each new object from the queue, validates it, streams it to CXone, and starts its execution.
//!
//! One record's way is [`record`]: claim in the ledger, read and check ([`source`], [`wishes`], [`validation`]), send
//! ([`transfer`]), decide, start. [`batch`] runs the records of an invocation side by side and answers for each message.

mod batch;
mod bucket;
#[cfg(test)]
mod fake_aws;
mod finish;
mod queue;
mod record;
mod run;
mod settings;
mod source;
mod stop;
mod stream;
mod transfer;
mod validation;
mod wishes;

use std::{ops::Deref, sync::Arc};

use events::{Invocation, Source};
use host::{Environment, Failure, Refusals, SettingsError};
use lambda_runtime::Context;
use serde_json::Value;

pub use crate::{
    batch::{LEASE_MARGIN, RECORD_MARGIN},
    settings::NUMBERS,
};
use crate::{bucket::IngestBucket, queue::Queue, settings::Settings};

/// What every invocation uses, made once at cold start. Clones share it: each record's task has one.
#[derive(Clone)]
pub struct Intake(Arc<Parts>);

/// See [`Intake`].
#[doc(hidden)]
pub struct Parts {
    settings: Settings,
    s3: aws_sdk_s3::Client,
    bucket: IngestBucket,
    sfn: aws_sdk_sfn::Client,
    ledger: ledger::Ledger,
    queue: Queue,
    cxone: cxone::Client,
    /// Of CXone's refusals, which count for the alarm.
    refusals: Refusals,
}

impl Deref for Intake {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl Intake {
    /// Reads the settings and makes the clients; calls nothing yet.
    ///
    /// # Errors
    /// [`SettingsError`] names every setting that is missing or malformed.
    pub fn start(mut environment: Environment) -> Result<Self, SettingsError> {
        host::init_logging(&mut environment);
        host::metrics::init(&environment);
        Self::make(environment)
    }

    fn make(mut environment: Environment) -> Result<Self, SettingsError> {
        let settings = Settings::read(&mut environment);
        let cxone = host::CxoneSettings::read(&mut environment);
        let clients = host::HttpClients::read(&mut environment);
        let aws = clients.as_ref().map(|clients| host::Aws::read(&mut environment, clients));
        let (Some(cxone), Some(clients), Some(aws)) = (cxone, clients, aws) else {
            return Err(environment.check().err().unwrap_or(SettingsError(Vec::new())));
        };
        environment.check()?;
        let s3 = aws_sdk_s3::config::Builder::from(&aws.s3()).force_path_style(aws.path_style()).build();
        let s3 = aws_sdk_s3::Client::from_conf(s3);
        let secrets = aws_sdk_secretsmanager::Client::new(&aws.secrets_manager());
        Ok(Self(Arc::new(Parts {
            bucket: IngestBucket::new(s3.clone(), settings.ingest_bucket.clone()),
            s3,
            sfn: aws_sdk_sfn::Client::new(&aws.sfn()),
            ledger: ledger::Ledger::new(aws_sdk_dynamodb::Client::new(&aws.dynamodb()), settings.ledger_table.clone()),
            queue: Queue::new(aws_sdk_sqs::Client::new(&aws.sqs()), settings.dead_letter_queue_url.clone()),
            cxone: host::cxone_client(cxone, clients.web, secrets),
            refusals: Refusals::default(),
            settings,
        })))
    }
}

/// Answers one invocation: a batch of the queue, a bare S3 notification or a bare `EventBridge` event.
///
/// # Errors
/// `Input.Invalid` for a payload of no known shape and for a bare event that names no object of the ingest bucket,
/// `Intake.Unfinished` where a bare event's object must come again.
pub async fn handle(intake: &Intake, payload: Value, context: Context) -> Result<Value, Failure> {
    let source = Source { bucket: &intake.settings.ingest_bucket, prefix: &intake.settings.key_prefix };
    match events::parse_invocation(&payload, source).map_err(Failure::input)? {
        Invocation::Queue(messages) => batch::answer_queue(intake, messages, &context).await,
        Invocation::Bare(notifications) => batch::answer_bare(intake, notifications, &context).await,
    }
}

#[cfg(test)]
mod tests;
