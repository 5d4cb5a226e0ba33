//! Behaviour of the real S3: headers that are not UTF-8, bodies that stall, the same bytes written again.

use std::time::Duration;

use http::{HeaderName, HeaderValue};
use servers::scripted::faulty_body::{BodyEnd, BodyFault};

use super::{Acting, Play, Row, row};
use crate::case::{Case, Expect};
use crate::places::Place;
use crate::proxy::Act;
use crate::world::{File, sound};

const COMPLETED: Expect = Expect::COMPLETED;
/// Large enough for the body to stall after the part that decides the type.
const MEDIUM: usize = 400_000;
const HALF_AN_HOUR_MS: u32 = 1_800_000;

pub(super) const ROWS: &[Row] = &[
    row(
        "s3/latin-disposition",
        "Content-Disposition in Latin-1",
        "COMPLETED",
        Play::Other(|case| latin(case, &[("content-disposition", b"attachment; filename=\"Gr\xfc\xdfe.wav\"")])),
    )
    .fast(),
    row(
        "s3/latin-type",
        "Content-Type in Latin-1",
        "COMPLETED",
        Play::Other(|case| latin(case, &[("content-type", b"audio/wav; name=\"Gr\xfc\xdfe.wav\"")])),
    )
    .fast(),
    row(
        "s3/latin-metadata",
        "user metadata in Latin-1",
        "COMPLETED",
        Play::Other(|case| latin(case, &[("x-amz-meta-author", b"J\xfcrgen"), ("x-amz-meta-other", b"\xe9")])),
    )
    .fast(),
    row(
        "s3/stalls-at-once",
        "S3 sends 100 bytes and then nothing",
        "timeout after 15 s, read again in the same run, COMPLETED",
        Play::Other(|case| stalls(case, 100, COMPLETED)),
    )
    .within(150),
    row(
        "s3/same-bytes",
        "the same bytes written twice with different metadata, no versions",
        "the old object superseded, the new one COMPLETED",
        Play::Other(same_bytes),
    )
    .at(Place::Unversioned)
    .within(120),
];

fn latin(case: Case, headers: &'static [(&'static str, &'static [u8])]) -> Acting {
    Box::pin(async move {
        let headers = headers
            .iter()
            .filter_map(|(name, value)| Some((HeaderName::from_static(name), HeaderValue::from_bytes(value).ok()?)));
        let placed = case.world.place(&case.file()).await?;
        let planted = case.plant(&placed, "GetObject", 0, u32::MAX, Act::Headers(headers.collect()));
        case.world.announce(&placed).await?;
        let seen = case.expect(&placed, &COMPLETED).await?;
        case.met(&planted, 1).await?;
        Ok(seen)
    })
}

fn stalls(case: Case, after_bytes: usize, expect: Expect) -> Acting {
    Box::pin(async move {
        let fault = BodyFault { after_bytes, then: BodyEnd::StallMs(HALF_AN_HOUR_MS) };
        case.meet(("GetObject", 0, 1), Act::Body(fault), &expect.bytes(MEDIUM)).await
    })
}

fn same_bytes(case: Case) -> Acting {
    Box::pin(async move {
        let body = sound(6_000);
        let file = |note: &str| File { body: body.clone(), metadata: vec![("note", note.to_owned())], ..case.file() };
        let older = case.world.place(&file("first")).await?;
        // Longer than the two seconds by which the clocks of S3 and of its events may differ.
        tokio::time::sleep(Duration::from_secs(5)).await;
        let newer = case.world.place(&file("second")).await?;
        case.world.announce(&older).await?;
        case.world.announce(&newer).await?;
        let refused = case.expect(&older, &Expect::rejected("superseded").uploads(0, 0)).await?;
        case.expect(&newer, &COMPLETED).await?;
        Ok(format!("{refused}; the new one COMPLETED"))
    })
}
