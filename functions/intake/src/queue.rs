//! What intake says to the queues besides its answer: when a message may come again, and what could not be read.

use std::{collections::HashMap, time::Duration};

use aws_sdk_sqs::{Client, error::DisplayErrorContext, types::MessageAttributeValue};
use events::{Message, Unreadable};
use tokio::sync::Mutex;

/// SQS keeps a message hidden for at most 12 hours; the pipeline's longest wait is far below.
const LONGEST: u64 = 43_200;

pub(crate) struct Queue {
    client: Client,
    dead_letters: String,
    /// Queue URLs by ARN; the event names the ARN only.
    urls: Mutex<HashMap<String, String>>,
}

impl Queue {
    pub(crate) fn new(client: Client, dead_letters: String) -> Self {
        Self { client, dead_letters, urls: Mutex::new(HashMap::new()) }
    }

    /// Hides the message for `wait`. Where that fails the queue's own visibility timeout brings it back, only later.
    pub(crate) async fn hide(&self, message: &Message, wait: Duration) {
        if let Err(fault) = self.try_hide(message, wait).await {
            tracing::warn!(message_id = message.id, "the message's visibility cannot be changed: {fault}");
        }
    }

    async fn try_hide(&self, message: &Message, wait: Duration) -> Result<(), String> {
        let url = self.url(&message.queue_arn).await?;
        let seconds = i32::try_from(wait.as_millis().div_ceil(1000).min(u128::from(LONGEST))).unwrap_or(i32::MAX);
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
            return Err(format!("{arn:?} is no queue's ARN"));
        };
        let found = self.client.get_queue_url().queue_name(name).queue_owner_aws_account_id(account).send().await;
        let found = found.map_err(|error| DisplayErrorContext(error).to_string())?;
        let url = found.queue_url.ok_or("SQS did not say the queue's URL")?;
        urls.insert(arn.to_owned(), url.clone());
        Ok(url)
    }

    /// Puts a message that cannot be read where a person will look, with the reason as an attribute.
    pub(crate) async fn bury(&self, message: &Message, reason: &Unreadable) -> Result<(), String> {
        let text: String = attachments::shown(&reason.to_string()).chars().take(1024).collect();
        let attribute = MessageAttributeValue::builder().data_type("String").string_value(text).build();
        let attribute = attribute.map_err(|error| error.to_string())?;
        // An empty body is not a message that SQS takes.
        let body = if message.body.is_empty() { "(empty body)" } else { &message.body };
        let request = self.client.send_message().queue_url(&self.dead_letters).message_body(body);
        let sent = request.message_attributes("reason", attribute).send().await;
        sent.map(|_| ()).map_err(|error| DisplayErrorContext(error).to_string())
    }
}
