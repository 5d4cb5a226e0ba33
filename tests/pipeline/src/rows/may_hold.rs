//! Uploads whose whole body was sent: CXone may hold the file, and the record must say so.

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
/// More than the socket buffers on both sides.
const LARGE: usize = 6_000_000;

/// Intake gives up the object after a minute of the same answer.
const fn given_up(name: &'static str, fault: &'static str, expectation: &'static str, play: Play) -> Row {
    row(name, fault, expectation, play).at(Place::Impatient).within(300)
}

const MAY_HOLD: &str = "TRACKING_FAILED cxone_unavailable, possibly_stored, quota unsettled";

pub(super) const ROWS: &[Row] = &[
    given_up(
        "may-hold/500",
        "stored, then 500, for every upload",
        MAY_HOLD,
        Play::Upload(|| vec![stored(own(500)).forever()], METERED.says(&["500"])),
    ),
    given_up(
        "may-hold/503",
        "stored, then 503, for every upload",
        MAY_HOLD,
        Play::Upload(|| vec![stored(status(503)).forever()], METERED.says(&["503"])),
    ),
    given_up(
        "may-hold/408",
        "stored, then 408, for every upload",
        MAY_HOLD,
        Play::Upload(|| vec![stored(own(408)).forever()], METERED.says(&["408"])),
    ),
    given_up(
        "may-hold/cut",
        "stored, then the connection is cut, for every upload",
        MAY_HOLD,
        Play::Upload(|| vec![Step::once(UploadAct::cut(CutAt::AfterBody)).forever()], METERED),
    ),
    given_up(
        "may-hold/cut-in-body",
        "every upload is cut within its body",
        "REJECTED cxone_unavailable, quota refunded: CXone saw no complete body",
        Play::Upload(
            || vec![Step::once(UploadAct::cut(CutAt::AfterBytes(100_000))).forever()],
            Expect { outcome: Outcome::Rejected, ..UNKNOWN }.bytes(LARGE).surely_not_stored(),
        ),
    ),
    given_up(
        "may-hold/429",
        "429 after every complete body",
        "REJECTED cxone_unavailable, quota refunded: CXone says that it stored nothing",
        Play::Upload(
            || vec![upload(own(429)).forever()],
            Expect { outcome: Outcome::Rejected, ..UNKNOWN }.surely_not_stored(),
        ),
    ),
    row(
        "may-hold/409-exists",
        "stored, then 409 with \"exists already\", for every upload",
        "ten uploads, then TRACKING_FAILED cxone_409 with CXone's text",
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
        "stored, then cut; the retry is refused with 422",
        "TRACKING_FAILED cxone_422: the refusal says nothing about the first attempt",
        Play::Upload(
            || vec![Step::once(UploadAct::cut(CutAt::AfterBody)), upload(own(422))],
            Expect::untracked("cxone_422").uploads(2, 2).possibly_stored().quota("unsettled"),
        ),
    )
    .fast(),
    row(
        "may-hold/503-then-413",
        "stored, then 503; the retry is refused with 413",
        "TRACKING_FAILED cxone_payload_too_large",
        Play::Upload(
            || vec![stored(own(503)), upload(own(413))],
            Expect::untracked("cxone_payload_too_large").uploads(2, 2).possibly_stored().quota("unsettled"),
        ),
    )
    .fast(),
    row(
        "may-hold/503-then-404",
        "503, nothing stored; the retry is refused with 404 in JSON",
        "REJECTED cxone_404: the retry of a stored file would not get that answer",
        Play::Upload(
            || vec![upload(own(503)), upload(own(404))],
            Expect::rejected("cxone_404").uploads(2, 2).surely_not_stored(),
        ),
    )
    .fast(),
    row(
        "may-hold/unmetered-503",
        "without a quota: stored, then 503, for every upload",
        "TRACKING_FAILED cxone_unavailable, possibly_stored",
        Play::Upload(|| vec![stored(own(503)).forever()], UNKNOWN.quota("none")),
    )
    .at(Place::Unmetered)
    .within(300),
    row(
        "may-hold/unmetered-crash",
        "without a quota: stored, intake killed, the version deleted",
        "TRACKING_FAILED object_gone, possibly_stored",
        Play::Other(crashed),
    )
    .at(Place::Unmetered)
    .within(200),
    row(
        "may-hold/unmetered-five-crashes",
        "without a quota: intake killed five times after the file was stored",
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

/// The connection is cut after the whole body, and nothing is stored.
pub(super) fn cut_unkept() -> Step<UploadAct> {
    Step::once(UploadAct::Cut { at: CutAt::AfterBody, how: CutHow::Reset, store: false })
}
