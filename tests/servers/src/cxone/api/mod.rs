//! The API itself.

mod body;
mod exchange;
mod filing;
mod heard;
mod job;
mod token;
mod upload;

use axum::{
    Extension, Router,
    body::Body,
    extract::{Request, State},
    response::Response,
    routing::{get, post},
};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use crate::{
    cxone::{
        records::{Call, ViolationKind},
        settings::Settings,
        standin::Standin,
    },
    scripted::{connection::ConnectionHandle, state::Shared},
};
use exchange::Exchange;

pub(crate) fn router(settings: &Settings) -> Router<Shared<Standin>> {
    Router::new()
        .route("/api/v2/oauth/token", post(token::token))
        // The router uses the same placeholders.
        .route(&format!("/api/v2/{}", settings.upload_path), post(upload::upload))
        .route(&format!("/api/v2/{}", settings.job_path), get(job::job))
        .method_not_allowed_fallback(unexpected)
        .fallback(unexpected)
}

/// Paths and methods that the API does not have. A client that follows a redirect ends here.
async fn unexpected(
    State(standin): State<Shared<Standin>>,
    Extension(connection): Extension<ConnectionHandle>,
    request: Request,
) -> Response {
    let (head, _) = request.into_parts();
    let exchange = Exchange::begin(standin, connection, Call::Other, &head);
    let with = if head.headers.contains_key(header::AUTHORIZATION) { "with" } else { "without" };
    let text = format!("{} {} {with} credentials", head.method, head.uri);
    exchange.violation(ViolationKind::UnexpectedRequest, text);
    exchange.answer(fault(StatusCode::NOT_FOUND, "there is nothing here"), std::time::Duration::ZERO).await
}

fn answer(status: StatusCode, body: &Value) -> Response {
    raw(status, body.to_string())
}

fn fault(status: StatusCode, message: &str) -> Response {
    answer(status, &json!({ "error": status.canonical_reason(), "message": message }))
}

fn raw(status: StatusCode, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
