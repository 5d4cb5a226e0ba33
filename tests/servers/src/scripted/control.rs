//! The client side of the `/_control` interfaces: JSON over plain HTTP, one connection per call.

use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde::{Serialize, de::DeserializeOwned};
use tokio::net::TcpStream;
use url::Url;

use crate::Error;

/// A client of one server's control interface.
#[derive(Clone, Debug)]
pub struct ControlClient {
    base_url: String,
    authority: String,
}

impl ControlClient {
    /// `base_url` is what the server printed: `http://host:port`.
    pub fn new(base_url: &str) -> Result<Self, Error> {
        let fault = || Error::BaseUrl(base_url.to_owned());
        let url = Url::parse(base_url).map_err(|_| fault())?;
        let host = url.host_str().filter(|_| url.scheme() == "http").ok_or_else(fault)?;
        let authority = format!("{host}:{}", url.port_or_known_default().ok_or_else(fault)?);
        Ok(Self { base_url: format!("http://{authority}"), authority })
    }

    /// `http://host:port`, without a slash at the end.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// A path with a query whose names and values are escaped; pairs without a value are left out.
    #[must_use]
    pub fn path(path: &str, query: &[(&str, Option<&str>)]) -> String {
        let mut escaped = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in query {
            if let Some(value) = value {
                escaped.append_pair(name, value);
            }
        }
        let query = escaped.finish();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    }

    /// A path with one more segment, which is escaped.
    #[must_use]
    pub fn keyed(path: &str, key: &str) -> String {
        let escaped: String = url::form_urlencoded::byte_serialize(key.as_bytes()).collect();
        // This is a form's escaping, in which a plus means a space. In a path, it would be a plus.
        format!("{path}/{}", escaped.replace('+', "%20"))
    }

    /// `GET`, with the answer's JSON.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        let answer = self.call(Method::GET, path, Bytes::new()).await?;
        serde_json::from_slice(&answer).map_err(|source| Error::Json { path: path.to_owned(), source })
    }

    /// `PUT` of a JSON body.
    pub async fn put(&self, path: &str, body: &impl Serialize) -> Result<(), Error> {
        let body = serde_json::to_vec(body).map_err(|source| Error::Json { path: path.to_owned(), source })?;
        self.call(Method::PUT, path, body.into()).await.map(drop)
    }

    /// `POST` without a body.
    pub async fn post(&self, path: &str) -> Result<(), Error> {
        self.call(Method::POST, path, Bytes::new()).await.map(drop)
    }

    /// `DELETE`.
    pub async fn delete(&self, path: &str) -> Result<(), Error> {
        self.call(Method::DELETE, path, Bytes::new()).await.map(drop)
    }

    async fn call(&self, method: Method, path: &str, body: Bytes) -> Result<Bytes, Error> {
        let no_answer = |reason: String| Error::NoAnswer { method: method.to_string(), path: path.to_owned(), reason };
        let (status, answer) = self.exchange(&method, path, body).await.map_err(no_answer)?;
        if status.is_success() {
            return Ok(answer);
        }
        let body = String::from_utf8_lossy(&answer).into_owned();
        Err(Error::Refused { method: method.to_string(), path: path.to_owned(), status: status.as_u16(), body })
    }

    async fn exchange(&self, method: &Method, path: &str, body: Bytes) -> Result<(StatusCode, Bytes), String> {
        let stream = TcpStream::connect(&self.authority).await.map_err(|fault| fault.to_string())?;
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, &self.authority)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::CONNECTION, "close")
            .body(Full::new(body))
            .map_err(|fault| fault.to_string())?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|fault| fault.to_string())?;
        // The request fails with any error of the connection.
        let driver = tokio::spawn(connection);
        let exchange = async {
            let (head, body) = sender.send_request(request).await?.into_parts();
            Ok((head.status, body.collect().await?.to_bytes()))
        };
        let outcome = exchange.await.map_err(|fault: hyper::Error| fault.to_string());
        driver.abort();
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_escaped_and_absent_values_left_out() {
        let path = ControlClient::path("/_control/x", &[("a", Some("1 & ü")), ("b", None)]);
        assert_eq!(path, "/_control/x?a=1+%26+%C3%BC");
        assert_eq!(ControlClient::path("/_control/x", &[("b", None)]), "/_control/x");
        assert_eq!(ControlClient::keyed("/_control/x", "a b+c/d*"), "/_control/x/a%20b%2Bc%2Fd*");
    }

    #[test]
    fn only_plain_http_with_a_host_is_a_base_url() {
        assert_eq!(ControlClient::new("http://127.0.0.1:80/").unwrap().base_url(), "http://127.0.0.1:80");
        for wrong in ["https://127.0.0.1:1", "127.0.0.1:1", "http://", ""] {
            assert!(matches!(ControlClient::new(wrong), Err(Error::BaseUrl(_))), "{wrong}");
        }
    }
}
