//! The figures that must fit one another, read from template.yaml and from the code: no knob may be turned by itself.

use std::collections::BTreeMap;
use std::time::Duration;

use attachments::{
    Identity, Outcome, Reason, ReasonCode, Timestamp,
    audit::{AuditRecord, QuotaState},
    execution_name,
    polling::{MAX_CHANGES, wait_seconds},
    workflow::{
        Attachment, Blind, Decision, Ending, FinalizeRequest, Finalized, JobProgress, ObjectFacts, Resolution, SCHEMA,
        SourceChecksum, StatusChange, StepError, Upload,
    },
};
use intake::{LEASE_MARGIN, RECORD_MARGIN};
use serde_json::Value;

use crate::{number, template};

/// Step Functions allows this many bytes in a state's input or output.
const PAYLOAD: usize = 256 * 1024;
/// And this many in an error's cause.
const CAUSE: usize = 32_768;
/// `DynamoDB` takes items of at most so many bytes.
const ITEM: usize = 400 * 1024;

fn default(parameter: &str) -> u64 {
    number(&["Parameters", parameter, "Default"])
}

fn max(parameter: &str) -> u64 {
    number(&["Parameters", parameter, "MaxValue"])
}

/// A number among the properties of a resource.
fn property(resource: &str, keys: &[&str]) -> u64 {
    number(&[&["Resources", resource, "Properties"], keys].concat())
}

/// For how long the queue keeps a message, in seconds.
fn retention(queue: &str) -> u64 {
    property(queue, &["MessageRetentionPeriod"])
}

fn max_receives() -> u64 {
    property("IntakeQueue", &["RedrivePolicy", "maxReceiveCount"])
}

fn state<'a>(machine: &'a Value, name: &str) -> &'a Value {
    &machine["States"][name]
}

/// The retrier of a state that catches this error by its name.
fn retrier<'a>(state: &'a Value, error: &str) -> &'a Value {
    let retriers = state["Retry"].as_array().unwrap();
    retriers.iter().find(|one| one["ErrorEquals"].as_array().unwrap().iter().any(|name| name == error)).unwrap()
}

/// The longest that a retrier keeps trying, in seconds.
fn span(retrier: &Value) -> u64 {
    let figure = |name: &str| retrier[name].as_u64().unwrap();
    (0..figure("MaxAttempts"))
        .map(|tried| {
            (figure("IntervalSeconds") * figure("BackoffRate").pow(u32::try_from(tried).unwrap()))
                .min(figure("MaxDelaySeconds"))
        })
        .sum()
}

#[test]
fn a_message_stays_hidden_until_the_lease_of_a_dead_run_is_over() {
    let (timeout, visibility) = (default("FunctionTimeoutSeconds"), default("QueueVisibilitySeconds"));
    assert_eq!(visibility, 6 * timeout, "six times the time-out, as AWS advises");
    assert!(visibility > timeout + LEASE_MARGIN.as_secs());
    let local = |name: &str| -> u64 {
        let (_, value) = stack::LOCAL_PARAMETERS.iter().find(|(known, _)| *known == name).unwrap();
        value.parse().unwrap()
    };
    let (timeout, visibility) = (local("FunctionTimeoutSeconds"), local("QueueVisibilitySeconds"));
    assert!(visibility > timeout + LEASE_MARGIN.as_secs(), "on the local stack: {visibility} s, {timeout} s");
}

#[test]
fn an_object_is_given_up_before_its_message_is_lost() {
    let kept = retention("IntakeQueue");
    // The last try may begin so late: hidden by a dead run, after the longest backoff.
    let latest = max("GiveUpAfterSeconds") + max("QueueVisibilitySeconds") + cxone::LONGEST_WAIT.as_secs();
    assert!(latest < kept, "given up after {latest} s at the latest, messages live {kept} s");
    assert_eq!(retention("IntakeDeadLetterQueue"), kept);
}

#[test]
fn an_object_is_given_up_before_its_message_counts_as_poison() {
    let receives = max_receives();
    // Five faults in the first run, one in each later one; half of each backoff is random.
    let spent: f64 = (0..u32::try_from(receives).unwrap()).map(|run| cxone::backoff(5 + run, 0.5).as_secs_f64()).sum();
    let patience = max("GiveUpAfterSeconds");
    assert!(
        spent > 1.1 * f64::from(u32::try_from(patience).unwrap()),
        "{receives} receives last {spent} s, patience is {patience} s"
    );
}

#[test]
fn what_no_invocation_can_work_reaches_the_dead_letters_before_it_expires() {
    // No run hides such a message: the queue's own timeout makes it visible. The dead-letter queue continues its age.
    let days = max_receives() * default("QueueVisibilitySeconds") / 86_400;
    let left = retention("IntakeQueue") / 86_400 - days;
    assert!(left >= 3, "{left} days are left to find it in the dead-letter queue");
}

#[test]
fn versions_outlive_the_messages_that_point_to_them() {
    let rules = template();
    let rules = rules.part(&["Resources", "IngestBucket", "Properties", "LifecycleConfiguration", "Rules"]).unwrap();
    let old_versions = rules.as_array().unwrap().iter().find(|rule| rule["Id"] == "old-versions").unwrap();
    let days = old_versions["NoncurrentVersionExpiration"]["NoncurrentDays"].as_u64().unwrap();
    assert!(days * 86_400 >= 2 * retention("IntakeQueue"));
}

#[test]
fn a_ledger_row_outlives_the_name_of_its_execution_and_its_message() {
    let rows = u64::try_from(ledger::RETENTION_DAYS).unwrap();
    assert!(rows > 90, "Step Functions remembers a name for 90 days");
    assert!(rows * 86_400 > retention("IntakeQueue") + max("GiveUpAfterSeconds"));
}

#[test]
fn poll_and_finalize_have_time_for_what_they_do() {
    let timeout = |function| property(function, &["Timeout"]);
    assert!(timeout("PollFunction") >= max("PollWindowSeconds") + 2 * cxone::JOB_TIMEOUT.as_secs());
    assert!(timeout("FinalizeFunction") >= 3 * finalize::WEBHOOK_TIMEOUT.as_secs());
    let for_records = default("FunctionTimeoutSeconds") - RECORD_MARGIN.as_secs();
    assert!(for_records > 45, "a stall of 45 s does not fit into {for_records} s");
}

#[test]
fn the_webhooks_retries_end_while_an_execution_can_be_redriven() {
    let machine: Value = serde_json::from_str(&contracts::text("infra/state_machine.asl.json").unwrap()).unwrap();
    for name in ["RecordCompletion", "RecordFailure"] {
        let tried = span(retrier(state(&machine, name), "Webhook.Undelivered"));
        assert!((3_600..14 * 86_400).contains(&tried), "{name} tries for {tried} s");
        // The audit record's outage is waited out as well.
        let tried = span(retrier(state(&machine, name), "Audit.Unwritable"));
        assert!(tried >= 900, "{name} tries for {tried} s");
    }
}

fn worst_attachment() -> Attachment {
    // What JSON writes longest: six bytes for one of these, in tags as S3 counts them.
    let worst = |characters: usize| "\u{1}".repeat(characters);
    let at = Timestamp::from_unix_millis(1_795_339_810_123);
    let tags: BTreeMap<String, String> =
        (0..10).map(|number| (format!("{number}{}", worst(127)), worst(256))).collect();
    let changes = (0..MAX_CHANGES).map(|_| StatusChange { status: "\u{1f4de}".repeat(64), at }).collect();
    Attachment {
        schema: SCHEMA,
        decision: Decision::Unsuccessful,
        wait_seconds: Some(u32::MAX),
        identity: "0123456789abcdef".repeat(4).parse().unwrap(),
        interaction_id: Some("i".repeat(128).parse().unwrap()),
        key_interaction: Some(worst(1_024)),
        job_id: Some("\u{1f4de}".repeat(256).parse().unwrap()),
        object: ObjectFacts {
            bucket: "b".repeat(63),
            key: worst(1_024),
            version_id: Some("v".repeat(1_024)),
            etag: Some("e".repeat(64)),
            size_bytes: Some(u64::MAX),
            sha256: Some("ab".repeat(32)),
            mime_type: Some("application/vnd.openxmlformats-officedocument.wordprocessingml.document".into()),
            declared_content_type: Some("\u{1f4de}".repeat(255)),
            source_checksum: Some(SourceChecksum::NotVerifiable),
            event_time: Some(at),
        },
        tags,
        auto_scan: true,
        upload: Some(Upload { started_at: at, ended_at: Some(at) }),
        upload_attempts: u32::MAX,
        possibly_stored: true,
        job: JobProgress {
            polls: u32::MAX,
            waits: u32::MAX,
            throttled: u32::MAX,
            faults: u32::MAX,
            blind: Some(Blind { since: at, fault: worst(Blind::FAULT_CHARS) }),
            status: Some("\u{1f4de}".repeat(64)),
            changes,
        },
        result: Some(worst_resolution()),
        error: Some(StepError { error: "Cxone.Unauthorized".into(), cause: "\"".repeat(CAUSE) }),
    }
}

fn worst_resolution() -> Resolution {
    // A reason of 100 KB of what JSON writes longest, cut to size where it comes in.
    let reason = Reason::new(ReasonCode::JobFailed, "\"".repeat(100 * 1024));
    Resolution { ending: Ending::Failed(reason), at: Timestamp::from_unix_millis(1_795_339_810_123) }
}

#[test]
fn payloads_fit_at_the_worst() {
    let attachment = worst_attachment();
    let size = serde_json::to_vec(&attachment).unwrap().len();
    assert!(size > 100_000, "{size} bytes: not the worst");
    assert!(size < PAYLOAD, "between states: {size} bytes");
    let arn = format!("arn:aws:states:us-east-1:123456789012:execution:{}:{}", "m".repeat(80), "n".repeat(80));
    let request = FinalizeRequest { execution_arn: Some(arn.clone()), attachment: attachment.clone() };
    let size = serde_json::to_vec(&request).unwrap().len();
    assert!(size < PAYLOAD, "to finalize: {size} bytes");
    let record = AuditRecord::new(&attachment, &worst_resolution(), QuotaState::Unsettled, Some(arn));
    let size = record.to_bytes().unwrap().len();
    assert!(size < PAYLOAD, "webhook: {size} bytes");
    let finalized = Finalized {
        schema: SCHEMA,
        outcome: Outcome::TrackingFailed,
        cause: "c".repeat(2_048),
        identity: attachment.identity.clone(),
        audit_bucket: "b".repeat(63),
        audit_key: "k".repeat(1_024),
        webhook_status: 299,
    };
    assert!(serde_json::to_vec(&finalized).unwrap().len() < PAYLOAD);
    assert!(finalized.cause.len() < CAUSE);
}

#[test]
fn ledger_rows_fit_at_the_worst() {
    // As intake decides it: no job has been polled, no step has failed.
    let decided = Attachment { job: JobProgress::default(), error: None, ..worst_attachment() };
    let input = serde_json::to_vec(&decided).unwrap().len();
    let others = 80 + 1_024 + 4 * 256 + 2_048;
    assert!(input + others < ITEM, "{input} bytes of input");
}

#[test]
fn execution_names_are_valid_for_any_key() {
    let identity: Identity = "f".repeat(64).parse().unwrap();
    for interaction in ["", "a", &"x".repeat(1_024), "\n\u{1b}[31m", "Grüße/../%2F", &"\u{1f4de}".repeat(256)] {
        let name = execution_name(interaction, &identity);
        assert!(
            name.len() <= 80 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)),
            "{name}"
        );
    }
}

#[test]
fn a_wait_is_never_longer_than_the_machine_allows() {
    let begin = Timestamp::from_unix_seconds(0);
    let end = Timestamp::from_unix_seconds(i64::try_from(max("JobDeadlineSeconds")).unwrap());
    let wait = wait_seconds(9, Some(Duration::from_secs(u64::MAX)), begin, end);
    assert!(u64::from(wait) <= max("JobDeadlineSeconds"), "{wait} s");
    assert!(wait < 99_999_999, "{wait} s");
}
