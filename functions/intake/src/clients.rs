//! The settings and the clients that all invocations share.

use std::{ops::Deref, sync::Arc};

use host::{Environment, Invalid, Refusals};

use crate::{bucket::IngestBucket, queue::Queue, settings::Settings};

/// The settings and the clients, made once at cold start. All clones share them; each record's task has a clone.
#[derive(Clone)]
pub struct Intake(Arc<Parts>);

/// See [`Intake`].
#[doc(hidden)]
pub struct Parts {
    pub(crate) settings: Settings,
    pub(crate) s3: aws_sdk_s3::Client,
    pub(crate) bucket: IngestBucket,
    pub(crate) sfn: aws_sdk_sfn::Client,
    pub(crate) ledger: ledger::Ledger,
    pub(crate) queue: Queue,
    pub(crate) cxone: cxone::Client,
    /// Decides which of CXone's refusals count for the alarm `Cxone.Unauthorized`.
    pub(crate) refusals: Refusals,
}

impl Deref for Intake {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl Intake {
    /// Reads the settings and makes the clients. It sends no request.
    ///
    /// # Errors
    /// [`Invalid`] if a setting is missing or invalid. `environment` holds the faults.
    pub fn make(environment: &mut Environment) -> Result<Self, Invalid> {
        let settings = Settings::from_environment(environment);
        let cxone = host::CxoneSettings::from_environment(environment);
        let clients = host::HttpClients::from_environment(environment)?;
        let aws = host::Aws::from_environment(environment, &clients);
        let s3 = aws_sdk_s3::config::Builder::from(&aws.s3()).force_path_style(aws.path_style()).build();
        let s3 = aws_sdk_s3::Client::from_conf(s3);
        let secrets = aws_sdk_secretsmanager::Client::new(&aws.secrets_manager());
        Ok(Self(Arc::new(Parts {
            bucket: IngestBucket::new(s3.clone(), settings.ingest_bucket.clone()),
            s3,
            sfn: aws_sdk_sfn::Client::new(&aws.sfn()),
            ledger: ledger::Ledger::new(aws_sdk_dynamodb::Client::new(&aws.dynamodb()), settings.ledger_table.clone()),
            queue: Queue::new(aws_sdk_sqs::Client::new(&aws.sqs()), settings.dead_letter_queue_url.clone()),
            cxone: host::cxone_client(cxone?, clients.web, secrets),
            refusals: Refusals::default(),
            settings,
        })))
    }
}
