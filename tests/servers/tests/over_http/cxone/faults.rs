use std::time::{Duration, Instant, SystemTime};

use http::{HeaderValue, StatusCode, header};
use servers::{
    cxone::{AcceptedBody, Control, CutAt, UploadAct},
    scripted::{CutHow, End, Reply, RetryAfter, Step},
};

use super::fixture::{Fixture, Upload};
use crate::wire::{self, Seen};

const BIG: usize = 4 * 1024 * 1024;

async fn scripted(steps: &[Step<UploadAct>]) -> Fixture {
    let fixture = Fixture::new().await;
    fixture.control.script_uploads("INT-1", steps).await.unwrap();
    fixture
}

fn small() -> Upload {
    Upload::of("INT-1", "k1")
}

fn big() -> Upload {
    Upload { bytes: vec![b'x'; BIG], ..small() }
}

async fn stored(control: &Control) -> usize {
    control.attachments(Some("INT-1")).await.unwrap().len()
}

#[tokio::test]
async fn every_status_can_be_answered_with_headers_and_body() {
    let text = r#"{"error":"missing scope attachment:write"}"#;
    let codes = [400, 401, 403, 404, 408, 409, 413, 415, 418, 425, 500, 503];
    let steps: Vec<_> = codes
        .iter()
        .map(|code| Step::once(UploadAct::Reply(Reply::status(StatusCode::from_u16(*code).unwrap()).body(text))))
        .collect();
    let fixture = scripted(&steps).await;
    assert_eq!(fixture.upload(&Upload::of("INT-2", "k2")).await.status(), 202, "another interaction is untouched");
    for code in codes {
        let answer = fixture.upload(&small()).await.answer();
        assert_eq!((answer.status, answer.body.as_str()), (code, text));
    }
    assert_eq!(stored(&fixture.control).await, 0);
    assert_eq!(fixture.upload(&small()).await.status(), 202, "the script is used up");
}

#[tokio::test]
async fn retry_after_is_seconds_a_date_any_text_or_absent() {
    let too_many = || Reply::status(StatusCode::TOO_MANY_REQUESTS);
    let fixture = scripted(&[
        Step::once(UploadAct::Reply(too_many().retry_after(RetryAfter::Seconds(7)))),
        Step::once(UploadAct::Reply(too_many().retry_after(RetryAfter::DateInSeconds(60)))),
        Step::once(UploadAct::Reply(too_many().retry_after(RetryAfter::Text(HeaderValue::from_static("soon"))))),
        Step::once(UploadAct::Reply(too_many())).during(Duration::from_secs(1)),
    ])
    .await;
    let mut seen = Vec::new();
    for _ in 0..5 {
        let mut answer = fixture.upload(&small()).await.answer();
        assert_eq!(answer.status, 429);
        seen.push(answer.headers.remove("retry-after"));
    }
    assert_eq!(seen[0].as_deref(), Some("7"));
    let date: SystemTime = parse_date(seen[1].as_deref().unwrap());
    let ahead = date.duration_since(SystemTime::now()).unwrap();
    assert!((50..=60).contains(&ahead.as_secs()), "{ahead:?}");
    assert_eq!(seen[2].as_deref(), Some("soon"));
    assert_eq!(seen[3..], [None, None]);
    tokio::time::sleep(Duration::from_millis(1_050)).await;
    assert_eq!(fixture.upload(&small()).await.status(), 202, "the time is over");
}

/// Reads an HTTP date without the code that wrote it.
fn parse_date(text: &str) -> SystemTime {
    let output = std::process::Command::new("date").args(["-u", "-d", text, "+%s"]).output().unwrap();
    let seconds = String::from_utf8(output.stdout).unwrap().trim().parse().unwrap();
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

#[tokio::test]
async fn redirect_has_its_location() {
    let goal = HeaderValue::from_static("http://127.0.0.1:1/elsewhere");
    let reply = Reply::status(StatusCode::TEMPORARY_REDIRECT).header(header::LOCATION, goal.clone());
    let fixture = scripted(&[Step::once(UploadAct::Reply(reply))]).await;
    let answer = fixture.upload(&small()).await.answer();
    assert_eq!((answer.status, answer.headers["location"].as_str()), (307, goal.to_str().unwrap()));
}

#[tokio::test]
async fn status_202_can_have_any_body_and_the_file_is_stored_once() {
    use AcceptedBody::{CutJson, Empty, Id, JobId, Neither, NotJson};
    let bodies = [Id, Neither, NotJson, CutJson, Empty, JobId];
    let fixture = scripted(&bodies.map(|body| Step::once(UploadAct::Accept(body)))).await;
    let mut answers = Vec::new();
    for _ in bodies {
        answers.push(fixture.upload(&small()).await.answer());
    }
    assert!(answers.iter().all(|answer| answer.status == 202));
    let job = fixture.control.attachments(None).await.unwrap().remove(0).job_id;
    assert_eq!(answers[0].json(), serde_json::json!({ "id": job }));
    assert_eq!(answers[1].json(), serde_json::json!({ "accepted": true }));
    assert!(answers[2..4].iter().all(|answer| serde_json::from_str::<serde_json::Value>(&answer.body).is_err()));
    assert_eq!(answers[4].body, "");
    assert_eq!(answers[5].job_id(), job);
    assert_eq!(stored(&fixture.control).await, 1);
}

#[tokio::test]
async fn file_can_be_stored_before_an_error() {
    let fixture = scripted(&[Step::once(UploadAct::StoreThenReply(Reply::status(StatusCode::BAD_GATEWAY)))]).await;
    assert_eq!(fixture.upload(&small()).await.status(), 502);
    let job = fixture.control.attachments(None).await.unwrap().remove(0).job_id;
    assert_eq!(fixture.upload(&small()).await.answer().job_id(), job);
}

#[tokio::test]
async fn answer_can_come_before_the_body() {
    let reply = Reply::status(StatusCode::PAYLOAD_TOO_LARGE).body("early");
    let fixture = scripted(&[Step::once(UploadAct::EarlyReply(reply))]).await;
    let answer = fixture.upload(&big()).await.answer();
    assert_eq!((answer.status, answer.body.as_str()), (413, "early"));
    let request = fixture.control.requests(Some("INT-1"), None).await.unwrap().remove(0);
    assert_eq!((request.body_bytes, request.body_whole, request.end), (0, false, Some(End::Answered)));
}

#[tokio::test]
async fn connections_are_cut_before_in_and_after_the_body() {
    let at = [CutAt::BeforeBody, CutAt::AfterBytes(1_000_000), CutAt::AfterBody];
    let hows = [CutHow::Reset, CutHow::Close];
    let steps: Vec<_> =
        at.iter().flat_map(|at| hows.map(|how| Step::once(UploadAct::Cut { at: *at, how, store: false }))).collect();
    let fixture = scripted(&steps).await;
    for _ in at {
        assert_eq!(fixture.upload(&big()).await, Seen::Reset);
        assert_eq!(fixture.upload(&big()).await, Seen::Closed);
    }
    let requests = fixture.control.requests(Some("INT-1"), None).await.unwrap();
    assert!(requests.iter().all(|request| request.end == Some(End::Cut) && request.status.is_none()));
    let read: Vec<_> = requests.iter().map(|request| request.body_bytes).collect();
    assert_eq!(read[..2], [0, 0]);
    assert!(read[2..4].iter().all(|bytes| (1_000_000..1_200_000).contains(bytes)), "{read:?}");
    assert_eq!(read[4..], [big().form().len() as u64; 2]);
    assert_eq!(
        requests.iter().map(|request| request.body_whole).collect::<Vec<_>>(),
        [false, false, false, false, true, true]
    );
    assert_eq!(stored(&fixture.control).await, 0);
}

#[tokio::test]
async fn file_can_be_stored_before_a_cut() {
    let fixture = scripted(&[Step::once(UploadAct::cut(CutAt::AfterBody))]).await;
    assert_eq!(fixture.upload(&small()).await, Seen::Reset);
    let job = fixture.control.attachments(None).await.unwrap().remove(0).job_id;
    assert_eq!(fixture.upload(&small()).await.answer().job_id(), job);
    assert_eq!(stored(&fixture.control).await, 1);
}

#[tokio::test]
async fn answers_can_be_late_and_reading_can_stall() {
    let fixture = scripted(&[
        Step::once(UploadAct::Normal).after(Duration::from_millis(300)),
        Step::once(UploadAct::Stall { after_bytes: 1_000_000, ms: 300 }),
    ])
    .await;
    for _ in 0..2 {
        let start = Instant::now();
        assert_eq!(fixture.upload(&big()).await.status(), 202);
        assert!(start.elapsed() >= Duration::from_millis(300));
    }
}

#[tokio::test]
async fn stalled_reader_blocks_the_sender() {
    use tokio::io::AsyncWriteExt as _;
    let fixture = scripted(&[Step::once(UploadAct::Stall { after_bytes: 15_000_000, ms: 1_000 })]).await;
    let upload = Upload { bytes: vec![b'x'; 25 * 1024 * 1024], ..small() };
    let (head, body) = upload.request(&fixture.token);
    let mut stream = fixture.open(&head).await;
    let start = Instant::now();
    let mut sent_meanwhile = 0;
    for piece in body.chunks(64 * 1024) {
        stream.write_all(piece).await.unwrap();
        if start.elapsed() < Duration::from_millis(700) {
            sent_meanwhile += piece.len();
        }
    }
    assert!(start.elapsed() >= Duration::from_millis(900), "all was sent in {:?}", start.elapsed());
    // The buffers on the way take some; most of it is in the sender's own.
    assert!(
        (15_000_000..22_000_000).contains(&sent_meanwhile),
        "{sent_meanwhile} bytes went out before the stall was felt"
    );
}

#[tokio::test]
async fn answer_can_be_withheld_until_the_client_gives_up() {
    let mut fixture = scripted(&[
        Step::once(UploadAct::Never { read: true, store: false }),
        Step::once(UploadAct::Never { read: true, store: true }),
        Step::once(UploadAct::Normal).after(Duration::from_secs(5)),
    ])
    .await;
    fixture.patience = Duration::from_millis(200);
    for (index, (end, kept)) in [(End::Unanswered, 0), (End::Unanswered, 1), (End::Aborted, 1)].into_iter().enumerate()
    {
        assert_eq!(fixture.upload(&small()).await, Seen::Silence);
        fixture
            .eventually("the call has ended", || async {
                let requests = fixture.control.requests(Some("INT-1"), None).await.unwrap();
                requests.get(index).is_some_and(|request| request.end == Some(end))
            })
            .await;
        assert_eq!(stored(&fixture.control).await, kept);
    }
    fixture
        .control
        .script_uploads("INT-1", &[Step::once(UploadAct::Never { read: false, store: false })])
        .await
        .unwrap();
    assert_eq!(fixture.upload(&big()).await, Seen::Silence);
}

#[tokio::test]
async fn script_for_all_comes_after_own_scripts_and_bad_tokens_use_no_step() {
    let mut fixture = Fixture::new().await;
    let reply = |code| Step::once(UploadAct::Reply(Reply::status(code)));
    fixture.control.script_uploads("*", &[reply(StatusCode::BAD_GATEWAY).forever()]).await.unwrap();
    fixture.control.script_uploads("INT-1", &[reply(StatusCode::IM_A_TEAPOT)]).await.unwrap();
    let token = std::mem::replace(&mut fixture.token, "made-up".to_owned());
    assert_eq!(fixture.upload(&small()).await.status(), 401);
    fixture.token = token;
    assert_eq!(fixture.control.scripts_left().await.unwrap().upload["INT-1"].len(), 1);
    assert_eq!(fixture.upload(&small()).await.status(), 418);
    assert_eq!(fixture.control.scripts_left().await.unwrap().upload["INT-1"], []);
    assert_eq!(fixture.upload(&small()).await.status(), 502);
    assert_eq!(fixture.upload(&Upload::of("INT-2", "k2")).await.status(), 502);
    fixture.control.forget_uploads("*").await.unwrap();
    assert_eq!(fixture.upload(&small()).await.status(), 202);
    assert!(fixture.control.forget_uploads("*").await.is_err(), "there is none any more");
}

#[tokio::test]
async fn documented_script_is_accepted_and_misspelt_one_is_refused() {
    let fixture = Fixture::new().await;
    let examples = wire::documented_scripts(include_str!("../../../src/cxone/mod.rs"));
    let put = async |json: &str| {
        let head = format!(
            "PUT /_control/scripts/upload/INT-1 HTTP/1.1\r\ncontent-type: application/json\r\ncontent-length: {}\r\n",
            json.len()
        );
        fixture.send(&head, json.as_bytes()).await.answer()
    };
    for (documented, steps) in examples.iter().zip([4, 7]) {
        assert_eq!(put(documented).await.status, 204, "{documented}");
        assert_eq!(fixture.control.scripts_left().await.unwrap().upload["INT-1"].len(), steps);
    }
    assert_eq!(examples.len(), 2);
    for wrong in [
        r#"[{"act": "nap"}]"#,
        r#"[{"act": "normal", "delay": 1}]"#,
        r#"[{"act": {"cut": {"at": "after_body", "hwo": "close"}}}]"#,
        r#"[{"act": {"reply": {"status": 42}}}]"#,
        r#"[{"act": "normal", "times": "sometimes"}]"#,
    ] {
        assert_eq!(put(wrong).await.status, 422, "{wrong}");
    }
}
