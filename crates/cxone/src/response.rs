//! Reads a response of CXone, or of a gateway in front of it, within bounds.
//!
//! No live tenant has been observed. So the reader accepts variants that other systems send: a byte order mark, a body that is
//! compressed although the client did not ask for it, numbers for strings and strings for numbers, an empty text for null.

use std::{
    borrow::Cow,
    collections::HashMap,
    io::Read as _,
    time::{Duration, SystemTime},
};

use flate2::bufread::{DeflateDecoder, GzDecoder, ZlibDecoder};
use reqwest::header::{CONTENT_ENCODING, HeaderMap, WWW_AUTHENTICATE};
use serde_json::value::RawValue;
use tokio::time::{Instant, timeout_at};

use crate::{retry_after, untrusted::Redactor};

/// The client reads at most so much of a body, compressed and decompressed.
pub(crate) const MAX_BODY_BYTES: usize = 1024 * 1024;
/// The time limit for a body after the headers have arrived. After it, the status still counts.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// The sender of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sender {
    /// CXone itself: the body is a JSON object.
    Cxone,
    /// A firewall, a load balancer, an API gateway.
    Gateway,
}

/// A response that was read.
pub(crate) struct Response {
    status: u16,
    /// See [`retry_after()`].
    pub(crate) retry_after: Option<Duration>,
    /// `WWW-Authenticate` names `insufficient_scope` (RFC 6750, 3.1).
    challenge_names_scope: bool,
    body: Vec<u8>,
    /// The body did not break off.
    pub(crate) complete: bool,
    redactor: Redactor,
}

impl Response {
    /// `body` must have at most [`MAX_BODY_BYTES`].
    pub(crate) fn new(
        status: u16,
        headers: &HeaderMap,
        body: Vec<u8>,
        complete: bool,
        redactor: Redactor,
        now: SystemTime,
    ) -> Self {
        Self {
            status,
            retry_after: retry_after(headers, now),
            challenge_names_scope: challenge_names_scope(headers),
            body: to_utf8(decompressed(headers, body)),
            complete,
            redactor,
        }
    }

    /// Reads the body until its end, until `deadline` or for [`BODY_TIMEOUT`]. If the body breaks off or stalls, the status and
    /// the headers still count.
    pub(crate) async fn receive(mut response: reqwest::Response, redactor: Redactor, deadline: Instant) -> Self {
        // Leave some time for the body even if the headers came just before the deadline.
        let soon = Instant::now() + Duration::from_secs(1);
        let until = (Instant::now() + BODY_TIMEOUT).min(deadline.max(soon));
        let mut body = Vec::new();
        let complete = loop {
            match timeout_at(until, response.chunk()).await {
                Ok(Ok(Some(chunk))) => {
                    let room = MAX_BODY_BYTES - body.len();
                    body.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
                    if body.len() == MAX_BODY_BYTES {
                        break true;
                    }
                }
                Ok(Ok(None)) => break true,
                Ok(Err(_)) | Err(_) => break false,
            }
        };
        let (status, headers) = (response.status().as_u16(), response.headers());
        Self::new(status, headers, body, complete, redactor, SystemTime::now())
    }

    pub(crate) const fn status(&self) -> u16 {
        self.status
    }

    /// The sender. API gateways respond with a JSON object whose only member is `message`.
    pub(crate) fn sender(&self) -> Sender {
        match self.object() {
            Some(object) if object.len() == 1 && object.contains_key("message") => Sender::Gateway,
            Some(_) => Sender::Cxone,
            None => Sender::Gateway,
        }
    }

    /// Whether the header `WWW-Authenticate` or OAuth's field `error` names a missing scope. The rest of the text does not
    /// count, because it may repeat a file's name.
    pub(crate) fn names_insufficient_scope(&self) -> bool {
        let error = self.object().and_then(|object| text(&object, "error"));
        self.challenge_names_scope || error.is_some_and(|error| error.eq_ignore_ascii_case("insufficient_scope"))
    }

    /// A member of the body, trimmed: a string, or a number in its own digits. None if it is absent, empty, null or of another
    /// type. Use it only to compare or parse the text. Use [`Self::shown`] to keep or show it.
    pub(crate) fn member(&self, name: &str) -> Option<String> {
        text(&self.object()?, name)
    }

    /// A member of the body, cleaned for people. A value that is neither string nor number is shown as JSON.
    pub(crate) fn shown(&self, name: &str) -> Option<String> {
        let object = self.object()?;
        let raw = object.get(name).map(|raw| raw.get()).filter(|raw| !matches!(*raw, "null" | "\"\""))?;
        Some(self.redactor.clean(&text(&object, name).unwrap_or_else(|| raw.to_owned())))
    }

    /// The start of the body, cleaned for people.
    pub(crate) fn text(&self) -> String {
        self.redactor.clean_bytes(&self.body, !self.complete || self.body.len() >= MAX_BODY_BYTES)
    }

    /// Whether the text contains one of the client's secrets.
    pub(crate) fn contains_secret(&self, text: &str) -> bool {
        self.redactor.finds_in(text)
    }

    /// The body's members, if it is a JSON object.
    fn object(&self) -> Option<HashMap<Cow<'_, str>, &RawValue>> {
        serde_json::from_slice(&self.body).ok()
    }
}

fn text(object: &HashMap<Cow<'_, str>, &RawValue>, name: &str) -> Option<String> {
    let raw = object.get(name)?.get();
    let text = match raw.bytes().next()? {
        b'"' => serde_json::from_str(raw).ok()?,
        // Keep the digits: a float would change a long id.
        b'-' | b'0'..=b'9' => raw.to_owned(),
        _ => return None,
    };
    let trimmed = text.trim();
    if trimmed.is_empty() { None } else { Some(trimmed.to_owned()) }
}

fn challenge_names_scope(headers: &HeaderMap) -> bool {
    headers.get_all(WWW_AUTHENTICATE).iter().any(|value| {
        let challenges = value.to_str().ok().and_then(|text| http_auth::parse_challenges(text).ok());
        challenges.unwrap_or_default().iter().flat_map(|challenge| &challenge.params).any(|(name, value)| {
            name.eq_ignore_ascii_case("error") && value.to_unescaped().eq_ignore_ascii_case("insufficient_scope")
        })
    })
}

/// Decompresses a body, because some gateways compress it although the client did not ask for it. A body that cannot be
/// decompressed is returned unchanged.
fn decompressed(headers: &HeaderMap, body: Vec<u8>) -> Vec<u8> {
    let encoding = headers.get(CONTENT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let encoding = encoding.trim().to_ascii_lowercase();
    let inflated = if body.starts_with(&[0x1f, 0x8b]) {
        Some(inflate(GzDecoder::new(body.as_slice())).0)
    } else if encoding == "deflate" {
        // Both formats are in use under this name. Plain text may begin like a raw stream, but does not end like one.
        let forms = [inflate(ZlibDecoder::new(body.as_slice())), inflate(DeflateDecoder::new(body.as_slice()))];
        forms.into_iter().find_map(|(text, whole)| whole.then_some(text))
    } else {
        None
    };
    inflated.unwrap_or(body)
}

/// Up to [`MAX_BODY_BYTES`] of the stream, and whether they were read without an error.
fn inflate(decoder: impl std::io::Read) -> (Vec<u8>, bool) {
    let mut out = Vec::new();
    let read = decoder.take(MAX_BODY_BYTES as u64).read_to_end(&mut out);
    (out, read.is_ok())
}

/// Converts a body to UTF-8 without a byte order mark. Replaces invalid bytes, so that one bad character does not make the status
/// unreadable.
fn to_utf8(mut body: Vec<u8>) -> Vec<u8> {
    match body.get(..2) {
        Some([0xff, 0xfe]) => return utf16(&body, u16::from_le_bytes),
        Some([0xfe, 0xff]) => return utf16(&body, u16::from_be_bytes),
        _ => {}
    }
    if body.starts_with(b"\xef\xbb\xbf") {
        body.drain(..3);
    }
    match String::from_utf8(body) {
        Ok(text) => text.into_bytes(),
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned().into_bytes(),
    }
}

fn utf16(body: &[u8], unit: fn([u8; 2]) -> u16) -> Vec<u8> {
    let pairs = body.get(2..).unwrap_or_default().chunks_exact(2);
    let units = pairs.filter_map(|pair| <[u8; 2]>::try_from(pair).ok()).map(unit);
    let text: String = char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    text.into_bytes()
}

#[cfg(test)]
mod tests;
