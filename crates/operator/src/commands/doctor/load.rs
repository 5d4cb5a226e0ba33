//! Alarms, dead letters, waiting messages, quota and concurrency.

use std::io::Write;

use aws_sdk_cloudwatch::types::StateValue;
use aws_sdk_sqs::types::QueueAttributeName;

use super::Check;
use crate::{ToolError, commands::Context, object};

const ALARMS: &str = "Alarms";
const LOAD: &str = "Load";
/// The quota is nearly full from here on, in percent.
const NEARLY_FULL: u128 = 90;

pub(super) async fn checks(context: &Context<'_, impl Write>) -> Vec<Check> {
    vec![
        in_alarm(context).await,
        subscriber(context).await,
        Check::of(LOAD, "dead letters", dead_letters(context).await),
        Check::of(LOAD, "quota", quota(context).await),
        concurrency(context).await,
    ]
}

async fn in_alarm(context: &Context<'_, impl Write>) -> Check {
    let prefix = format!("{}-", context.deployment.stack);
    let asked = context.clients.cloudwatch.describe_alarms().alarm_name_prefix(&prefix).state_value(StateValue::Alarm);
    let answer = match asked.send().await {
        Ok(answer) => answer,
        Err(error) => {
            return Check::unasked(ALARMS, "in ALARM", &ToolError::of_call("cloudwatch:DescribeAlarms", &error));
        }
    };
    let names: Vec<String> = answer
        .metric_alarms
        .unwrap_or_default()
        .into_iter()
        .filter_map(|alarm| alarm.alarm_name)
        .map(|name| name.trim_start_matches(&prefix).to_owned())
        .collect();
    if names.is_empty() {
        Check::ok(ALARMS, "in ALARM", "none")
    } else {
        Check::fail(ALARMS, "in ALARM", names.join(", "), "docs/runbook.md has a chapter for each alarm")
    }
}

async fn subscriber(context: &Context<'_, impl Write>) -> Check {
    let Ok(topic) = context.deployment.output("AlarmTopicArn") else {
        return Check::skipped(ALARMS, "subscriber", "the stack has no alarm topic");
    };
    let asked = context.clients.sns.list_subscriptions_by_topic().topic_arn(topic).send().await;
    let fix = format!("aws sns subscribe --topic-arn {topic} --protocol email --notification-endpoint ADDRESS");
    match asked {
        Err(error) => Check::unasked(ALARMS, "subscriber", &ToolError::of_call("sns:ListSubscriptionsByTopic", &error)),
        Ok(answer) => {
            let subscriptions = answer.subscriptions.unwrap_or_default();
            let is_confirmed = |arn: Option<&str>| arn.is_some_and(|arn| arn.starts_with("arn:"));
            let confirmed = subscriptions.iter().filter(|one| is_confirmed(one.subscription_arn.as_deref())).count();
            match (subscriptions.len(), confirmed) {
                (0, _) => Check::warn(
                    ALARMS,
                    "subscriber",
                    "the alarm topic has no subscription: no person gets an alarm",
                    fix,
                ),
                (_, 0) => Check::warn(
                    ALARMS,
                    "subscriber",
                    "no subscription is confirmed: its owner must follow the link in AWS's mail",
                    fix,
                ),
                (_, confirmed) => Check::ok(ALARMS, "subscriber", format!("{confirmed} confirmed")),
            }
        }
    }
}

async fn dead_letters(context: &Context<'_, impl Write>) -> Result<Check, ToolError> {
    let url = context.deployment.output("IntakeDeadLetterQueueUrl")?;
    let asked = context.clients.sqs.get_queue_attributes().queue_url(url);
    let asked = asked.attribute_names(QueueAttributeName::ApproximateNumberOfMessages).send().await;
    Ok(match asked {
        Err(error) => Check::unasked(LOAD, "dead letters", &ToolError::of_call("sqs:GetQueueAttributes", &error)),
        Ok(answer) => {
            let count = answer.attributes.unwrap_or_default().remove(&QueueAttributeName::ApproximateNumberOfMessages);
            match count.as_deref() {
                None | Some("0") => Check::ok(LOAD, "dead letters", "none"),
                Some(count) => Check::fail(
                    LOAD,
                    "dead letters",
                    count,
                    format!(
                        "aws sqs receive-message --queue-url {url} --message-attribute-names reason --visibility-timeout 0"
                    ),
                ),
            }
        }
    })
}

async fn quota(context: &Context<'_, impl Write>) -> Result<Check, ToolError> {
    let limit = context.deployment.number("StorageQuotaBytes", 0);
    if limit == 0 {
        return Ok(Check::ok(LOAD, "quota", "none is set"));
    }
    let ledger = object::ledger(&context.clients, &context.deployment)?;
    Ok(match ledger.used_bytes().await {
        Err(error) => Check::unasked(LOAD, "quota", &object::of_ledger(&error)),
        Ok(used) => {
            let percent = u128::from(used) * 100 / u128::from(limit);
            let detail = format!("{percent} % of {limit} bytes");
            if percent >= NEARLY_FULL {
                Check::warn(
                    LOAD,
                    "quota",
                    detail,
                    "raise StorageQuotaBytes, or delete files that CXone no longer needs",
                )
            } else {
                Check::ok(LOAD, "quota", detail)
            }
        }
    })
}

async fn concurrency(context: &Context<'_, impl Write>) -> Check {
    let wanted = context.deployment.number("IntakeConcurrency", 0);
    let limit = match context.clients.lambda.get_account_settings().send().await {
        Ok(settings) => settings
            .account_limit
            .map(|limit| limit.unreserved_concurrent_executions.unwrap_or(limit.concurrent_executions)),
        Err(error) => {
            return Check::unasked(LOAD, "concurrency", &ToolError::of_call("lambda:GetAccountSettings", &error));
        }
    };
    let Some(limit) = limit.and_then(|limit| u64::try_from(limit).ok()) else {
        return Check::skipped(LOAD, "concurrency", "AWS did not say the account's limit");
    };
    // Poll and finalize need some as well.
    let detail = format!("intake may use {wanted} of the account's {limit} free");
    if wanted.saturating_mul(2) > limit {
        Check::warn(
            LOAD,
            "concurrency",
            detail,
            "lower IntakeConcurrency, or ask AWS for more concurrent executions in Service Quotas",
        )
    } else {
        Check::ok(LOAD, "concurrency", detail)
    }
}
