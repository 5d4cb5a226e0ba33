//! A fake of the AWS calls that intake makes: `GetObject`, `UpdateItem`, `GetSecretValue`, `StartExecution`.

use std::sync::Arc;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{Method, Request, Response, body::Incoming, header};
use servers::runtime_api::TRACE_ID;

use super::{
    object::{ObjectName, Objects},
    server::Answer,
};
use crate::Error;

pub(crate) async fn answer(objects: Arc<Objects>, request: Request<Incoming>) -> Result<Answer, Error> {
    if request.method() == Method::GET {
        return get_object(&objects, request.uri().path());
    }
    let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let call = target.rsplit('.').next().unwrap_or_default().to_owned();
    let is_intake =
        request.headers().get(header::USER_AGENT).is_some_and(|agent| agent.as_bytes().starts_with(b"aws-sdk-rust"));
    let body = request.into_body().collect().await?.to_bytes();
    let text = match call.as_str() {
        // Only the claim asks for the row.
        "UpdateItem" if std::str::from_utf8(&body)?.contains("ALL_NEW") => {
            r#"{"Attributes":{"pk":{"S":"object#"},"state":{"S":"claimed"},"attempts":{"N":"1"},"first_seen":{"N":"1767603600"},"lease_until":{"N":"1767603900"}}}"#
        }
        "UpdateItem" => "{}",
        "GetSecretValue" => {
            r#"{"Name":"cxone","SecretString":"{\"client_id\":\"bench\",\"client_secret\":\"bench\"}"}"#
        }
        // AWS joins the traces of function and execution only if the function passes its trace on.
        "StartExecution" if is_intake && !std::str::from_utf8(&body)?.contains(TRACE_ID) => {
            return Err("StartExecution without the invocation's trace in traceHeader".into());
        }
        "StartExecution" => {
            r#"{"executionArn":"arn:aws:states:us-east-1:123456789012:execution:attachments:x","startDate":1767603600.0}"#
        }
        other => return Err(format!("the fake AWS does not support the call {other:?}").into()),
    };
    let answer = Response::builder().header(header::CONTENT_TYPE, "application/x-amz-json-1.0");
    Ok(answer.body(Full::new(Bytes::from_static(text.as_bytes())))?)
}

fn get_object(objects: &Objects, path: &str) -> Result<Answer, Error> {
    let name = ObjectName::parse(path).ok_or_else(|| format!("{path:?} names no object"))?;
    let (bytes, checksum) = objects.get(name.length);
    let mut answer = Response::builder()
        .header(header::CONTENT_TYPE, "application/pdf")
        .header(header::ETAG, "\"etag\"")
        .header("x-amz-version-id", "v1");
    if name.checksum {
        answer = answer
            .header("x-amz-checksum-crc32", BASE64_STANDARD.encode(checksum.to_be_bytes()))
            .header("x-amz-checksum-type", "FULL_OBJECT");
    }
    Ok(answer.body(Full::new(bytes))?)
}
