//! Decodes user metadata. S3 sends a value that is not ASCII as encoded words of RFC 2047, `=?UTF-8?B?…?=`.

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// The value with its encoded words decoded. Encoded words in another character set than those of `word` stay as they are.
pub(super) fn decoded(value: &str) -> String {
    let mut text = String::new();
    let mut rest = value;
    let mut after_a_word = false;
    while let Some((before, from)) = rest.find("=?").and_then(|at| rest.split_at_checked(at)) {
        let (found, after) = match word(from) {
            Some((word, after)) => (Some(word), after),
            None => (None, from.get(2..).unwrap_or_default()),
        };
        // RFC 2047: white space between two encoded words is not part of the text.
        if !(after_a_word && found.is_some() && before.trim().is_empty()) {
            text.push_str(before);
        }
        after_a_word = found.is_some();
        text.push_str(found.as_deref().unwrap_or("=?"));
        rest = after;
    }
    text + rest
}

/// The decoded text of the encoded word at the start of `from`, and the rest of `from`.
fn word(from: &str) -> Option<(String, &str)> {
    let (charset, rest) = from.strip_prefix("=?")?.split_once('?')?;
    let (encoding, rest) = rest.split_once('?')?;
    let (encoded, after) = rest.split_once("?=")?;
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
    Some((text, after))
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
    fn encoded_words_are_decoded_and_other_text_is_unchanged() {
        for (value, text) in [
            ("INT-42", "INT-42"),
            ("", ""),
            ("=?UTF-8?B?SU5ULTQywqA=?=", "INT-42\u{a0}"),
            ("=?UTF-8?Q?M=C3=BCller_GmbH?=", "Müller GmbH"),
            ("=?iso-8859-1?q?caf=E9?=", "café"),
            ("=?UTF-8?B?w6Q=?= =?UTF-8?B?w7Y=?= x =?utf-8?b?w7w=?=", "äö x ü"),
            ("a =?UTF-8?B?w6Q=?=", "a ä"),
            // Not encoded words.
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
