//! Answers that do not come from CXone: firewalls, default backends, maintenance pages.

use std::time::Duration;

use servers::{
    cxone::{Call, JobAct, UploadAct},
    scripted::Step,
};

use super::{
    Acting, Play, Row,
    replies::{
        Page::{Empty, Html, Message, Text},
        job, page, token, upload,
    },
    row,
};
use crate::case::{Case, Expect};
use crate::places::Place;

const COMPLETED: Expect = Expect::COMPLETED;
/// What the reason's text must say of such an answer, when it is treated as final.
const NOT_CXONE: &[&str] = &["may not come from CXone"];
/// Final after three of the same status, a minute apart: the most that a first run sends, then one upload in each run.
const FIREWALL: Expect = Expect::untracked("cxone_forbidden").uploads(6, 14).claims(2, 9).says(NOT_CXONE);

pub(super) const ROWS: &[Row] = &[
    row(
        "gateway/upload-403-html",
        "one 403 with HTML, nothing is stored",
        "retried, COMPLETED",
        Play::Upload(|| vec![upload(page(403, Html))], COMPLETED.uploads(2, 2)),
    )
    .fast(),
    row(
        "gateway/upload-404-empty",
        "one 404 with an empty body",
        "retried, COMPLETED",
        Play::Upload(|| vec![upload(page(404, Empty))], COMPLETED.uploads(2, 2)),
    )
    .fast(),
    row(
        "gateway/upload-400-text",
        "one 400 with plain text",
        "retried, COMPLETED",
        Play::Upload(|| vec![upload(page(400, Text))], COMPLETED.uploads(2, 2)),
    )
    .fast(),
    row(
        "gateway/upload-405-message",
        "one 405 with only {\"message\"}",
        "retried, COMPLETED",
        Play::Upload(|| vec![upload(page(405, Message))], COMPLETED.uploads(2, 2)),
    )
    .fast(),
    row(
        "gateway/upload-scope-word",
        "one 403 with only a message that contains the word scope",
        "a gateway's answer, not a configuration fault: retried in the same run, COMPLETED",
        Play::Upload(
            || vec![upload(super::replies::status(403).body(r#"{"message":"no permission in this scope"}"#))],
            COMPLETED.uploads(2, 2),
        ),
    )
    .fast(),
    row(
        "gateway/upload-four-pages",
        "four different pages with 403 within seconds",
        "not final within a minute, fifth upload COMPLETED",
        Play::Upload(|| [Html, Empty, Text, Message].map(|one| upload(page(403, one))).into(), COMPLETED.uploads(5, 5)),
    )
    .fast(),
    row(
        "gateway/firewall",
        "403 with HTML after every complete body",
        "final after three, a minute apart: TRACKING_FAILED cxone_forbidden, the text says that the answer may not come from CXone",
        Play::Upload(|| vec![upload(page(403, Html)).forever()], FIREWALL.possibly_stored().quota("unsettled")),
    )
    .within(260),
    row(
        "gateway/firewall-early",
        "403 with HTML before any body is read",
        "final after three, a minute apart: REJECTED cxone_forbidden, CXone cannot hold the file",
        Play::Upload(
            || vec![Step::once(UploadAct::EarlyReply(page(403, Html))).forever()],
            Expect { outcome: attachments::Outcome::Rejected, ..FIREWALL }
                .uploads(3, 14)
                .bytes(24_000_000)
                .surely_not_stored(),
        ),
    )
    .within(260),
    row(
        "gateway/job-403-html",
        "one poll answered 403 with HTML",
        "retried, COMPLETED",
        Play::Job(|| vec![job(page(403, Html))], COMPLETED),
    )
    .fast(),
    row(
        "gateway/job-404-empty",
        "one poll answered 404 with an empty body",
        "retried, COMPLETED",
        Play::Job(|| vec![job(page(404, Empty))], COMPLETED),
    )
    .fast(),
    row(
        "gateway/job-400-text",
        "one poll answered 400 with plain text",
        "retried, COMPLETED",
        Play::Job(|| vec![job(page(400, Text))], COMPLETED),
    )
    .fast(),
    row(
        "gateway/job-405-message",
        "one poll answered 405 with only {\"message\"}",
        "retried, COMPLETED",
        Play::Job(|| vec![job(page(405, Message))], COMPLETED),
    )
    .fast(),
    row(
        "gateway/job-blind",
        "polls answered 403 with HTML for longer than the job's deadline",
        "no outcome without a status: polled again, COMPLETED",
        Play::Job(|| vec![job(page(403, Html)).during(Duration::from_secs(100))], COMPLETED),
    )
    .within(260),
    row(
        "gateway/token-pages",
        "403, 404, 400 and 405 of a gateway at the token endpoint",
        "retried, COMPLETED",
        Play::Other(|case| {
            let pages = [(403, Html), (404, Empty), (400, Text), (405, Message)];
            let script = pages.map(|(code, one)| token(page(code, one)));
            super::alone::token(case, script.into(), COMPLETED.uploads(1, 4).claims(1, 4))
        }),
    )
    .at(Place::Alone)
    .within(150),
    row(
        "gateway/token-at-poll",
        "403 with HTML at the token endpoint while a job runs",
        "retried, COMPLETED",
        Play::Other(token_at_poll),
    )
    .at(Place::Alone)
    .within(150),
];

/// The token is revoked while a job runs, and a gateway's page answers the request for the next one.
fn token_at_poll(case: Case) -> Acting {
    Box::pin(async move {
        let running = Step::once(JobAct::word("RUNNING")).during(Duration::from_secs(12));
        case.world.standin.script_jobs(&case.interaction, &[running]).await?;
        let placed = case.world.put(&case.file()).await?;
        case.calls_begun(Call::Job, &case.interaction, 1).await?;
        case.world.standin.script_tokens(&[token(page(403, Html)).times(2)]).await?;
        case.world.standin.revoke_tokens().await?;
        let seen = case.expect(&placed, &COMPLETED).await?;
        let left = case.world.standin.scripts_left().await?.token.into_values().flatten().count();
        crate::case::ensure(left == 0, || format!("{left} steps of the fault were not met"))?;
        Ok(seen)
    })
}
