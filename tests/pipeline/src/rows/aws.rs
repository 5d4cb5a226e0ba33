//! What AWS itself can do.

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
/// Enough for a body to be cut and changed behind the part that decides the type.
const MIDDLING: usize = 400_000;

/// Meets `times` calls of the operation, after `skip` that pass.
fn meets(case: Case, call: (&'static str, u32, u32), act: Act, expect: Expect) -> Acting {
    Box::pin(async move { case.meet(call, act, &expect).await })
}

/// Were the taken name a fault, the message would come again while the job runs, and the execution be started once more.
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

/// S3's answer to the repeated write says that the record is there already; the log must have it all the same.
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
    Act::Body(BodyFault { after_bytes: MIDDLING / 2, then: BodyEnd::Cut(CutHow::Reset) })
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
        "the object's stream cut in the middle",
        "the upload broken off and repeated, COMPLETED",
        Play::Other(|case| {
            meets(case, ("GetObject", 0, 1), cut_in_the_middle(), COMPLETED.uploads(2, 2).bytes(MIDDLING))
        }),
    )
    .fast(),
    row(
        "aws/s3-checksum",
        "a byte of the object is another",
        "the upload broken off and repeated, COMPLETED with the right bytes",
        Play::Other(|case| meets(case, ("GetObject", 0, 1), Act::Corrupt, COMPLETED.uploads(2, 2).bytes(MIDDLING))),
    )
    .fast(),
    row(
        "aws/s3-403",
        "403 for a key, five times",
        "released, not rejected; COMPLETED",
        Play::Other(|case| {
            meets(case, ("GetObject", 0, 5), Act::Answer(s3_error(403, "AccessDenied")), COMPLETED.claims(2, 2))
        }),
    ),
    row(
        "aws/s3-kms",
        "400 for a key of KMS that is disabled, five times",
        "released, not rejected; COMPLETED",
        Play::Other(|case| {
            let disabled = Act::Answer(s3_error(400, "KMS.DisabledException"));
            meets(case, ("GetObject", 0, 5), disabled, COMPLETED.claims(2, 2))
        }),
    ),
    row(
        "aws/s3-sse-c",
        "400 for a customer's own key",
        "REJECTED object_unreadable",
        Play::Other(|case| {
            let encrypted = Act::Answer(s3_error(400, "InvalidRequest"));
            meets(case, ("GetObject", 0, 1), encrypted, Expect::rejected("object_unreadable").uploads(0, 0))
        }),
    )
    .fast(),
    row(
        "aws/s3-version",
        "400 for a version id that is none",
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
        "the tags cannot be read, five times",
        "read again, COMPLETED with its tags",
        Play::Other(|case| meets(case, ("GetObjectTagging", 0, 5), Act::Answer(s3_error(503, "SlowDown")), COMPLETED)),
    )
    .fast(),
    row(
        "aws/claim-throttled",
        "the ledger throttles the claim five times",
        "comes again, COMPLETED",
        Play::Other(|case| meets(case, ("UpdateItem", 0, 5), throttled(), COMPLETED)),
    ),
    row(
        "aws/claim-lost",
        "the claim's answer lost",
        "the repeat knows its own claim, COMPLETED",
        Play::Other(|case| meets(case, ("UpdateItem", 0, 1), Act::LoseAnswer, COMPLETED)),
    )
    .fast(),
    row(
        "aws/reserve-conflict",
        "TransactionConflict four times",
        "tried again, not taken for a full quota, COMPLETED",
        Play::Other(|case| meets(case, ("TransactWriteItems", 0, 4), conflict(), COMPLETED)),
    )
    .fast(),
    row(
        "aws/reserve-lost",
        "the reservation's answer lost",
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
        "the decision's answer lost",
        "the repeat finds its own decision, COMPLETED",
        Play::Other(|case| meets(case, ("UpdateItem/execution_input", 0, 1), Act::LoseAnswer, COMPLETED)),
    )
    .fast(),
    row(
        "aws/start-throttled",
        "StartExecution throttled six times",
        "the decision stands and is started later, COMPLETED",
        Play::Other(|case| {
            meets(case, ("StartExecution", 0, 6), Act::Answer(aws_error(400, "ThrottlingException")), COMPLETED)
        }),
    ),
    row(
        "aws/start-lost",
        "StartExecution's answer lost",
        "the repeat finds the name taken: acknowledged, one execution",
        Play::Other(start_lost),
    )
    .fast(),
    row(
        "aws/start-lost-for-good",
        "all answers of StartExecution lost",
        "the next run finds the name taken, one execution",
        Play::Other(|case| meets(case, ("StartExecution", 0, 4), Act::LoseAnswer, COMPLETED)),
    ),
    row(
        "aws/settle-throttled",
        "the ledger throttles the outcome six times",
        "the state is retried, COMPLETED",
        Play::Other(|case| meets(case, ("UpdateItem/outcome_at", 0, 6), throttled(), COMPLETED)),
    )
    .fast(),
    row(
        "aws/settle-lost",
        "the outcome's answer lost",
        "the repeat reads it back, COMPLETED",
        Play::Other(|case| meets(case, ("UpdateItem/outcome_at", 0, 1), Act::LoseAnswer, COMPLETED)),
    )
    .fast(),
    row(
        "aws/audit-refused",
        "the audit bucket refuses six times",
        "the state is retried, one record",
        Play::Other(|case| {
            meets(case, ("PutObject", 0, 6), Act::Answer(s3_error(503, "ServiceUnavailable")), COMPLETED)
        }),
    )
    .fast(),
    row(
        "aws/audit-lost",
        "the audit record's answer lost",
        "the stored bytes are read back and sent, the log has the record once",
        Play::Other(record_lost),
    )
    .fast(),
    row(
        "aws/audit-409",
        "409 from the audit bucket twice",
        "tried again, one record",
        Play::Other(|case| {
            meets(case, ("PutObject", 0, 2), Act::Answer(s3_error(409, "ConditionalRequestConflict")), COMPLETED)
        }),
    )
    .fast(),
];
