//! The AWS SDK's HTTP connector: hyper on the process's one TLS configuration.
//!
//! Not reqwest, since that parses a URL anew and resolves `..` in a path, which is an ordinary part of an S3 key.

use std::{error::Error, io, time::Duration};

use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        http::{
            HttpClient, HttpConnector as SdkConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
            SharedHttpConnector,
        },
        orchestrator::{HttpRequest, HttpResponse},
        result::ConnectorError,
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::body::SdkBody;
use http::{HeaderMap, HeaderValue};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use rustls::ClientConfig;

use crate::read_timeout::ReadTimeout;

/// How long a connection may take to come about.
pub(crate) const CONNECT: Duration = Duration::from_secs(10);
/// Lambda freezes a process between invocations; a connection idle for longer is likely dead behind a NAT gateway.
pub(crate) const IDLE: Duration = Duration::from_secs(50);
/// Headers of one response. S3 sends one for each entry of an object's user metadata (2 KiB in all), and hyper refuses more
/// than 100 by default.
const HEADERS: usize = 512;

type Hyper = Client<HttpsConnector<HttpConnector>, SdkBody>;

pub(crate) fn shared(tls: ClientConfig) -> SharedHttpClient {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT));
    let https = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().wrap_connector(tcp);
    let hyper = Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE)
        .http1_max_headers(HEADERS)
        // Stores that speak S3's protocol, and proxies before S3, write headers that HTTP no longer allows.
        .http1_allow_obsolete_multiline_headers_in_responses(true)
        .http1_allow_spaces_after_header_name_in_responses(true)
        .build(https);
    SharedHttpClient::new(Shared { hyper })
}

#[derive(Debug, Clone)]
struct Shared {
    hyper: Hyper,
}

impl HttpClient for Shared {
    fn http_connector(&self, settings: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(Connector { hyper: self.hyper.clone(), read_timeout: settings.read_timeout() })
    }
}

#[derive(Debug)]
struct Connector {
    hyper: Hyper,
    read_timeout: Option<Duration>,
}

impl SdkConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let hyper = self.hyper.clone();
        let read_timeout = self.read_timeout;
        HttpConnectorFuture::new(async move {
            let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
            let answer = hyper.request(request);
            let answer = match read_timeout {
                None => answer.await,
                Some(limit) => tokio::time::timeout(limit, answer)
                    .await
                    .map_err(|elapsed| ConnectorError::timeout(elapsed.into()))?,
            };
            let mut answer = answer.map_err(classified)?;
            to_utf8(answer.headers_mut());
            let answer = answer.map(|body| match read_timeout {
                None => SdkBody::from_body_1_x(body),
                Some(limit) => SdkBody::from_body_1_x(ReadTimeout::new(body, limit)),
            });
            HttpResponse::try_from(answer).map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// Reads header values that are not UTF-8 as Latin-1, which HTTP's headers once were, and writes them in UTF-8.
///
/// S3 repeats an object's `Content-Type`, `Content-Disposition`, `Expires` and user metadata byte for byte. The SDK refuses the
/// whole response for one of them that is not UTF-8 (`Expires`: it panics), or, if told to skip it, drops all user metadata.
fn to_utf8(headers: &mut HeaderMap) {
    for value in headers.values_mut().filter(|value| std::str::from_utf8(value.as_bytes()).is_err()) {
        let text: String = value.as_bytes().iter().copied().map(char::from).collect();
        // What was a header's value still is one: it holds no other characters below 0x80.
        if let Ok(readable) = HeaderValue::from_bytes(text.as_bytes()) {
            *value = readable;
        }
    }
}

/// The SDK tries again on timeouts and on broken connections, so it must be told which an error is.
fn classified(error: hyper_util::client::legacy::Error) -> ConnectorError {
    let timed_out = is_timeout(&error);
    let error: BoxError = error.into();
    if timed_out { ConnectorError::timeout(error) } else { ConnectorError::io(error) }
}

fn is_timeout(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::TimedOut) {
            return true;
        }
        cause = error.source();
    }
    false
}
