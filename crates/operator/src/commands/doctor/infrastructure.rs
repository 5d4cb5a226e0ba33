//! The stack, its buckets, its event source, its functions and its state machine.

use std::io::Write;

use aws_sdk_lambda::types::{LastUpdateStatus, State};
use aws_sdk_s3::types::{BucketVersioningStatus, Event, ObjectLockEnabled};
use host::{Environment, HttpClients};
use serde_json::Value;

use super::{Check, Deployed, Variables};
use crate::{Deployment, ToolError, commands::Context};

const STACK: &str = "Stack";
const INGEST: &str = "Ingest bucket";
const AUDIT: &str = "Audit bucket";
const FUNCTIONS: &str = "Functions";
/// The machine that this version of the tool was built with.
const MACHINE: &str = include_str!("../../../../../infra/state_machine.asl.json");

pub(super) async fn checks(context: &Context<'_, impl Write>) -> Vec<Check> {
    vec![
        stack(&context.deployment),
        Check::of(INGEST, "versioning", versioning(context).await),
        Check::of(INGEST, "notification", notification(context).await),
        Check::of(INGEST, "encryption", encryption(context).await),
        Check::of(AUDIT, "object lock", object_lock(context).await),
        Check::of(STACK, "state machine", machine(context).await),
    ]
}

fn stack(deployment: &Deployment) -> Check {
    let (name, status) = (&deployment.stack, &deployment.status);
    if status.ends_with("_IN_PROGRESS") {
        return Check::warn(
            STACK,
            "status",
            format!("{status}: wait until it ends"),
            format!("aws cloudformation wait stack-update-complete --stack-name {name}"),
        );
    }
    if matches!(status.as_str(), "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "UPDATE_ROLLBACK_COMPLETE" | "IMPORT_COMPLETE")
    {
        return Check::ok(STACK, "status", status.clone());
    }
    Check::fail(
        STACK,
        "status",
        status.clone(),
        format!("aws cloudformation describe-stack-events --stack-name {name}"),
    )
}

async fn versioning(context: &Context<'_, impl Write>) -> Result<Check, ToolError> {
    let bucket = context.deployment.output("IngestBucketName")?;
    let answer = context.clients.s3.get_bucket_versioning().bucket(bucket).send().await;
    Ok(match answer {
        Err(error) => Check::unasked(INGEST, "versioning", &ToolError::of_call("s3:GetBucketVersioning", &error)),
        Ok(answer) if answer.status == Some(BucketVersioningStatus::Enabled) => {
            Check::ok(INGEST, "versioning", "enabled")
        }
        Ok(_) => Check::warn(
            INGEST,
            "versioning",
            "not enabled: a file that is overwritten before it is sent is lost (superseded)",
            format!("aws s3api put-bucket-versioning --bucket {bucket} --versioning-configuration Status=Enabled"),
        ),
    })
}

async fn notification(context: &Context<'_, impl Write>) -> Result<Check, ToolError> {
    let bucket = context.deployment.output("IngestBucketName")?;
    let answer = context.clients.s3.get_bucket_notification_configuration().bucket(bucket).send().await;
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => {
            return Ok(Check::unasked(INGEST, "notification", &ToolError::of_call("s3:GetBucketNotification", &error)));
        }
    };
    if answer.event_bridge_configuration.is_some() {
        return Ok(Check::ok(INGEST, "notification", "EventBridge"));
    }
    let queue = context.deployment.output("IntakeQueueUrl")?;
    let queue_name = queue.rsplit('/').next().unwrap_or(queue);
    let to_queue = answer.queue_configurations.unwrap_or_default().into_iter().any(|one| {
        one.queue_arn.ends_with(&format!(":{queue_name}"))
            && one
                .events
                .iter()
                .any(|event| *event == Event::S3ObjectCreated || event.as_str().starts_with("s3:ObjectCreated"))
    });
    Ok(if to_queue {
        Check::ok(INGEST, "notification", format!("ObjectCreated to {queue_name}"))
    } else {
        let example = format!(
            "{{\"QueueConfigurations\":[{{\"QueueArn\":\"arn:aws:sqs:{}:ACCOUNT:{queue_name}\",\"Events\":[\"s3:ObjectCreated:*\"],\
             \"Filter\":{{\"Key\":{{\"FilterRules\":[{{\"Name\":\"prefix\",\"Value\":\"{}\"}}]}}}}}}]}}",
            context.clients.region,
            context.deployment.key_prefix()
        );
        Check::fail(
            INGEST,
            "notification",
            "the bucket sends no event of created objects to the intake queue: no new file is seen",
            format!(
                "aws s3api put-bucket-notification-configuration --bucket {bucket} --notification-configuration '{example}'"
            ),
        )
    })
}

async fn encryption(context: &Context<'_, impl Write>) -> Result<Check, ToolError> {
    let bucket = context.deployment.output("IngestBucketName")?;
    let answer = context.clients.s3.get_bucket_encryption().bucket(bucket).send().await;
    Ok(match answer {
        Ok(answer) => {
            let rules = answer.server_side_encryption_configuration.map(|one| one.rules).unwrap_or_default();
            let kind = rules.first().and_then(|rule| rule.apply_server_side_encryption_by_default.as_ref());
            Check::ok(INGEST, "encryption", kind.map_or("SSE-S3", |kind| kind.sse_algorithm.as_str()))
        }
        Err(error) => {
            Check::unasked(INGEST, "encryption", &ToolError::of_call("s3:GetEncryptionConfiguration", &error))
        }
    })
}

async fn object_lock(context: &Context<'_, impl Write>) -> Result<Check, ToolError> {
    let bucket = context.deployment.output("AuditBucketName")?;
    let fix = format!(
        "aws s3api put-object-lock-configuration --bucket {bucket} --object-lock-configuration \
         '{{\"ObjectLockEnabled\":\"Enabled\",\"Rule\":{{\"DefaultRetention\":{{\"Mode\":\"{}\",\"Days\":{}}}}}}}'",
        context.deployment.parameter("AuditLockMode").unwrap_or("GOVERNANCE"),
        context.deployment.number("AuditRetentionDays", 365)
    );
    let answer = context.clients.s3.get_object_lock_configuration().bucket(bucket).send().await;
    let configuration = match answer {
        Ok(answer) => answer.object_lock_configuration,
        Err(error) => match ToolError::of_call("s3:GetBucketObjectLockConfiguration", &error) {
            ToolError::Denied { action, text } => {
                return Ok(Check::unasked(AUDIT, "object lock", &ToolError::Denied { action, text }));
            }
            ToolError::Aws { text, .. } if text.contains("ObjectLockConfiguration") || text.contains("Object Lock") => {
                None
            }
            other => return Ok(Check::unasked(AUDIT, "object lock", &other)),
        },
    };
    let enabled = configuration.as_ref().is_some_and(|one| one.object_lock_enabled == Some(ObjectLockEnabled::Enabled));
    let retention = configuration.and_then(|one| one.rule).and_then(|rule| rule.default_retention);
    Ok(match (enabled, retention) {
        (true, Some(retention)) => {
            let mode = retention.mode.map(|mode| mode.as_str().to_owned()).unwrap_or_default();
            Check::ok(AUDIT, "object lock", format!("{mode}, {} days", retention.days.unwrap_or_default()))
        }
        (true, None) => Check::warn(
            AUDIT,
            "object lock",
            "enabled without a default retention; finalize locks each record itself",
            fix,
        ),
        (false, _) => Check::fail(AUDIT, "object lock", "not enabled: audit records can be changed and deleted", fix),
    })
}

/// Compares the deployed definition with this version's. ARNs and substitutions differ in each deployment.
async fn machine(context: &Context<'_, impl Write>) -> Result<Check, ToolError> {
    let arn = context.deployment.output("StateMachineArn")?;
    let described = context.clients.sfn.describe_state_machine().state_machine_arn(arn).send().await;
    let definition = match described {
        Ok(described) => described.definition,
        Err(error) => {
            return Ok(Check::unasked(
                STACK,
                "state machine",
                &ToolError::of_call("states:DescribeStateMachine", &error),
            ));
        }
    };
    let same = match (serde_json::from_str(&definition), serde_json::from_str(MACHINE)) {
        (Ok(deployed), Ok(known)) => stripped(deployed) == stripped(known),
        _ => false,
    };
    Ok(if same {
        Check::ok(STACK, "state machine", "its definition is that of this version")
    } else {
        Check::warn(
            STACK,
            "state machine",
            "its definition is not that of this version of the tool",
            "deploy the release that this tool belongs to, or use the tool of the deployed release",
        )
    })
}

fn stripped(value: Value) -> Value {
    match value {
        Value::String(text) if text.starts_with("arn:") || text.contains("${") => Value::String("…".to_owned()),
        Value::Array(items) => items.into_iter().map(stripped).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .filter(|(name, _)| !matches!(name.as_str(), "Comment" | "FunctionName"))
            .map(|(name, value)| (name, stripped(value)))
            .collect(),
        other => other,
    }
}

/// The functions, the event source, and the environments that the other checks use.
pub(super) async fn functions(context: &Context<'_, impl Write>) -> Result<(Vec<Check>, Option<Deployed>), ToolError> {
    let mut checks = Vec::new();
    let mut environments: Vec<Variables> = Vec::new();
    for (name, output) in
        [("intake", "IntakeFunctionName"), ("poll", "PollFunctionName"), ("finalize", "FinalizeFunctionName")]
    {
        let function = match context.deployment.output(output) {
            Ok(function) => function,
            Err(error) => {
                checks.push(Check::unasked(FUNCTIONS, name, &error));
                continue;
            }
        };
        let asked = context.clients.lambda.get_function_configuration().function_name(function).send().await;
        let configuration = match asked {
            Ok(configuration) => configuration,
            Err(error) => {
                checks.push(Check::unasked(
                    FUNCTIONS,
                    name,
                    &ToolError::of_call("lambda:GetFunctionConfiguration", &error),
                ));
                continue;
            }
        };
        let active = configuration.state.as_ref().is_none_or(|state| matches!(state, State::Active | State::Inactive));
        let updated =
            configuration.last_update_status.as_ref().is_none_or(|status| *status == LastUpdateStatus::Successful);
        let detail = format!(
            "{}, {} MB, {} s",
            configuration.state.as_ref().map_or("Active", State::as_str),
            configuration.memory_size.unwrap_or_default(),
            configuration.timeout.unwrap_or_default()
        );
        checks.push(if active && updated {
            Check::ok(FUNCTIONS, name, detail)
        } else {
            let why = configuration.state_reason.or(configuration.last_update_status_reason).unwrap_or_default();
            Check::fail(
                FUNCTIONS,
                name,
                format!("{detail}: {why}"),
                format!("aws lambda get-function-configuration --function-name {function}"),
            )
        });
        environments.push(configuration.environment.and_then(|one| one.variables).unwrap_or_default());
    }
    checks.push(Check::of(FUNCTIONS, "event source", event_source(context).await));
    let mut environment = Environment::of_process();
    let http = HttpClients::from_environment(&mut environment);
    let http = environment.finish(http).map_err(|error| ToolError::Usage(error.to_string()))?;
    let deployed = match <[Variables; 3]>::try_from(environments) {
        Ok([intake, _, finalize]) => Some(Deployed { intake, finalize, http }),
        Err(_) => None,
    };
    Ok((checks, deployed))
}

async fn event_source(context: &Context<'_, impl Write>) -> Result<Check, ToolError> {
    let function = context.deployment.output("IntakeFunctionName")?;
    let name = "event source";
    let asked = context.clients.lambda.list_event_source_mappings().function_name(function).send().await;
    let mut mappings = match asked {
        Ok(listed) => listed.event_source_mappings.unwrap_or_default(),
        Err(error) => {
            return Ok(Check::unasked(FUNCTIONS, name, &ToolError::of_call("lambda:ListEventSourceMappings", &error)));
        }
    };
    if mappings.is_empty() {
        // With an alias, the mapping belongs to the alias.
        let alias =
            context.clients.lambda.list_event_source_mappings().function_name(format!("{function}:live")).send().await;
        mappings = alias.ok().and_then(|listed| listed.event_source_mappings).unwrap_or_default();
    }
    Ok(match mappings.first() {
        None => Check::fail(
            FUNCTIONS,
            name,
            "intake has no event source: no file is taken from the queue",
            "sam deploy, which makes it again",
        ),
        Some(mapping) => {
            let state = mapping.state.clone().unwrap_or_default();
            match state.as_str() {
                "Enabled" | "Enabling" | "Updating" | "Creating" => Check::ok(FUNCTIONS, name, state),
                _ => Check::fail(
                    FUNCTIONS,
                    name,
                    format!("{state}: no file is taken from the queue"),
                    format!(
                        "aws lambda update-event-source-mapping --uuid {} --enabled",
                        mapping.uuid.as_deref().unwrap_or("UUID")
                    ),
                ),
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn definitions_that_differ_in_arns_alone_are_the_same() {
        let deployed = json!({"Comment": "x", "States": {"A": {"Resource": "arn:aws:lambda:1", "Next": "B"}}});
        let known = json!({"States": {"A": {"Resource": "${PollFunctionArn}", "Next": "B"}}});
        assert_eq!(stripped(deployed.clone()), stripped(known));
        let other = json!({"States": {"A": {"Resource": "${PollFunctionArn}", "Next": "C"}}});
        assert_ne!(stripped(deployed), stripped(other));
    }
}
