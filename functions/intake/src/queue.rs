//! Calls to the queues: hide a message until its retry, and send a poison message to the dead-letter queue.

use std::{collections::HashMap, time::Duration};

use aws_sdk_sqs::{Client, error::DisplayErrorContext, types::MessageAttributeValue};
use events::Message;
use tokio::sync::Mutex;

/// The longest visibility timeout of SQS: 12 hours. Intake's longest wait is far below it.
const MAX_VISIBILITY_SECONDS: u64 = 43_200;

pub(crate) struct Queue {
    client: Client,
    dead_letters: String,
    /// Queue URLs by ARN. The event has only the ARN.
    urls: Mutex<HashMap<String, String>>,
}

impl Queue {
    pub(crate) fn new(client: Client, dead_letters: String) -> Self {
        Self { client, dead_letters, urls: Mutex::new(HashMap::new()) }
    }

    /// Hides the message for `wait`. If the call fails, the message is delivered again when the queue's visibility timeout ends.
    pub(crate) async fn hide(&self, message: &Message, wait: Duration) {
        if let Err(fault) = self.try_hide(message, wait).await {
            tracing::warn!(message_id = message.id, "the message's visibility cannot be changed: {fault}");
        }
    }

    async fn try_hide(&self, message: &Message, wait: Duration) -> Result<(), String> {
        let url = self.url(&message.queue_arn).await?;
        let seconds =
            i32::try_from(wait.as_millis().div_ceil(1000).min(u128::from(MAX_VISIBILITY_SECONDS))).unwrap_or(i32::MAX);
        let request = self.client.change_message_visibility().queue_url(url).receipt_handle(&message.receipt_handle);
        let sent = request.visibility_timeout(seconds).send().await;
        sent.map(|_| ()).map_err(|error| DisplayErrorContext(error).to_string())
    }

    async fn url(&self, arn: &str) -> Result<String, String> {
        let mut urls = self.urls.lock().await;
        if let Some(url) = urls.get(arn) {
            return Ok(url.clone());
        }
        let mut parts = arn.split(':').skip(4);
        let (Some(account), Some(name)) = (parts.next(), parts.next()) else {
            return Err(format!("{arn:?} is not the ARN of a queue"));
        };
        let found = self.client.get_queue_url().queue_name(name).queue_owner_aws_account_id(account).send().await;
        let found = found.map_err(|error| DisplayErrorContext(error).to_string())?;
        let url = found.queue_url.ok_or("SQS returned no URL for the queue")?;
        urls.insert(arn.to_owned(), url.clone());
        Ok(url)
    }

    /// Sends a message that starts nothing to the dead-letter queue, with the reason as an attribute.
    pub(crate) async fn bury(&self, message: &Message, reason: &str) -> Result<(), String> {
        let text: String = attachments::shown(reason).chars().take(1024).collect();
        let attribute = MessageAttributeValue::builder().data_type("String").string_value(text).build();
        let attribute = attribute.map_err(|error| error.to_string())?;
        // SQS refuses a message with an empty body.
        let body = if message.body.is_empty() { "(empty body)" } else { &message.body };
        let request = self.client.send_message().queue_url(&self.dead_letters).message_body(body);
        let sent = request.message_attributes("reason", attribute).send().await;
        sent.map(|_| ()).map_err(|error| DisplayErrorContext(error).to_string())
    }
}
