//! A job from its start to its end.

use std::time::Duration;

use attachments::JobStatus;
use cxone::Job;
use servers::{
    cxone::{Call, JobAct, JobTimes},
    scripted::Step,
};

use crate::{
    fixture::{Fixture, Upload, reply},
    wire::{client_of, job, serve_once},
};

#[tokio::test]
async fn job_is_followed_to_its_end() {
    let fixture = Fixture::new();
    fixture.control.set_job_times(None, JobTimes { pending_ms: 300, running_ms: 300 }).await.unwrap();
    let job = fixture.a_job_of("INT-1").await;
    let mut seen = Vec::new();
    while seen.last() != Some(&JobStatus::Completed) {
        assert!(seen.len() < 200, "{seen:?}");
        let Job { status, interaction_id, reason, .. } = fixture.client.job(&job).await.unwrap();
        assert_eq!((interaction_id.as_deref(), reason), (Some("INT-1"), None));
        if seen.last() != Some(&status) {
            seen.push(status);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(seen, [JobStatus::Pending, JobStatus::Running, JobStatus::Completed]);
    assert_eq!(fixture.control.violations(None).await.unwrap(), []);
}

#[tokio::test]
async fn infected_file_fails_with_its_reason() {
    let fixture = Fixture::new();
    fixture.control.set_job_times(None, JobTimes { pending_ms: 0, running_ms: 0 }).await.unwrap();
    let bytes = [crate::fixture::PDF, servers::cxone::eicar::test_string().as_bytes()].concat();
    let infected = Upload { bytes: bytes.into(), ..Upload::to("INT-1") };
    let job = fixture.send(&infected).await.job();
    let ended = fixture.client.job(&job).await.unwrap();
    assert_eq!((ended.status, ended.reason.as_deref()), (JobStatus::Failed, Some("Virus found: EICAR-Test-File")));
}

#[tokio::test]
async fn reason_that_is_no_text_is_kept_as_json() {
    let fixture = Fixture::new();
    let job = fixture.a_job_of("INT-1").await;
    let answers = [
        (r#"{"status": "FAILED", "reason": {"code": 7}}"#, Some(r#"{"code": 7}"#)),
        (r#"{"status": "FAILED", "reason": true}"#, Some("true")),
        (r#"{"status": "FAILED", "reason": 7}"#, Some("7")),
        (r#"{"status": "FAILED", "reason": null}"#, None),
        (r#"{"status": "FAILED"}"#, None),
    ];
    for (answer, reason) in answers {
        fixture.jobs_do("INT-1", [JobAct::Reply(reply(200).body(answer))]).await;
        let asked = fixture.client.job(&job).await.unwrap();
        assert_eq!((asked.status, asked.reason.as_deref(), asked.interaction_id), (JobStatus::Failed, reason, None));
    }
}

#[tokio::test]
async fn poll_is_as_documented() {
    let fixture = Fixture::new();
    let (base, served) = serve_once(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{\"status\":\"RUNNING\"}").await;
    let asked = client_of(&fixture, &base).job(&job("8f14e45f:1")).await.unwrap();
    assert_eq!(asked.status, JobStatus::Running);
    let request = served.await.unwrap();
    assert!(request.head.starts_with("GET /api/v2/jobs/8f14e45f:1 HTTP/1.1\r\n"), "{}", request.head);
    assert!(request.header("authorization").unwrap().starts_with("Bearer "));
    assert!(request.body.is_empty());
}

#[tokio::test]
async fn poll_waits_for_a_slow_response_and_a_base_may_end_in_a_slash() {
    let fixture = Fixture::new();
    let job = fixture.a_job_of("INT-1").await;
    let slow = Step::once(JobAct::word("RUNNING")).after(Duration::from_millis(500));
    fixture.control.script_jobs("INT-1", &[slow]).await.unwrap();
    let client = client_of(&fixture, &format!("{}/", fixture.control.api_url()));
    assert_eq!(client.job(&job).await.unwrap().status, JobStatus::Running);
    assert_eq!(fixture.control.requests(None, Some(Call::Other)).await.unwrap(), []);
}
