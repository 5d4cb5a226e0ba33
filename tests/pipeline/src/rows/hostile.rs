//! Faults that never end: the most that one written file may cost.

use servers::{
    cxone::{AcceptedBody, CutAt, EarlyEnd, UploadAct},
    scripted::{RawReply, RetryAfter, Step},
};

use super::{
    Acting, Play, Row,
    replies::{Page, insufficient_scope, own, page, s3_error, status},
    row,
};
use crate::FaultsError;
use crate::case::{Case, Expect, ensure};
use crate::places::Place;
use crate::proxy::Act;
use crate::world::{File, Webhook};

pub(super) const ROWS: &[Row] = &[
    row(
        "upload/hostile",
        "each kind of retryable response, to every upload",
        "at most five uploads in the first run, one in each later run",
        Play::Other(hostile),
    )
    .at(Place::Impatient)
    .within(300),
    row(
        "aws/s3-kms-forever",
        "400 for a disabled KMS key, to every read",
        "REJECTED object_unreadable, nothing is sent",
        Play::Other(key_denied),
    )
    .at(Place::Impatient)
    .within(300),
];

/// What CXone does with every upload of an interaction.
fn classes() -> Vec<(&'static str, UploadAct)> {
    vec![
        ("503", UploadAct::Reply(status(503).retry_after(RetryAfter::Seconds(0)))),
        ("429", UploadAct::Reply(status(429).retry_after(RetryAfter::Seconds(0)))),
        ("401", UploadAct::Reply(own(401))),
        ("scope", UploadAct::Reply(insufficient_scope())),
        ("409", UploadAct::Reply(own(409))),
        ("gateway", UploadAct::Reply(page(403, Page::Html))),
        ("cut", UploadAct::Cut { at: CutAt::AfterBody, how: servers::scripted::CutHow::Reset, store: false }),
        ("early-202", UploadAct::AcceptEarly { then: EarlyEnd::Close, pause_ms: 0 }),
        ("early-503", UploadAct::EarlyReply(status(503))),
        ("no-id", UploadAct::Accept(AcceptedBody::Neither)),
        ("garbage", UploadAct::Raw { reply: RawReply::text("hello"), early: false, store: false }),
    ]
}

fn hostile(case: Case) -> Acting {
    Box::pin(async move {
        let mut placed = Vec::new();
        for (class, act) in classes() {
            let interaction = format!("{}.{class}", case.interaction);
            case.world.standin.script_uploads(&interaction, &[Step::once(act).forever()]).await?;
            placed.push((class, case.world.put(&File::of(&interaction)).await?));
        }
        let mut seen = Vec::new();
        for (class, placed) in &placed {
            let ended = case.end_of(placed, Webhook::Delivered).await?;
            let most = 5 + ended.claims.saturating_sub(1);
            let uploads = ended.seen_uploads.len() as u64;
            ensure(uploads <= most, || format!("{class}: {} uploads in {} runs", uploads, ended.claims))?;
            seen.push(format!("{class} {}/{}", uploads, ended.claims));
        }
        Ok::<_, FaultsError>(format!("uploads/runs: {}", seen.join(", ")))
    })
}

fn key_denied(case: Case) -> Acting {
    Box::pin(async move {
        let denied = Act::Answer(s3_error(400, "KMS.DisabledException"));
        let placed = case.world.place(&case.file()).await?;
        case.plant(&placed, "GetObject", 0, u32::MAX, denied);
        case.world.announce(&placed).await?;
        let expect = Expect::rejected("object_unreadable").uploads(0, 0).claims(2, 10).says(&["kms key"]);
        case.expect(&placed, &expect).await
    })
}
