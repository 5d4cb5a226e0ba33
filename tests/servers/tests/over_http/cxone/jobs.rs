use std::time::Duration;

use http::StatusCode;
use servers::{
    cxone::{JobAct, JobTimes, Settings, StatusAnswer, eicar},
    scripted::{CutHow, End, Reply, RetryAfter, Step},
};

use super::fixture::{Fixture, Upload};
use crate::wire::Seen;

const AT_ONCE: JobTimes = JobTimes { pending_ms: 0, running_ms: 0 };

async fn fixture_at_once() -> Fixture {
    Fixture::with(Settings { job_times: AT_ONCE, ..Settings::default() }).await
}

async fn word(fixture: &Fixture, job: &str) -> String {
    fixture.poll(job).await.answer().json()["status"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn job_passes_its_states_in_its_time() {
    let fixture = Fixture::new().await;
    fixture.control.set_job_times(None, AT_ONCE).await.unwrap();
    let slow = JobTimes { pending_ms: 1_000, running_ms: 1_000 };
    fixture.control.set_job_times(Some("INT-slow"), slow).await.unwrap();
    let quick = fixture.upload(&Upload::of("INT-1", "k1")).await.answer().job_id();
    let slow = fixture.upload(&Upload::of("INT-slow", "k2")).await.answer().job_id();
    assert_eq!(word(&fixture, &quick).await, "COMPLETED");
    assert_eq!(word(&fixture, &slow).await, "PENDING");
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(word(&fixture, &slow).await, "RUNNING");
    tokio::time::sleep(Duration::from_secs(1)).await;
    let answer = fixture.poll(&slow).await.answer().json();
    assert_eq!(answer["status"], "COMPLETED");
    assert_eq!(answer["interactionId"], "INT-slow");
    assert_eq!(answer["reason"], serde_json::Value::Null);
    assert_eq!(fixture.poll("job-none").await.status(), 404);
    assert_eq!(fixture.control.stats().await.unwrap().polls, 5);
}

#[tokio::test]
async fn infected_file_fails_only_if_it_is_scanned() {
    let fixture = fixture_at_once().await;
    // Across the chunks and frames of the body.
    let bytes = [&vec![b' '; 8191 * 9 - 150], eicar::test_string().as_bytes(), b" %%EOF"].concat();
    let scanned = Upload { bytes: bytes.clone(), ..Upload::of("INT-1", "k1") };
    let unscanned = Upload { bytes, auto_scan: "false", ..Upload::of("INT-2", "k2") };
    let scanned = fixture.upload(&scanned).await.answer().job_id();
    let unscanned = fixture.upload(&unscanned).await.answer().job_id();
    let answer = fixture.poll(&scanned).await.answer().json();
    assert_eq!(
        (answer["status"].as_str(), answer["reason"].as_str()),
        (Some("FAILED"), Some("Virus found: EICAR-Test-File"))
    );
    assert_eq!(word(&fixture, &unscanned).await, "COMPLETED");
    let live: Vec<_> =
        fixture.control.attachments(None).await.unwrap().iter().map(|one| (one.live, one.infected)).collect();
    assert_eq!(live, [(false, true), (true, true)]);
}

#[tokio::test]
async fn polls_follow_their_script() {
    let mut fixture = fixture_at_once().await;
    let steps = [
        Step::once(JobAct::word("PENDING")).times(2),
        Step::once(JobAct::word("QUARANTINED")),
        Step::once(JobAct::Status(StatusAnswer {
            interaction_id: Some("INT-9".into()),
            word: "RUNNING".into(),
            ..StatusAnswer::default()
        })),
        Step::once(JobAct::Reply(Reply::status(StatusCode::NOT_FOUND))),
        Step::once(JobAct::Reply(Reply::status(StatusCode::TOO_MANY_REQUESTS).retry_after(RetryAfter::Seconds(3)))),
        Step::once(JobAct::Reply(Reply::status(StatusCode::BAD_GATEWAY))),
        Step::once(JobAct::Reply(Reply::status(StatusCode::OK).body("not json"))),
        Step::once(JobAct::Cut(CutHow::Reset)),
        Step::once(JobAct::Cut(CutHow::Close)),
        Step::once(JobAct::Never),
    ];
    fixture.control.script_jobs("INT-1", &steps).await.unwrap();
    let job = fixture.upload(&Upload::of("INT-1", "k1")).await.answer().job_id();
    let other = fixture.upload(&Upload::of("INT-2", "k2")).await.answer().job_id();
    assert_eq!(word(&fixture, &other).await, "COMPLETED", "another interaction is untouched");
    assert_eq!(word(&fixture, &job).await, "PENDING");
    assert_eq!(word(&fixture, &job).await, "PENDING");
    assert_eq!(word(&fixture, &job).await, "QUARANTINED");
    assert_eq!(fixture.poll(&job).await.answer().json()["interactionId"], "INT-9");
    assert_eq!(fixture.poll(&job).await.status(), 404);
    assert_eq!(fixture.poll(&job).await.answer().headers["retry-after"], "3");
    assert_eq!(fixture.poll(&job).await.status(), 502);
    assert_eq!(fixture.poll(&job).await.answer().body, "not json");
    assert_eq!(fixture.poll(&job).await, Seen::Reset);
    assert_eq!(fixture.poll(&job).await, Seen::Closed);
    fixture.patience = Duration::from_millis(200);
    assert_eq!(fixture.poll(&job).await, Seen::Silence);
    fixture.patience = Duration::from_secs(10);
    assert_eq!(word(&fixture, &job).await, "COMPLETED", "the script is used up");
    let ends: Vec<_> = fixture.control.requests(Some("INT-1"), None).await.unwrap().iter().map(|one| one.end).collect();
    assert_eq!(ends[9..11], [Some(End::Cut), Some(End::Cut)]);
}

#[tokio::test]
async fn pending_can_last_for_a_time_or_without_end() {
    let fixture = fixture_at_once().await;
    let pending = Step::once(JobAct::word("PENDING"));
    fixture.control.script_jobs("INT-1", &[pending.clone().during(Duration::from_secs(1))]).await.unwrap();
    fixture.control.script_jobs("INT-2", &[pending.forever()]).await.unwrap();
    let timed = fixture.upload(&Upload::of("INT-1", "k1")).await.answer().job_id();
    let endless = fixture.upload(&Upload::of("INT-2", "k2")).await.answer().job_id();
    for job in [&timed, &timed, &endless, &endless] {
        assert_eq!(word(&fixture, job).await, "PENDING");
    }
    tokio::time::sleep(Duration::from_millis(1_050)).await;
    assert_eq!(word(&fixture, &timed).await, "COMPLETED");
    assert_eq!(word(&fixture, &endless).await, "PENDING");
    fixture.control.forget_jobs("INT-2").await.unwrap();
    assert_eq!(word(&fixture, &endless).await, "COMPLETED");
}

#[tokio::test]
async fn scripted_failure_stays_and_may_be_long() {
    let fixture = fixture_at_once().await;
    let failed = StatusAnswer {
        reason: Some("broken: ".into()),
        reason_bytes: Some(100_000),
        word: "FAILED".into(),
        ..StatusAnswer::default()
    };
    fixture.control.script_jobs("INT-1", &[Step::once(JobAct::Status(failed))]).await.unwrap();
    let job = fixture.upload(&Upload::of("INT-1", "k1")).await.answer().job_id();
    assert!(fixture.control.attachments(None).await.unwrap()[0].live);
    for _ in 0..2 {
        let answer = fixture.poll(&job).await.answer().json();
        assert_eq!(answer["status"], "FAILED");
        let reason = answer["reason"].as_str().unwrap();
        assert!(reason.starts_with("broken: ") && reason.len() == 100_000);
    }
    assert!(!fixture.control.attachments(None).await.unwrap()[0].live);
}
