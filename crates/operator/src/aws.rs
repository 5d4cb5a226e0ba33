//! The AWS clients, by profile, region and endpoint, over the functions' own TLS.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use host::{Environment, HttpClients};

use crate::{ToolError, cli::Global};

/// One client for each service that the tool calls.
#[derive(Debug, Clone)]
pub struct Clients {
    /// The region of all of them.
    pub region: String,
    pub(crate) cloudformation: aws_sdk_cloudformation::Client,
    pub(crate) cloudwatch: aws_sdk_cloudwatch::Client,
    pub(crate) dynamodb: aws_sdk_dynamodb::Client,
    pub(crate) lambda: aws_sdk_lambda::Client,
    pub(crate) s3: aws_sdk_s3::Client,
    pub(crate) secrets: aws_sdk_secretsmanager::Client,
    pub(crate) sfn: aws_sdk_sfn::Client,
    pub(crate) sns: aws_sdk_sns::Client,
    pub(crate) sqs: aws_sdk_sqs::Client,
}

impl Clients {
    /// Reads AWS's variables and files, then the tool's options.
    ///
    /// # Errors
    /// There is no region, or TLS cannot be set up.
    pub async fn new(global: &Global) -> Result<Self, ToolError> {
        let mut environment = Environment::of_process();
        let http = HttpClients::from_environment(&mut environment);
        let http = environment.finish(http).map_err(|error| ToolError::Usage(error.to_string()))?;
        let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(http.aws);
        if let Some(profile) = &global.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(region) = &global.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(url) = &global.endpoint_url {
            loader = loader.endpoint_url(url);
        }
        Self::from_config(&loader.load().await)
    }

    /// Clients for a configuration, such as that of the local stack.
    ///
    /// # Errors
    /// It has no region.
    pub fn from_config(config: &SdkConfig) -> Result<Self, ToolError> {
        let region = config.region().map(ToString::to_string).ok_or_else(|| {
            ToolError::Credentials(
                "no AWS region is set: use --region, AWS_REGION, or a profile with a region".to_owned(),
            )
        })?;
        // A bucket whose name has dots, and local servers, cannot be reached by a host name of their own.
        let path_style = config.endpoint_url().is_some();
        let s3 = aws_sdk_s3::config::Builder::from(config).force_path_style(path_style).build();
        Ok(Self {
            region,
            cloudformation: aws_sdk_cloudformation::Client::new(config),
            cloudwatch: aws_sdk_cloudwatch::Client::new(config),
            dynamodb: aws_sdk_dynamodb::Client::new(config),
            lambda: aws_sdk_lambda::Client::new(config),
            s3: aws_sdk_s3::Client::from_conf(s3),
            secrets: aws_sdk_secretsmanager::Client::new(config),
            sfn: aws_sdk_sfn::Client::new(config),
            sns: aws_sdk_sns::Client::new(config),
            sqs: aws_sdk_sqs::Client::new(config),
        })
    }
}
