//! Metrics in CloudWatch's embedded metric format: JSON lines on standard output, from which CloudWatch makes data points.
//!
//! No crate is used for this. The format is one JSON object, and the crates for it add a registry, a recorder and start-up
//! work that the functions do not need.

use std::{sync::OnceLock, time::SystemTime};

use attachments::{Outcome, ReasonCode, Timestamp};
use serde_json::{Map, Value, json};

use crate::Environment;

/// The namespace in CloudWatch if `METRICS_NAMESPACE` is not set.
pub const DEFAULT_NAMESPACE: &str = "CxoneAttachments";

/// The sets of dimensions of [`Metric::Outcomes`]. No other metric has dimensions.
pub const OUTCOME_DIMENSIONS: [&[&str]; 2] = [&["Outcome"], &["Outcome", "Reason"]];

/// Set once at cold start, so that code that emits a metric needs no handle.
static NAMESPACE: OnceLock<String> = OnceLock::new();

/// Reads `METRICS_NAMESPACE`. Each stack of an account has its own.
pub fn init(environment: &Environment) {
    let namespace = environment.optional("METRICS_NAMESPACE").unwrap_or_else(|| DEFAULT_NAMESPACE.to_owned());
    // A second call, such as by two tests in one process, has no effect.
    let _ = NAMESPACE.set(namespace);
}

fn namespace() -> &'static str {
    NAMESPACE.get().map_or(DEFAULT_NAMESPACE, String::as_str)
}

macro_rules! metrics {
    ($($(#[doc = $doc:literal])+ $variant:ident: $unit:literal, $function:literal,)+) => {
        /// The metrics. docs/metrics.md lists them as they are declared here. `tests/contracts` compares dashboard and alarms
        /// with them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Metric {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Metric {
            /// All metrics.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name in CloudWatch.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => stringify!($variant),)+ }
            }

            /// The description of what the metric counts or measures.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+),)+ }
            }

            /// The unit in CloudWatch.
            #[must_use]
            pub const fn unit(self) -> &'static str {
                match self { $(Self::$variant => $unit,)+ }
            }

            /// The functions that emit the metric.
            #[must_use]
            pub const fn functions(self) -> &'static str {
                match self { $(Self::$variant => $function,)+ }
            }
        }
    };
}

metrics! {
    /// Uploads that CXone accepted.
    Uploads: "Count", "intake",
    /// Bytes of accepted uploads.
    UploadBytes: "Bytes", "intake",
    /// From the upload's start to CXone's response.
    UploadLatency: "Milliseconds", "intake",
    /// Earlier attempts of uploads that CXone then accepted.
    UploadRetries: "Count", "intake",
    /// Responses that ask to wait.
    Throttled: "Count", "intake, poll",
    /// Requests for an access token.
    TokenFetches: "Count", "intake, poll",
    /// Objects that intake released for a later attempt.
    GivenBack: "Count", "intake",
    /// Refusals of the credentials that count for the alarm.
    CxoneUnauthorized: "Count", "intake, poll",
    /// Reads of objects that S3 denied.
    SourceDenied: "Count", "intake",
    /// Messages that intake put into the dead-letter queue.
    DeadLetters: "Count", "intake",
    /// Records that start nothing.
    IgnoredRecords: "Count", "intake",
    /// Interaction ids in user metadata that had no effect.
    IgnoredInteractionIds: "Count", "intake",
    /// Scan opt-outs in user metadata that had no effect.
    IgnoredScanOptOuts: "Count", "intake",
    /// The used share of the storage quota, 0 to 1.
    QuotaUsedRatio: "None", "intake",
    /// Polls of a job until polling ended.
    PollsPerJob: "Count", "poll",
    /// Jobs whose polling ended.
    JobsEnded: "Count", "poll",
    /// Objects by outcome, and by outcome and reason code.
    Outcomes: "Count", "finalize",
    /// From S3's event to the outcome.
    EndToEndLatency: "Milliseconds", "finalize",
    /// Delivery attempts of webhooks.
    WebhookTries: "Count", "finalize",
    /// Failed delivery attempts.
    WebhookUndelivered: "Count", "finalize",
    /// Audit records that could not be written.
    AuditUnwritable: "Count", "finalize",
    /// Calls of finalize that could not use the ledger.
    LedgerUnavailable: "Count", "finalize",
    /// Calls of finalize that the ledger does not know or that contradict it.
    InputForeign: "Count", "finalize",
    /// Objects under an audit record's key that finalize did not write.
    AuditForeign: "Count", "finalize",
}

/// Emits values without dimensions in one line.
pub fn emit(values: &[(Metric, f64)]) {
    if !values.is_empty() {
        println!("{}", line(values, &json!([[]]), &Map::new(), SystemTime::now().into()));
    }
}

/// Adds one to a metric.
pub fn count(metric: Metric) {
    emit(&[(metric, 1.0)]);
}

/// Counts an object by its outcome, and by its outcome and reason.
pub fn count_outcome(outcome: Outcome, reason: Option<ReasonCode>) {
    let mut dimensions = Map::new();
    dimensions.insert("Outcome".to_owned(), outcome.as_str().into());
    let reason = reason.map_or("none".into(), ReasonCode::as_str);
    dimensions.insert("Reason".to_owned(), reason.as_ref().into());
    println!("{}", line(&[(Metric::Outcomes, 1.0)], &json!(OUTCOME_DIMENSIONS), &dimensions, SystemTime::now().into()));
}

fn line(values: &[(Metric, f64)], sets: &Value, dimensions: &Map<String, Value>, now: Timestamp) -> String {
    let metrics: Vec<Value> =
        values.iter().map(|(metric, _)| json!({"Name": metric.name(), "Unit": metric.unit()})).collect();
    let mut object = dimensions.clone();
    object.insert(
        "_aws".to_owned(),
        json!({
            "Timestamp": now.unix_millis(),
            "CloudWatchMetrics": [{"Namespace": namespace(), "Dimensions": sets, "Metrics": metrics}],
        }),
    );
    object.extend(values.iter().map(|(metric, value)| (metric.name().to_owned(), json!(value))));
    Value::Object(object).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_has_the_embedded_metric_format() {
        let values = [(Metric::Uploads, 1.0), (Metric::UploadBytes, 43.0)];
        let read: Value =
            serde_json::from_str(&line(&values, &json!([[]]), &Map::new(), Timestamp::from_unix_millis(5))).unwrap();
        let expected = json!({
            "_aws": {"Timestamp": 5, "CloudWatchMetrics": [{
                "Namespace": "CxoneAttachments", "Dimensions": [[]],
                "Metrics": [{"Name": "Uploads", "Unit": "Count"}, {"Name": "UploadBytes", "Unit": "Bytes"}]}]},
            "Uploads": 1.0, "UploadBytes": 43.0
        });
        assert_eq!(read, expected);
    }

    #[test]
    fn names_are_unique_and_units_are_cloudwatchs() {
        let mut names: Vec<_> = Metric::ALL.iter().map(|metric| metric.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Metric::ALL.len());
        for metric in Metric::ALL {
            assert!(["Count", "Bytes", "Milliseconds", "None"].contains(&metric.unit()), "{metric:?}");
        }
    }
}
