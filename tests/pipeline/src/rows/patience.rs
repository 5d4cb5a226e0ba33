//! How long intake and poll retry, and which fault they name when they give up.

use std::time::Duration;

use servers::{
    cxone::JobAct,
    scripted::{RetryAfter, Step},
};

use super::{
    Acting, Play, Row,
    replies::{Page, job, own, page, s3_error, status, upload},
    row,
};
use crate::case::{Case, Expect};
use crate::places::Place;
use crate::proxy::Act;

const COMPLETED: Expect = Expect::COMPLETED;

pub(super) const ROWS: &[Row] = &[
    row(
        "patience/waited-longer",
        "429 with Retry-After 90, which is longer than the time limit",
        "one more attempt before intake gives up, COMPLETED",
        Play::Upload(
            || vec![upload(status(429).retry_after(RetryAfter::Seconds(90)))],
            COMPLETED.uploads(2, 2).claims(2, 2),
        ),
    )
    .at(Place::Impatient)
    .within(200),
    row(
        "patience/source",
        "S3 answers 503 to every read",
        "REJECTED source_unreadable: the reason names S3",
        Play::Other(source),
    )
    .at(Place::Impatient)
    .within(300),
    row(
        "patience/job-401",
        "401 to every poll for longer than the job's deadline",
        "a configuration fault: polled again, COMPLETED",
        Play::Job(|| vec![job(own(401)).during(Duration::from_secs(100))], COMPLETED),
    )
    .within(260),
    row(
        "patience/job-503",
        "503 to every poll for longer than the job's deadline",
        "no outcome without a status: polled again, COMPLETED",
        Play::Job(|| vec![job(status(503)).during(Duration::from_secs(100))], COMPLETED),
    )
    .within(260),
    row(
        "patience/job-late",
        "503 to every poll until after the deadline, then RUNNING",
        "a status read after the deadline: TIMED_OUT job_deadline",
        Play::Job(
            || vec![job(status(503)).during(Duration::from_secs(100)), Step::once(JobAct::word("RUNNING")).forever()],
            Expect::ended(attachments::Outcome::TimedOut, "job_deadline").quota("unsettled"),
        ),
    )
    .within(260),
    row(
        "patience/used-up",
        "a gateway's 403 to every poll until TrackingPatienceSeconds (300) are over",
        "TRACKING_FAILED, the text names the last fault",
        Play::Other(|case| used_up(case, Page::Html)),
    )
    .at(Place::Elsewhere)
    .within(480),
    row(
        "patience/used-up-401",
        "401 to every poll until TrackingPatienceSeconds (300) are over",
        "TRACKING_FAILED cxone_unauthorized",
        Play::Job(|| vec![job(own(401)).forever()], Expect::untracked("cxone_unauthorized").says(&["401"])),
    )
    .at(Place::Elsewhere)
    .within(480),
    row(
        "elsewhere/paths",
        "other paths for uploads and jobs, credentials in the token request's body",
        "COMPLETED",
        Play::Other(|case| {
            Box::pin(async move {
                let placed = case.world.put(&case.file()).await?;
                case.expect(&placed, &COMPLETED).await
            })
        }),
    )
    .at(Place::Elsewhere)
    .within(60),
];

fn source(case: Case) -> Acting {
    Box::pin(async move {
        let placed = case.world.place(&case.file()).await?;
        case.plant(&placed, "GetObject", 0, u32::MAX, Act::Answer(s3_error(503, "SlowDown")));
        case.world.announce(&placed).await?;
        let expect = Expect::rejected("source_unreadable").uploads(0, 0).claims(2, 10);
        case.expect(&placed, &expect.says(&["SlowDown"])).await
    })
}

/// The reason has the code of the last fault, and its text names it.
fn used_up(case: Case, one: Page) -> Acting {
    Box::pin(async move {
        case.world.standin.script_jobs(&case.interaction, &[job(page(403, one)).forever()]).await?;
        let placed = case.world.put(&case.file()).await?;
        let ended = case.end_of(&placed, crate::world::Webhook::Delivered).await?;
        let code = ended.reason.clone().unwrap_or_default();
        crate::case::ensure(ended.outcome == "TRACKING_FAILED", || ended.seen())?;
        crate::case::ensure(ended.reason_text.contains("403"), || format!("the text is {:?}", ended.reason_text))?;
        Ok(format!("{}; {code}", ended.seen()))
    })
}
