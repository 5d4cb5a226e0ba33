//! The job endpoint.

use std::time::{Duration, Instant, SystemTime};

use axum::{
    Extension,
    extract::{Path, Request, State},
    response::Response,
};
use http::{StatusCode, header};
use serde_json::{Value, json};

use super::{
    answer,
    exchange::Exchange,
    fault,
    heard::{Values, received},
};
use crate::{
    cxone::{
        echo::Echo,
        records::{Authorization, Call},
        scripts::{JobAct, StatusAnswer},
        standin::{JobState, Standin},
    },
    scripted::{connection::ConnectionHandle, state::Shared},
};

pub(super) async fn job(
    State(standin): State<Shared<Standin>>,
    Extension(connection): Extension<ConnectionHandle>,
    Path(job_id): Path<String>,
    request: Request,
) -> Response {
    let (head, _) = request.into_parts();
    let exchange = Exchange::begin(standin, connection, Call::Job, &head);
    let (authorization, interaction_id, step) = {
        let mut state = exchange.standin.lock();
        let now = Instant::now();
        let authorization = state.tokens.bearer(head.headers.get(header::AUTHORIZATION), now);
        let interaction_id = state.archive.interaction(&job_id);
        let step = match &interaction_id {
            Some(id) if authorization == Authorization::Valid => state.scripts.job.next([id.as_str()], now),
            _ => None,
        };
        (authorization, interaction_id, step)
    };
    exchange.note(|record| {
        record.job_id = Some(job_id.clone());
        record.interaction_id.clone_from(&interaction_id);
        record.authorization = authorization;
        record.step = step.as_ref().and_then(|step| serde_json::to_value(step).ok());
        record.body_whole = true;
    });
    if authorization != Authorization::Valid {
        let refusal = fault(StatusCode::UNAUTHORIZED, "the access token is missing or not valid");
        return exchange.answer(refusal, Duration::ZERO).await;
    }
    let Some(interaction_id) = interaction_id else {
        return exchange.answer(fault(StatusCode::NOT_FOUND, "no such job"), Duration::ZERO).await;
    };
    let wait = step.as_ref().map_or(Duration::ZERO, crate::scripted::script::Step::delay);
    let values = Values::default().with("job_id", &job_id).with("interaction_id", &interaction_id);
    let response = match step.map(|step| step.act) {
        None | Some(JobAct::Normal) => status(&exchange.standin, &job_id, &interaction_id, None),
        Some(JobAct::Status(scripted)) => status(&exchange.standin, &job_id, &interaction_id, Some(&scripted)),
        Some(JobAct::Reply(reply)) => {
            reply.filled(&values.pairs()).to_response(SystemTime::now(), &exchange.connection)
        }
        Some(JobAct::Echo(echo)) => {
            tell(&exchange.standin, &job_id, &echo);
            echo.reply(&received(&head, &[])).to_response(SystemTime::now(), &exchange.connection)
        }
        Some(JobAct::Raw(reply)) => return exchange.raw(&reply, &values.pairs(), wait).await,
        Some(JobAct::Cut(how)) => return exchange.cut(how, wait).await,
        Some(JobAct::Never) => return exchange.never().await,
    };
    exchange.answer(response, wait).await
}

/// A client treats a final status beside the echo as the job's end, so the stand-in does too.
fn tell(standin: &Shared<Standin>, job_id: &str, echo: &Echo) {
    let Some(word) = echo.also.get("status").and_then(Value::as_str).filter(|_| echo.status == 200) else { return };
    let told = StatusAnswer { word: word.to_owned(), ..StatusAnswer::default() };
    if told.is_final() {
        standin.lock().archive.told(job_id, JobState { word: told.word, reason: None });
    }
}

fn status(standin: &Shared<Standin>, job_id: &str, interaction_id: &str, scripted: Option<&StatusAnswer>) -> Response {
    let mut standin = standin.lock();
    let state = match scripted {
        None => standin.archive.state(job_id, Instant::now()),
        Some(scripted) => {
            let state = JobState { word: scripted.word.clone(), reason: scripted.reason() };
            if scripted.is_final() {
                standin.archive.told(job_id, state.clone());
            }
            Some(state)
        }
    };
    // Only a reset since the first look can have removed it.
    let Some(state) = state else { return fault(StatusCode::NOT_FOUND, "no such job") };
    let named = scripted.and_then(|scripted| scripted.interaction_id.as_deref()).unwrap_or(interaction_id);
    answer(
        StatusCode::OK,
        &json!({ "jobId": job_id, "status": state.word, "interactionId": named, "reason": state.reason }),
    )
}
