//! An answer in JSON.

use std::time::{Duration, SystemTime};

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use serde::{Deserialize, Serialize};

use crate::scripted::{
    connection::ConnectionHandle,
    encoding::Encoding,
    faulty_body::{BodyFault, FaultyBody},
    fill::fill,
    raw::base64_bytes,
};

/// An answer in a script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reply {
    /// HTTP status, 200 to 599.
    #[serde(with = "status_code")]
    pub status: StatusCode,
    /// Headers in addition to those of the other fields.
    #[serde(default, skip_serializing_if = "HeaderMap::is_empty", with = "header_map")]
    pub headers: HeaderMap,
    /// The `Retry-After` header, none if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<RetryAfter>,
    /// The body, empty if absent. It is sent as JSON unless `headers` has a `content-type`. The server's placeholders
    /// are filled in.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub body: String,
    /// Bytes after `body`, for content that is not text; Base64 in JSON.
    #[serde(default, skip_serializing_if = "<[u8]>::is_empty", with = "base64_bytes")]
    pub body_base64: Box<[u8]>,
    /// Compresses the body and says so in `Content-Encoding`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<Encoding>,
    /// Makes the body stall or end after headers that announce all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_fault: Option<BodyFault>,
}

/// A `Retry-After` header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryAfter {
    /// A number of seconds.
    Seconds(u64),
    /// An HTTP date this many seconds after the answer.
    DateInSeconds(u64),
    /// Any text, also one that no client can read.
    #[serde(with = "header_value")]
    Text(HeaderValue),
}

impl Reply {
    /// An answer with an empty body.
    #[must_use]
    pub fn status(status: StatusCode) -> Self {
        Self {
            status,
            headers: HeaderMap::new(),
            retry_after: None,
            body: String::new(),
            body_base64: Box::default(),
            encoding: None,
            body_fault: None,
        }
    }

    /// The same with a body.
    #[must_use]
    pub fn body(self, body: impl Into<String>) -> Self {
        Self { body: body.into(), ..self }
    }

    /// The same with bytes after the body.
    #[must_use]
    pub fn bytes(self, bytes: impl Into<Vec<u8>>) -> Self {
        Self { body_base64: bytes.into().into(), ..self }
    }

    /// The same, compressed.
    #[must_use]
    pub fn encoded(self, encoding: Encoding) -> Self {
        Self { encoding: Some(encoding), ..self }
    }

    /// The same with a body that meets a fault.
    #[must_use]
    pub fn body_fault(self, fault: BodyFault) -> Self {
        Self { body_fault: Some(fault), ..self }
    }

    /// The same with each name of `values` in braces replaced by its value, in the body's text.
    #[must_use]
    pub fn filled(self, values: &[(&str, &str)]) -> Self {
        Self { body: fill(&self.body, values), ..self }
    }

    /// The same with a `Retry-After`.
    #[must_use]
    pub fn retry_after(self, retry_after: RetryAfter) -> Self {
        Self { retry_after: Some(retry_after), ..self }
    }

    /// The same with one more header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// The answer itself. A `Retry-After` date counts from `now`; a body fault may cut `connection`.
    #[must_use]
    pub fn to_response(&self, now: SystemTime, connection: &ConnectionHandle) -> Response<Body> {
        let plain = [self.body.as_bytes(), &self.body_base64].concat();
        let has_body = !plain.is_empty();
        let body = Bytes::from(match self.encoding {
            None => plain,
            Some(encoding) => encoding.compress(&plain),
        });
        let mut response = Response::new(match self.body_fault {
            None => Body::from(body),
            Some(fault) => Body::new(FaultyBody::new(body, fault, connection)),
        });
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        if has_body {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        if let Some(encoding) = self.encoding {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding.word()));
        }
        match &self.retry_after {
            None => {}
            Some(RetryAfter::Seconds(seconds)) => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(*seconds));
            }
            Some(RetryAfter::DateInSeconds(seconds)) => {
                let date = httpdate::fmt_http_date(now + Duration::from_secs(*seconds));
                // Such a date is ASCII, so this cannot fail.
                headers.extend(HeaderValue::try_from(date).ok().map(|date| (header::RETRY_AFTER, date)));
            }
            Some(RetryAfter::Text(text)) => {
                headers.insert(header::RETRY_AFTER, text.clone());
            }
        }
        headers.extend(self.headers.iter().map(|(name, value)| (name.clone(), value.clone())));
        response
    }
}

mod status_code {
    use http::StatusCode;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives the signature")]
    pub(super) fn serialize<S: Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u16(status.as_u16())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<StatusCode, D::Error> {
        let code = u16::deserialize(deserializer)?;
        if !(200..600).contains(&code) {
            return Err(D::Error::custom(format!("status {code} is not one of 200 to 599")));
        }
        StatusCode::from_u16(code).map_err(D::Error::custom)
    }
}

mod header_value {
    use http::HeaderValue;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(value: &HeaderValue, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&String::from_utf8_lossy(value.as_bytes()))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<HeaderValue, D::Error> {
        HeaderValue::try_from(String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

mod header_map {
    use std::collections::BTreeMap;

    use http::{HeaderMap, HeaderName, HeaderValue};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(headers: &HeaderMap, serializer: S) -> Result<S::Ok, S::Error> {
        serializer
            .collect_map(headers.iter().map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes()))))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<HeaderMap, D::Error> {
        BTreeMap::<String, String>::deserialize(deserializer)?
            .into_iter()
            .map(|(name, value)| {
                let name = HeaderName::try_from(name).map_err(D::Error::custom)?;
                let value = HeaderValue::try_from(value).map_err(D::Error::custom)?;
                Ok((name, value))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;
    use crate::scripted::connection::ConnectionOwner;

    fn handle() -> ConnectionHandle {
        ConnectionOwner::new(([127, 0, 0, 1], 1).into()).1
    }

    #[test]
    fn reply_is_the_answer_of_its_json() {
        let json = r#"{"status":429,"headers":{"x-a":"b"},"retry_after":{"date_in_seconds":60},"body":"slow"}"#;
        let reply: Reply = serde_json::from_str(json).unwrap();
        let response = reply.to_response(UNIX_EPOCH, &handle());
        assert_eq!(response.status(), 429);
        assert_eq!(response.headers()["retry-after"], "Thu, 01 Jan 1970 00:01:00 GMT");
        assert_eq!(response.headers()["x-a"], "b");
        assert_eq!(response.headers()["content-type"], "application/json");
        assert_eq!(serde_json::to_string(&reply).unwrap(), json);
    }

    #[test]
    fn body_fault_and_encoding_are_written_as_they_are_read() {
        let json = r#"{"status":200,"body_base64":"/w==","encoding":"gzip","body_fault":{"after_bytes":1,"then":{"stall_ms":5}}}"#;
        let reply: Reply = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&reply).unwrap(), json);
        let response = reply.to_response(UNIX_EPOCH, &handle());
        assert_eq!(response.headers()["content-encoding"], "gzip");
        let cut: Reply =
            serde_json::from_str(r#"{"status":200,"body_fault":{"after_bytes":1,"then":{"cut":"reset"}}}"#).unwrap();
        assert_eq!(
            cut.body_fault.unwrap().then,
            crate::scripted::faulty_body::BodyEnd::Cut(crate::scripted::connection::CutHow::Reset)
        );
    }

    #[test]
    fn placeholders_are_filled_and_unknown_ones_stay() {
        let reply = Reply::status(StatusCode::OK).body("{a}{b}").filled(&[("a", "1")]);
        assert_eq!(reply.body, "1{b}");
    }

    #[test]
    fn seconds_text_and_none_as_retry_after() {
        let of = |json: &str| {
            let reply: Reply = serde_json::from_str(json).unwrap();
            reply
                .to_response(UNIX_EPOCH, &handle())
                .headers()
                .get("retry-after")
                .map(|value| value.to_str().unwrap().to_owned())
        };
        assert_eq!(of(r#"{"status":429,"retry_after":{"seconds":7}}"#).as_deref(), Some("7"));
        assert_eq!(of(r#"{"status":429,"retry_after":{"text":"soon"}}"#).as_deref(), Some("soon"));
        assert_eq!(of(r#"{"status":429}"#), None);
    }

    #[test]
    fn reply_that_cannot_be_sent_is_refused_when_it_is_set() {
        for json in [
            r#"{"status":99}"#,
            r#"{"status":101}"#,
            r#"{"status":200,"headers":{"a b":"c"}}"#,
            r#"{"status":200,"code":1}"#,
        ] {
            assert!(serde_json::from_str::<Reply>(json).is_err(), "{json}");
        }
    }
}
