//! What a deployment leaves to do.

use aws_sdk_dynamodb::types::TimeToLiveSpecification;
use aws_sdk_s3::types::{
    DefaultRetention, ObjectLockConfiguration, ObjectLockEnabled, ObjectLockRetentionMode, ObjectLockRule,
};

use crate::deploy::Deployed;
use crate::stack::failed;
use crate::{Clients, Options, StackError};

/// Does what ministack's `CloudFormation` drops in silence, and fills the secrets, as an operator does after a deploy.
pub(crate) async fn complete(clients: &Clients, deployed: &Deployed, options: &Options) -> Result<(), StackError> {
    let days = deployed.parameter("AuditRetentionDays")?;
    let retention = DefaultRetention::builder()
        .mode(ObjectLockRetentionMode::from(deployed.parameter("AuditLockMode")?))
        .days(days.parse().map_err(|_| StackError::Setting {
            name: "PARAMS",
            reason: format!("AuditRetentionDays={days} is not a number of days"),
        })?)
        .build();
    let lock = ObjectLockConfiguration::builder()
        .object_lock_enabled(ObjectLockEnabled::Enabled)
        .rule(ObjectLockRule::builder().default_retention(retention).build())
        .build();
    let bucket = deployed.output("AuditBucketName")?;
    clients
        .s3
        .put_object_lock_configuration()
        .bucket(bucket)
        .object_lock_configuration(lock)
        .send()
        .await
        .map_err(|error| failed("PutObjectLockConfiguration", &error))?;

    let ttl = TimeToLiveSpecification::builder().attribute_name("expires_at").enabled(true).build();
    clients
        .dynamodb
        .update_time_to_live()
        .table_name(deployed.output("LedgerTableName")?)
        .time_to_live_specification(ttl.map_err(|error| failed("UpdateTimeToLive", &error))?)
        .send()
        .await
        .map_err(|error| failed("UpdateTimeToLive", &error))?;

    let credentials = serde_json::json!({
        "client_id": options.credentials.client_id,
        "client_secret": options.credentials.client_secret,
    });
    let signing = serde_json::json!({ "signing_secrets": [options.signing_secret] });
    for (output, value) in [("CxoneSecretArn", credentials), ("WebhookSecretArn", signing)] {
        clients
            .secrets
            .put_secret_value()
            .secret_id(deployed.output(output)?)
            .secret_string(value.to_string())
            .send()
            .await
            .map_err(|error| failed("PutSecretValue", &error))?;
    }
    Ok(())
}
