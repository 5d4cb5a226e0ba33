//! The invariants of one object, for every outcome.

use attachments::audit::AuditRecord;
use aws_sdk_sfn::types::ExecutionStatus;
use serde_json::Value;
use servers::cxone::{Attachment, Call, RequestRecord};
use servers::webhook::Delivery;
use sha2::{Digest as _, Sha256};

use super::outcomes::of_object;
use super::{Placed, World};
use crate::FaultsError;
use crate::error::Calling as _;

/// How an object ended. All invariants held.
#[derive(Debug)]
pub struct Ended {
    /// The outcome's word: `COMPLETED`, `REJECTED`, `FAILED`, `TIMED_OUT` or `TRACKING_FAILED`.
    pub outcome: String,
    /// The reason's code; none where the object is completed.
    pub reason: Option<String>,
    /// Why in words; empty where the object is completed.
    pub reason_text: String,
    /// The audit record.
    pub audit: AuditRecord,
    /// The same as JSON.
    pub(crate) record: Value,
    /// What the stand-in holds under the object's key.
    pub attachment: Option<Attachment>,
    /// The attempts to deliver its webhook.
    pub deliveries: Vec<Delivery>,
    /// How often intake claimed it.
    pub(crate) claims: u64,
    /// Uploads under its key that CXone saw begin.
    pub seen_uploads: Vec<RequestRecord>,
    pub(crate) execution_arn: String,
    /// The cause of the failed execution.
    pub cause: Option<String>,
}

/// What is expected of an object's webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Webhook {
    Delivered,
    /// The retries were used up: the execution failed with `Webhook.Undelivered`.
    Undelivered,
}

impl Ended {
    /// The uploads that were begun, according to the record.
    pub(crate) fn uploads(&self) -> u64 {
        self.audit.upload_attempts.into()
    }

    /// A summary for the table.
    pub(crate) fn seen(&self) -> String {
        let reason = self.reason.as_deref().map(|reason| format!(" {reason}")).unwrap_or_default();
        let held = usize::from(self.attachment.is_some());
        let attempts = self.deliveries.len();
        format!(
            "{}{reason}; uploads {}, claims {}, held {held}, webhook attempts {attempts}",
            self.outcome,
            self.uploads(),
            self.claims
        )
    }
}

impl World {
    /// Waits for the end of the object's execution: its ARN and status.
    pub(crate) async fn execution_of(&self, placed: &Placed) -> (String, ExecutionStatus) {
        self.execution_named(&placed.execution_name).await
    }

    /// The status with which an execution ended.
    pub(crate) async fn end_of_execution(&self, name: &str) -> ExecutionStatus {
        self.execution_named(name).await.1
    }

    async fn execution_named(&self, name: &str) -> (String, ExecutionStatus) {
        match self.watch.end_of(name).await {
            Some(ended) => ended,
            // The watch ends only with its world.
            None => std::future::pending().await,
        }
    }

    /// Describes how far the object has come, for an error.
    pub(crate) async fn progress_of(&self, placed: &Placed) -> String {
        let execution = self.watch.now().get(&placed.execution_name).map(|(_, status)| status.as_str().to_owned());
        let ledger = match self.ledger_row(placed.identity.as_str()).await {
            Ok(Some(row)) => format!("{}, {} claims, last fault {:?}", row.state, row.attempts, row.last_fault),
            Ok(None) => "without a row of it".to_owned(),
            Err(error) => error.to_string(),
        };
        format!("{}: execution {}, ledger {ledger}", placed.key, execution.as_deref().unwrap_or("none"))
    }

    /// Waits for the object's end and checks every invariant of one object.
    pub(crate) async fn end_of(&self, placed: &Placed, webhook: Webhook) -> Result<Ended, FaultsError> {
        let (arn, status) = self.execution_of(placed).await;
        self.check(placed, webhook, arn, &status).await
    }

    async fn check(
        &self,
        placed: &Placed,
        webhook: Webhook,
        arn: String,
        status: &ExecutionStatus,
    ) -> Result<Ended, FaultsError> {
        let identity = placed.identity.as_str();
        let broken = |what: String| Err(FaultsError::Broken(format!("{}: {what}", placed.key)));
        let same = of_object(&self.watch.now(), &placed.identity);
        if same.len() != 1 {
            return broken(format!("its executions are {same:?}"));
        }
        let (record, digest) = self.audit_record(identity).await?;
        let deliveries = self.receiver.deliveries(Some(identity), None).await?;
        let taken =
            deliveries.iter().any(|one| one.verified && one.status.is_some_and(|status| (200..300).contains(&status)));
        if let Some(other) = deliveries.iter().find(|one| one.body_sha256 != digest) {
            return broken(format!("webhook {} carried another body than the audit record", other.seq));
        }
        if taken != (webhook == Webhook::Delivered) {
            return broken(format!(
                "its webhook was {}accepted, in {} attempts",
                if taken { "" } else { "not " },
                deliveries.len()
            ));
        }
        let outcome = record.get("event").and_then(Value::as_str).and_then(outcome_of);
        let outcome = outcome.as_ref().map_or("none", |outcome| outcome.as_str());
        let cause = self.check_execution(&arn, status, outcome, webhook).await?;
        let held = self.standin.attachments(None).await?;
        let mut held: Vec<Attachment> = held.into_iter().filter(|one| one.idempotency_key == identity).collect();
        if held.iter().filter(|one| one.live).count() > 1 {
            return broken(format!("CXone holds it {} times", held.len()));
        }
        let attachment = held.pop();
        let reason = record.pointer("/error_reason/code").and_then(Value::as_str).unwrap_or("without a reason");
        if let Err(what) = fits(&record, outcome, attachment.as_ref(), placed) {
            return broken(format!("{outcome} {reason}, but {what}"));
        }
        let row = self.ledger_row(identity).await?.unwrap_or_default();
        if row.state != "done" {
            return broken(format!("its ledger row is {row:?}"));
        }
        let violations = self.standin.violations(Some(&placed.interaction)).await?;
        if let Some(violation) = violations.first() {
            let count = violations.len();
            return broken(format!(
                "{outcome} {reason}, but {count} violations at CXone, the first: {}",
                violation.text
            ));
        }
        let mut seen_uploads = self.standin.requests(Some(&placed.interaction), Some(Call::Upload)).await?;
        seen_uploads.retain(|upload| upload.headers.get("idempotency-key").is_some_and(|key| key == identity));
        let said = |pointer: &str| record.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        Ok(Ended {
            outcome: outcome.to_owned(),
            reason: said("/error_reason/code"),
            reason_text: said("/error_reason/text").unwrap_or_default(),
            claims: row.attempts,
            seen_uploads,
            attachment,
            deliveries,
            execution_arn: arn,
            cause,
            audit: serde_json::from_value(record.clone()).calling("reading an audit record")?,
            record,
        })
    }

    /// Checks that the console shows what the record says, and gives the cause that it shows.
    async fn check_execution(
        &self,
        arn: &str,
        status: &ExecutionStatus,
        outcome: &str,
        webhook: Webhook,
    ) -> Result<Option<String>, FaultsError> {
        let call = self.clients.sfn.describe_execution().execution_arn(arn);
        let shown = call.send().await.calling("DescribeExecution")?;
        let error = shown.error().unwrap_or_default();
        let wanted = match (webhook, outcome) {
            (Webhook::Undelivered, _) => (ExecutionStatus::Failed, "Webhook.Undelivered"),
            (Webhook::Delivered, "COMPLETED") => (ExecutionStatus::Succeeded, ""),
            (Webhook::Delivered, outcome) => (ExecutionStatus::Failed, outcome),
        };
        if (status, error) == (&wanted.0, wanted.1) {
            return Ok(shown.cause);
        }
        Err(FaultsError::broken(format!("the record says {outcome}, the execution {} {error:?}", status.as_str())))
    }

    /// The keys of all versions of all audit records.
    pub(crate) async fn audit_records(&self) -> Result<Vec<String>, FaultsError> {
        let (mut keys, mut after, mut after_version) = (Vec::new(), None, None);
        loop {
            let call = self.clients.s3.list_object_versions().bucket(&self.place.audit_bucket).prefix("audit/");
            let call = call.set_key_marker(after).set_version_id_marker(after_version);
            let page = call.send().await.calling("ListObjectVersions")?;
            keys.extend(page.versions.unwrap_or_default().into_iter().filter_map(|version| version.key));
            if page.is_truncated != Some(true) {
                return Ok(keys);
            }
            (after, after_version) = (page.next_key_marker, page.next_version_id_marker);
        }
    }

    /// The object's one audit record and its digest.
    async fn audit_record(&self, identity: &str) -> Result<(Value, String), FaultsError> {
        let bytes = self.audit_text(identity).await?;
        let record = serde_json::from_str(&bytes).calling("reading an audit record")?;
        Ok((record, hex::encode(Sha256::digest(bytes))))
    }

    /// The object's one audit record as it is stored.
    pub async fn audit_text(&self, identity: &str) -> Result<String, FaultsError> {
        let (s3, bucket) = (&self.clients.s3, &self.place.audit_bucket);
        let name = format!("/{identity}.json");
        let mut keys = self.audit_records().await?;
        keys.retain(|key| key.ends_with(&name));
        let [key] = keys.as_slice() else {
            return Err(FaultsError::broken(format!("the audit records of {identity} are {keys:?}")));
        };
        let got = s3.get_object().bucket(bucket).key(key).send().await.calling("GetObject")?;
        let bytes = got.body.collect().await.calling("GetObject")?.into_bytes();
        String::from_utf8(bytes.into()).calling("reading an audit record")
    }
}

/// Compares the record with what the stand-in holds and what was written.
fn fits(record: &Value, outcome: &str, held: Option<&Attachment>, placed: &Placed) -> Result<(), String> {
    let said = |pointer: &str| record.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    if outcome == "COMPLETED" {
        if held.is_none_or(|one| one.sha256 != placed.sha256) {
            return Err(format!("CXone holds {held:?}"));
        }
        if said("/object/sha256") != placed.sha256 {
            return Err(format!("the record's sha256 is {:?}", said("/object/sha256")));
        }
    }
    let possibly_stored = record.get("possibly_stored").and_then(Value::as_bool).unwrap_or(false);
    if outcome == "REJECTED" && (possibly_stored || held.is_some_and(|one| one.live)) {
        let job = held.map(|one| one.job_id.as_str());
        return Err(format!("possibly_stored is {possibly_stored} and CXone holds it as {job:?}"));
    }
    let text = said("/error_reason/text").to_lowercase();
    if possibly_stored && ["write it again", "write the object again"].iter().any(|advice| text.contains(advice)) {
        return Err(format!("CXone may hold it and the record says {text:?}"));
    }
    Ok(())
}

fn outcome_of(event: &str) -> Option<attachments::Outcome> {
    attachments::Outcome::ALL.into_iter().find(|outcome| outcome.event() == event)
}
