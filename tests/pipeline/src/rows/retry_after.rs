//! `Retry-After` with every status, and the limit of uploads where it asks for no wait.

use http::HeaderValue;
use servers::scripted::Reply;
use servers::{cxone::Call, scripted::RetryAfter};

use super::{
    Acting, Play, Row,
    replies::{Page, job, own_saying, page, status, token, upload},
    row,
};
use crate::case::{Case, Expect, ensure};
use crate::places::Place;
use crate::world::File;

const COMPLETED: Expect = Expect::COMPLETED;
/// Five uploads in the first run and one in each later run, during about a minute.
const GIVEN_UP: Expect = Expect::rejected("cxone_unavailable").uploads(5, 14).claims(3, 10);
/// 100 ms less than a minute: the times are of two processes, in whole milliseconds.
const A_MINUTE: u64 = 59_900;

pub(super) const ROWS: &[Row] = &[
    row(
        "retry-after/upload-503",
        "503 with Retry-After 60",
        "no other upload for a minute, COMPLETED",
        Play::Other(|case| spaced(case, || busy(60), A_MINUTE, COMPLETED.uploads(2, 2).claims(2, 2))),
    )
    .within(150),
    row(
        "retry-after/upload-403-json",
        "403 with Retry-After 3 and a message about a rate limit",
        "throttling: waits in the same run, COMPLETED",
        Play::Other(|case| spaced(case, rate_limited, 3_000, COMPLETED.uploads(2, 2))),
    )
    .fast(),
    row(
        "retry-after/upload-404-page",
        "404 with HTML and Retry-After 3",
        "waits in the same run, COMPLETED",
        Play::Other(|case| {
            let reply = || page(404, Page::Html).retry_after(RetryAfter::Seconds(3));
            spaced(case, reply, 3_000, COMPLETED.uploads(2, 2))
        }),
    )
    .fast(),
    row(
        "retry-after/upload-fraction",
        "503 with Retry-After 2.5",
        "waits in the same run, COMPLETED",
        Play::Other(|case| spaced(case, || asks("2.5"), 2_500, COMPLETED.uploads(2, 2))),
    )
    .fast(),
    row(
        "retry-after/zero",
        "429 with Retry-After 0 to every upload",
        "the backoff grows anyway: a few uploads, then REJECTED",
        Play::Upload(
            || vec![upload(status(429).retry_after(RetryAfter::Seconds(0))).forever()],
            GIVEN_UP.surely_not_stored(),
        ),
    )
    .at(Place::Impatient)
    .within(300),
    row(
        "retry-after/past",
        "503 with a Retry-After date in 2015 to every upload",
        "a few uploads, then TRACKING_FAILED: CXone may hold the file",
        Play::Upload(
            || vec![upload(asks("Thu, 01 Jan 2015 00:00:00 GMT")).forever()],
            Expect { outcome: attachments::Outcome::TrackingFailed, ..GIVEN_UP }.possibly_stored().quota("unsettled"),
        ),
    )
    .at(Place::Impatient)
    .within(300),
    row(
        "retry-after/job-503",
        "a poll answered 503 with Retry-After 60",
        "the state machine waits (a tenth of the time here), COMPLETED",
        Play::Other(job_busy),
    ),
    row(
        "retry-after/token-503",
        "the token endpoint answers 503 with Retry-After 60",
        "no other request for a minute, COMPLETED",
        Play::Other(token_busy),
    )
    .at(Place::Alone)
    .within(150),
];

fn busy(seconds: u64) -> Reply {
    status(503).retry_after(RetryAfter::Seconds(seconds))
}

fn asks(text: &'static str) -> Reply {
    status(503).retry_after(RetryAfter::Text(HeaderValue::from_static(text)))
}

fn rate_limited() -> Reply {
    own_saying(403, "rate limit exceeded for this contact").retry_after(RetryAfter::Seconds(3))
}

/// One upload gets this answer; the next one must not come earlier than asked for.
fn spaced(case: Case, reply: fn() -> Reply, milliseconds: u64, expect: Expect) -> Acting {
    Box::pin(async move {
        case.world.standin.script_uploads(&case.interaction, &[upload(reply())]).await?;
        let placed = case.world.put(&File::named(&case.interaction, "call.wav", expect.bytes)).await?;
        let seen = case.expect(&placed, &expect).await?;
        let gaps = case.gaps(Call::Upload).await?;
        ensure(gaps.iter().all(|gap| *gap >= milliseconds), || format!("milliseconds between uploads: {gaps:?}"))?;
        Ok(format!("{seen}; after {gaps:?} ms"))
    })
}

fn job_busy(case: Case) -> Acting {
    Box::pin(async move {
        case.world.standin.script_jobs(&case.interaction, &[job(busy(60))]).await?;
        let placed = case.world.put(&case.file()).await?;
        let seen = case.expect(&placed, &COMPLETED).await?;
        let gaps = case.gaps(Call::Job).await?;
        // The state machine's waits are a tenth of their time on this stack.
        ensure(gaps.first().is_some_and(|gap| *gap >= 5_500), || format!("milliseconds between polls: {gaps:?}"))?;
        Ok(format!("{seen}; asked again after {gaps:?} ms"))
    })
}

fn token_busy(case: Case) -> Acting {
    Box::pin(async move {
        let before = case.world.standin.requests(None, Some(Call::Token)).await?.len();
        let expect = COMPLETED.uploads(1, 4).claims(2, 3);
        let seen = super::alone::token(case.clone(), vec![token(busy(60))], expect).await?;
        // Only the row's own requests.
        let gaps: Vec<u64> = case.gaps(Call::Token).await?.into_iter().skip(before).collect();
        ensure(gaps.first().is_some_and(|gap| *gap >= A_MINUTE), || {
            format!("milliseconds between requests: {gaps:?}")
        })?;
        Ok(format!("{seen}; after {gaps:?} ms"))
    })
}
