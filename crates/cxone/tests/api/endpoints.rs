//! The URLs of uploads and polls.

use attachments::JobId;
use cxone::{Endpoints, InvalidPath, JobPath, UploadPath};

use crate::{
    fixture::{Fixture, Upload, client},
    wire::{client_of, job, response, serve_once},
};

fn running() -> Vec<u8> {
    response("200 OK", r#"{"status": "RUNNING"}"#)
}

#[tokio::test]
async fn configured_paths_are_used() {
    let fixture = Fixture::new();
    let token = format!("{}/oauth/token", fixture.control.api_url());
    let endpoints = |base: &str| {
        let endpoints = Endpoints::new(base.parse().unwrap(), Some(token.parse().unwrap()));
        let (upload, job) = ("contacts/{interaction_id}/v1:files", "job-status/{job_id}/state");
        endpoints.with_paths(upload.parse().unwrap(), job.parse().unwrap())
    };
    let (base, served) = serve_once(response("202 Accepted", r#"{"jobId": "job-1"}"#)).await;
    let sent = Upload::to("INT:1.a").send(&client(endpoints(&base)).0).await;
    assert_eq!(sent.job(), job("job-1"));
    let request = served.await.unwrap();
    assert!(request.head.starts_with("POST /api/v2/contacts/INT:1.a/v1:files HTTP/1.1\r\n"), "{}", request.head);
    let (base, served) = serve_once(running()).await;
    client(endpoints(&base)).0.job(&job("job-1")).await.unwrap();
    let request = served.await.unwrap();
    assert!(request.head.starts_with("GET /api/v2/job-status/job-1/state HTTP/1.1\r\n"), "{}", request.head);
}

#[test]
fn path_that_leaves_the_base_is_refused() {
    assert_eq!("contacts/files".parse::<UploadPath>(), Err(InvalidPath::Placeholder("interaction_id")));
    for text in ["/jobs/{job_id}", "../{job_id}", "jobs/{job_id}?x=1", "https://elsewhere.example/{job_id}"] {
        assert_eq!(text.parse::<JobPath>(), Err(InvalidPath::NotAPath), "{text}");
    }
}

/// Polls the job with this id. Returns the path of the request.
async fn path_of(id: JobId) -> String {
    let fixture = Fixture::new();
    let (base, served) = serve_once(running()).await;
    client_of(&fixture, &base).job(&id).await.unwrap();
    served.await.unwrap().path().to_owned()
}

#[tokio::test]
async fn job_id_is_percent_encoded() {
    for (id, encoded) in [
        ("8f14e45f-ceea:1", "8f14e45f-ceea:1"),
        ("a@b;c+[d]=~_", "a%40b%3Bc%2B%5Bd%5D%3D~_"),
        ("a/b", "a%2Fb"),
        ("a/../b", "a%2F..%2Fb"),
        ("../../interactions", "..%2F..%2Finteractions"),
        ("a%2e", "a%252e"),
        ("%2e%2e", "%252e%252e"),
        ("a?b#c", "a%3Fb%23c"),
        ("a\\b", "a%5Cb"),
        ("ü", "%C3%BC"),
        ("...", "..."),
    ] {
        assert_eq!(path_of(job(id)).await, format!("/api/v2/jobs/{encoded}"), "{id}");
    }
}
