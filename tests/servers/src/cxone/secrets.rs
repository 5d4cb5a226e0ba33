//! Searches for secrets in texts that a client has stored, logged or sent. It does not use the client's code that hides
//! them.

use std::collections::{BTreeSet, HashMap};

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD},
};

/// This many letters and digits of a secret in a row count as a leak.
const PIECE: usize = 12;
/// A shorter secret would be found in normal words.
const SHORTEST: usize = 4;
/// A shorter word is not tried as Base64.
const SHORTEST_BASE64: usize = 16;

/// Secrets that no text may contain, in any case, with any characters between their letters and digits, and in any of
/// the usual encodings.
#[derive(Clone, Default)]
pub struct Secrets {
    /// The name of the secret of each piece. A text is compared with all pieces at once.
    pieces: HashMap<Vec<u8>, String>,
    lengths: BTreeSet<usize>,
    count: usize,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} secrets [redacted]", self.count)
    }
}

impl Secrets {
    /// Adds a secret; `what` names it.
    #[must_use]
    pub fn and(mut self, what: &str, secret: &str) -> Self {
        self.add(what, secret.as_bytes());
        for before in 0..3 {
            let bytes = [&vec![b' '; before], secret.as_bytes()].concat();
            let encoded = STANDARD.encode(&bytes);
            let sure = encoded.get((before * 8).div_ceil(6)..bytes.len() * 8 / 6).unwrap_or_default();
            self.add(&format!("{what} in Base64"), sure.as_bytes());
        }
        self
    }

    fn add(&mut self, what: &str, secret: &[u8]) {
        let secret = folded(secret);
        if secret.len() < SHORTEST {
            return;
        }
        let length = secret.len().min(PIECE);
        self.pieces.extend(secret.windows(length).map(|piece| (piece.to_vec(), what.to_owned())));
        self.lengths.insert(length);
        self.count += 1;
    }

    /// Adds the client's credentials in each form in which they are sent.
    #[must_use]
    pub fn and_credentials(self, client_id: &str, client_secret: &str) -> Self {
        let basic = STANDARD.encode(format!("{client_id}:{client_secret}"));
        self.and("the client id", client_id).and("the client secret", client_secret).and("the credentials", &basic)
    }

    /// The name of a secret that the text contains, if any.
    #[must_use]
    pub fn found_in(&self, text: &str) -> Option<String> {
        let once = unescaped(text.as_bytes());
        let twice = unescaped(&once);
        for reading in [text.as_bytes(), &once, &twice].into_iter().flat_map(with_base64) {
            let reading = folded(&reading);
            for length in &self.lengths {
                let found = reading.windows(*length).find_map(|piece| Some((piece, self.pieces.get(piece)?)));
                if let Some((piece, what)) = found {
                    return Some(format!("{what} ({}…)", String::from_utf8_lossy(piece.get(..3).unwrap_or_default())));
                }
            }
        }
        None
    }
}

/// ASCII letters and digits in lower case.
fn folded(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().filter(|byte| byte.is_ascii_alphanumeric()).map(u8::to_ascii_lowercase).collect()
}

/// Removes percent-encoding, tags, and JSON's and HTML's escapes of single characters.
fn unescaped(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    let hexadecimal = |from: usize, to: usize| {
        let digits = std::str::from_utf8(bytes.get(from..to)?).ok()?;
        u32::from_str_radix(digits, 16).ok()
    };
    while let Some(byte) = bytes.get(at) {
        let rest = bytes.get(at..).unwrap_or_default();
        let (code, length) = match rest {
            [b'%', ..] => (hexadecimal(at + 1, at + 3), 3),
            [b'\\', b'u', ..] => (hexadecimal(at + 2, at + 6), 6),
            [b'&', b'#', b'x', ..] => {
                let end = rest.iter().take(10).position(|byte| *byte == b';').unwrap_or_default();
                (hexadecimal(at + 3, at + end.max(3)), end + 1)
            }
            // A tag only separates words.
            [b'<', b'a'..=b'z' | b'A'..=b'Z' | b'/', ..] => {
                let end = rest.iter().take(64).position(|byte| *byte == b'>');
                (end.map(|_| u32::from(b' ')), end.unwrap_or_default() + 1)
            }
            _ => (None, 1),
        };
        // Secrets in tests are ASCII.
        let c = code.map(|code| u8::try_from(code).ok().filter(u8::is_ascii).unwrap_or(b' '));
        plain.push(c.unwrap_or(*byte));
        at += if c.is_some() { length } else { 1 };
    }
    plain
}

/// The bytes, and each of their long words read as Base64.
fn with_base64(bytes: &[u8]) -> Vec<Vec<u8>> {
    let lenient = GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let engine = GeneralPurpose::new(&alphabet::STANDARD, lenient);
    let together: Vec<u8> = bytes.iter().filter(|byte| !byte.is_ascii_whitespace()).copied().collect();
    let mut readings = vec![bytes.to_vec()];
    for word in together.split(|byte| !byte.is_ascii_alphanumeric() && !matches!(byte, b'+' | b'/')) {
        for skipped in (0..4).filter(|_| word.len() >= SHORTEST_BASE64) {
            let rest = word.get(skipped..).unwrap_or_default();
            let whole = rest.get(..rest.len() / 4 * 4).unwrap_or_default();
            readings.extend(engine.decode(whole));
        }
    }
    readings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cxone::echo::{Echo, EchoForm};

    #[test]
    fn secret_is_found_in_every_form_of_an_echo() {
        let (id, secret, token) = ("local-client", "p/ss+word-0815-4711", "standin-token-0123456789abcdef");
        for (what, said) in [("id", id), ("secret", secret), ("token", token)] {
            let secrets = Secrets::default().and(what, said);
            for form in EchoForm::ALL {
                let reply = Echo::new(200, form).reply(&format!("a: b\nx {said} y"));
                assert!(secrets.found_in(&reply.body).is_some(), "{what}, {form:?}: {}", reply.body);
                let reply = Echo::new(200, form).reply("a: b\nx y [redacted] local standin-secret");
                assert_eq!(secrets.found_in(&reply.body), None, "{what}, {form:?}: {}", reply.body);
            }
        }
    }

    #[test]
    fn piece_of_a_secret_and_its_credentials_are_found() {
        let secrets = Secrets::default().and_credentials("local-client", "0123456789abcdefghij");
        let basic = STANDARD.encode("local-client:0123456789abcdefghij");
        for text in [basic.as_str(), "9abcdefghij… cut, no", "x3456789-ABC-DEF"] {
            assert!(secrets.found_in(text).is_some() != text.contains("cut"), "{text}");
        }
        assert_eq!(format!("{secrets:?}"), "12 secrets [redacted]");
    }
}
