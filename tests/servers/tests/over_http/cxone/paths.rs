//! Other paths, chosen job ids, and the ways in which a client says who it is.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use servers::cxone::{SCOPES, Settings, TokenAuth, ViolationKind};

use super::fixture::{Fixture, Upload, form};

fn elsewhere() -> Settings {
    Settings {
        upload_path: "services/v30/contacts/{interaction_id}/files".to_owned(),
        job_path: "services/v30/{job_id}/state".to_owned(),
        ..Settings::default()
    }
}

#[tokio::test]
async fn uploads_and_jobs_have_the_configured_paths() {
    let fixture = Fixture::with(elsewhere()).await;
    let upload = Upload::of("INT-1", "k1");
    let (head, body) = upload.request(&fixture.token);
    assert_eq!(fixture.send(&head, &body).await.status(), 404, "the default path does not exist");
    let head = head.replace("/api/v2/interactions/INT-1/attachments", "/api/v2/services/v30/contacts/INT-1/files");
    let job = fixture.send(&head, &body).await.answer().job_id();
    let asked = fixture.send(&fixture.job_head(&format!("/api/v2/services/v30/{job}/state")), b"").await;
    assert_eq!(asked.answer().json()["interactionId"], "INT-1");
    assert_eq!(fixture.poll(&job).await.status(), 404);
    let violations = fixture.control.violations(None).await.unwrap();
    assert!(violations.iter().all(|one| one.kind == ViolationKind::UnexpectedRequest) && violations.len() == 2);
}

#[tokio::test]
async fn path_without_its_placeholder_is_refused_at_start() {
    let wrong = Settings { job_path: "jobs".to_owned(), ..Settings::default() };
    let fault = servers::cxone::start(wrong).unwrap_err().to_string();
    assert!(fault.contains("--job-path") && fault.contains("{job_id}"), "{fault}");
}

#[tokio::test]
async fn job_ids_can_be_chosen_and_are_decoded_in_the_path() {
    let fixture = Fixture::new().await;
    fixture.control.set_job_ids("INT-1", &["a/b%c d", "4711"]).await.unwrap();
    assert_eq!(fixture.upload(&Upload::of("INT-1", "k1")).await.answer().job_id(), "a/b%c d");
    assert_eq!(fixture.upload(&Upload::of("INT-1", "k2")).await.answer().job_id(), "4711");
    assert!(fixture.upload(&Upload::of("INT-1", "k3")).await.answer().job_id().starts_with("job-"));
    let asked = fixture.poll("a%2Fb%25c%20d").await.answer();
    assert_eq!((asked.status, asked.json()["jobId"].as_str()), (200, Some("a/b%c d")));
    assert_eq!(fixture.poll("a%252Fb").await.status(), 404);
}

#[tokio::test]
async fn token_endpoint_accepts_credentials_only_in_the_configured_way() {
    let settings = |token_auth| Settings {
        client_id: "i d".to_owned(),
        client_secret: "s:+%&".into(),
        token_auth,
        ..Settings::default()
    };
    let all = form(&SCOPES.join("+"));
    let in_body = format!("{all}&client_id=i+d&client_secret=s%3A%2B%25%26");
    let basic = |pair: &str| format!("authorization: Basic {}\r\n", STANDARD.encode(pair));
    let requests = [(basic("i d:s:+%&"), &all), (basic("i+d:s%3A%2B%25%26"), &all), (String::new(), &in_body)];
    for (index, way) in [TokenAuth::Basic, TokenAuth::BasicEncoded, TokenAuth::Body].into_iter().enumerate() {
        let server = servers::cxone::start(settings(way)).unwrap();
        let fixture = Fixture::around(server);
        for (asked, (credentials, form)) in requests.iter().enumerate() {
            let head = format!(
                "POST /api/v2/oauth/token HTTP/1.1\r\n{credentials}content-type: application/x-www-form-urlencoded\r\n\
                 content-length: {}\r\n",
                form.len()
            );
            let status = fixture.send(&head, form.as_bytes()).await.status();
            assert_eq!(status, if asked == index { 200 } else { 401 }, "{way:?}, request {asked}");
        }
    }
}
