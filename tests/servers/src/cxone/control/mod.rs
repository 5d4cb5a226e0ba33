//! The control interface: what tells the stand-in to misbehave, and shows what it saw.

mod client;

pub use client::Control;

use std::time::Instant;

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    routing::{get, post, put},
};
use http::StatusCode;
use scripted_http::script::Step;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::{
    records::{Attachment, Call, RequestRecord, Stats, Violation},
    scripts::{JobAct, ScriptsLeft, TokenAct, UploadAct},
    settings::JobTimes,
    world::Standin,
};

pub(crate) fn router() -> Router<Standin> {
    Router::new()
        .route("/scripts", get(scripts))
        .route("/scripts/upload/{interaction_id}", put(set_upload).delete(forget_upload))
        .route("/scripts/job/{interaction_id}", put(set_job).delete(forget_job))
        .route("/scripts/token", put(set_token).delete(forget_token))
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

/// Narrows a listing.
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
    /// Whether tokens that are out stop to be valid.
    #[serde(default)]
    revoke_tokens: bool,
}

fn expose<S: serde::Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secrecy::ExposeSecret::expose_secret(secret))
}

async fn scripts(State(standin): State<Standin>) -> Json<ScriptsLeft> {
    let world = standin.world();
    let scripts = &world.scripts;
    Json(ScriptsLeft { upload: scripts.upload.left(), job: scripts.job.left(), token: scripts.token.left() })
}

async fn set_upload(
    State(standin): State<Standin>,
    Path(interaction_id): Path<String>,
    Json(steps): Json<Vec<Step<UploadAct>>>,
) -> StatusCode {
    standin.world().scripts.upload.set(interaction_id, steps);
    StatusCode::NO_CONTENT
}

async fn set_job(
    State(standin): State<Standin>,
    Path(interaction_id): Path<String>,
    Json(steps): Json<Vec<Step<JobAct>>>,
) -> StatusCode {
    standin.world().scripts.job.set(interaction_id, steps);
    StatusCode::NO_CONTENT
}

async fn set_token(State(standin): State<Standin>, Json(steps): Json<Vec<Step<TokenAct>>>) -> StatusCode {
    standin.world().scripts.token.set(scripted_http::script::ANY.to_owned(), steps);
    StatusCode::NO_CONTENT
}

async fn forget_upload(State(standin): State<Standin>, Path(interaction_id): Path<String>) -> StatusCode {
    forgotten(standin.world().scripts.upload.remove(&interaction_id))
}

async fn forget_job(State(standin): State<Standin>, Path(interaction_id): Path<String>) -> StatusCode {
    forgotten(standin.world().scripts.job.remove(&interaction_id))
}

async fn forget_token(State(standin): State<Standin>) -> StatusCode {
    forgotten(standin.world().scripts.token.remove(scripted_http::script::ANY))
}

fn forgotten(was_there: bool) -> StatusCode {
    if was_there { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND }
}

async fn requests(State(standin): State<Standin>, Query(wanted): Query<Selection>) -> Json<Vec<RequestRecord>> {
    let world = standin.world();
    let matches = |record: &&RequestRecord| {
        wanted.call.is_none_or(|call| call == record.call)
            && (wanted.interaction_id.is_none() || wanted.interaction_id == record.interaction_id)
    };
    Json(world.requests.values().filter(matches).cloned().collect())
}

async fn attachments(State(standin): State<Standin>, Query(wanted): Query<Selection>) -> Json<Vec<Attachment>> {
    Json(standin.world().archive.list(wanted.interaction_id.as_deref(), Instant::now()))
}

async fn violations(State(standin): State<Standin>, Query(wanted): Query<Selection>) -> Json<Vec<Violation>> {
    let world = standin.world();
    let matches =
        |violation: &&Violation| wanted.interaction_id.is_none() || wanted.interaction_id == violation.interaction_id;
    Json(world.violations.iter().filter(matches).cloned().collect())
}

async fn stats(State(standin): State<Standin>) -> Json<Stats> {
    Json(standin.world().stats)
}

async fn set_default_job_times(State(standin): State<Standin>, Json(times): Json<JobTimes>) -> StatusCode {
    standin.world().job_times = times;
    StatusCode::NO_CONTENT
}

async fn set_job_times(
    State(standin): State<Standin>,
    Path(interaction_id): Path<String>,
    Json(times): Json<JobTimes>,
) -> StatusCode {
    standin.world().job_times_of.insert(interaction_id, times);
    StatusCode::NO_CONTENT
}

async fn set_job_ids(
    State(standin): State<Standin>,
    Path(interaction_id): Path<String>,
    Json(ids): Json<Vec<String>>,
) -> StatusCode {
    standin.world().job_ids_of.insert(interaction_id, ids.into());
    StatusCode::NO_CONTENT
}

async fn set_credentials(State(standin): State<Standin>, Json(new): Json<Credentials>) -> StatusCode {
    let mut world = standin.world();
    world.tokens.rotate(new.client_id, new.client_secret);
    if new.revoke_tokens {
        world.tokens.revoke_all();
    }
    StatusCode::NO_CONTENT
}

async fn tokens(State(standin): State<Standin>) -> Json<Vec<String>> {
    Json(standin.world().tokens.all())
}

async fn revoke_tokens(State(standin): State<Standin>) -> StatusCode {
    standin.world().tokens.revoke_all();
    StatusCode::NO_CONTENT
}

async fn reset(State(standin): State<Standin>) -> StatusCode {
    standin.world().reset();
    StatusCode::NO_CONTENT
}
