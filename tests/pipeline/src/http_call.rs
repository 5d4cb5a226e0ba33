//! JSON over plain HTTP, for calls of the local AWS that no SDK client here has.

use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use http_body_util::{BodyExt as _, Full};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use serde_json::Value;

use crate::FaultsError;
use crate::error::Calling as _;

/// Makes a call and reads the answer's headers and JSON, for every status.
pub(crate) async fn json(
    method: &str,
    endpoint: &str,
    path: &str,
    body: Option<&Value>,
) -> Result<(HeaderMap, Value), FaultsError> {
    let method = Method::from_bytes(method.as_bytes()).calling("forming a call")?;
    let body = body.map_or_else(Bytes::new, |body| Bytes::from(body.to_string()));
    let request = Request::builder().method(method).uri(format!("{endpoint}{path}"));
    let request = request.header("content-type", "application/json").body(Full::new(body)).calling("forming a call")?;
    let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let answer = client.request(request).await.calling("calling the local AWS")?;
    let (head, body) = answer.into_parts();
    let body = body.collect().await.calling("reading the local AWS's answer")?.to_bytes();
    Ok((head.headers, serde_json::from_slice(&body).calling("reading the local AWS's answer")?))
}
