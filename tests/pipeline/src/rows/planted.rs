//! Objects under a record's key that finalize has not written.

use attachments::Timestamp;
use serde_json::{Value, json};

use super::{
    Acting, Play, Row,
    forgery::{being_processed, error_of},
    row,
    webhooks::redriven,
};
use crate::case::{Case, ensure};
use crate::error::Calling as _;
use crate::world::Placed;

/// Larger than any record, and small enough for the memory of the local AWS.
const LARGE: usize = 32 << 20;

const REDRIVEN: &str =
    "Audit.Foreign, nothing is sent; after a delete marker and a redrive, the true record is written and sent";

pub(super) const ROWS: &[Row] = &[
    row(
        "forgery/record-early",
        "a record with a forged sha256 is stored under the record's key",
        REDRIVEN,
        Play::Other(|case| planted(case, Early::Forged)),
    )
    .fast(),
    row(
        "forgery/record-garbage",
        "HTML is stored under the record's key",
        REDRIVEN,
        Play::Other(|case| planted(case, Early::Garbage)),
    )
    .fast(),
    row(
        "forgery/record-large",
        "32 MiB are stored under the record's key",
        REDRIVEN,
        Play::Other(|case| planted(case, Early::Large)),
    ),
];

/// What is stored under the record's key before finalize writes it.
#[derive(Debug, Clone, Copy)]
enum Early {
    Forged,
    Garbage,
    Large,
}

fn planted(case: Case, early: Early) -> Acting {
    Box::pin(async move {
        let (placed, decided) = being_processed(&case).await?;
        let body = match early {
            Early::Forged => format!("{}\n", record(&case, &placed, &decided)).into_bytes(),
            Early::Garbage => b"<html>not a record</html>\n".to_vec(),
            Early::Large => vec![b' '; LARGE],
        };
        let (s3, bucket) = (&case.world.clients.s3, &case.world.place.audit_bucket);
        let keys = days().map(|day| format!("audit/date={day}/{}.json", placed.identity));
        for key in &keys {
            let put = s3.put_object().bucket(bucket).key(key).body(body.clone().into());
            put.send().await.calling("PutObject")?;
        }
        let arn = case.world.execution_arn(&placed.execution_name);
        let error = error_of(&case, &placed.execution_name, &arn).await?;
        ensure(error == "Audit.Foreign", || format!("the execution's error is {error:?}"))?;
        let sent = case.world.receiver.deliveries(Some(placed.identity.as_str()), None).await?.len();
        ensure(sent == 0, || format!("{sent} webhooks were sent"))?;
        // As the runbook says: add a delete marker, which the lock allows, and redrive the execution.
        for key in &keys {
            s3.delete_object().bucket(bucket).key(key).send().await.calling("DeleteObject")?;
        }
        let output = redriven(&case, &arn).await?;
        let key = output.get("audit_key").and_then(Value::as_str).unwrap_or_default().to_owned();
        ensure(keys.contains(&key), || format!("redriven: {output}"))?;
        let got = s3.get_object().bucket(bucket).key(&key).send().await.calling("GetObject")?;
        let written = got.body.collect().await.calling("GetObject")?.into_bytes();
        let record: Value = serde_json::from_slice(&written).calling("reading an audit record")?;
        let sha256 = record.pointer("/object/sha256").and_then(Value::as_str).unwrap_or_default();
        ensure(sha256 == placed.sha256, || format!("the record says {sha256:?}"))?;
        let sent = case.world.receiver.deliveries(Some(placed.identity.as_str()), None).await?;
        let same = sent.iter().filter(|one| one.verified && one.body.as_bytes() == written.as_ref()).count();
        ensure((sent.len(), same) == (1, 1), || format!("{} webhooks, {same} with the record", sent.len()))?;
        Ok("Audit.Foreign, nothing sent; hidden and redriven, the true record sent".to_owned())
    })
}

/// A record as finalize writes it, with another sha256.
fn record(case: &Case, placed: &Placed, decided: &Value) -> Value {
    let known = |pointer: &str| decided.pointer(pointer).cloned().unwrap_or(Value::Null);
    json!({
        "schema_version": 1, "event": "ATTACHMENT_UPLOAD_COMPLETED", "success": true, "identity": placed.identity.as_str(),
        "job_id": known("/job_id"), "interaction_id": known("/interaction_id"), "key_interaction": known("/key_interaction"),
        "error_reason": null, "latency_seconds": 1.0, "timestamp": placed.written_at,
        "object": {
            "bucket": placed.bucket, "key": placed.key, "version_id": placed.version_id, "etag": placed.etag,
            "size_bytes": placed.size, "sha256": "ab".repeat(32), "mime_type": "audio/wav", "declared_content_type": null,
            "source_checksum": "verified",
        },
        "tags": known("/tags"), "auto_scan": true,
        "timings": { "queued_seconds": 1.0, "upload_seconds": 1.0, "processing_seconds": 1.0 },
        "upload_attempts": 1, "possibly_stored": false, "polls": 1, "quota": "settled",
        "execution_arn": case.world.execution_arn(&placed.execution_name),
    })
}

/// The dates that finalize may use for an object that ends now.
pub(super) fn days() -> [String; 2] {
    let now = Timestamp::from(std::time::SystemTime::now());
    [now.date(), now.plus_millis(86_400_000).date()]
}
