//! The routes of `/_control` that set and forget scripts: `PUT` with the steps, `DELETE`.

use axum::{
    Json,
    extract::{Path, State},
    routing::{MethodRouter, put},
};
use http::StatusCode;
use serde::de::DeserializeOwned;

use super::{
    script::{ANY, Scripts, Step},
    state::Shared,
};

/// The script of the key that ends the path.
pub(crate) fn keyed<S, A>(scripts: fn(&mut S) -> &mut Scripts<A>) -> MethodRouter<Shared<S>>
where
    S: Send + 'static,
    A: Clone + DeserializeOwned + Send + 'static,
{
    put(async move |State(server): State<Shared<S>>, Path(key): Path<String>, Json(steps): Json<Vec<Step<A>>>| {
        set(&server, scripts, key, steps)
    })
    .delete(async move |State(server): State<Shared<S>>, Path(key): Path<String>| forget(&server, scripts, &key))
}

/// The script for every call without a script of its own.
pub(crate) fn for_any<S, A>(scripts: fn(&mut S) -> &mut Scripts<A>) -> MethodRouter<Shared<S>>
where
    S: Send + 'static,
    A: Clone + DeserializeOwned + Send + 'static,
{
    put(async move |State(server): State<Shared<S>>, Json(steps): Json<Vec<Step<A>>>| {
        set(&server, scripts, ANY.to_owned(), steps)
    })
    .delete(async move |State(server): State<Shared<S>>| forget(&server, scripts, ANY))
}

fn set<S, A: Clone>(
    server: &Shared<S>,
    scripts: fn(&mut S) -> &mut Scripts<A>,
    key: String,
    steps: Vec<Step<A>>,
) -> StatusCode {
    scripts(&mut server.lock()).set(key, steps);
    StatusCode::NO_CONTENT
}

fn forget<S, A: Clone>(server: &Shared<S>, scripts: fn(&mut S) -> &mut Scripts<A>, key: &str) -> StatusCode {
    if scripts(&mut server.lock()).remove(key) { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND }
}
