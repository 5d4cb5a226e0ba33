//! The stand-in echoes all that it received, in every form and under every status: nothing of ours may come out of the client.

use cxone::History;
use servers::{
    cxone::{Echo, EchoForm, JobAct, Secrets, TokenAct, UploadAct},
    scripted::Step,
};

use crate::{
    echo::{fields, shown},
    fixture::{Fixture, Upload},
    seen::Sent,
};

/// Asserts that a text holds nothing of what the stand-in was sent. The search knows nothing of how it is hidden.
fn assert_nothing_of(secrets: &Secrets, what: &str, text: &str) {
    assert_eq!(secrets.found_in(text), None, "{what}: {text}");
    let raw = text.chars().find(|c| !attachments::is_harmless(*c));
    assert_eq!(raw, None, "{what}: {text:?}");
}

async fn secrets(fixture: &Fixture) -> Secrets {
    let boundary = Upload::to("INT-1").content.boundary.to_string();
    let mut secrets =
        Secrets::default().and_credentials("standin-client", "standin-secret").and("the boundary", &boundary);
    for token in fixture.control.tokens().await.unwrap() {
        secrets = secrets.and("the token", &token);
    }
    secrets
}

const STATUSES: [u16; 20] =
    [200, 202, 300, 307, 400, 401, 403, 404, 405, 408, 409, 413, 415, 418, 425, 429, 451, 500, 503, 600];

#[tokio::test]
async fn upload_echoed_in_any_form_under_any_status_leaves_nothing_behind() {
    let fixture = Fixture::new();
    fixture.client.authorize().await.unwrap();
    for status in STATUSES {
        for form in EchoForm::ALL {
            fixture.uploads_do("INT-1", [UploadAct::Echo(Echo::new(status, form))]).await;
            let upload = Upload { key: format!("{status} {form:?}"), ..Upload::to("INT-1") };
            let mut history = History::default();
            let sent = Sent::after(&mut history, &upload.attempt(&fixture.client).await);
            let what = format!("{status} {form:?}");
            assert_nothing_of(&secrets(&fixture).await, &what, &shown(&sent, &history));
        }
    }
    let left = fixture.control.scripts_left().await.unwrap().upload.into_values().flatten().count();
    assert_eq!(left, 0, "an echo was not asked for");
}

#[tokio::test]
async fn poll_echoed_in_any_form_under_any_status_leaves_nothing_behind() {
    let fixture = Fixture::new();
    let id = fixture.a_job_of("INT-1").await;
    for status in STATUSES {
        for form in EchoForm::ALL {
            for echo in [Echo::new(status, form), Echo::new(status, form).also("status", "FAILED")] {
                fixture.jobs_do("INT-1", [JobAct::Echo(echo)]).await;
                let shown = match fixture.client.job(&id).await {
                    Ok(job) => format!("{job:?} {}", fields(&job).join(" ")),
                    Err(error) => format!("{error:?} {error}"),
                };
                assert_nothing_of(&secrets(&fixture).await, &format!("{status} {form:?}"), &shown);
            }
        }
    }
}

#[tokio::test]
async fn token_request_echoed_in_any_form_under_any_status_leaves_nothing_behind() {
    let fixture = Fixture::new();
    for status in STATUSES {
        for form in EchoForm::ALL {
            fixture.tokens_do(&[Step::once(TokenAct::Echo(Echo::new(status, form)))]).await;
            let error = fixture.client.authorize().await.unwrap_err();
            assert_nothing_of(&secrets(&fixture).await, &format!("{status} {form:?}"), &format!("{error:?} {error}"));
        }
    }
}

/// That the search finds what the redaction leaves out.
#[tokio::test]
async fn what_is_left_of_an_echo_is_cxone_s_text() {
    let fixture = Fixture::new();
    for form in EchoForm::ALL.into_iter().filter(|form| !matches!(form, EchoForm::Base64)) {
        fixture.uploads_do("INT-1", [UploadAct::Echo(Echo::new(413, form))]).await;
        let sent = Upload { key: format!("{form:?}"), ..Upload::to("INT-1") }.send(&fixture.client).await;
        let text = &sent.reason().text;
        assert!(text.contains("[redacted]") && text.len() > 300, "{form:?}: {text}");
    }
}
