//! The AWS SDK's configuration, from the variables that Lambda sets.

use std::time::Duration;

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_runtime_api::client::{
    behavior_version::BehaviorVersion, stalled_stream_protection::StalledStreamProtectionConfig,
};
use aws_smithy_types::{retry::RetryConfig, timeout::TimeoutConfig};
use aws_types::{SdkConfig, region::Region};

use crate::{Environment, HttpClients};

/// One attempt of a call, its answer's headers included.
const ATTEMPT: Duration = Duration::from_secs(10);
/// How long a response's body may stand still while it is read: an object's head, a part of it, its stream, a record that is
/// read back.
const STANDSTILL: Duration = Duration::from_secs(15);
/// Tries of the SDK itself; longer faults are the pipeline's to wait out.
const TRIES: u32 = 4;

/// Configurations for the service clients, which share connections and credentials.
#[derive(Debug, Clone)]
pub struct Aws {
    config: SdkConfig,
    endpoints: Vec<(&'static str, String)>,
}

/// The services that the functions call, by the names of their endpoint variables.
const SERVICES: [&str; 5] = ["S3", "DYNAMODB", "SQS", "SFN", "SECRETS_MANAGER"];

impl Aws {
    /// Reads credentials, region and endpoints (`AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_S3`, …).
    pub fn from_environment(environment: &mut Environment, clients: &HttpClients) -> Self {
        let access_key = environment.required("AWS_ACCESS_KEY_ID");
        let secret_key = environment.required("AWS_SECRET_ACCESS_KEY");
        let session = environment.optional("AWS_SESSION_TOKEN");
        let region = environment.optional("AWS_REGION").unwrap_or_else(|| environment.required("AWS_DEFAULT_REGION"));
        let mut endpoints = Vec::new();
        if environment.optional("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS").is_none_or(|value| value != "true") {
            for service in SERVICES {
                let own = environment.optional(&format!("AWS_ENDPOINT_URL_{service}"));
                if let Some(endpoint) = own.or_else(|| environment.optional("AWS_ENDPOINT_URL")) {
                    endpoints.push((service, endpoint));
                }
            }
        }
        let credentials = Credentials::new(access_key, secret_key, session, None, "environment");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(region))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(clients.aws.clone())
            .sleep_impl(TokioSleep::new())
            .retry_config(RetryConfig::standard().with_max_attempts(TRIES))
            .timeout_config(
                TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT).read_timeout(STANDSTILL).build(),
            )
            // It would count the time in which CXone stops reading, and the S3 stream with it. `read_timeout` does not.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .build();
        Self { config, endpoints }
    }

    /// The configuration for S3; [`Self::path_style`] goes with it.
    #[must_use]
    pub fn s3(&self) -> SdkConfig {
        self.of("S3")
    }

    /// Whether S3 is reached by an endpoint of its own, where buckets are seldom host names.
    #[must_use]
    pub fn path_style(&self) -> bool {
        self.endpoints.iter().any(|(service, _)| *service == "S3")
    }

    /// The configuration for DynamoDB.
    #[must_use]
    pub fn dynamodb(&self) -> SdkConfig {
        self.of("DYNAMODB")
    }

    /// The configuration for SQS.
    #[must_use]
    pub fn sqs(&self) -> SdkConfig {
        self.of("SQS")
    }

    /// The configuration for Step Functions.
    #[must_use]
    pub fn sfn(&self) -> SdkConfig {
        self.of("SFN")
    }

    /// The configuration for Secrets Manager.
    #[must_use]
    pub fn secrets_manager(&self) -> SdkConfig {
        self.of("SECRETS_MANAGER")
    }

    fn of(&self, service: &str) -> SdkConfig {
        match self.endpoints.iter().find(|(known, _)| *known == service) {
            Some((_, endpoint)) => self.config.clone().into_builder().endpoint_url(endpoint).build(),
            None => self.config.clone(),
        }
    }
}
