//! Bodies that went out whole: what CXone may hold, and what the record says of it.

use std::time::Duration;

use attachments::Outcome;
use servers::{
    cxone::{CutAt, UploadAct},
    scripted::{CutHow, Step},
};

use super::{
    Acting, Play, Row,
    replies::{own, own_saying, status, stored, upload},
    row,
};
use crate::case::{Case, Expect, ensure};
use crate::error::Calling as _;
use crate::places::Place;
use crate::world::Webhook;

const UNKNOWN: Expect = Expect::untracked("cxone_unavailable").uploads(5, 14).claims(3, 10).possibly_stored();
const METERED: Expect = UNKNOWN.quota("unsettled");
/// More than what the sockets on both sides hold.
const LARGE: usize = 6_000_000;

/// An object that is given up after a minute of one answer.
const fn given_up(name: &'static str, fault: &'static str, expectation: &'static str, play: Play) -> Row {
    row(name, fault, expectation, play).at(Place::Impatient).within(300)
}

const MAY_HOLD: &str = "TRACKING_FAILED cxone_unavailable, possibly_stored, quota unsettled";

pub(super) const ROWS: &[Row] = &[
    given_up(
        "may-hold/500",
        "stored, then 500, always",
        MAY_HOLD,
        Play::Upload(|| vec![stored(own(500)).forever()], METERED.says(&["500"])),
    ),
    given_up(
        "may-hold/503",
        "stored, then 503, always",
        MAY_HOLD,
        Play::Upload(|| vec![stored(status(503)).forever()], METERED.says(&["503"])),
    ),
    given_up(
        "may-hold/408",
        "stored, then 408, always",
        MAY_HOLD,
        Play::Upload(|| vec![stored(own(408)).forever()], METERED.says(&["408"])),
    ),
    given_up(
        "may-hold/cut",
        "stored, then cut, always",
        MAY_HOLD,
        Play::Upload(|| vec![Step::once(UploadAct::cut(CutAt::AfterBody)).forever()], METERED),
    ),
    given_up(
        "may-hold/cut-in-body",
        "cut before the body is whole, always",
        "REJECTED cxone_unavailable, quota refunded: CXone saw no whole body",
        Play::Upload(
            || vec![Step::once(UploadAct::cut(CutAt::AfterBytes(100_000))).forever()],
            Expect { outcome: Outcome::Rejected, ..UNKNOWN }.bytes(LARGE).surely_not_stored(),
        ),
    ),
    given_up(
        "may-hold/429",
        "429 behind every whole body",
        "REJECTED cxone_unavailable, quota refunded: CXone says that it took nothing",
        Play::Upload(
            || vec![upload(own(429)).forever()],
            Expect { outcome: Outcome::Rejected, ..UNKNOWN }.surely_not_stored(),
        ),
    ),
    row(
        "may-hold/409-exists",
        "stored, then 409 with \"exists already\", always",
        "ten times, then TRACKING_FAILED cxone_409 with CXone's own text",
        Play::Upload(
            || vec![stored(own_saying(409, "the attachment exists already")).forever()],
            Expect::untracked("cxone_409")
                .uploads(10, 11)
                .claims(5, 8)
                .possibly_stored()
                .quota("unsettled")
                .says(&["exists already"]),
        ),
    )
    .within(460),
    row(
        "may-hold/cut-then-422",
        "stored, then cut; the repetition is refused with 422",
        "TRACKING_FAILED cxone_422: the refusal says nothing of the first",
        Play::Upload(
            || vec![Step::once(UploadAct::cut(CutAt::AfterBody)), upload(own(422))],
            Expect::untracked("cxone_422").uploads(2, 2).possibly_stored().quota("unsettled"),
        ),
    )
    .fast(),
    row(
        "may-hold/503-then-413",
        "stored, then 503; the repetition is refused with 413",
        "TRACKING_FAILED cxone_payload_too_large",
        Play::Upload(
            || vec![stored(own(503)), upload(own(413))],
            Expect::untracked("cxone_payload_too_large").uploads(2, 2).possibly_stored().quota("unsettled"),
        ),
    )
    .fast(),
    row(
        "may-hold/503-then-404",
        "503, nothing kept; the repetition is refused with 404 in JSON",
        "REJECTED cxone_404: a repetition of a kept file would not get that",
        Play::Upload(
            || vec![upload(own(503)), upload(own(404))],
            Expect::rejected("cxone_404").uploads(2, 2).surely_not_stored(),
        ),
    )
    .fast(),
    row(
        "may-hold/unmetered-503",
        "without a quota: stored, then 503, always",
        "TRACKING_FAILED cxone_unavailable, possibly_stored",
        Play::Upload(|| vec![stored(own(503)).forever()], UNKNOWN.quota("none")),
    )
    .at(Place::Unmetered)
    .within(300),
    row(
        "may-hold/unmetered-crash",
        "without a quota: stored, intake killed, the version removed",
        "TRACKING_FAILED object_gone, possibly_stored",
        Play::Other(crashed),
    )
    .at(Place::Unmetered)
    .within(200),
    row(
        "may-hold/unmetered-five-crashes",
        "without a quota: intake killed five times behind a stored file",
        "TRACKING_FAILED intake_crashed, possibly_stored",
        Play::Other(five_crashes),
    )
    .at(Place::Unmetered)
    .within(560),
];

fn slow() -> Step<UploadAct> {
    Step::once(UploadAct::Normal).after(Duration::from_secs(10))
}

fn crashed(case: Case) -> Acting {
    Box::pin(async move {
        case.world.standin.script_uploads(&case.interaction, &[slow()]).await?;
        let placed = case.world.place(&case.file()).await?;
        case.world.announce(&placed).await?;
        let process = case.kill_when_stored(&placed).await?;
        let gone = case.world.clients.s3.delete_object().bucket(&placed.bucket).key(&placed.key);
        gone.set_version_id(placed.version_id.clone()).send().await.calling("DeleteObject")?;
        let expect = Expect::untracked("object_gone").claims(2, 2).possibly_stored().quota("none");
        Ok(format!("killed {process}; {}", case.expect(&placed, &expect).await?))
    })
}

fn five_crashes(case: Case) -> Acting {
    Box::pin(async move {
        case.world.standin.script_uploads(&case.interaction, &[slow().forever()]).await?;
        let placed = case.world.place(&case.file()).await?;
        case.world.announce(&placed).await?;
        for run in 1..=5 {
            case.stored(&placed, run).await?;
            case.kill_when_stored(&placed).await?;
        }
        let ended = case.end_of(&placed, Webhook::Delivered).await?;
        let expect = Expect::untracked("intake_crashed").uploads(5, 5).claims(5, 6).possibly_stored().quota("none");
        let seen = expect.compare(&ended)?;
        ensure(ended.attachment.is_some(), || "CXone does not hold it".to_owned())?;
        Ok(seen)
    })
}

/// Nothing is kept of a body whose connection is cut behind it.
pub(super) fn cut_unkept() -> Step<UploadAct> {
    Step::once(UploadAct::Cut { at: CutAt::AfterBody, how: CutHow::Reset, store: false })
}
