//! Cleans CXone's text, so that it can be stored, logged and sent on.
//!
//! Every text from a response passes through this module before it leaves the crate. A response may repeat what the client sent:
//! the token, the credentials, the boundary. It may also contain characters that change what a terminal or a page shows.
//!
//! The redactor finds a secret in upper and lower case, with other characters between its letters and digits, and encoded with the
//! escapes of JSON, URLs or HTML or with Base64, also nested. Twelve consecutive letters and digits of a secret are enough. It does
//! not find a secret that is encrypted, compressed, reordered or encoded in another way, such as Base64 inside Base64.

mod scheme;
mod view;

use std::{
    collections::{BTreeMap, HashSet},
    hash::{BuildHasher as _, RandomState},
    ops::Range,
    sync::{Arc, LazyLock},
};

use attachments::shown_within;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret as _, SecretString};

use scheme::without_credentials;
use view::{Folded, View, levels, views, without_json_escapes};

/// The longest cleaned text.
pub(crate) const MAX_TEXT_BYTES: usize = 1024;
/// The redactor searches more bytes than it keeps, so that it finds a secret at the end of the kept text.
const MAX_SEARCHED_BYTES: usize = 16 * MAX_TEXT_BYTES;
/// Replaces a secret.
const REDACTED: &str = "[redacted]";
/// Shorter secrets are not redacted, because ordinary words may contain them.
const SHORTEST_SECRET: usize = 4;
/// This many consecutive letters and digits of a longer secret are redacted like the whole.
const LONGEST_PIECE: usize = 12;
/// Shorter pieces of a secret's Base64 are not redacted, because ordinary words may contain them.
const SHORTEST_BASE64: usize = 8;
/// The random keys of the fingerprints.
static KEYS: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// Removes secrets from text. It keeps fingerprints of the secrets' pieces, not the secrets.
#[derive(Clone, Default)]
pub(crate) struct Redactor {
    secrets: Vec<Arc<Fingerprints>>,
    /// Redacted too, but [`Redactor::finds_in`] ignores it, because one of CXone's own ids may contain it.
    client_id: Option<Arc<Fingerprints>>,
}

#[derive(Default)]
struct Fingerprints {
    /// Fingerprints of the pieces, by length.
    pieces: BTreeMap<usize, HashSet<u64>>,
    /// Fingerprints of starts that are shorter than a piece, by length. They find a secret at the end of a shortened text.
    starts: BTreeMap<usize, HashSet<u64>>,
    /// The secret itself, if it has too few letters and digits for fingerprints.
    literal: Option<SecretString>,
}

fn fingerprint(bytes: &[u8]) -> u64 {
    KEYS.hash_one(bytes)
}

impl Fingerprints {
    fn of(secret: &str) -> Self {
        let letters = secret.chars().filter(|c| c.is_alphanumeric()).count();
        let literal = (letters < SHORTEST_SECRET).then(|| SecretString::from(secret.to_owned()));
        let mut fingerprints = Self { literal, ..Self::default() };
        for view in levels(View::of(secret)) {
            fingerprints.add(&view.folded().bytes, SHORTEST_SECRET);
        }
        // The Base64 of a longer text depends on the position of the secret in it. The first and the last characters also depend
        // on the bytes around the secret, so they are left out.
        for before in 0..3 {
            let bytes = [&vec![0; before], secret.as_bytes()].concat();
            let text = STANDARD.encode(&bytes);
            let inner = text.get((before * 8).div_ceil(6)..bytes.len() * 8 / 6).unwrap_or_default();
            fingerprints.add(&View::of(inner).folded().bytes, SHORTEST_BASE64);
        }
        fingerprints
    }

    fn add(&mut self, folded: &[u8], shortest: usize) {
        if folded.len() < shortest {
            return;
        }
        let length = folded.len().min(LONGEST_PIECE);
        self.pieces.entry(length).or_default().extend(folded.windows(length).map(fingerprint));
        for start in (SHORTEST_SECRET..length).filter_map(|length| folded.get(..length)) {
            self.starts.entry(start.len()).or_default().insert(fingerprint(start));
        }
    }

    /// Where the original text contains pieces, as byte ranges. `cut`: the text may end within a secret.
    fn find_in(&self, text: &Folded, cut: bool) -> Vec<Range<usize>> {
        let mut ranges = Vec::new();
        let mut add = |from: usize, length: usize| {
            let places = text.places.get(from..from + length).unwrap_or_default();
            if let (Some(first), Some(last)) = (places.first(), places.last()) {
                ranges.push(first.0..last.1);
            }
        };
        for (length, pieces) in &self.pieces {
            for (at, piece) in text.bytes.windows(*length).enumerate() {
                if pieces.contains(&fingerprint(piece)) {
                    add(at, *length);
                }
            }
        }
        for (length, starts) in self.starts.iter().filter(|_| cut) {
            let at = text.bytes.len().saturating_sub(*length);
            if text.bytes.get(at..).is_some_and(|end| starts.contains(&fingerprint(end))) {
                add(at, *length);
            }
        }
        ranges
    }
}

impl Redactor {
    /// Also redacts these secrets.
    pub(crate) fn and<'a>(mut self, secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let long_enough = secrets.into_iter().filter(|secret| secret.len() >= SHORTEST_SECRET);
        self.secrets.extend(long_enough.map(|secret| Arc::new(Fingerprints::of(secret))));
        self
    }

    /// Also redacts an OAuth client's credentials in each form in which the client sends them.
    pub(crate) fn and_credentials(self, id: &str, secret: &str) -> Self {
        let basic = STANDARD.encode(format!("{id}:{secret}"));
        let basic_encoded = STANDARD.encode(format!("{}:{}", form_encoded(id), form_encoded(secret)));
        let client_id = (id.len() >= SHORTEST_SECRET).then(|| Arc::new(Fingerprints::of(id)));
        Self { client_id, ..self.and([secret, &basic, &basic_encoded]) }
    }

    /// Whether the text contains a secret.
    pub(crate) fn finds_in(&self, text: &str) -> bool {
        let views: Vec<Folded> = views(text).iter().map(View::folded).collect();
        self.secrets.iter().any(|secret| {
            let literal = secret.literal.as_ref().is_some_and(|literal| text.contains(literal.expose_secret()));
            literal || views.iter().any(|view| !secret.find_in(view, false).is_empty())
        })
    }

    /// Removes secrets, escapes invisible and control characters, and shortens the text to [`MAX_TEXT_BYTES`].
    pub(crate) fn clean(&self, text: &str) -> String {
        self.clean_start(text, false)
    }

    /// Like [`Self::clean`]. `cut`: the text may end within a secret.
    fn clean_start(&self, text: &str, cut: bool) -> String {
        let text = text.trim_start();
        let start = text.get(..text.floor_char_boundary(MAX_SEARCHED_BYTES)).unwrap_or_default();
        let cut = cut || start.len() < text.len();
        let clean = self.without_secrets(&without_json_escapes(start), cut);
        shown_within(without_credentials(&clean).trim(), MAX_TEXT_BYTES)
    }

    /// Like [`Self::clean`], for bytes that may not be UTF-8. `cut`: they may end within a secret.
    pub(crate) fn clean_bytes(&self, bytes: &[u8], cut: bool) -> String {
        let bytes = bytes.trim_ascii_start();
        let start = bytes.get(..2 * MAX_SEARCHED_BYTES).unwrap_or(bytes);
        self.clean_start(&String::from_utf8_lossy(start), cut || start.len() < bytes.len())
    }

    fn without_secrets(&self, text: &str, cut: bool) -> String {
        let literals = self.secrets.iter().filter_map(|secret| secret.literal.as_ref());
        let matches = literals.flat_map(|literal| text.match_indices(literal.expose_secret()));
        let mut ranges: Vec<Range<usize>> = matches.map(|(at, literal)| at..at + literal.len()).collect();
        if !self.secrets.is_empty() || self.client_id.is_some() {
            for view in views(text) {
                let view = view.folded();
                let secrets = self.secrets.iter().chain(&self.client_id);
                ranges.extend(secrets.flat_map(|secret| secret.find_in(&view, cut)));
            }
        }
        ranges.sort_by_key(|range| range.start);
        let (mut clean, mut at) = (String::with_capacity(text.len()), 0);
        for (number, range) in ranges.into_iter().enumerate() {
            // Pieces of one secret overlap.
            if number == 0 || range.start > at {
                clean.push_str(text.get(at..range.start).unwrap_or_default());
                clean.push_str(REDACTED);
            }
            at = at.max(range.end);
        }
        clean.push_str(text.get(at..).unwrap_or_default());
        clean
    }
}

fn form_encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[cfg(test)]
mod tests;
