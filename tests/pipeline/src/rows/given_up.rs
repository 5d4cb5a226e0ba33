//! Objects that intake gives up: the record has all known facts, and says whether CXone may hold the file.

use serde_json::{Value, json};
use servers::{
    cxone::{AcceptedBody, UploadAct},
    scripted::Step,
};

use super::{
    Acting, Play, Row,
    replies::{own, s3_error, status, upload},
    row,
};
use crate::case::{Case, Expect, ensure};
use crate::places::Place;
use crate::proxy::Act;
use crate::world::{File, Webhook};

/// After some runs within the stack's short time limit.
const GIVEN_UP: Expect = Expect::untracked("cxone_unavailable").claims(3, 10).uploads(5, 14);

const fn given_up(name: &'static str, fault: &'static str, expectation: &'static str, act: fn(Case) -> Acting) -> Row {
    row(name, fault, expectation, Play::Other(act)).at(Place::Impatient).within(300)
}

const UNAVAILABLE: &str = "TRACKING_FAILED cxone_unavailable after the time limit, quota kept, all facts recorded";

pub(super) const ROWS: &[Row] = &[
    given_up("upload/503-forever", "503 to every upload", UNAVAILABLE, |case| {
        ends(case, || vec![answers(503).forever()], None, GIVEN_UP.possibly_stored().says(&["503"]), "unsettled")
    }),
    given_up("upload/504-forever", "a gateway's 504 to every upload", UNAVAILABLE, |case| {
        ends(case, || vec![answers(504).forever()], None, GIVEN_UP.possibly_stored().says(&["504"]), "unsettled")
    }),
    given_up(
        "upload/503-then-s3",
        "503 to five uploads, then the object cannot be read",
        "TRACKING_FAILED source_unreadable: the last fault; the facts of the first run are recorded",
        |case| {
            let fault = Some(("GetObject", 5, Act::Answer(s3_error(503, "SlowDown"))));
            let script = || vec![answers(503).times(5)];
            let expect = Expect { reason: Some("source_unreadable"), ..GIVEN_UP }.uploads(5, 5).possibly_stored();
            ends(case, script, fault, expect, "unsettled")
        },
    ),
    given_up("upload/401-always", "401 to every upload", "released each time, REJECTED after the time limit", |case| {
        let expect = Expect::rejected("cxone_unavailable").claims(3, 10).uploads(2, 20);
        ends(case, || vec![upload(own(401)).forever()], None, expect, "settled")
    }),
    row(
        "upload/202-then-413",
        "202 without a job id, then 413",
        "TRACKING_FAILED, quota kept: CXone has accepted the file",
        Play::Other(|case| {
            let script = || vec![Step::once(UploadAct::Accept(AcceptedBody::Neither)), answers(413)];
            let refused = Expect::untracked("cxone_payload_too_large").uploads(2, 2).possibly_stored();
            ends(case, script, None, refused, "unsettled")
        }),
    )
    .fast(),
    row(
        "upload/202-then-403",
        "202 without a job id, then 403 for the interaction",
        "TRACKING_FAILED, quota kept: the refusal does not undo the accepted upload",
        Play::Other(|case| {
            let script = || vec![Step::once(UploadAct::Accept(AcceptedBody::Neither)), upload(own(403))];
            let refused = Expect::untracked("cxone_forbidden").uploads(2, 2).possibly_stored();
            ends(case, script, None, refused, "unsettled")
        }),
    )
    .fast(),
];

fn answers(code: u16) -> Step<UploadAct> {
    Step::once(UploadAct::Reply(status(code)))
}

/// An operation of AWS, how many calls of it pass, and what the others meet.
type Fault = (&'static str, u32, Act);

/// Runs the script, and compares the record's facts.
fn ends(
    case: Case,
    script: fn() -> Vec<Step<UploadAct>>,
    fault: Option<Fault>,
    expect: Expect,
    quota: &'static str,
) -> Acting {
    Box::pin(async move {
        case.world.standin.script_uploads(&case.interaction, &script()).await?;
        let file = File::named(&case.interaction, "call.wav", expect.bytes);
        let bytes = file.body.len();
        let placed = case.world.place(&file).await?;
        if let Some((operation, passing, act)) = fault {
            case.plant(&placed, operation, passing, u32::MAX, act);
        }
        case.world.announce(&placed).await?;
        let ended = case.end_of(&placed, Webhook::Delivered).await?;
        let seen = expect.compare(&ended)?;
        let said = |pointer: &str| ended.record.pointer(pointer).cloned().unwrap_or(Value::Null);
        let facts =
            ["/quota", "/interaction_id", "/object/size_bytes", "/object/mime_type", "/object/sha256"].map(said);
        let wanted = [json!(quota), json!(case.interaction), json!(bytes), json!("audio/wav"), json!(placed.sha256)];
        ensure(facts == wanted, || format!("the record has {facts:?}"))?;
        ensure(said("/tags").as_object().is_some_and(|tags| !tags.is_empty()), || "the record has no tags".to_owned())?;
        Ok(format!("{seen}; quota {quota}"))
    })
}
