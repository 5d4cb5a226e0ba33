//! An answer written down in JSON.

use std::time::{Duration, SystemTime};

use axum::body::Body;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use serde::{Deserialize, Serialize};

/// An answer as a script says it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reply {
    /// HTTP status, 200 to 599.
    #[serde(with = "status_code")]
    pub status: StatusCode,
    /// Headers beside those that follow from the rest.
    #[serde(default, skip_serializing_if = "HeaderMap::is_empty", with = "header_map")]
    pub headers: HeaderMap,
    /// The `Retry-After` header, none if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<RetryAfter>,
    /// The body, empty if absent. It is sent as JSON unless `headers` has a `content-type`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub body: String,
}

/// A `Retry-After` header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryAfter {
    /// A number of seconds.
    Seconds(u64),
    /// An HTTP date so many seconds after the moment of the answer.
    DateInSeconds(u64),
    /// Anything, also what no client can read.
    #[serde(with = "header_value")]
    Text(HeaderValue),
}

impl Reply {
    /// An answer with an empty body.
    #[must_use]
    pub fn status(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), retry_after: None, body: String::new() }
    }

    /// The same with a body.
    #[must_use]
    pub fn body(self, body: impl Into<String>) -> Self {
        Self { body: body.into(), ..self }
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

    /// The answer itself; `now` is what a `Retry-After` date counts from.
    #[must_use]
    pub fn to_response(&self, now: SystemTime) -> Response<Body> {
        let mut response = Response::new(Body::from(self.body.clone()));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        if !self.body.is_empty() {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        match &self.retry_after {
            None => {}
            Some(RetryAfter::Seconds(seconds)) => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(*seconds));
            }
            Some(RetryAfter::DateInSeconds(seconds)) => {
                let date = httpdate::fmt_http_date(now + Duration::from_secs(*seconds));
                // Such a date is plain ASCII, so that this cannot fail.
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

    #[test]
    fn a_reply_says_what_its_json_says() {
        let json = r#"{"status":429,"headers":{"x-a":"b"},"retry_after":{"date_in_seconds":60},"body":"slow"}"#;
        let reply: Reply = serde_json::from_str(json).unwrap();
        let response = reply.to_response(UNIX_EPOCH);
        assert_eq!(response.status(), 429);
        assert_eq!(response.headers()["retry-after"], "Thu, 01 Jan 1970 00:01:00 GMT");
        assert_eq!(response.headers()["x-a"], "b");
        assert_eq!(response.headers()["content-type"], "application/json");
        assert_eq!(serde_json::to_string(&reply).unwrap(), json);
    }

    #[test]
    fn seconds_text_and_none_as_retry_after() {
        let of = |json: &str| {
            let reply: Reply = serde_json::from_str(json).unwrap();
            reply.to_response(UNIX_EPOCH).headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned())
        };
        assert_eq!(of(r#"{"status":429,"retry_after":{"seconds":7}}"#).as_deref(), Some("7"));
        assert_eq!(of(r#"{"status":429,"retry_after":{"text":"soon"}}"#).as_deref(), Some("soon"));
        assert_eq!(of(r#"{"status":429}"#), None);
    }

    #[test]
    fn what_cannot_be_sent_is_refused_when_it_is_written_down() {
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
