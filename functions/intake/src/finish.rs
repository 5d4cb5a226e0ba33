//! What became of a record of an event.

use std::time::Duration;

use serde::Serialize;

/// What became of a record, after all attempts of its run. `stop` says how this differs from the other two types.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case", tag = "record")]
pub(crate) enum Finish {
    /// The object's execution is started, now or earlier.
    Finished {
        /// None if the object has its outcome already.
        execution_name: Option<String>,
    },
    /// The record needs a retry.
    Unfinished {
        #[serde(serialize_with = "in_seconds")]
        retry_in: Duration,
        fault: String,
        /// One of the pipeline's own services failed. The longer such an outage lasts, the longer intake hides the message, so
        /// that SQS does not move it to the dead-letter queue for too many receives.
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

    /// The message's next wait does not depend on `retry_in`: it grows with the number of receives.
    pub(crate) fn outage(fault: impl Into<String>) -> Self {
        Self::Unfinished { retry_in: Duration::from_secs(5), fault: fault.into(), outage: true }
    }
}
