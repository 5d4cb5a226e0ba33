//! A 2xx before the body is sent: it counts only after the rest has been sent too.

use servers::scripted::faulty_body::{BodyEnd, BodyFault};
use servers::{
    cxone::{EarlyEnd, UploadAct},
    scripted::Step,
};

use super::{Acting, Play, Row, row};
use crate::case::{Case, Expect, ensure};
use crate::proxy::Act;
use crate::world::File;

/// Several times the socket buffers on both sides.
const LARGE: usize = 24_000_000;
const COMPLETED: Expect = Expect::COMPLETED.bytes(LARGE);

fn accepted(then: EarlyEnd, pause_ms: u64) -> Vec<Step<UploadAct>> {
    vec![Step::once(UploadAct::AcceptEarly { then, pause_ms })]
}

pub(super) const ROWS: &[Row] = &[
    row(
        "early/slow",
        "202 before the body, the rest is read slowly",
        "the rest is sent, COMPLETED with the digest of all bytes",
        Play::Other(slow),
    ),
    row(
        "early/closed",
        "202 before the body, then the connection is closed",
        "retried under the same key, COMPLETED",
        Play::Upload(|| accepted(EarlyEnd::Close, 0), COMPLETED.uploads(2, 2)),
    ),
    row(
        "early/reset",
        "202 before the body, then the connection is reset",
        "retried under the same key, COMPLETED",
        Play::Upload(|| accepted(EarlyEnd::Reset, 0), COMPLETED.uploads(2, 2)),
    ),
    row(
        "early/source-cut",
        "202 before the body, then S3 cuts the connection",
        "retried under the same key, COMPLETED",
        Play::Other(source_cut),
    ),
];

fn slow(case: Case) -> Acting {
    Box::pin(async move {
        case.world.standin.script_uploads(&case.interaction, &accepted(EarlyEnd::Read, 5)).await?;
        let placed = case.world.put(&File::named(&case.interaction, "call.wav", LARGE)).await?;
        let seen = case.expect(&placed, &COMPLETED).await?;
        let uploads = case.world.standin.requests(Some(&case.interaction), Some(servers::cxone::Call::Upload)).await?;
        let whole: Vec<bool> = uploads.iter().map(|upload| upload.body_whole).collect();
        ensure(whole == [true], || format!("uploads that CXone saw whole: {whole:?}"))?;
        Ok(seen)
    })
}

fn source_cut(case: Case) -> Acting {
    Box::pin(async move {
        case.world.standin.script_uploads(&case.interaction, &accepted(EarlyEnd::Read, 0)).await?;
        let fault = BodyFault { after_bytes: LARGE / 2, then: BodyEnd::Cut(servers::scripted::CutHow::Reset) };
        case.meet(("GetObject", 0, 1), Act::Body(fault), &COMPLETED.uploads(2, 2)).await
    })
}
