//! Whether the ingest bucket keeps versions, and so whether an event without a version id can be true.

use std::time::Duration;

use attachments::{ObjectRef, ObjectVersion};
use aws_sdk_s3::{Client, error::DisplayErrorContext, types::BucketVersioningStatus};
use tokio::{sync::Mutex, time::Instant};

/// How long an answer of S3 is used.
const REMEMBERED: Duration = Duration::from_mins(5);

/// The one bucket that intake takes files from.
pub(crate) struct IngestBucket {
    client: Client,
    name: String,
    /// When S3 was asked, and whether each write gets a version id.
    asked: Mutex<Option<(Instant, bool)>>,
}

impl IngestBucket {
    pub(crate) fn new(client: Client, name: String) -> Self {
        Self { client, name, asked: Mutex::new(None) }
    }

    /// Why the event cannot come from a write to the bucket. None if it can.
    ///
    /// In a versioned bucket, the event of each write has a version id. An event without one would give a version a second
    /// record, under another identity.
    ///
    /// # Errors
    /// S3 does not say whether the bucket keeps versions. The text is for people.
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
            && at.elapsed() < REMEMBERED
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
        // Suspended: new writes have no version id.
        let versioned = answer.status() == Some(&BucketVersioningStatus::Enabled);
        *asked = Some((Instant::now(), versioned));
        Ok(versioned)
    }
}

#[cfg(test)]
mod tests;
