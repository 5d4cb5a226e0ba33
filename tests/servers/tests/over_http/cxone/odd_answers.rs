//! Answers that are odd but happen: raw bytes, broken and compressed bodies, echoes, other shapes.

use std::time::{Duration, Instant};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::StatusCode;
use servers::{
    cxone::{Echo, EchoForm, JobAct, SCOPES, StatusAnswer, TokenAct, UploadAct},
    scripted::{BodyEnd, BodyFault, CutHow, Encoding, RawReply, Reply, Step},
};

use super::fixture::{Fixture, Upload, form};

const CREDENTIALS: &str = "standin-client:standin-secret";

fn status(code: u16) -> Reply {
    Reply::status(StatusCode::from_u16(code).unwrap())
}

async fn uploads_do(fixture: &Fixture, acts: impl IntoIterator<Item = UploadAct>) {
    let steps: Vec<_> = acts.into_iter().map(Step::once).collect();
    fixture.control.script_uploads("INT-1", &steps).await.unwrap();
}

async fn jobs_do(fixture: &Fixture, acts: impl IntoIterator<Item = JobAct>) {
    let steps: Vec<_> = acts.into_iter().map(Step::once).collect();
    fixture.control.script_jobs("INT-1", &steps).await.unwrap();
}

async fn tokens_do(fixture: &Fixture, acts: impl IntoIterator<Item = TokenAct>) {
    let steps: Vec<_> = acts.into_iter().map(Step::once).collect();
    fixture.control.script_tokens(&steps).await.unwrap();
}

fn token_request() -> (String, String) {
    let body = form(&SCOPES.join("+"));
    let head = format!(
        "POST /api/v2/oauth/token HTTP/1.1\r\nauthorization: Basic {}\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n",
        STANDARD.encode(CREDENTIALS),
        body.len()
    );
    (head, body)
}

#[tokio::test]
async fn raw_answers_are_sent_with_their_placeholders_filled() {
    let fixture = Fixture::new().await;
    let folded = "HTTP/1.1 202 Accepted\r\nX-Note: a\r\n b\r\nName : c\r\ncontent-length: {content_length}\r\n\r\n\
                  {\"jobId\":\"{job_id}\"}";
    uploads_do(&fixture, [UploadAct::Raw { reply: RawReply::text(folded), early: false, store: true }]).await;
    let (head, body) = Upload::of("INT-1", "k1").request(&fixture.token);
    let seen = String::from_utf8(fixture.bytes(&head, &body).await).unwrap();
    let job = fixture.control.attachments(None).await.unwrap().remove(0).job_id;
    let expected = folded.replace("{job_id}", &job).replace("{content_length}", &(job.len() + 12).to_string());
    assert_eq!(seen, expected);

    let odd = "HTTP/1.1 999 Odd\r\n\r\n";
    jobs_do(&fixture, [JobAct::Raw(RawReply::text(odd).bytes([0xff, 0]))]).await;
    let seen = fixture.bytes(&fixture.job_head(&format!("/api/v2/jobs/{job}")), b"").await;
    assert_eq!(seen, [odd.as_bytes(), &[0xff, 0]].concat());

    let token = "HTTP/1.0 201\r\n\r\n{\"access_token\":\"{access_token}\",\"expires_in\":\"3600\"}";
    tokens_do(&fixture, [TokenAct::Raw(RawReply::text(token))]).await;
    let (head, body) = token_request();
    let seen = String::from_utf8(fixture.bytes(&head, body.as_bytes()).await).unwrap();
    let (_, json) = seen.split_once("\r\n\r\n").unwrap();
    let json: serde_json::Value = serde_json::from_str(json).unwrap();
    let fixture = Fixture { token: json["access_token"].as_str().unwrap().to_owned(), ..fixture };
    assert_eq!(fixture.poll(&job).await.status(), 200, "the token is a good one");

    let statuses: Vec<_> =
        fixture.control.requests(None, None).await.unwrap().iter().map(|request| request.status).collect();
    assert_eq!(statuses[1..4], [Some(202), Some(999), Some(201)]);
}

#[tokio::test]
async fn raw_bytes_before_the_body_store_nothing() {
    let fixture = Fixture::new().await;
    let reply = RawReply::text("HTTP/1.1 600 Odd\r\nconnection: close\r\n\r\n");
    uploads_do(&fixture, [UploadAct::Raw { reply, early: true, store: true }]).await;
    let big = Upload { bytes: vec![b'x'; 4_000_000], ..Upload::of("INT-1", "k1") };
    let (head, _) = big.request(&fixture.token);
    assert!(fixture.bytes(&head, b"").await.starts_with(b"HTTP/1.1 600 Odd\r\n"));
    let request = fixture.control.requests(Some("INT-1"), None).await.unwrap().remove(0);
    assert_eq!((request.status, request.body_bytes, request.body_whole), (Some(600), 0, false));
    assert_eq!(fixture.control.attachments(None).await.unwrap(), []);
}

#[tokio::test]
async fn bodies_of_all_three_calls_can_stall_or_be_cut() {
    let fixture = Fixture::new().await;
    let stalled =
        || status(413).body("too large").body_fault(BodyFault { after_bytes: 3, then: BodyEnd::StallMs(300) });
    let broken =
        || status(202).body("accepted").body_fault(BodyFault { after_bytes: 3, then: BodyEnd::Cut(CutHow::Close) });
    let job = fixture.upload(&Upload::of("INT-1", "k1")).await.answer().job_id();
    uploads_do(&fixture, [UploadAct::Reply(stalled()), UploadAct::StoreThenReply(broken())]).await;
    jobs_do(&fixture, [JobAct::Reply(stalled()), JobAct::Reply(broken())]).await;
    tokens_do(&fixture, [TokenAct::Reply(stalled()), TokenAct::Reply(broken())]).await;
    let upload = Upload::of("INT-1", "k2").request(&fixture.token);
    let (token_head, token_form) = token_request();
    let job_head = fixture.job_head(&format!("/api/v2/jobs/{job}"));
    for (head, body) in [(&upload.0, &upload.1[..]), (&job_head, b""), (&token_head, token_form.as_bytes())] {
        let start = Instant::now();
        let seen = String::from_utf8(fixture.bytes(head, body).await).unwrap();
        assert!(seen.starts_with("HTTP/1.1 413 ") && seen.ends_with("\r\n\r\ntoo large"), "{seen}");
        assert!(start.elapsed() >= Duration::from_millis(300), "{head}");
        let seen = String::from_utf8(fixture.bytes(head, body).await).unwrap();
        assert!(seen.contains("content-length: 8\r\n") && seen.ends_with("\r\n\r\nacc"), "{seen}");
    }
    assert_eq!(fixture.control.attachments(None).await.unwrap().len(), 2, "stored before the broken answer");
}

#[tokio::test]
async fn body_can_be_any_bytes_and_compressed() {
    let fixture = Fixture::new().await;
    let steps = serde_json::json!([
        {"act": {"store_then_reply": {"status": 202, "body": "\u{feff}{\"jobId\":\"{job_id}\"}"}}},
        {"act": {"reply": {"status": 200, "body_base64": "//4A"}}},
        {"act": {"store_then_reply": {"status": 202, "body": "{\"jobId\":\"{job_id}\"}", "encoding": "gzip"}}},
    ]);
    let steps: Vec<Step<UploadAct>> = serde_json::from_value(steps).unwrap();
    fixture.control.script_uploads("INT-1", &steps).await.unwrap();
    let (head, body) = Upload::of("INT-1", "k1").request(&fixture.token);
    let mut bodies = Vec::new();
    for _ in 0..3 {
        let seen = fixture.bytes(&head, &body).await;
        let at = memchr::memmem::find(&seen, b"\r\n\r\n").unwrap();
        bodies.push((String::from_utf8_lossy(&seen[..at]).into_owned(), seen[at + 4..].to_vec()));
    }
    let job = fixture.control.attachments(None).await.unwrap().remove(0).job_id;
    let plain = format!("{{\"jobId\":\"{job}\"}}");
    assert_eq!(bodies[0].1, [b"\xef\xbb\xbf", plain.as_bytes()].concat());
    assert_eq!(bodies[1].1, [0xff, 0xfe, 0]);
    assert!(bodies[2].0.contains("content-encoding: gzip"), "{}", bodies[2].0);
    assert_eq!(bodies[2].1, Encoding::Gzip.compress(plain.as_bytes()));
}

#[tokio::test]
async fn echo_repeats_credentials_boundary_and_body() {
    let fixture = Fixture::new().await;
    let job = fixture.upload(&Upload::of("INT-1", "k1")).await.answer().job_id();
    let echo = Echo::new(400, EchoForm::Json);
    uploads_do(&fixture, [UploadAct::Echo(echo.clone())]).await;
    jobs_do(&fixture, [JobAct::Echo(echo.clone())]).await;
    tokens_do(&fixture, [TokenAct::Echo(echo)]).await;
    let answer = fixture.upload(&Upload::of("INT-1", "k2")).await.answer();
    assert_eq!(answer.status, 400);
    let text = answer.json()["message"].as_str().unwrap().to_owned();
    for part in [format!("Bearer {}", fixture.token), "boundary=xYz".to_owned(), "--xYz\r\n".to_owned()] {
        assert!(text.contains(&part), "{part:?} is not in {text}");
    }
    let text = fixture.poll(&job).await.answer().json()["message"].as_str().unwrap().to_owned();
    assert!(text.contains(&format!("Bearer {}", fixture.token)), "{text}");
    let text = fixture.ask_token(CREDENTIALS, &form(&SCOPES.join("+"))).await.answer().json();
    for part in [CREDENTIALS, "grant_type=client_credentials"] {
        assert!(text["message"].as_str().unwrap().contains(part), "{part:?} is not in {text}");
    }
    assert_eq!(fixture.control.attachments(None).await.unwrap().len(), 1, "an echo stores nothing");
}

#[tokio::test]
async fn ids_and_numbers_can_have_other_json_types() {
    let fixture = Fixture::new().await;
    fixture.control.set_job_ids("INT-1", &["4711"]).await.unwrap();
    uploads_do(&fixture, [UploadAct::StoreThenReply(status(202).body(r#"{"jobId":{job_id},"id":""}"#))]).await;
    let answer = fixture.upload(&Upload::of("INT-1", "k1")).await.answer();
    assert_eq!(answer.json(), serde_json::json!({"jobId": 4711, "id": ""}));
    let word = StatusAnswer { word: " Completed ".to_owned(), ..StatusAnswer::default() };
    let reply = status(200).body(r#"{"status":"running","interactionId":" {interaction_id} "}"#);
    jobs_do(&fixture, [JobAct::Reply(reply), JobAct::Status(word)]).await;
    assert_eq!(fixture.poll("4711").await.answer().json()["interactionId"], " INT-1 ");
    assert_eq!(fixture.poll("4711").await.answer().json()["status"], " Completed ");
    assert_eq!(fixture.poll("4711").await.answer().json()["status"], " Completed ", "an end holds in any case");
    let token = status(201).body(r#"{"access_token":"{access_token}","expires_in":3599.5}"#);
    tokens_do(&fixture, [TokenAct::Reply(token.clone()), TokenAct::Reply(token)]).await;
    let answer = fixture.ask_token(CREDENTIALS, &form(&SCOPES.join("+"))).await.answer();
    assert_eq!(answer.status, 201);
    let refused = fixture.ask_token("standin-client:wrong", &form(&SCOPES.join("+"))).await;
    assert_eq!(refused.status(), 401, "a scripted token is for the right credentials alone");
    let fixture = Fixture { token: answer.json()["access_token"].as_str().unwrap().to_owned(), ..fixture };
    assert_eq!(fixture.poll("4711").await.status(), 200);
}
