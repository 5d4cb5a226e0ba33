//! What became of a record.

use std::time::Duration;

use serde::Serialize;

/// What became of a record.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case", tag = "record")]
pub(crate) enum Finish {
    /// Its execution is started, now or before.
    Finished {
        /// None where the object has its outcome already.
        execution_name: Option<String>,
    },
    /// It must come again.
    Unfinished {
        #[serde(serialize_with = "in_seconds")]
        retry_in: Duration,
        fault: String,
        /// An outage of the pipeline's own services: the longer it lasts, the longer the message stays hidden, so that it
        /// does not reach the dead-letter queue by being received too often.
        outage: bool,
    },
    /// The event names no object of the bucket. It starts nothing and leaves no record: its message goes to the dead-letter
    /// queue.
    Refused { reason: String },
}

fn in_seconds<S: serde::Serializer>(wait: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(wait.as_secs())
}

impl Finish {
    pub(crate) fn unfinished(retry_in: Duration, fault: impl Into<String>) -> Self {
        Self::Unfinished { retry_in, fault: fault.into(), outage: false }
    }

    pub(crate) fn outage(fault: impl Into<String>) -> Self {
        Self::Unfinished { retry_in: Duration::from_secs(5), fault: fault.into(), outage: true }
    }
}
