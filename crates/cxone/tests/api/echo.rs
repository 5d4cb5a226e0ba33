//! Servers that repeat what they were sent: nothing of ours may come out of the client, and nothing that a reader cannot see.

use std::time::{Duration, SystemTime};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cxone::{Client, Endpoints, History, Job, TokenError};
use serde_json::{Value, json};

use crate::{
    fixture::{Upload, client},
    seen::Sent,
    wire::{Request, job, response, serve},
};

const ID: &str = "klient/47-11";
const SECRET: &str = "p&ss/wörd+\"7\"";
const TOKEN: &str = "eyJhbGciOi/abc+DEF.gh_i-j~kLmNoPqRsT==";
/// Pieces of the secrets that no other text holds.
const PIECES: [&str; 7] = ["klient", "p&ss", "wörd", "eyJhbGciOi", "abc+DEF", "gh_i-j", "kLmNoPqRsT"];
/// Characters that a reader does not see: control, bidirectional, zero-width.
const INVISIBLE: &str = "\u{1b}[31m\u{7}\u{0}\u{202e}\u{2066}\u{200b}\u{200d}\u{2060}\u{feff}\u{ad}\u{85}\r\n";

/// Asserts that a text can be shown.
fn assert_clean(what: &str, text: &str) {
    let basic = STANDARD.encode(format!("{ID}:{SECRET}"));
    let boundary = Upload::to("INT-1").content.boundary;
    for secret in PIECES.into_iter().chain([basic.as_str(), boundary.as_str()]) {
        assert!(!text.contains(secret), "{what} shows {secret}: {text}");
    }
    let hidden = |c: char| INVISIBLE.contains(c) && !c.is_ascii_graphic();
    assert!(!text.contains(hidden), "{what} has an invisible character: {text:?}");
}

/// All that came, as one text.
fn all_of(request: &Request) -> String {
    let basic = request.header("authorization").and_then(|value| value.strip_prefix("Basic "));
    let basic = basic.and_then(|text| STANDARD.decode(text).ok()).and_then(|bytes| String::from_utf8(bytes).ok());
    format!("{INVISIBLE}{}\n{}\n{}", request.head, String::from_utf8_lossy(&request.body), basic.unwrap_or_default())
}

/// JSON as other languages write it.
#[derive(Debug, Clone, Copy)]
enum Escapes {
    Few,
    /// `\/`
    Slashes,
    /// `\u00f6`
    NonAscii,
}

impl Escapes {
    const ALL: [Self; 3] = [Self::Few, Self::Slashes, Self::NonAscii];

    fn write(self, value: &Value) -> String {
        let text = value.to_string();
        match self {
            Self::Few => text,
            Self::Slashes => text.replace('/', "\\/"),
            Self::NonAscii => text
                .encode_utf16()
                .map(|unit| match u8::try_from(unit).ok().filter(u8::is_ascii) {
                    Some(ascii) => char::from(ascii).to_string(),
                    None => format!("\\u{unit:04x}"),
                })
                .collect(),
        }
    }
}

/// A client whose token endpoint grants [`TOKEN`], and whose other calls get what `respond` makes of all that came.
async fn echoing(count: usize, respond: impl Fn(&str) -> Vec<u8> + Send + 'static) -> Client {
    let (base, _served) = serve(count + 1, move |request| {
        if request.path().ends_with("/oauth/token") {
            return response("200 OK", json!({"access_token": TOKEN, "expires_in": 3600}).to_string());
        }
        respond(&all_of(request))
    })
    .await;
    let (client, vault) = client(Endpoints::new(base.parse().unwrap(), None));
    vault.put(Ok((ID, SECRET)));
    client
}

/// Everything of a verdict that a person or a program may read.
pub(crate) fn shown(sent: &Sent, history: &History) -> String {
    format!("{} {sent:?} {}", sent.text(), serde_json::to_string(history).unwrap())
}

#[tokio::test]
async fn verdict_shows_nothing_that_was_sent() {
    let heads = [
        "422 Unprocessable",
        "400 Bad Request",
        "403 Forbidden",
        "404 Not Found",
        "409 Conflict",
        "413 Too Large",
        "429 Slow Down",
        "401 Unauthorized",
        "503 Down",
        "202 Accepted",
        "307 Moved\nLocation: /elsewhere",
        "600 Odd",
    ];
    for escapes in Escapes::ALL {
        for head in heads {
            let client = echoing(1, move |all| {
                response(head, escapes.write(&json!({"error": all, "jobId": all, "reason": [all]})))
            })
            .await;
            let mut history = History::default();
            let sent = Sent::after(&mut history, &Upload::to("INT-1").attempt(&client).await);
            assert_clean(&format!("{head}, {escapes:?}"), &shown(&sent, &history));
        }
    }
}

#[tokio::test]
async fn final_verdict_on_repeated_responses_shows_nothing_that_was_sent() {
    let rows = [
        ("202 Accepted", 3, true),
        ("202 Accepted", 3, false),
        ("409 Conflict", 10, true),
        ("409 Conflict", 10, false),
        ("403 Forbidden", 3, false),
    ];
    for (head, attempts, as_json) in rows {
        let client = echoing(attempts, move |all| {
            response(head, if as_json { json!({"error": all}).to_string() } else { all.to_owned() })
        })
        .await;
        let (upload, mut history, mut now) = (Upload::to("INT-1"), History::default(), SystemTime::now());
        let mut verdicts = Vec::new();
        for _ in 0..attempts {
            let verdict = history.next_step(&upload.attempt(&client).await, now.into());
            now += Duration::from_mins(1);
            verdicts.push(Sent { verdict, stored: history.stored });
        }
        let last = &verdicts[attempts - 1];
        assert!(last.reason().text.contains("POST /api/v2/interactions"), "{head}: the text is CXone's own: {last:?}");
        for sent in &verdicts {
            assert_clean(&format!("{head}, JSON: {as_json}"), &shown(sent, &history));
        }
    }
}

/// Only the start of a long response is looked at.
#[tokio::test]
async fn secret_across_the_end_of_what_is_read_is_hidden() {
    let pieces: [fn(&str) -> String; 2] = [
        |secret| format!("{}{secret}", " ".repeat(16 * 1024 - 20)),
        |secret| format!("{secret} ").repeat(40_000 / secret.len()),
    ];
    for (n, piece) in pieces.into_iter().enumerate() {
        let token = if n == 0 { TOKEN.to_owned() } else { "0123456789abcdef".repeat(200) };
        let granted = json!({"access_token": token, "expires_in": 3600}).to_string();
        let (base, _served) = serve(2, move |request| match request.path() {
            "/api/v2/oauth/token" => response("200 OK", &granted),
            _ => response("413 Too Large", piece(&token)),
        })
        .await;
        let (client, _) = client(Endpoints::new(base.parse().unwrap(), None));
        let sent = Upload::to("INT-1").send(&client).await;
        let text = &sent.reason().text;
        assert!(!text.contains("eyJhbGci") && !text.contains("0123456789"), "{text}");
    }
}

#[tokio::test]
async fn job_id_that_repeats_a_secret_is_no_job_id() {
    let boundary = Upload::to("INT-1").content.boundary.to_string();
    for id in [TOKEN.to_owned(), format!("x{TOKEN}"), boundary, "a\u{202e}b".to_owned(), "a\u{200b}b".to_owned()] {
        let body = json!({"jobId": id, "id": id}).to_string();
        let client = echoing(1, move |_| response("202 Accepted", &body)).await;
        let sent = Upload::to("INT-1").send(&client).await;
        assert_eq!(sent.seen().0, "unavailable", "{id:?}: {sent:?}");
        assert_clean(&id, sent.text());
    }
}

pub(crate) fn fields(job: &Job) -> [String; 3] {
    let own = |text: &Option<String>| text.clone().unwrap_or_default();
    [job.status.as_str().to_owned(), own(&job.interaction_shown), own(&job.reason)]
}

#[tokio::test]
async fn poll_shows_nothing_that_was_sent() {
    let heads = [
        "200 OK",
        "422 Unprocessable",
        "400 Bad Request",
        "403 Forbidden",
        "404 Not Found",
        "409 Conflict",
        "429 Slow Down",
        "503 Down",
        "307 Moved\nLocation: /elsewhere",
        "600 Odd",
    ];
    for escapes in Escapes::ALL {
        for head in heads {
            let client = echoing(1, move |all| {
                let body = json!({"status": all, "reason": {"text": all}, "interactionId": all, "error": all});
                response(head, escapes.write(&body))
            })
            .await;
            let shown = match client.job(&job("job-1")).await {
                Ok(job) => format!("{job:?} {}", fields(&job).join(" ")),
                Err(error) => format!("{error:?} {error}"),
            };
            assert_clean(&format!("{head}, {escapes:?}"), &shown);
        }
    }
}

#[tokio::test]
async fn job_s_fields_are_clean_and_short() {
    for field in ["status", "reason", "interactionId"] {
        let client = echoing(1, move |all| {
            let mut body = json!({"status": "FAILED"});
            body[field] = json!(format!("{all}{}", "x".repeat(5_000)));
            response("200 OK", body.to_string())
        })
        .await;
        let job = client.job(&job("job-1")).await.unwrap();
        let fields = fields(&job);
        assert_clean(field, &fields.join(" "));
        assert!(fields.iter().all(|text| text.len() <= 1024), "{field}: {fields:?}");
    }
}

/// What an endpoint that answers the fetch of a token with this makes of it.
async fn refused(escapes: Escapes, id: &'static str, secret: &'static str, error: &'static str) -> TokenError {
    let (base, _served) = serve(1, move |request| {
        let body = json!({"error": error, "error_description": all_of(request), "scope": all_of(request)});
        response("401 Unauthorized", escapes.write(&body))
    })
    .await;
    let (client, vault) = client(Endpoints::new(base.parse().unwrap(), None));
    vault.put(Ok((id, secret)));
    client.authorize().await.unwrap_err()
}

#[tokio::test]
async fn token_error_shows_no_credentials() {
    for escapes in Escapes::ALL {
        let error = refused(escapes, ID, SECRET, "invalid_client").await;
        assert!(error.to_string().contains("invalid_client"), "{error}");
        assert_clean(&format!("{escapes:?}"), &format!("{error:?} {error}"));
    }
}

#[tokio::test]
async fn token_error_shows_no_secret_that_looks_like_an_error_word() {
    for error in ["lower_case_secret", "client_of_ours"] {
        let shown = refused(Escapes::Few, "client_of_ours", "lower_case_secret", error).await.to_string();
        assert!(!shown.contains(error), "{shown}");
    }
}
