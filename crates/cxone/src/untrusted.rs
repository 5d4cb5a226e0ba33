//! Text that CXone sent, made fit to be stored, logged and sent on.
//!
//! This is the only way from a response's bytes to a text that leaves this crate. A response may repeat what we sent: the
//! token, the credentials, the boundary. It may also hold characters that change what a terminal or a page shows.
//!
//! A secret is found in any case, with anything but letters and digits between its own, and behind the escapes of JSON, URLs and
//! HTML and Base64, also inside one another. Twelve letters and digits of it in a row are enough. Not found is what was encrypted,
//! compressed, reordered or encoded in another way, such as Base64 inside Base64.

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

/// The longest text that is kept, in bytes.
pub(crate) const LONGEST: usize = 1024;
/// What is looked at before the cut, in bytes, so that a secret across the cut is found.
const LOOKED_AT: usize = 16 * LONGEST;
/// What stands in place of a secret.
const REDACTED: &str = "[redacted]";
/// A shorter secret would also hide ordinary words.
const SHORTEST_SECRET: usize = 4;
/// So many letters and digits of a longer secret are as good as the whole.
const LONGEST_PIECE: usize = 12;
/// A shorter Base64 of a secret would also hide ordinary words.
const SHORTEST_BASE64: usize = 8;
/// Keys of the fingerprints of secrets.
static KEYS: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// Removes secrets from text. It holds fingerprints of their pieces, not the secrets.
#[derive(Clone, Default)]
pub(crate) struct Redactor {
    secrets: Vec<Arc<Fingerprints>>,
    /// Hidden too, but no secret by itself: CXone may use it in an id of its own.
    client_id: Option<Arc<Fingerprints>>,
}

#[derive(Default)]
struct Fingerprints {
    /// Pieces of each length.
    pieces: BTreeMap<usize, HashSet<u64>>,
    /// Starts that are shorter than a piece, for the end of a text that was cut.
    starts: BTreeMap<usize, HashSet<u64>>,
    /// The secret itself if it has hardly a letter or digit.
    odd: Option<SecretString>,
}

fn fingerprint(bytes: &[u8]) -> u64 {
    KEYS.hash_one(bytes)
}

impl Fingerprints {
    fn of(secret: &str) -> Self {
        let letters = secret.chars().filter(|c| c.is_alphanumeric()).count();
        let odd = (letters < SHORTEST_SECRET).then(|| SecretString::from(secret.to_owned()));
        let mut own = Self { odd, ..Self::default() };
        for view in levels(View::of(secret)) {
            own.add(&view.folded().bytes, SHORTEST_SECRET);
        }
        // In a longer text, Base64 depends on where the secret begins, and its edges on the neighbours.
        for before in 0..3 {
            let bytes = [&vec![0; before], secret.as_bytes()].concat();
            let text = STANDARD.encode(&bytes);
            let sure = text.get((before * 8).div_ceil(6)..bytes.len() * 8 / 6).unwrap_or_default();
            own.add(&View::of(sure).folded().bytes, SHORTEST_BASE64);
        }
        own
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

    /// Where the text holds a piece, in its own bytes.
    fn found_in(&self, text: &Folded, cut: bool) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        let mut add = |from: usize, length: usize| {
            let places = text.places.get(from..from + length).unwrap_or_default();
            if let (Some(first), Some(last)) = (places.first(), places.last()) {
                found.push(first.0..last.1);
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
        found
    }
}

impl Redactor {
    /// Also hides these.
    pub(crate) fn and<'a>(mut self, secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let long_enough = secrets.into_iter().filter(|secret| secret.len() >= SHORTEST_SECRET);
        self.secrets.extend(long_enough.map(|secret| Arc::new(Fingerprints::of(secret))));
        self
    }

    /// Also hides an OAuth client's credentials in each form in which they are sent.
    pub(crate) fn and_credentials(self, id: &str, secret: &str) -> Self {
        let basic = STANDARD.encode(format!("{id}:{secret}"));
        let basic_encoded = STANDARD.encode(format!("{}:{}", form_encoded(id), form_encoded(secret)));
        let client_id = (id.len() >= SHORTEST_SECRET).then(|| Arc::new(Fingerprints::of(id)));
        Self { client_id, ..self.and([secret, &basic, &basic_encoded]) }
    }

    /// Whether the text holds a secret.
    pub(crate) fn finds_in(&self, text: &str) -> bool {
        let views: Vec<Folded> = views(text).iter().map(View::folded).collect();
        self.secrets.iter().any(|secret| {
            let odd = secret.odd.as_ref().is_some_and(|odd| text.contains(odd.expose_secret()));
            odd || views.iter().any(|view| !secret.found_in(view, false).is_empty())
        })
    }

    /// The text without secrets, with invisible and control characters escaped, cut to [`LONGEST`] bytes.
    pub(crate) fn clean(&self, text: &str) -> String {
        self.clean_start(text, false)
    }

    /// The same of a text that the reading may have cut, and so a secret at its end.
    fn clean_start(&self, text: &str, cut: bool) -> String {
        let text = text.trim_start();
        let start = text.get(..text.floor_char_boundary(LOOKED_AT)).unwrap_or_default();
        let cut = cut || start.len() < text.len();
        let clean = self.without_secrets(&without_json_escapes(start), cut);
        shown_within(without_credentials(&clean).trim(), LONGEST)
    }

    /// The same of bytes that may not be UTF-8.
    pub(crate) fn clean_bytes(&self, bytes: &[u8], cut: bool) -> String {
        let bytes = bytes.trim_ascii_start();
        let start = bytes.get(..2 * LOOKED_AT).unwrap_or(bytes);
        self.clean_start(&String::from_utf8_lossy(start), cut || start.len() < bytes.len())
    }

    fn without_secrets(&self, text: &str, cut: bool) -> String {
        let odd = self.secrets.iter().filter_map(|secret| secret.odd.as_ref());
        let odd = odd.flat_map(|odd| text.match_indices(odd.expose_secret()));
        let mut found: Vec<Range<usize>> = odd.map(|(at, odd)| at..at + odd.len()).collect();
        if !self.secrets.is_empty() || self.client_id.is_some() {
            for view in views(text) {
                let view = view.folded();
                found.extend(self.secrets.iter().chain(&self.client_id).flat_map(|own| own.found_in(&view, cut)));
            }
        }
        found.sort_by_key(|place| place.start);
        let (mut clean, mut at) = (String::with_capacity(text.len()), 0);
        for (number, place) in found.into_iter().enumerate() {
            // Pieces of one secret overlap.
            if number == 0 || place.start > at {
                clean.push_str(text.get(at..place.start).unwrap_or_default());
                clean.push_str(REDACTED);
            }
            at = at.max(place.end);
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
