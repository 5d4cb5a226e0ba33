//! Answers that repeat the request, in each form in which real systems do so. A client that stores or shows such an
//! answer must remove its secrets.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::scripted::reply::Reply;

/// The characters that [`EchoForm::Hidden`] inserts: control, bidirectional and zero-width ones.
pub const INVISIBLE: [char; 12] = [
    '\u{1b}',
    '\u{7}',
    '\u{85}',
    '\u{9b}',
    '\u{ad}',
    '\u{200b}',
    '\u{200d}',
    '\u{202e}',
    '\u{2060}',
    '\u{2066}',
    '\u{feff}',
    '\u{e0041}',
];
/// The members of the JSON object, all of which contain the echo. A client may read any of them.
const MEMBERS: [&str; 9] =
    ["error", "error_description", "message", "reason", "status", "jobId", "id", "interactionId", "access_token"];

/// An answer that repeats the request: its line, all headers, the decoded credentials, and the start of the body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Echo {
    /// HTTP status.
    pub status: u16,
    /// How it is written.
    pub form: EchoForm,
    /// Members of the JSON object with these values in place of the echo.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub also: Map<String, Value>,
    /// Whether the attachment is stored first; only for uploads.
    #[serde(default)]
    pub store: bool,
}

/// How an echo is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EchoForm {
    /// A JSON object with the echo in its members.
    Json,
    /// The same with every character as JSON's `\u` escape.
    Escaped,
    /// A JSON object inside a JSON string inside a JSON object.
    Nested,
    /// A page.
    Html,
    /// Plain text.
    Plain,
    /// Everything except letters and digits as `%XX`.
    Percent,
    /// Base64.
    Base64,
    /// JSON in upper case.
    Upper,
    /// JSON in lower case.
    Lower,
    /// Plain text, broken into short lines.
    Lines,
    /// A page, broken into short lines.
    HtmlLines,
    /// JSON with [`INVISIBLE`] characters between all others.
    Hidden,
}

impl EchoForm {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Json,
        Self::Escaped,
        Self::Nested,
        Self::Html,
        Self::Plain,
        Self::Percent,
        Self::Base64,
        Self::Upper,
        Self::Lower,
        Self::Lines,
        Self::HtmlLines,
        Self::Hidden,
    ];

    /// Whether it is a JSON object.
    #[must_use]
    pub const fn is_json(self) -> bool {
        matches!(self, Self::Json | Self::Escaped | Self::Nested | Self::Upper | Self::Lower | Self::Hidden)
    }

    fn write(self, text: &str, also: &Map<String, Value>) -> String {
        let object = |text: &str| {
            let mut members: Map<String, Value> =
                MEMBERS.into_iter().map(|name| (name.to_owned(), text.into())).collect();
            members.extend(also.clone());
            Value::from(members).to_string()
        };
        match self {
            Self::Json => object(text),
            Self::Nested => object(&object(text)),
            Self::Upper => object(&text.to_uppercase()),
            Self::Lower => object(&text.to_lowercase()),
            Self::Hidden => {
                let marks = INVISIBLE.into_iter().cycle();
                object(&text.chars().zip(marks).flat_map(|(c, mark)| [c, mark]).collect::<String>())
            }
            // A placeholder that JSON does not change, so that only the echo is escaped.
            Self::Escaped => object("ECHO").replace("ECHO", &utf16_escaped(text)),
            Self::Html => page(&html(text)),
            Self::HtmlLines => page(&lines(text, "<br>\n").join("")),
            Self::Plain => text.to_owned(),
            Self::Percent => percent(text),
            Self::Base64 => STANDARD.encode(text),
            Self::Lines => lines(text, "\r\n ").join(""),
        }
    }
}

impl Echo {
    /// An echo that stores nothing.
    #[must_use]
    pub fn new(status: u16, form: EchoForm) -> Self {
        Self { status, form, also: Map::new(), store: false }
    }

    /// The same with another value in a member of its JSON object.
    #[must_use]
    pub fn also(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.also.insert(member.to_owned(), value.into());
        self
    }

    /// The same after the attachment is stored.
    #[must_use]
    pub fn stored(self) -> Self {
        Self { store: true, ..self }
    }

    /// The answer to this request.
    pub(crate) fn reply(&self, received: &str) -> Reply {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let content_type = match self.form {
            form if form.is_json() => "application/json",
            EchoForm::Html | EchoForm::HtmlLines => "text/html",
            _ => "text/plain",
        };
        // In headers too, as far as they can contain it.
        let in_header: String = received.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').take(2_000).collect();
        let location = format!("/elsewhere?{}", percent(&in_header));
        let challenge =
            format!("Bearer error=\"invalid_token\", error_description=\"{}\"", in_header.replace(['"', '\\'], ""));
        let reply = Reply::status(status)
            .body(self.form.write(received, &self.also))
            .header(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        let extra = [(header::LOCATION, location), (header::WWW_AUTHENTICATE, challenge), (header::WARNING, in_header)];
        extra.into_iter().fold(reply, |reply, (name, value)| match HeaderValue::try_from(value) {
            Ok(value) => reply.header(name, value),
            Err(_) => reply,
        })
    }
}

fn utf16_escaped(text: &str) -> String {
    text.encode_utf16().fold(String::new(), |mut escaped, unit| {
        // Writing to a string cannot fail.
        let _ = write!(escaped, "\\u{unit:04x}");
        escaped
    })
}

fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('/', "&#x2F;")
}

fn page(inside: &str) -> String {
    format!("<!DOCTYPE html><html><body><h1>Request</h1><pre>{inside}</pre></body></html>")
}

/// Pieces of seven characters, each with a line end.
fn lines(text: &str, end: &str) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    characters.chunks(7).map(|line| line.iter().collect::<String>() + end).collect()
}

fn percent(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_contains_the_request_and_json_is_json() {
        let received = "Bearer tok/en-47110815\nboundary=xYz \"ü\"";
        for form in EchoForm::ALL {
            let body = Echo::new(422, form).also("status", "FAILED").reply(received).body;
            let object: Result<Map<String, Value>, _> = serde_json::from_str(&body);
            assert_eq!(object.is_ok(), form.is_json(), "{form:?}: {body}");
            if let Ok(object) = object {
                assert_eq!(object["status"], "FAILED", "{form:?}");
            }
            if matches!(form, EchoForm::Json | EchoForm::Escaped) {
                assert_eq!(serde_json::from_str::<Map<String, Value>>(&body).unwrap()["reason"], received);
            }
        }
        let body = |form| Echo::new(422, form).reply(received).body;
        assert_eq!(STANDARD.decode(body(EchoForm::Base64)).unwrap(), received.as_bytes());
        assert!(body(EchoForm::Percent).starts_with("Bearer%20tok%2Fen%2D4711"));
        assert!(body(EchoForm::Html).contains("tok&#x2F;en-47110815"));
        assert!(body(EchoForm::Lines).starts_with("Bearer \r\n tok/en-\r\n 4711081\r\n 5"));
    }
}
