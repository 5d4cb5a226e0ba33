//! The control interface: it sets the scripts and shows what the stand-in received.

mod client;

pub use client::Control;

use std::time::Instant;

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    routing::{get, post, put},
};
use http::StatusCode;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::{
    cxone::{
        records::{Attachment, Call, RequestRecord, Stats, Violation},
        scripts::ScriptsLeft,
        settings::JobTimes,
        standin::Standin,
    },
    scripted::{routes, state::Shared},
};

pub(crate) fn router() -> Router<Shared<Standin>> {
    Router::new()
        .route("/scripts", get(scripts))
        .route("/scripts/upload/{id}", routes::keyed(|standin: &mut Standin| &mut standin.scripts.upload))
        .route("/scripts/job/{id}", routes::keyed(|standin: &mut Standin| &mut standin.scripts.job))
        .route("/scripts/token", routes::for_any(|standin: &mut Standin| &mut standin.scripts.token))
        .route("/requests", get(requests))
        .route("/attachments", get(attachments))
        .route("/violations", get(violations))
        .route("/stats", get(stats))
        .route("/job-times", put(set_default_job_times))
        .route("/job-times/{interaction_id}", put(set_job_times))
        .route("/job-ids/{interaction_id}", put(set_job_ids))
        .route("/credentials", put(set_credentials))
        .route("/tokens", get(tokens).delete(revoke_tokens))
        .route("/reset", post(reset))
        .fallback(async || StatusCode::NOT_FOUND)
}

/// Filters a listing.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Selection {
    interaction_id: Option<String>,
    call: Option<Call>,
}

/// New credentials.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Credentials {
    client_id: String,
    #[serde(serialize_with = "expose")]
    client_secret: SecretString,
    /// Whether issued tokens are revoked.
    #[serde(default)]
    revoke_tokens: bool,
}

fn expose<S: serde::Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secrecy::ExposeSecret::expose_secret(secret))
}

async fn scripts(State(standin): State<Shared<Standin>>) -> Json<ScriptsLeft> {
    let state = standin.lock();
    let scripts = &state.scripts;
    Json(ScriptsLeft { upload: scripts.upload.left(), job: scripts.job.left(), token: scripts.token.left() })
}

async fn requests(State(standin): State<Shared<Standin>>, Query(wanted): Query<Selection>) -> Json<Vec<RequestRecord>> {
    Json(standin.lock().requests.matching(|record| {
        wanted.call.is_none_or(|call| call == record.call)
            && (wanted.interaction_id.is_none() || wanted.interaction_id == record.interaction_id)
    }))
}

async fn attachments(State(standin): State<Shared<Standin>>, Query(wanted): Query<Selection>) -> Json<Vec<Attachment>> {
    Json(standin.lock().archive.list(wanted.interaction_id.as_deref(), Instant::now()))
}

async fn violations(State(standin): State<Shared<Standin>>, Query(wanted): Query<Selection>) -> Json<Vec<Violation>> {
    let state = standin.lock();
    let matches =
        |violation: &&Violation| wanted.interaction_id.is_none() || wanted.interaction_id == violation.interaction_id;
    Json(state.violations.iter().filter(matches).cloned().collect())
}

async fn stats(State(standin): State<Shared<Standin>>) -> Json<Stats> {
    Json(standin.lock().stats)
}

async fn set_default_job_times(State(standin): State<Shared<Standin>>, Json(times): Json<JobTimes>) -> StatusCode {
    standin.lock().job_times = times;
    StatusCode::NO_CONTENT
}

async fn set_job_times(
    State(standin): State<Shared<Standin>>,
    Path(interaction_id): Path<String>,
    Json(times): Json<JobTimes>,
) -> StatusCode {
    standin.lock().job_times_of.insert(interaction_id, times);
    StatusCode::NO_CONTENT
}

async fn set_job_ids(
    State(standin): State<Shared<Standin>>,
    Path(interaction_id): Path<String>,
    Json(ids): Json<Vec<String>>,
) -> StatusCode {
    standin.lock().job_ids_of.insert(interaction_id, ids.into());
    StatusCode::NO_CONTENT
}

async fn set_credentials(State(standin): State<Shared<Standin>>, Json(new): Json<Credentials>) -> StatusCode {
    let mut state = standin.lock();
    state.tokens.rotate(new.client_id, new.client_secret);
    if new.revoke_tokens {
        state.tokens.revoke_all();
    }
    StatusCode::NO_CONTENT
}

async fn tokens(State(standin): State<Shared<Standin>>) -> Json<Vec<String>> {
    Json(standin.lock().tokens.all())
}

async fn revoke_tokens(State(standin): State<Shared<Standin>>) -> StatusCode {
    standin.lock().tokens.revoke_all();
    StatusCode::NO_CONTENT
}

async fn reset(State(standin): State<Shared<Standin>>) -> StatusCode {
    standin.lock().reset();
    StatusCode::NO_CONTENT
}
