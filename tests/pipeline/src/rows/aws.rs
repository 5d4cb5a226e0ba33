//! Faults of AWS.

use std::time::Duration;

use servers::{
    cxone::JobAct,
    scripted::{BodyEnd, BodyFault, CutHow, Step},
};

use super::{
    Acting, Play, Row,
    replies::{aws_error, s3_error, status},
    row,
};
use crate::case::{Case, Expect, ensure};
use crate::proxy::Act;

const COMPLETED: Expect = Expect::COMPLETED;
/// Large enough to cut or change the body after the part that decides the type.
const MEDIUM: usize = 400_000;

/// The fault meets calls of the operation: its name, how many pass first, and how many meet the fault.
fn meets(case: Case, call: (&'static str, u32, u32), act: Act, expect: Expect) -> Acting {
    Box::pin(async move { case.meet(call, act, &expect).await })
}

/// If intake treated the name in use as a fault, the message would be redelivered while the job runs, and the execution
/// would be started once more.
fn start_lost(case: Case) -> Acting {
    Box::pin(async move {
        let slow = Step::once(JobAct::word("RUNNING")).during(Duration::from_secs(9));
        case.world.standin.script_jobs(&case.interaction, &[slow]).await?;
        let placed = case.world.place(&case.file()).await?;
        let lost = case.plant(&placed, "StartExecution", 0, 1, Act::LoseAnswer);
        let repeated = case.plant(&placed, "StartExecution", 0, u32::MAX, Act::Delay(Duration::ZERO));
        case.world.announce(&placed).await?;
        let seen = case.expect(&placed, &COMPLETED).await?;
        case.met(&lost, 1).await?;
        case.met(&repeated, 1).await?;
        Ok(seen)
    })
}

/// S3 answers the retried write that the record exists. The log must contain the record anyway.
fn record_lost(case: Case) -> Acting {
    Box::pin(async move {
        let placed = case.world.place(&case.file()).await?;
        let lost = case.plant(&placed, "PutObject", 0, 1, Act::LoseAnswer);
        case.world.announce(&placed).await?;
        let seen = case.expect(&placed, &COMPLETED).await?;
        case.met(&lost, 1).await?;
        let logged = case.world.records_in_log(placed.identity.as_str())?;
        ensure(logged == 1, || format!("finalize's log has the record {logged} times"))?;
        Ok(seen)
    })
}

fn cut_in_the_middle() -> Act {
    Act::Body(BodyFault { after_bytes: MEDIUM / 2, then: BodyEnd::Cut(CutHow::Reset) })
}

fn throttled() -> Act {
    Act::Answer(aws_error(400, "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"))
}

fn conflict() -> Act {
    let body = r#"{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException","message":"conflict",
        "CancellationReasons":[{"Code":"None"},{"Code":"TransactionConflict","Message":"conflict"}]}"#;
    Act::Answer(status(400).body(body))
}

pub(super) const ROWS: &[Row] = &[
    row(
        "aws/s3-503",
        "S3 answers 503 six times",
        "read again, COMPLETED",
        Play::Other(|case| meets(case, ("GetObject", 0, 6), Act::Answer(s3_error(503, "SlowDown")), COMPLETED)),
    )
    .fast(),
    row(
        "aws/s3-reset",
        "S3's connection reset six times",
        "read again, COMPLETED",
        Play::Other(|case| meets(case, ("GetObject", 0, 6), Act::Cut, COMPLETED)),
    )
    .fast(),
    row(
        "aws/s3-cut",
        "the object's body is cut in the middle",
        "the upload is aborted and retried, COMPLETED",
        Play::Other(|case| {
            meets(case, ("GetObject", 0, 1), cut_in_the_middle(), COMPLETED.uploads(2, 2).bytes(MEDIUM))
        }),
    )
    .fast(),
    row(
        "aws/s3-checksum",
        "one byte of the object is changed on the way",
        "the upload is aborted and retried, COMPLETED with the right bytes",
        Play::Other(|case| meets(case, ("GetObject", 0, 1), Act::Corrupt, COMPLETED.uploads(2, 2).bytes(MEDIUM))),
    )
    .fast(),
    row(
        "aws/s3-403",
        "403 for the object, five times",
        "released, not rejected; COMPLETED",
        Play::Other(|case| {
            meets(case, ("GetObject", 0, 5), Act::Answer(s3_error(403, "AccessDenied")), COMPLETED.claims(2, 2))
        }),
    ),
    row(
        "aws/s3-kms",
        "400 for a disabled KMS key, five times",
        "released, not rejected; COMPLETED",
        Play::Other(|case| {
            let disabled = Act::Answer(s3_error(400, "KMS.DisabledException"));
            meets(case, ("GetObject", 0, 5), disabled, COMPLETED.claims(2, 2))
        }),
    ),
    row(
        "aws/s3-sse-c",
        "400 for an object encrypted with a customer-provided key",
        "REJECTED object_unreadable",
        Play::Other(|case| {
            let encrypted = Act::Answer(s3_error(400, "InvalidRequest"));
            meets(case, ("GetObject", 0, 1), encrypted, Expect::rejected("object_unreadable").uploads(0, 0))
        }),
    )
    .fast(),
    row(
        "aws/s3-version",
        "400 for an invalid version id",
        "REJECTED object_gone",
        Play::Other(|case| {
            let unknown = Act::Answer(s3_error(400, "InvalidArgument"));
            meets(case, ("GetObject", 0, 1), unknown, Expect::rejected("object_gone").uploads(0, 0))
        }),
    )
    .fast(),
    row(
        "aws/s3-slow",
        "S3 takes 8 s",
        "waits, COMPLETED",
        Play::Other(|case| meets(case, ("GetObject", 0, 1), Act::Delay(Duration::from_secs(8)), COMPLETED)),
    )
    .fast(),
    row(
        "aws/tags-503",
        "reading the tags fails five times",
        "read again, COMPLETED with its tags",
        Play::Other(|case| meets(case, ("GetObjectTagging", 0, 5), Act::Answer(s3_error(503, "SlowDown")), COMPLETED)),
    )
    .fast(),
    row(
        "aws/claim-throttled",
        "the ledger throttles the claim five times",
        "redelivered, COMPLETED",
        Play::Other(|case| meets(case, ("UpdateItem", 0, 5), throttled(), COMPLETED)),
    ),
    row(
        "aws/claim-lost",
        "the answer to the claim is lost",
        "the retry recognizes its own claim, COMPLETED",
        Play::Other(|case| meets(case, ("UpdateItem", 0, 1), Act::LoseAnswer, COMPLETED)),
    )
    .fast(),
    row(
        "aws/reserve-conflict",
        "TransactionConflict four times",
        "retried, not treated as a full quota, COMPLETED",
        Play::Other(|case| meets(case, ("TransactWriteItems", 0, 4), conflict(), COMPLETED)),
    )
    .fast(),
    row(
        "aws/reserve-lost",
        "the answer to the reservation is lost",
        "counted once, COMPLETED",
        Play::Other(|case| meets(case, ("TransactWriteItems", 0, 1), Act::LoseAnswer, COMPLETED)),
    )
    .fast(),
    row(
        "aws/decide-throttled",
        "the ledger throttles the decision five times",
        "uploaded again under the same key after the lease, one attachment",
        Play::Other(|case| {
            meets(case, ("UpdateItem/execution_input", 0, 5), throttled(), COMPLETED.uploads(2, 2).claims(2, 2))
        }),
    )
    .within(200),
    row(
        "aws/decide-lost",
        "the answer to the decision is lost",
        "the retry finds its own decision, COMPLETED",
        Play::Other(|case| meets(case, ("UpdateItem/execution_input", 0, 1), Act::LoseAnswer, COMPLETED)),
    )
    .fast(),
    row(
        "aws/start-throttled",
        "StartExecution throttled six times",
        "the decision is kept and started later, COMPLETED",
        Play::Other(|case| {
            meets(case, ("StartExecution", 0, 6), Act::Answer(aws_error(400, "ThrottlingException")), COMPLETED)
        }),
    ),
    row(
        "aws/start-lost",
        "the answer of StartExecution is lost",
        "the retry finds the name in use: acknowledged, one execution",
        Play::Other(start_lost),
    )
    .fast(),
    row(
        "aws/start-all-answers-lost",
        "all answers of StartExecution are lost",
        "the next run finds the name in use, one execution",
        Play::Other(|case| meets(case, ("StartExecution", 0, 4), Act::LoseAnswer, COMPLETED)),
    ),
    row(
        "aws/settle-throttled",
        "the ledger throttles the write of the outcome six times",
        "the state is retried, COMPLETED",
        Play::Other(|case| meets(case, ("UpdateItem/outcome_at", 0, 6), throttled(), COMPLETED)),
    )
    .fast(),
    row(
        "aws/settle-lost",
        "the answer to the write of the outcome is lost",
        "the retry reads it back, COMPLETED",
        Play::Other(|case| meets(case, ("UpdateItem/outcome_at", 0, 1), Act::LoseAnswer, COMPLETED)),
    )
    .fast(),
    row(
        "aws/audit-refused",
        "the audit bucket answers 503 six times",
        "the state is retried, one record",
        Play::Other(|case| {
            meets(case, ("PutObject", 0, 6), Act::Answer(s3_error(503, "ServiceUnavailable")), COMPLETED)
        }),
    )
    .fast(),
    row(
        "aws/audit-lost",
        "the answer to the write of the audit record is lost",
        "the stored bytes are read back and sent, the log contains the record once",
        Play::Other(record_lost),
    )
    .fast(),
    row(
        "aws/audit-409",
        "409 from the audit bucket twice",
        "retried, one record",
        Play::Other(|case| {
            meets(case, ("PutObject", 0, 2), Act::Answer(s3_error(409, "ConditionalRequestConflict")), COMPLETED)
        }),
    )
    .fast(),
];
