//! Whether the ingest bucket is versioned, and so whether S3 can have sent an event without a version id.

use std::time::Duration;

use attachments::{ObjectRef, ObjectVersion};
use aws_sdk_s3::{Client, error::DisplayErrorContext, types::BucketVersioningStatus};
use tokio::{sync::Mutex, time::Instant};

/// How long intake uses an answer of S3.
const ANSWER_LIFETIME: Duration = Duration::from_mins(5);

/// The one bucket that intake takes files from.
pub(crate) struct IngestBucket {
    client: Client,
    name: String,
    /// When intake asked S3, and whether each write gets a version id.
    asked: Mutex<Option<(Instant, bool)>>,
}

impl IngestBucket {
    pub(crate) fn new(client: Client, name: String) -> Self {
        Self { client, name, asked: Mutex::new(None) }
    }

    /// The reason why no write to the bucket can have caused the event. None if one can.
    ///
    /// In a versioned bucket, the event of each write has a version id. An event without one would start a second execution for
    /// a version, under another identity.
    ///
    /// # Errors
    /// S3 does not say whether the bucket is versioned. The text goes to the log.
    pub(crate) async fn refusal(&self, object: &ObjectRef) -> Result<Option<String>, String> {
        if matches!(object.version, ObjectVersion::Id(_)) || !self.is_versioned().await? {
            return Ok(None);
        }
        Ok(Some(format!(
            "the event of {:?} has no version id, but the bucket {:?} is versioned, so S3 did not send it; send S3's own event",
            object.key, self.name
        )))
    }

    async fn is_versioned(&self) -> Result<bool, String> {
        let mut asked = self.asked.lock().await;
        if let Some((at, versioned)) = *asked
            && at.elapsed() < ANSWER_LIFETIME
        {
            return Ok(versioned);
        }
        let answer = self.client.get_bucket_versioning().bucket(&self.name).send().await.map_err(|error| {
            format!(
                "S3 does not say whether the bucket {:?} is versioned; IntakeFunction's role needs s3:GetBucketVersioning: {}",
                self.name,
                DisplayErrorContext(error)
            )
        })?;
        // If versioning is suspended, new writes have no version id.
        let versioned = answer.status() == Some(&BucketVersioningStatus::Enabled);
        *asked = Some((Instant::now(), versioned));
        Ok(versioned)
    }
}

#[cfg(test)]
mod tests;
