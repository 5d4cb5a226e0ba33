//! The request's text, for answers that repeat it, and the placeholders of scripted answers.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{header, request::Parts};

/// The most bytes of a body that an echo repeats.
pub(super) const START_BYTES: usize = 2048;

/// The values of the placeholders of a scripted answer.
#[derive(Default)]
pub(super) struct Values(Vec<(&'static str, String)>);

impl Values {
    pub(super) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.0.push((name, value.to_owned()));
        self
    }

    pub(super) fn pairs(&self) -> Vec<(&str, &str)> {
        self.0.iter().map(|(name, value)| (*name, value.as_str())).collect()
    }
}

/// The request's line, its credentials, its other headers and the start of its body.
pub(super) fn received(head: &Parts, body_start: &[u8]) -> String {
    let mut text = format!("{} {}", head.method, head.uri);
    let credentials = head.headers.get(header::AUTHORIZATION).map(|value| String::from_utf8_lossy(value.as_bytes()));
    // Writing to a string cannot fail.
    if let Some(credentials) = credentials {
        let _ = write!(text, "\nauthorization: {credentials}");
        let decoded = credentials.strip_prefix("Basic ").and_then(|basic| STANDARD.decode(basic).ok());
        if let Some(decoded) = decoded {
            let _ = write!(text, "\nwhich is {}", String::from_utf8_lossy(&decoded));
        }
    }
    for (name, value) in head.headers.iter().filter(|(name, _)| **name != header::AUTHORIZATION) {
        let _ = write!(text, "\n{name}: {}", String::from_utf8_lossy(value.as_bytes()));
    }
    let _ = write!(text, "\n\n{}", String::from_utf8_lossy(body_start));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_text_begins_with_the_credentials() {
        let request = http::Request::builder().uri("/a?b").header("authorization", "Basic aWQ6c2VjcmV0").body(());
        let (head, ()) = request.unwrap().into_parts();
        let text = received(&head, b"--x\r\n\"");
        assert_eq!(text, "GET /a?b\nauthorization: Basic aWQ6c2VjcmV0\nwhich is id:secret\n\n--x\r\n\"");
    }
}
