//! Faults of CXone at polls.

use std::time::Duration;

use attachments::Outcome;
use servers::{
    cxone::{JobAct, StatusAnswer},
    scripted::{CutHow, RetryAfter, Step},
};

use super::{
    Acting, Play, Row,
    replies::{insufficient_scope, own, redirect, status},
    row,
};
use crate::case::{Case, Expect, ensure};
use crate::world::Webhook;

const COMPLETED: Expect = Expect::COMPLETED;

fn reply(code: u16) -> Step<JobAct> {
    Step::once(JobAct::Reply(own(code)))
}

pub(super) const ROWS: &[Row] = &[
    row(
        "job/pending",
        "PENDING past the deadline",
        "TIMED_OUT job_deadline, quota kept as unsettled",
        Play::Job(
            || vec![Step::once(JobAct::word("PENDING")).forever()],
            Expect::ended(Outcome::TimedOut, "job_deadline"),
        ),
    )
    .within(180),
    row(
        "job/unknown-status",
        "an unknown status four times",
        "polled again, COMPLETED",
        Play::Job(|| vec![Step::once(JobAct::word("QUARANTINED")).times(4)], COMPLETED),
    )
    .fast(),
    row(
        "job/404",
        "404 to every poll",
        "TRACKING_FAILED cxone_404 after a minute",
        Play::Job(|| vec![reply(404).forever()], Expect::untracked("cxone_404")),
    )
    .within(150),
    row(
        "job/404-first",
        "404 twice",
        "the job is not known yet: polled again, COMPLETED",
        Play::Job(|| vec![reply(404).times(2)], COMPLETED),
    )
    .fast(),
    row(
        "job/429",
        "429 twice, Retry-After 1",
        "waits, COMPLETED",
        Play::Job(
            || vec![Step::once(JobAct::Reply(status(429).retry_after(RetryAfter::Seconds(1)))).times(2)],
            COMPLETED,
        ),
    )
    .fast(),
    row(
        "job/429-long",
        "429, Retry-After 60",
        "the state machine waits, COMPLETED",
        Play::Job(|| vec![Step::once(JobAct::Reply(status(429).retry_after(RetryAfter::Seconds(60))))], COMPLETED),
    ),
    row(
        "job/503-minute",
        "503 for a minute",
        "polled again, COMPLETED",
        Play::Job(|| vec![reply(503).during(Duration::from_mins(1))], COMPLETED),
    )
    .within(150),
    row(
        "job/failed",
        "FAILED with a reason of 100 KB",
        "FAILED job_failed, the reason truncated to 1 KiB",
        Play::Other(failed),
    )
    .fast(),
    row(
        "job/other-interaction",
        "another interaction's id",
        "TRACKING_FAILED job_mismatch",
        Play::Job(
            || {
                vec![Step::once(JobAct::Status(StatusAnswer {
                    word: "COMPLETED".into(),
                    interaction_id: Some("somebody-else".into()),
                    ..StatusAnswer::default()
                }))]
            },
            Expect::untracked("job_mismatch"),
        ),
    )
    .fast(),
    row(
        "job/no-answer",
        "no answer once",
        "timeout after 10 s, polled again, COMPLETED",
        Play::Job(|| vec![Step::once(JobAct::Never)], COMPLETED),
    )
    .fast(),
    row(
        "job/cut",
        "connection reset three times",
        "polled again, COMPLETED",
        Play::Job(|| vec![Step::once(JobAct::Cut(CutHow::Reset)).times(3)], COMPLETED),
    )
    .fast(),
    row(
        "job/html",
        "200 with HTML",
        "polled again, COMPLETED",
        Play::Job(|| vec![Step::once(JobAct::Reply(status(200).body("<html>")))], COMPLETED),
    )
    .fast(),
    row("job/401-once", "401 once", "a fresh token, COMPLETED", Play::Job(|| vec![reply(401)], COMPLETED)).fast(),
    row(
        "job/403",
        "403",
        "TRACKING_FAILED cxone_forbidden",
        Play::Job(|| vec![reply(403)], Expect::untracked("cxone_forbidden")),
    )
    .fast(),
    row(
        "job/403-scope",
        "403 with insufficient_scope, for 20 s",
        "a configuration fault: polled again, COMPLETED",
        Play::Job(|| vec![Step::once(JobAct::Reply(insufficient_scope())).during(Duration::from_secs(20))], COMPLETED),
    ),
    row("job/409", "409 once", "retried, COMPLETED", Play::Job(|| vec![reply(409)], COMPLETED)).fast(),
    row(
        "job/redirect",
        "a redirect",
        "not followed, TRACKING_FAILED cxone_redirect",
        Play::Job(|| vec![Step::once(JobAct::Reply(redirect()))], Expect::untracked("cxone_redirect")),
    )
    .fast(),
];

fn failed(case: Case) -> Acting {
    Box::pin(async move {
        let answer = StatusAnswer {
            word: "FAILED".into(),
            reason: Some("Virus found \u{1b}[31m".into()),
            reason_bytes: Some(100_000),
            ..StatusAnswer::default()
        };
        case.world.standin.script_jobs(&case.interaction, &[Step::once(JobAct::Status(answer))]).await?;
        let placed = case.world.put(&case.file()).await?;
        let ended = case.end_of(&placed, Webhook::Delivered).await?;
        let seen = Expect::ended(Outcome::Failed, "job_failed").compare(&ended)?;
        let length = ended.reason_text.len();
        ensure((1..=1024).contains(&length), || format!("{length} bytes of reason"))?;
        ensure(!ended.reason_text.contains('\u{1b}'), || "the reason holds control characters".to_owned())?;
        Ok(format!("{seen}; reason of {length} bytes"))
    })
}
