//! Unusual answers of real systems: stalled bodies, odd headers, compression, numbers in place of strings.

use servers::scripted::Reply;
use servers::{
    cxone::{JobAct, UploadAct},
    scripted::{Encoding, RawReply, RetryAfter, Step},
};

use super::{
    Acting, Play, Row,
    replies::{job, stalled, status, stored, token, upload},
    row,
};
use crate::case::{Case, Expect};
use crate::places::Place;

const COMPLETED: Expect = Expect::COMPLETED;
/// An unreadable answer is retried at most twice.
const UNREADABLE: Expect =
    Expect::untracked("cxone_unavailable").uploads(3, 3).claims(1, 3).possibly_stored().quota("unsettled");

const ACCEPTED: &str = r#"{"jobId":"{job_id}"}"#;

/// A 202 with exactly this head.
fn raw(head: &str) -> Step<UploadAct> {
    let text = format!("{head}Connection: close\r\nContent-Length: {{content_length}}\r\n\r\n{ACCEPTED}");
    Step::once(UploadAct::Raw { reply: RawReply::text(text), early: false, store: true }).forever()
}

fn accepted(reply: Reply) -> Vec<Step<UploadAct>> {
    vec![stored(reply)]
}

const LEGAL: &str = "the answer is read, COMPLETED with one upload";

pub(super) const ROWS: &[Row] = &[
    row(
        "shape/stalled-413",
        "413 whose body stalls",
        "the status is enough: REJECTED cxone_payload_too_large",
        Play::Upload(
            || vec![upload(stalled(status(413).body("too large"))).forever()],
            Expect::rejected("cxone_payload_too_large").surely_not_stored(),
        ),
    )
    .within(120),
    row(
        "shape/stalled-429",
        "429 with Retry-After 2 whose body stalls",
        "waits, second upload COMPLETED",
        Play::Upload(
            || {
                let reply = status(429).body("slow down").retry_after(RetryAfter::Seconds(2));
                vec![upload(stalled(reply))]
            },
            COMPLETED.uploads(2, 2),
        ),
    )
    .within(120),
    row(
        "shape/stalled-202",
        "202 whose body stalls before the job id",
        "retried under the same key, COMPLETED",
        Play::Upload(|| vec![stored(stalled(status(202).body(ACCEPTED)))], COMPLETED.uploads(2, 2).claims(1, 2)),
    )
    .within(200),
    row(
        "shape/stalled-job",
        "a poll answered 200 whose body stalls",
        "retried, COMPLETED",
        Play::Job(|| vec![job(stalled(status(200).body(r#"{"status":"RUNNING"}"#)))], COMPLETED),
    )
    .within(120),
    row("shape/folded", "202 with a folded header", LEGAL, Play::Upload(|| vec![folded()], COMPLETED)).fast(),
    row(
        "shape/space",
        "202 with a space after a header's name",
        LEGAL,
        Play::Upload(|| vec![raw("HTTP/1.1 202 Accepted\r\nX-Note : a\r\n")], COMPLETED),
    )
    .fast(),
    row(
        "shape/many-headers",
        "202 with 150 headers",
        "read, or retried under the same key; COMPLETED",
        Play::Upload(|| vec![Step { times: servers::scripted::Times::Count(1), ..many() }], COMPLETED.uploads(1, 2)),
    )
    .fast(),
    row(
        "shape/http-1.0",
        "202 in HTTP/1.0 without a length",
        LEGAL,
        Play::Upload(
            || {
                let reply = RawReply::text(format!("HTTP/1.0 202 Accepted\r\n\r\n{ACCEPTED}"));
                vec![Step::once(UploadAct::Raw { reply, early: false, store: true }).forever()]
            },
            COMPLETED,
        ),
    )
    .fast(),
    row(
        "shape/status-999",
        "stored, then a status line with 999, for every upload",
        "unreadable: three attempts, TRACKING_FAILED",
        Play::Upload(|| vec![raw("HTTP/1.1 999 Odd\r\n")], UNREADABLE),
    )
    .within(150),
    row(
        "shape/no-http",
        "stored, then an answer that is not HTTP, for every upload",
        "unreadable: three attempts, TRACKING_FAILED",
        Play::Upload(|| vec![raw("SSH-2.0-OpenSSH_9.6\r\n")], UNREADABLE),
    )
    .within(150),
    row(
        "shape/gzip",
        "202 compressed with gzip",
        LEGAL,
        Play::Upload(|| accepted(status(202).body(ACCEPTED).encoded(Encoding::Gzip)), COMPLETED),
    )
    .fast(),
    row(
        "shape/deflate",
        "202 compressed with deflate",
        LEGAL,
        Play::Upload(|| accepted(status(202).body(ACCEPTED).encoded(Encoding::Deflate)), COMPLETED),
    )
    .fast(),
    row(
        "shape/bom",
        "202 with a byte order mark",
        LEGAL,
        Play::Upload(|| accepted(status(202).body(format!("\u{feff}{ACCEPTED}"))), COMPLETED),
    )
    .fast(),
    row(
        "shape/not-utf-8",
        "202 that is not UTF-8",
        "retried under the same key, COMPLETED",
        Play::Upload(|| accepted(status(202).bytes(*b"{\"jobId\":\"\xff\"}")), COMPLETED.uploads(2, 2)),
    )
    .fast(),
    row("shape/number-id", "a job id that is a number", "COMPLETED", Play::Other(|case| job_id(case, "4711", true)))
        .fast(),
    row(
        "shape/slash-id",
        "a job id with a slash, a percent sign and a space",
        "percent-encoded in the path, COMPLETED",
        Play::Other(|case| job_id(case, "a/b%2F?#ü", false)),
    )
    .fast(),
    row(
        "shape/job-words",
        "a job's status and interaction in another case and with spaces, an empty reason",
        "COMPLETED",
        Play::Job(
            || {
                let body = r#"{"status":" running ","interactionId":" {interaction_id} ","reason":""}"#;
                let done = r#"{"status":" Completed\n","interactionId":"SHAPE.JOB-WORDS","reason":""}"#;
                vec![job(status(200).body(body)), job(status(200).body(done)).forever()]
            },
            COMPLETED,
        ),
    )
    .fast(),
    row(
        "shape/job-gzip",
        "a job's status compressed, with a byte order mark",
        "COMPLETED after one poll",
        Play::Job(
            || {
                let body = "\u{feff}{\"status\":\"COMPLETED\",\"interactionId\":\"{interaction_id}\"}";
                vec![job(status(200).body(body).encoded(Encoding::Gzip)).forever()]
            },
            COMPLETED,
        ),
    )
    .fast(),
    row(
        "shape/job-folded",
        "a job's status after a folded header",
        "COMPLETED",
        Play::Job(
            || {
                let text = "HTTP/1.1 200 OK\r\nX-Note: a\r\n b\r\nConnection: close\r\n\r\n{\"status\":\"COMPLETED\"}";
                vec![Step::once(JobAct::Raw(RawReply::text(text))).forever()]
            },
            COMPLETED,
        ),
    )
    .fast(),
    row(
        "shape/tokens",
        "201 with \"3600\"; then 200, compressed, with a byte order mark and 3599.5",
        "each is a valid token, COMPLETED",
        Play::Other(tokens),
    )
    .at(Place::Alone)
    .within(120),
];

fn folded() -> Step<UploadAct> {
    raw("HTTP/1.1 202 Accepted\r\nX-Note: a\r\n b\r\n\tc\r\n")
}

fn many() -> Step<UploadAct> {
    let headers: Vec<String> = (0..150).map(|number| format!("X-Note-{number}: a\r\n")).collect();
    raw(&format!("HTTP/1.1 202 Accepted\r\n{}", headers.concat()))
}

fn job_id(case: Case, id: &'static str, bare: bool) -> Acting {
    Box::pin(async move {
        case.world.standin.set_job_ids(&case.interaction, &[id]).await?;
        let body = if bare { r#"{"jobId":{job_id}}"# } else { ACCEPTED };
        case.world.standin.script_uploads(&case.interaction, &accepted(status(202).body(body))).await?;
        let placed = case.world.put(&case.file()).await?;
        case.expect(&placed, &COMPLETED).await
    })
}

fn tokens(case: Case) -> Acting {
    Box::pin(async move {
        let text = r#"{"access_token":"{access_token}","expires_in":"3600"}"#;
        let fraction = "\u{feff}{\"access_token\":\"{access_token}\",\"expires_in\":3599.5}";
        for reply in [status(201).body(text), status(200).body(fraction).encoded(Encoding::Gzip)] {
            super::alone::token(case.clone(), vec![token(reply)], COMPLETED.uploads(1, 2)).await?;
        }
        Ok("two COMPLETED".to_owned())
    })
}
