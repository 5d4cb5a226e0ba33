//! Faults of CXone at uploads.

use std::time::Duration;

use attachments::Outcome;
use servers::{
    cxone::{AcceptedBody, CutAt, UploadAct},
    scripted::{CutHow, RetryAfter, Step},
};

use super::{
    Play, Row,
    may_hold::cut_unkept,
    replies::{insufficient_scope, own, redirect, status, upload},
    row,
};
use crate::case::Expect;

/// More than the socket buffers on both sides.
const LARGE: usize = 6_000_000;

const COMPLETED: Expect = Expect::COMPLETED;

fn throttled(after: RetryAfter) -> Step<UploadAct> {
    upload(status(429).retry_after(after))
}

fn accept(body: AcceptedBody) -> Step<UploadAct> {
    Step::once(UploadAct::Accept(body))
}

pub(super) const ROWS: &[Row] = &[
    row(
        "upload/429-seconds",
        "429 twice, Retry-After 2",
        "waits, third upload COMPLETED",
        Play::Upload(|| vec![throttled(RetryAfter::Seconds(2)).times(2)], COMPLETED.uploads(3, 3)),
    )
    .fast(),
    row(
        "upload/429-date",
        "429, Retry-After as a date",
        "waits, COMPLETED",
        Play::Upload(|| vec![throttled(RetryAfter::DateInSeconds(3))], COMPLETED.uploads(2, 2)),
    )
    .fast(),
    row(
        "upload/429-no-header",
        "429 without Retry-After",
        "waits 5 s, COMPLETED",
        Play::Upload(|| vec![upload(own(429))], COMPLETED.uploads(2, 2)),
    )
    .fast(),
    row(
        "upload/429-long",
        "429, Retry-After 30",
        "released for 30 s, COMPLETED",
        Play::Upload(|| vec![throttled(RetryAfter::Seconds(30))], COMPLETED.uploads(2, 2).claims(2, 2)),
    ),
    row(
        "upload/429-minute",
        "429 for 60 s",
        "COMPLETED after a minute",
        Play::Upload(
            || vec![throttled(RetryAfter::Seconds(3)).during(Duration::from_mins(1))],
            COMPLETED.uploads(6, 20).claims(2, 12),
        ),
    )
    .within(150),
    row(
        "upload/500-burst",
        "500 twice, 503 twice",
        "retried with backoff, fifth upload COMPLETED",
        Play::Upload(|| vec![upload(own(500)).times(2), upload(own(503)).times(2)], COMPLETED.uploads(5, 5)),
    )
    .fast(),
    row(
        "upload/503-long",
        "503 seven times",
        "five uploads in the first run, one in each later run, COMPLETED",
        Play::Upload(|| vec![upload(own(503)).times(7)], COMPLETED.uploads(8, 8).claims(4, 4)),
    ),
    row(
        "upload/401-once",
        "401 once",
        "a fresh token, second upload COMPLETED",
        Play::Upload(|| vec![upload(own(401))], COMPLETED.uploads(2, 2)),
    )
    .fast(),
    row(
        "upload/401-twice",
        "401 to a fresh token too",
        "released, not rejected; then COMPLETED",
        Play::Upload(|| vec![upload(own(401)).times(2)], COMPLETED.uploads(3, 3).claims(2, 2)),
    ),
    row(
        "upload/403-scope",
        "403 with insufficient_scope",
        "released, not rejected; then COMPLETED",
        Play::Upload(|| vec![upload(insufficient_scope())], COMPLETED.uploads(2, 2).claims(2, 2)),
    ),
    row(
        "upload/403",
        "403 for the interaction",
        "REJECTED cxone_forbidden",
        Play::Upload(|| vec![upload(own(403))], Expect::rejected("cxone_forbidden")),
    )
    .fast(),
    row(
        "upload/404",
        "404",
        "REJECTED cxone_404",
        Play::Upload(|| vec![upload(own(404))], Expect::rejected("cxone_404")),
    )
    .fast(),
    row(
        "upload/413",
        "413",
        "REJECTED cxone_payload_too_large",
        Play::Upload(|| vec![upload(own(413))], Expect::rejected("cxone_payload_too_large")),
    )
    .fast(),
    row(
        "upload/413-early",
        "413 before the body is read",
        "REJECTED cxone_payload_too_large",
        Play::Upload(
            || vec![Step::once(UploadAct::EarlyReply(status(413))).forever()],
            Expect::rejected("cxone_payload_too_large").bytes(LARGE).uploads(1, 5),
        ),
    ),
    row(
        "upload/415",
        "415",
        "REJECTED cxone_unsupported_type",
        Play::Upload(|| vec![upload(own(415))], Expect::rejected("cxone_unsupported_type")),
    )
    .fast(),
    row(
        "upload/422",
        "422",
        "REJECTED cxone_422",
        Play::Upload(|| vec![upload(own(422))], Expect::rejected("cxone_422")),
    )
    .fast(),
    row(
        "upload/redirect",
        "a redirect",
        "not followed, REJECTED cxone_redirect",
        Play::Upload(|| vec![upload(redirect())], Expect::rejected("cxone_redirect")),
    )
    .fast(),
    row(
        "upload/cut-before-body",
        "connection reset before the body",
        "retried, COMPLETED",
        Play::Upload(|| vec![Step::once(UploadAct::cut(CutAt::BeforeBody))], COMPLETED.uploads(2, 2).bytes(LARGE)),
    )
    .fast(),
    row(
        "upload/cut-in-body",
        "connection reset within the body",
        "retried, COMPLETED",
        Play::Upload(
            || vec![Step::once(UploadAct::cut(CutAt::AfterBytes(500_000)))],
            COMPLETED.uploads(2, 2).bytes(LARGE),
        ),
    )
    .fast(),
    row(
        "upload/cut-after-body",
        "stored, then reset without an answer",
        "retried under the same key, COMPLETED, one attachment",
        Play::Upload(|| vec![Step::once(UploadAct::cut(CutAt::AfterBody))], COMPLETED.uploads(2, 2)),
    )
    .fast(),
    row(
        "upload/closed-after-body",
        "stored, then closed without an answer",
        "retried under the same key, COMPLETED, one attachment",
        Play::Upload(
            || vec![Step::once(UploadAct::Cut { at: CutAt::AfterBody, how: CutHow::Close, store: true })],
            COMPLETED.uploads(2, 2),
        ),
    )
    .fast(),
    row(
        "upload/cut-then-refused",
        "reset after the body three times, then 403",
        "REJECTED, quota refunded",
        Play::Upload(
            || vec![cut_unkept().times(3), upload(own(403))],
            Expect::rejected("cxone_forbidden").uploads(4, 4).surely_not_stored(),
        ),
    )
    .fast(),
    row(
        "upload/no-answer",
        "stored, no answer before the timeout",
        "released, retried under the same key, COMPLETED",
        Play::Upload(
            || vec![Step::once(UploadAct::Never { read: true, store: true })],
            COMPLETED.uploads(2, 2).claims(2, 2),
        ),
    )
    .within(150),
    row(
        "upload/stalled",
        "CXone stops reading for 45 s in the middle",
        "one upload, COMPLETED",
        Play::Upload(
            || vec![Step::once(UploadAct::Stall { after_bytes: 1_000_000, ms: 45_000 })],
            COMPLETED.bytes(LARGE),
        ),
    )
    .within(120),
    row(
        "upload/202-id",
        "202 with id instead of jobId",
        "COMPLETED",
        Play::Upload(|| vec![accept(AcceptedBody::Id)], COMPLETED),
    )
    .fast(),
    row(
        "upload/202-no-id",
        "202 without a job id to every upload",
        "three attempts, TRACKING_FAILED cxone_no_job_id",
        Play::Upload(
            || vec![accept(AcceptedBody::Neither).forever()],
            Expect::ended(Outcome::TrackingFailed, "cxone_no_job_id").uploads(3, 3).possibly_stored(),
        ),
    )
    .fast(),
    row(
        "upload/202-broken",
        "202 with a truncated body, then with an empty one",
        "retried under the same key, COMPLETED, one attachment",
        Play::Upload(|| vec![accept(AcceptedBody::CutJson), accept(AcceptedBody::Empty)], COMPLETED.uploads(3, 3)),
    )
    .fast(),
    row(
        "upload/202-html",
        "202 with HTML",
        "retried under the same key, COMPLETED, one attachment",
        Play::Upload(|| vec![accept(AcceptedBody::NotJson)], COMPLETED.uploads(2, 2)),
    )
    .fast(),
];
