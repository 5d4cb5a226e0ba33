//! An HTTP proxy before the local AWS, which lets chosen calls of the functions fail.

mod call;
mod peer;
mod rules;
#[cfg(test)]
mod tests;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use axum::{
    Extension, Router,
    body::Body,
    extract::{Request, State},
    response::Response,
};
use bytes::Bytes;
use http::{StatusCode, Uri, request::Parts};
use http_body_util::{BodyExt as _, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use servers::scripted::{
    connection::{ConnectionHandle, CutHow},
    faulty_body::{BodyFault, FaultyBody},
    server::{Running, Server},
};

use crate::FaultsError;
use call::Call;
pub(crate) use rules::{Act, Planted, Rules};

/// The most bytes of a call's body. Answers are not bounded by it.
const LONGEST_CALL: usize = 4 * 1024 * 1024;

/// A running proxy.
#[derive(Debug)]
pub(crate) struct Proxy {
    running: Running,
    pub(crate) rules: Rules,
    callers: Callers,
}

/// The process that last made a call about something, by call.
type Callers = Arc<Mutex<Vec<(Call, u32)>>>;

#[derive(Clone)]
struct Passing {
    upstream: String,
    client: Client<HttpConnector, Full<Bytes>>,
    rules: Rules,
    callers: Callers,
}

impl Proxy {
    /// Starts a proxy on a free loopback port before `http://127.0.0.1:{port}`.
    pub(crate) fn start(port: u16) -> Result<Self, FaultsError> {
        let (rules, callers) = (Rules::default(), Callers::default());
        let passing = Passing {
            upstream: format!("http://127.0.0.1:{port}"),
            client: Client::builder(TokioExecutor::new()).build_http(),
            rules: rules.clone(),
            callers: Arc::clone(&callers),
        };
        let router = Router::new().fallback(pass).with_state(passing);
        let running = Server::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?.spawn(router);
        Ok(Self { running, rules, callers })
    }

    /// The endpoint for the functions in place of AWS's.
    pub(crate) fn url(&self) -> &str {
        self.running.base_url()
    }

    /// The process that last read or wrote the object or its record.
    pub(crate) fn last_caller(&self, about: &str) -> Option<u32> {
        let callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        callers.iter().rev().find(|(call, _)| call.subject.contains(about)).map(|(_, process)| *process)
    }
}

async fn pass(
    State(passing): State<Passing>,
    Extension(connection): Extension<ConnectionHandle>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, LONGEST_CALL).await else { return refused("the call broke off") };
    let call = Call::of(&head, &body);
    let caller = || peer::process_of(connection.peer().port());
    if matches!(call.operation.as_str(), "GetObject" | "PutObject")
        && let Some(process) = caller()
    {
        passing.callers.lock().unwrap_or_else(PoisonError::into_inner).push((call.clone(), process));
    }
    match passing.rules.take(&call) {
        None => passing.forward(head, body).await,
        Some(Act::Answer(reply)) => reply.to_response(SystemTime::now(), &connection),
        Some(Act::Delay(wait)) => {
            tokio::time::sleep(wait).await;
            passing.forward(head, body).await
        }
        Some(Act::Cut) => match connection.cut(CutHow::Reset).await {},
        Some(Act::LoseAnswer) => {
            let answer = passing.forward(head, body).await;
            // Read to its end, so that the service has certainly finished.
            drop(answer.into_body().collect().await);
            match connection.cut(CutHow::Reset).await {}
        }
        Some(Act::Body(fault)) => faulty(passing.forward(head, body).await, fault, &connection).await,
        Some(Act::Headers(headers)) => {
            let mut answer = passing.forward(head, body).await;
            for (name, value) in headers {
                answer.headers_mut().insert(name, value);
            }
            answer
        }
        Some(Act::Corrupt) => corrupt(passing.forward(head, body).await).await,
        Some(Act::HoldBefore(caught)) => held(&connection, caller(), &caught).await,
        Some(Act::HoldAfter(caught)) => {
            let answer = passing.forward(head, body).await;
            drop(answer.into_body().collect().await);
            held(&connection, caller(), &caught).await
        }
    }
}

impl Passing {
    async fn forward(&self, head: Parts, body: Bytes) -> Response {
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        let Ok(uri) = format!("{}{path}", self.upstream).parse::<Uri>() else { return refused("no such path") };
        let mut request = http::Request::new(Full::new(body));
        *request.method_mut() = head.method;
        *request.uri_mut() = uri;
        *request.headers_mut() = head.headers;
        match self.client.request(request).await {
            Ok(answer) => answer.map(Body::new),
            Err(_) => refused("the local AWS did not answer"),
        }
    }
}

async fn held(connection: &ConnectionHandle, caller: Option<u32>, caught: &rules::Caught) -> Response {
    // Without a known caller, or if the row no longer waits, the row reports that no call was held.
    if let Some(process) = caller {
        let _ = caught.send(process);
    }
    connection.closed().await;
    refused("its caller is gone")
}

async fn faulty(answer: Response, fault: BodyFault, connection: &ConnectionHandle) -> Response {
    let (head, body) = answer.into_parts();
    let Ok(whole) = body.collect().await else { return refused("the local AWS broke off") };
    Response::from_parts(head, Body::new(FaultyBody::new(whole.to_bytes(), fault, connection)))
}

async fn corrupt(answer: Response) -> Response {
    let (head, body) = answer.into_parts();
    let Ok(whole) = body.collect().await else { return refused("the local AWS broke off") };
    let mut bytes = whole.to_bytes().to_vec();
    let middle = bytes.len() / 2;
    if let Some(byte) = bytes.get_mut(middle) {
        *byte ^= 0x55;
    }
    Response::from_parts(head, Body::from(bytes))
}

fn refused(why: &'static str) -> Response {
    let mut response = Response::new(Body::from(why));
    *response.status_mut() = StatusCode::BAD_GATEWAY;
    response
}
