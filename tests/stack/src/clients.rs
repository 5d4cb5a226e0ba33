//! AWS SDK clients of the local stack.

use aws_credential_types::Credentials;
use aws_sdk_s3::config::{BehaviorVersion, Region, SharedHttpClient};

use crate::ministack;

/// One client for each service that the pipeline uses.
#[derive(Debug, Clone)]
pub struct Clients {
    /// S3, with the bucket in the path.
    pub s3: aws_sdk_s3::Client,
    /// SQS.
    pub sqs: aws_sdk_sqs::Client,
    /// `DynamoDB`.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// Step Functions.
    pub sfn: aws_sdk_sfn::Client,
    /// Secrets Manager.
    pub secrets: aws_sdk_secretsmanager::Client,
}

/// What every client's configuration has in common; the services' builders share no type.
macro_rules! client {
    ($service:ident, $endpoint:expr, $http:expr $(, $more:ident($value:expr))*) => {
        $service::Client::from_conf(
            $service::Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(Region::from_static(ministack::REGION))
                .credentials_provider(Credentials::from_keys("test", "test", None))
                .endpoint_url($endpoint)
                .http_client($http.clone())
                $(.$more($value))*
                .build(),
        )
    };
}

impl Clients {
    /// Clients for the endpoint.
    #[must_use]
    pub fn new(endpoint: &str) -> Self {
        let http: SharedHttpClient = aws_smithy_http_client::Builder::new().build_http();
        Self {
            s3: client!(aws_sdk_s3, endpoint, http, force_path_style(true)),
            sqs: client!(aws_sdk_sqs, endpoint, http),
            dynamodb: client!(aws_sdk_dynamodb, endpoint, http),
            sfn: client!(aws_sdk_sfn, endpoint, http),
            secrets: client!(aws_sdk_secretsmanager, endpoint, http),
        }
    }
}
