//! A stand-in for CXone's attachment API, for local tests only.
//!
//! Under `/api/v2` it serves the token endpoint, uploads and jobs as the pipeline expects them. It checks uploads
//! strictly, stores what it accepts (digest and size, with `--keep` the bytes too), honours `Idempotency-Key`, runs
//! each job through PENDING and RUNNING to its end, and finds files with the EICAR test string infected. Scripts
//! make each call fail, by interaction id.
//!
//! # Normal behaviour
//!
//! | call | answers |
//! | --- | --- |
//! | token | 200; 401 `invalid_client`; 400 `unsupported_grant_type`, `invalid_scope` (the scopes must be exactly the configured ones), `invalid_request` |
//! | upload | 202 `{"jobId"}`, for a retry under the same key the same job; 401 for a token that is missing, unknown, expired or revoked; 400 for a malformed form or no `Idempotency-Key`; 413 over 25 MiB; 415 for a type that is not one of the nine; 422 for a key that was used for another request |
//! | job | 200 `{"jobId", "status", "interactionId", "reason"}`; 401; 404 |
//! | anything else | 404 and a violation |
//!
//! The stand-in reads the body to its end before any of these. It records an upload that the client ends as
//! aborted and never stores it.
//!
//! A form has exactly three parts, `file`, `metadata` and `autoScan`, in this order. Anything before, between or
//! after them is a violation, and so is a header that the API does not know. The file name must be a quoted
//! `filename` with `"`, CR and LF written `%22`, `%0D`, `%0A`.
//!
//! **One request per key.** The stand-in compares every attempt under an `Idempotency-Key` with the first one: the
//! path's interaction and `Content-Type` with its boundary always, the body byte for byte if both are complete. It
//! makes no difference whether an attempt was stored, refused or cut. A difference is a violation, and the answer
//! is 422 unless a script says otherwise.
//!
//! # Settings
//!
//! `--token-auth basic|basic-encoded|body` is the one way in which the token endpoint takes credentials.
//! `--upload-path` and `--job-path` are the paths below `/api/v2/`, with `{interaction_id}` and `{job_id}`; ids in
//! paths are percent-decoded.
//!
//! # Control interface, JSON under `/_control`
//!
//! | call | does |
//! | --- | --- |
//! | `PUT`, `DELETE /_control/scripts/upload/{interaction}` | sets or forgets the steps for uploads, [`UploadAct`]; `*` is for every interaction without steps of its own |
//! | `PUT`, `DELETE /_control/scripts/job/{interaction}` | the same for polls of the interaction's jobs, [`JobAct`] |
//! | `PUT`, `DELETE /_control/scripts/token` | the same for the token endpoint, [`TokenAct`] |
//! | `GET /_control/scripts` | the remaining steps, [`ScriptsLeft`] |
//! | `GET /_control/requests?interaction_id=&call=` | the requests, [`RequestRecord`]; `call` is `token`, `upload`, `job` or `other` |
//! | `GET /_control/attachments?interaction_id=` | the stored attachments, [`Attachment`] |
//! | `GET /_control/violations?interaction_id=` | the violations of the API, [`Violation`] |
//! | `GET /_control/stats` | counts, [`Stats`] |
//! | `PUT /_control/job-times[/{interaction}]` | `{"pending_ms", "running_ms"}` for jobs of later uploads |
//! | `PUT /_control/job-ids/{interaction}` | `["4711", "a/b"]`, the ids of the jobs of the next uploads |
//! | `PUT /_control/credentials` | `{"client_id", "client_secret", "revoke_tokens"}` |
//! | `GET`, `DELETE /_control/tokens` | shows the issued tokens, to search for leaks; revokes them |
//! | `POST /_control/reset` | removes everything except credentials and tokens |
//!
//! A script is a list of steps, consumed one per call: `{"act": …, "times": 3 | "forever" | {"for_ms": 60000},
//! "delay_ms": 500}`, `times` 1 and `delay_ms` 0 if absent. After its last step, calls behave normally again. A
//! call with a bad token uses no step of uploads or jobs. For example:
//!
//! ```json
//! [
//!   {"act": {"reply": {"status": 429, "retry_after": {"seconds": 2}}}, "times": 2},
//!   {"act": {"cut": {"at": {"after_bytes": 100000}}}},
//!   {"act": {"cut": {"at": "after_body", "how": "close"}}},
//!   {"act": {"accept": "id"}, "delay_ms": 500}
//! ]
//! ```
//!
//! # Odd answers
//!
//! A [`Reply`] has a `body`, bytes after it (`body_base64`), an `encoding` (`gzip` or `deflate`), and a
//! `body_fault` that makes the body stall or end after headers that announce all of it. A [`RawReply`] is the
//! bytes of a whole answer that no HTTP library sends. Both fill in placeholders:
//!
//! | placeholder | at | is |
//! | --- | --- | --- |
//! | `{job_id}` | uploads that are stored, jobs | the job |
//! | `{interaction_id}` | uploads, jobs | the interaction |
//! | `{access_token}` | tokens | a new token, if the credentials are correct; otherwise they are refused |
//! | `{content_length}` | raw answers | the number of bytes after the first empty line |
//!
//! ```json
//! [
//!   {"act": {"reply": {"status": 413, "body": "large", "body_fault": {"after_bytes": 2, "then": {"stall_ms": 60000}}}}},
//!   {"act": {"reply": {"status": 502, "body": "x", "body_fault": {"after_bytes": 0, "then": {"cut": "reset"}}}}},
//!   {"act": {"store_then_reply": {"status": 202, "body": "\ufeff{\"jobId\": {job_id}}", "encoding": "gzip"}}},
//!   {"act": {"echo": {"status": 403, "form": "base64"}}},
//!   {"act": {"raw": {"reply": {"text": "HTTP/1.1 202 \r\nX: a\r\n b\r\n\r\n{\"jobId\":\"{job_id}\"}"}, "store": true}}},
//!   {"act": {"accept_early": {"then": "read", "pause_ms": 20}}},
//!   {"act": {"accept_early": {"then": "close"}}}
//! ]
//! ```
//!
//! An [`Echo`] repeats the request, headers and credentials included, in one of the forms of [`EchoForm`].
//!
//! Raw answers of jobs and tokens are written `{"raw": {"text": "…"}}`.
//!
//! The same from Rust: [`Control`], with [`Step`].
//!
//! [`RawReply`]: crate::scripted::RawReply
//! [`Reply`]: crate::scripted::Reply
//! [`Step`]: crate::scripted::Step

mod api;
mod control;
mod echo;
pub mod eicar;
mod keep;
mod multipart;
mod records;
mod scripts;
mod secrets;
mod settings;
mod standin;

pub use control::Control;
pub use echo::{Echo, EchoForm, INVISIBLE};
pub use records::{
    Attachment, Authorization, Call, PartRecord, RequestRecord, Stats, UploadRecord, Violation, ViolationKind,
};
pub use scripts::{AcceptedBody, CutAt, EarlyEnd, JobAct, ScriptsLeft, StatusAnswer, TokenAct, UploadAct};
pub use secrets::Secrets;
pub use settings::{JobTimes, SCOPES, Settings, TokenAuth};
pub use standin::TOKEN_PREFIX;

use axum::Router;

use crate::{
    Error,
    scripted::{Running, server::Server},
};

/// Everything that the stand-in answers.
pub fn router(settings: Settings) -> Result<Router, Error> {
    if let Some(path) = &settings.keep {
        std::fs::create_dir_all(path).map_err(|source| Error::Keep { path: path.clone(), source })?;
    }
    settings.check()?;
    let api = api::router(&settings);
    Ok(Router::new().nest("/_control", control::router()).merge(api).with_state(standin::Standin::start(settings)))
}

/// Starts the stand-in on a free loopback port, in tasks of the current runtime.
pub fn start(settings: Settings) -> Result<Running, Error> {
    Server::start(router(settings)?)
}
