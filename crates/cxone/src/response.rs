//! A response of CXone, or of whatever stands before it, read within bounds and tolerantly.
//!
//! No live tenant has been observed, so the reading accepts what other people's systems send: a byte order mark, a body
//! compressed without being asked for, numbers for strings and strings for numbers, an empty text for null.

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

/// The most that is read of a response's body, in bytes, compressed and decompressed.
pub(crate) const LONGEST: usize = 1024 * 1024;
/// How long a body may take once the headers have arrived. The status is kept if it takes longer.
const BODY_LIMIT: Duration = Duration::from_secs(10);

/// Who sent a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speaker {
    /// CXone itself: the body is a JSON object.
    Cxone,
    /// A firewall, a load balancer, an API gateway.
    Gateway,
}

/// A response, as far as anything depends on it.
pub(crate) struct Response {
    status: u16,
    /// See [`retry_after()`].
    pub(crate) retry_after: Option<Duration>,
    /// `WWW-Authenticate` names `insufficient_scope` (RFC 6750, 3.1).
    challenge_names_scope: bool,
    body: Vec<u8>,
    /// The body ended where it should.
    pub(crate) complete: bool,
    redactor: Redactor,
}

impl Response {
    /// A response that was read. What is past [`LONGEST`] bytes of the body must have been left out.
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
            body: text_of(decompressed(headers, body)),
            complete,
            redactor,
        }
    }

    /// Reads the body until its end, until `deadline` or for [`BODY_LIMIT`]. A body that breaks off or stalls leaves the
    /// status and the headers as they are.
    pub(crate) async fn receive(mut response: reqwest::Response, redactor: Redactor, deadline: Instant) -> Self {
        // A little time is left for the body even if the headers came at the last moment.
        let soon = Instant::now() + Duration::from_secs(1);
        let until = (Instant::now() + BODY_LIMIT).min(deadline.max(soon));
        let mut body = Vec::new();
        let complete = loop {
            match timeout_at(until, response.chunk()).await {
                Ok(Ok(Some(chunk))) => {
                    let room = LONGEST - body.len();
                    body.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
                    if body.len() == LONGEST {
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

    /// Who sent it. API gateways answer with a JSON object whose only member is `message`.
    pub(crate) fn speaker(&self) -> Speaker {
        match self.object() {
            Some(object) if object.len() == 1 && object.contains_key("message") => Speaker::Gateway,
            Some(_) => Speaker::Cxone,
            None => Speaker::Gateway,
        }
    }

    /// Whether a scope is missing: in the header, or in OAuth's `error`. Nothing else in the text counts, because the text
    /// may repeat a file's name.
    pub(crate) fn names_insufficient_scope(&self) -> bool {
        let error = self.object().and_then(|object| text(&object, "error"));
        self.challenge_names_scope || error.is_some_and(|error| error.eq_ignore_ascii_case("insufficient_scope"))
    }

    /// A member of the body as it is, trimmed: a string, or a number in its own digits. None if it is absent, empty, null
    /// or of another kind. Only for what is compared or parsed; [`Self::shown`] is for what is kept.
    pub(crate) fn member(&self, name: &str) -> Option<String> {
        text(&self.object()?, name)
    }

    /// A member of the body for people; what is no string or number as its JSON.
    pub(crate) fn shown(&self, name: &str) -> Option<String> {
        let object = self.object()?;
        let raw = object.get(name).map(|raw| raw.get()).filter(|raw| !matches!(*raw, "null" | "\"\""))?;
        Some(self.redactor.clean(&text(&object, name).unwrap_or_else(|| raw.to_owned())))
    }

    /// The body's start for people.
    pub(crate) fn said(&self) -> String {
        self.redactor.clean_bytes(&self.body, !self.complete || self.body.len() >= LONGEST)
    }

    /// Whether the text holds one of our own secrets.
    pub(crate) fn holds_secret(&self, text: &str) -> bool {
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
        // The digits as they came: a long id would not survive a conversion to a float.
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

/// The body without the compression that some gateways add unasked. What cannot be decompressed stays as it is.
fn decompressed(headers: &HeaderMap, body: Vec<u8>) -> Vec<u8> {
    let encoding = headers.get(CONTENT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let encoding = encoding.trim().to_ascii_lowercase();
    let inflated = if body.starts_with(&[0x1f, 0x8b]) {
        Some(start_of(GzDecoder::new(body.as_slice())).0)
    } else if encoding == "deflate" {
        // Both forms are in use under this name. Plain text can begin like the raw one, but does not end like it.
        let forms = [start_of(ZlibDecoder::new(body.as_slice())), start_of(DeflateDecoder::new(body.as_slice()))];
        forms.into_iter().find_map(|(text, whole)| whole.then_some(text))
    } else {
        None
    };
    inflated.unwrap_or(body)
}

/// Up to [`LONGEST`] bytes, as far as the stream can be read, and whether it could be read to there.
fn start_of(decoder: impl std::io::Read) -> (Vec<u8>, bool) {
    let mut out = Vec::new();
    let read = decoder.take(LONGEST as u64).read_to_end(&mut out);
    (out, read.is_ok())
}

/// The body as UTF-8 without a byte order mark. What is no UTF-8 is replaced, so that one odd character does not hide a status.
fn text_of(mut body: Vec<u8>) -> Vec<u8> {
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
