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
use serde_json::json;

use super::{
    answer,
    exchange::Exchange,
    heard::{Values, received},
};
use crate::{
    cxone::{
        records::{Authorization, Call},
        scripts::TokenAct,
        standin::Standin,
    },
    scripted::{connection::ConnectionHandle, raw::RawReply, reply::Reply, state::Shared},
};

/// No valid token request is longer.
const FORM_LIMIT: usize = 64 * 1024;
/// The placeholder for a new token in a scripted answer.
const ACCESS_TOKEN: &str = "{access_token}";

pub(super) async fn token(
    State(standin): State<Shared<Standin>>,
    Extension(connection): Extension<ConnectionHandle>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let exchange = Exchange::begin(standin, connection, Call::Token, &head);
    let step = exchange.standin.lock().scripts.token.next([], Instant::now());
    exchange.note(|record| record.step = step.as_ref().and_then(|step| serde_json::to_value(step).ok()));
    let Ok(form) = axum::body::to_bytes(body, FORM_LIMIT).await else { return exchange.aborted() };
    let fields: Vec<(String, String)> = url::form_urlencoded::parse(&form).into_owned().collect();
    let authorization = {
        let state = exchange.standin.lock();
        state.tokens.client(state.settings.token_auth, head.headers.get(header::AUTHORIZATION), &fields)
    };
    exchange.note(|record| {
        record.authorization = authorization;
        record.body_bytes = u64::try_from(form.len()).unwrap_or(u64::MAX);
        record.body_whole = true;
    });
    let asked = Asked { authorization, headers: &head.headers, fields: &fields };
    let wait = step.as_ref().map_or(Duration::ZERO, crate::scripted::script::Step::delay);
    let mut values = Values::default();
    let act = step.map_or(TokenAct::Normal, |step| step.act);
    if matches!(&act, TokenAct::Reply(Reply { body: text, .. }) | TokenAct::Raw(RawReply { text, .. }) if text.contains(ACCESS_TOKEN))
    {
        match asked.grant(&exchange.standin, None) {
            Ok((token, _)) => values = values.with("access_token", &token),
            Err(refusal) => return exchange.answer(refusal, wait).await,
        }
    }
    let lifetime = match act {
        TokenAct::Normal => None,
        TokenAct::ExpiresIn(seconds) => Some(seconds),
        TokenAct::Reply(reply) => {
            let response = reply.filled(&values.pairs()).to_response(SystemTime::now(), &exchange.connection);
            return exchange.answer(response, wait).await;
        }
        TokenAct::Echo(echo) => {
            let response = echo.reply(&received(&head, &form)).to_response(SystemTime::now(), &exchange.connection);
            return exchange.answer(response, wait).await;
        }
        TokenAct::Raw(reply) => return exchange.raw(&reply, &values.pairs(), wait).await,
        TokenAct::Cut(how) => return exchange.cut(how, wait).await,
        TokenAct::Never => return exchange.never().await,
    };
    let response = asked.answered(&exchange.standin, lifetime);
    exchange.answer(response, wait).await
}

/// A token request.
struct Asked<'a> {
    authorization: Authorization,
    headers: &'a HeaderMap,
    fields: &'a [(String, String)],
}

impl Asked<'_> {
    fn answered(&self, standin: &Shared<Standin>, lifetime: Option<u64>) -> Response {
        let (token, expires_in) = match self.grant(standin, lifetime) {
            Ok(granted) => granted,
            Err(refusal) => return refusal,
        };
        let scope = standin.lock().settings.scopes.join(" ");
        answer(
            StatusCode::OK,
            &json!({ "access_token": token, "token_type": "Bearer", "expires_in": expires_in, "scope": scope }),
        )
    }

    /// A new token and the seconds for which it lasts, or a refusal with the error words of RFC 6749.
    #[expect(clippy::result_large_err, reason = "both sides are used once")]
    fn grant(&self, standin: &Shared<Standin>, lifetime: Option<u64>) -> Result<(String, u64), Response> {
        let refuse = |status, error: &str, text: &str| {
            Err(answer(status, &json!({ "error": error, "error_description": text })))
        };
        if self.authorization != Authorization::Valid {
            return refuse(
                StatusCode::UNAUTHORIZED,
                "invalid_client",
                "the client is not known, or its secret is wrong",
            );
        }
        let content_type = self.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let essence = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return refuse(StatusCode::BAD_REQUEST, "invalid_request", "the body is not a form");
        }
        let field = |wanted: &str| {
            let mut values = self.fields.iter().filter(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
            values.next().filter(|_| values.next().is_none())
        };
        if field("grant_type") != Some("client_credentials") {
            return refuse(StatusCode::BAD_REQUEST, "unsupported_grant_type", "grant_type is not client_credentials");
        }
        let mut state = standin.lock();
        let asked: HashSet<_> = field("scope").unwrap_or_default().split_whitespace().collect();
        let known: HashSet<_> = state.settings.scopes.iter().map(String::as_str).collect();
        if asked != known {
            let text = format!("scope is not exactly {}", state.settings.scopes.join(" "));
            return refuse(StatusCode::BAD_REQUEST, "invalid_scope", &text);
        }
        let expires_in = lifetime.unwrap_or(state.settings.token_expires_in);
        let token = state.tokens.issue(Instant::now(), Duration::from_secs(expires_in));
        state.stats.token_fetches += 1;
        Ok((token, expires_in))
    }
}
