//! User metadata as S3 sends it: a value that is not ASCII comes as RFC 2047's encoded words, `=?UTF-8?B?…?=`.

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// The value's text. What is no encoded word, or one in a character set that is not known here, stays as it is.
pub(super) fn decoded(value: &str) -> String {
    let mut text = String::new();
    let mut rest = value;
    let mut behind_a_word = false;
    while let Some((before, from)) = rest.find("=?").and_then(|at| rest.split_at_checked(at)) {
        let (found, behind) = match word(from) {
            Some((word, behind)) => (Some(word), behind),
            None => (None, from.get(2..).unwrap_or_default()),
        };
        // White space between two encoded words belongs to neither.
        if !(behind_a_word && found.is_some() && before.trim().is_empty()) {
            text.push_str(before);
        }
        behind_a_word = found.is_some();
        text.push_str(found.as_deref().unwrap_or("=?"));
        rest = behind;
    }
    text + rest
}

/// The encoded word that `from` begins with, decoded, and what follows it.
fn word(from: &str) -> Option<(String, &str)> {
    let (charset, rest) = from.strip_prefix("=?")?.split_once('?')?;
    let (encoding, rest) = rest.split_once('?')?;
    let (encoded, behind) = rest.split_once("?=")?;
    let bytes = match encoding {
        "B" | "b" => STANDARD.decode(encoded).ok()?,
        "Q" | "q" => quoted(encoded)?,
        _ => return None,
    };
    let text = match charset.to_ascii_lowercase().as_str() {
        "utf-8" | "us-ascii" => String::from_utf8(bytes).ok()?,
        "iso-8859-1" => bytes.into_iter().map(char::from).collect(),
        _ => return None,
    };
    Some((text, behind))
}

/// RFC 2047's `Q`: `_` is a space, `=` begins a byte in hexadecimal.
fn quoted(encoded: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'_' => b' ',
            b'=' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            byte => byte,
        });
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_words_are_decoded_and_everything_else_stays() {
        for (value, text) in [
            ("INT-42", "INT-42"),
            ("", ""),
            ("=?UTF-8?B?SU5ULTQywqA=?=", "INT-42\u{a0}"),
            ("=?UTF-8?Q?M=C3=BCller_GmbH?=", "Müller GmbH"),
            ("=?iso-8859-1?q?caf=E9?=", "café"),
            ("=?UTF-8?B?w6Q=?= =?UTF-8?B?w7Y=?= x =?utf-8?b?w7w=?=", "äö x ü"),
            ("a =?UTF-8?B?w6Q=?=", "a ä"),
            // No encoded words.
            ("=?", "=?"),
            ("=?UTF-8?B?", "=?UTF-8?B?"),
            ("=?UTF-8?B?***?=", "=?UTF-8?B?***?="),
            ("=?UTF-8?B?/w==?=", "=?UTF-8?B?/w==?="),
            ("=?UTF-8?Q?=C?=", "=?UTF-8?Q?=C?="),
            ("=?UTF-8?X?x?=", "=?UTF-8?X?x?="),
            ("=?koi8-r?B?4Q==?=", "=?koi8-r?B?4Q==?="),
            ("1 =? 2 =?UTF-8?B?w6Q=?=", "1 =? 2 ä"),
        ] {
            assert_eq!(decoded(value), text, "{value}");
        }
    }
}
