//! The AWS SDK's HTTP connector: hyper with the process's TLS configuration.
//!
//! reqwest does not fit: it parses the URL again and resolves `..` in the path, which an S3 key may contain.

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

/// How long the client waits for a connection.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The client closes a connection that is idle for longer. Lambda freezes a process between invocations, and a NAT gateway drops
/// idle connections.
pub(crate) const IDLE_TIMEOUT: Duration = Duration::from_secs(50);
/// The most headers in a response. S3 sends one for each entry of an object's user metadata (2 KiB in all). By default, hyper
/// refuses more than 100.
const MAX_HEADERS: usize = 512;

type Hyper = Client<HttpsConnector<HttpConnector>, SdkBody>;

pub(crate) fn shared(tls: ClientConfig) -> SharedHttpClient {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
    let https = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().wrap_connector(tcp);
    let hyper = Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE_TIMEOUT)
        .http1_max_headers(MAX_HEADERS)
        // Stores that are compatible with S3, and proxies in front of S3, send headers that HTTP no longer allows.
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
            let response = hyper.request(request);
            let response = match read_timeout {
                None => response.await,
                Some(limit) => tokio::time::timeout(limit, response)
                    .await
                    .map_err(|elapsed| ConnectorError::timeout(elapsed.into()))?,
            };
            let mut response = response.map_err(classified)?;
            to_utf8(response.headers_mut());
            let response = response.map(|body| match read_timeout {
                None => SdkBody::from_body_1_x(body),
                Some(limit) => SdkBody::from_body_1_x(ReadTimeout::new(body, limit)),
            });
            HttpResponse::try_from(response).map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// Converts header values that are not UTF-8 from Latin-1, the former encoding of HTTP's headers, to UTF-8.
///
/// S3 repeats an object's `Content-Type`, `Content-Disposition`, `Expires` and user metadata byte for byte. If one of them is not
/// UTF-8, the SDK refuses the whole response, or drops all user metadata if it is configured to skip the value. For `Expires`, it
/// panics.
fn to_utf8(headers: &mut HeaderMap) {
    for value in headers.values_mut().filter(|value| std::str::from_utf8(value.as_bytes()).is_err()) {
        let text: String = value.as_bytes().iter().copied().map(char::from).collect();
        // The conversion changes no byte below 0x80, so the result is a valid header value too.
        if let Ok(readable) = HeaderValue::from_bytes(text.as_bytes()) {
            *value = readable;
        }
    }
}

/// Tells the SDK whether an error is a timeout or a broken connection. The SDK retries both.
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
