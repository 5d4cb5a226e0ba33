//! The token endpoint.

use std::{
    collections::HashSet,
    time::{Duration, Instant, SystemTime},
};

use axum::{
    Extension,
    extract::{Request, State},
    response::Response,
};
use http::{HeaderMap, StatusCode, header};
use scripted_http::connection::ConnectionHandle;
use serde_json::json;

use super::{answer, exchange::Exchange};
use crate::{
    records::{Authorization, Call},
    scripts::TokenAct,
    world::Standin,
};

/// No proper token request is longer.
const FORM_LIMIT: usize = 64 * 1024;

pub(super) async fn token(
    State(standin): State<Standin>,
    Extension(connection): Extension<ConnectionHandle>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let exchange = Exchange::begin(standin, connection, Call::Token, &head);
    let (authorization, step) = {
        let mut world = exchange.standin.world();
        let authorization = world.tokens.basic(head.headers.get(header::AUTHORIZATION));
        (authorization, world.scripts.token.next([], Instant::now()))
    };
    exchange.note(|record| {
        record.authorization = authorization;
        record.step = step.as_ref().and_then(|step| serde_json::to_value(step).ok());
    });
    let Ok(form) = axum::body::to_bytes(body, FORM_LIMIT).await else { return exchange.aborted() };
    exchange.note(|record| {
        record.body_bytes = u64::try_from(form.len()).unwrap_or(u64::MAX);
        record.body_whole = true;
    });
    let wait = step.as_ref().map_or(Duration::ZERO, scripted_http::script::Step::delay);
    let lifetime = match step.map(|step| step.act) {
        None | Some(TokenAct::Normal) => None,
        Some(TokenAct::ExpiresIn(seconds)) => Some(seconds),
        Some(TokenAct::Reply(reply)) => return exchange.answer(reply.to_response(SystemTime::now()), wait).await,
        Some(TokenAct::Cut(how)) => return exchange.cut(how, wait).await,
        Some(TokenAct::Never) => return exchange.never().await,
    };
    let response = grant(&exchange.standin, authorization, &head.headers, &form, lifetime);
    exchange.answer(response, wait).await
}

/// The ordinary answer, with the error words of RFC 6749.
fn grant(
    standin: &Standin,
    authorization: Authorization,
    headers: &HeaderMap,
    form: &[u8],
    lifetime: Option<u64>,
) -> Response {
    let refuse =
        |status, error: &str, text: &str| answer(status, &json!({ "error": error, "error_description": text }));
    if authorization != Authorization::Valid {
        return refuse(StatusCode::UNAUTHORIZED, "invalid_client", "the client is not known, or its secret is wrong");
    }
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .eq_ignore_ascii_case("application/x-www-form-urlencoded")
    {
        return refuse(StatusCode::BAD_REQUEST, "invalid_request", "the body is not a form");
    }
    let fields: Vec<_> = url::form_urlencoded::parse(form).into_owned().collect();
    let field = |wanted: &str| {
        let mut values = fields.iter().filter(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
        values.next().filter(|_| values.next().is_none())
    };
    if field("grant_type") != Some("client_credentials") {
        return refuse(StatusCode::BAD_REQUEST, "unsupported_grant_type", "grant_type is not client_credentials");
    }
    let mut world = standin.world();
    let asked: HashSet<_> = field("scope").unwrap_or_default().split_whitespace().collect();
    let known: HashSet<_> = world.settings.scopes.iter().map(String::as_str).collect();
    if asked != known {
        let text = format!("scope is not exactly {}", world.settings.scopes.join(" "));
        return refuse(StatusCode::BAD_REQUEST, "invalid_scope", &text);
    }
    let expires_in = lifetime.unwrap_or(world.settings.token_expires_in);
    let token = world.tokens.issue(Instant::now(), Duration::from_secs(expires_in));
    world.stats.token_fetches += 1;
    let scope = world.settings.scopes.join(" ");
    answer(
        StatusCode::OK,
        &json!({ "access_token": token, "token_type": "Bearer", "expires_in": expires_in, "scope": scope }),
    )
}
