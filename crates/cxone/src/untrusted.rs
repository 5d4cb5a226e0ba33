//! Text that CXone sent, made fit to be stored, logged and sent on.
//!
//! This is the only way from a response's bytes to a text that leaves this crate. A response may repeat what we sent: the
//! token, the credentials, the boundary. It may also hold characters that change what a terminal or a page shows.

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret, SecretString};

/// The longest text that is kept, in bytes.
pub(crate) const LONGEST: usize = 1024;
/// What is looked at before the cut, in bytes, so that a secret across the cut is found.
const LOOKED_AT: usize = 16 * LONGEST;
/// JSON texts inside one another that are looked through.
const DEEPEST_ESCAPE: usize = 4;
/// What stands in place of a secret.
const REDACTED: &str = "[redacted]";
/// A shorter secret would also hide ordinary words.
const SHORTEST_SECRET: usize = 4;
/// What follows one of these is a credential, whatever it is.
const SCHEMES: [&str; 2] = ["bearer", "basic"];

/// Removes secrets from text.
#[derive(Clone, Default)]
pub(crate) struct Redactor {
    secrets: Vec<SecretString>,
    /// Hidden too, but no secret by itself: CXone may use it in an id of its own.
    client_id: Option<SecretString>,
}

impl Redactor {
    /// Also hides these, as they are and form-encoded.
    pub(crate) fn and<'a>(mut self, secrets: impl IntoIterator<Item = &'a str>) -> Self {
        for secret in secrets.into_iter().filter(|secret| secret.len() >= SHORTEST_SECRET) {
            self.secrets.push(SecretString::from(secret.to_owned()));
            let encoded = form_encoded(secret);
            if encoded != secret {
                self.secrets.push(SecretString::from(encoded));
            }
        }
        // The longest first: one secret may hold another.
        self.secrets.sort_by_key(|secret| std::cmp::Reverse(secret.expose_secret().len()));
        self
    }

    /// Also hides an OAuth client's credentials in each form in which they are sent.
    pub(crate) fn and_credentials(self, id: &str, secret: &str) -> Self {
        let basic = STANDARD.encode(format!("{id}:{secret}"));
        let basic_encoded = STANDARD.encode(format!("{}:{}", form_encoded(id), form_encoded(secret)));
        let client_id = (id.len() >= SHORTEST_SECRET).then(|| SecretString::from(id.to_owned()));
        Self { client_id, ..self.and([secret, &basic, &basic_encoded]) }
    }

    /// Whether the text holds a secret.
    pub(crate) fn finds_in(&self, text: &str) -> bool {
        self.secrets.iter().any(|secret| text.contains(secret.expose_secret()))
    }

    /// The text without secrets, with invisible and control characters escaped, cut to [`LONGEST`] bytes.
    pub(crate) fn clean(&self, text: &str) -> String {
        self.clean_start(text, false)
    }

    /// The same of a text that the reading may have cut, and so a secret at its end.
    fn clean_start(&self, text: &str, cut: bool) -> String {
        let text = text.trim_start();
        let start = text.get(..floor_char_boundary(text, LOOKED_AT)).unwrap_or_default();
        let mut clean = unescaped(start);
        for secret in self.secrets.iter().chain(&self.client_id) {
            if clean.contains(secret.expose_secret()) {
                clean = Cow::Owned(clean.replace(secret.expose_secret(), REDACTED));
            }
        }
        let cut = cut || start.len() < text.len();
        let whole = if cut { self.without_cut_secret(&clean) } else { &clean };
        escaped(without_credentials(whole).trim())
    }

    /// The text without the start of a secret at its end, where the reading may have cut it.
    fn without_cut_secret<'a>(&self, text: &'a str) -> &'a str {
        let starts = self.secrets.iter().flat_map(|secret| {
            let secret = secret.expose_secret();
            (SHORTEST_SECRET..secret.len()).filter_map(move |end| secret.get(..end))
        });
        let cut = starts.filter(|start| text.ends_with(start)).map(str::len).max().unwrap_or(0);
        text.get(..text.len() - cut).unwrap_or(text)
    }

    /// The same of bytes that may not be UTF-8.
    pub(crate) fn clean_bytes(&self, bytes: &[u8], cut: bool) -> String {
        let bytes = bytes.trim_ascii_start();
        let start = bytes.get(..2 * LOOKED_AT).unwrap_or(bytes);
        self.clean_start(&String::from_utf8_lossy(start), cut || start.len() < bytes.len())
    }
}

fn form_encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// The text without JSON's escapes, behind which a secret would not be found. A JSON text may stand in another one.
fn unescaped(text: &str) -> Cow<'_, str> {
    let mut plain = Cow::Borrowed(text);
    for _ in 0..DEEPEST_ESCAPE {
        if !plain.contains('\\') {
            break;
        }
        plain = Cow::Owned(unescaped_once(&plain));
    }
    plain
}

fn unescaped_once(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('\\') {
        plain.push_str(before);
        let (shown, length) = escape(behind);
        plain.push_str(&shown);
        rest = behind.get(length..).unwrap_or_default();
    }
    plain.push_str(rest);
    plain
}

/// What the escape behind a backslash stands for, and its length in bytes. What is none stays as it is.
fn escape(behind: &str) -> (String, usize) {
    let unit = |at: usize| {
        let digits = behind.get(at..)?.strip_prefix('u')?.get(..4)?;
        u16::from_str_radix(digits, 16).ok()
    };
    if let Some(first) = unit(0) {
        if let Some(c) = char::from_u32(u32::from(first)) {
            return (c.to_string(), 5);
        }
        let pair = behind.get(5..6).filter(|c| *c == "\\").and_then(|_| unit(6));
        let decoded = pair.and_then(|second| char::decode_utf16([first, second]).next()?.ok());
        return decoded.map_or_else(|| (char::REPLACEMENT_CHARACTER.to_string(), 5), |c| (c.to_string(), 11));
    }
    match behind.chars().next() {
        Some(c @ ('/' | '"' | '\\')) => (c.to_string(), 1),
        _ => ("\\".to_owned(), 0),
    }
}

fn floor_char_boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|index| text.is_char_boundary(*index)).unwrap_or(0)
}

/// Hides the word that follows the name of an authentication scheme.
fn without_credentials(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let mut shown = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(end) = next_scheme(&lower, at) {
        let behind = text.get(end..).unwrap_or_default();
        let gap = behind.len() - behind.trim_start_matches([' ', '\t', ':', '=']).len();
        let rest = behind.get(gap..).unwrap_or_default();
        let word = rest.find(|c: char| !is_credential(c)).unwrap_or(rest.len());
        shown.push_str(text.get(at..end).unwrap_or_default());
        at = end;
        if gap > 0 && word > 0 {
            shown.push(' ');
            shown.push_str(REDACTED);
            at = end + gap + word;
        }
    }
    shown.push_str(text.get(at..).unwrap_or_default());
    shown
}

/// Where the next scheme's name ends.
fn next_scheme(lower: &str, from: usize) -> Option<usize> {
    let rest = lower.get(from..)?;
    SCHEMES.iter().filter_map(|scheme| rest.find(scheme).map(|at| from + at + scheme.len())).min()
}

/// What a credential may be made of, in any encoding: everything but what ends a word in text, JSON or HTML.
fn is_credential(c: char) -> bool {
    !c.is_whitespace() && !c.is_control() && !matches!(c, '"' | '\'' | ',' | '<' | '>' | '{' | '}' | '[' | ']')
}

/// Escapes what a reader cannot see and cuts at a character's border.
fn escaped(text: &str) -> String {
    let mut clean = String::new();
    for c in text.chars() {
        let shown = if is_visible(c) { c.to_string() } else { c.escape_unicode().to_string() };
        if clean.len() + shown.len() > LONGEST {
            break;
        }
        clean.push_str(&shown);
    }
    clean
}

/// Whether a reader sees the character and it changes nothing around it: no control, bidirectional or zero-width character.
fn is_visible(c: char) -> bool {
    let invisible = matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}');
    !c.is_control() && !invisible
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn redactor() -> Redactor {
        Redactor::default().and(["tok-4711/+"]).and_credentials("the-client", "p&ss wörd")
    }

    #[test]
    fn secrets_are_hidden_in_every_form_that_was_sent() {
        let basic = STANDARD.encode("the-client:p&ss wörd");
        let encoded = STANDARD.encode("the-client:p%26ss+w%C3%B6rd");
        for text in ["x tok-4711/+ y", "p&ss wörd", "p%26ss+w%C3%B6rd", "the-client", &basic, &encoded] {
            let clean = redactor().clean(text);
            assert!(clean.contains(REDACTED), "{text}: {clean}");
            assert!(!redactor().finds_in(&clean), "{text}: {clean}");
        }
        assert!(redactor().finds_in("xtok-4711/+") && !redactor().finds_in("the-client-4711"));
    }

    #[test]
    fn any_credential_behind_a_scheme_is_hidden() {
        let of = |text: &str| Redactor::default().clean(text);
        assert_eq!(of(r#"{"Authorization":"Bearer abc.def-_~+/="}"#), r#"{"Authorization":"Bearer [redacted]"}"#);
        assert_eq!(of("BEARER\tabc, basic  Zm9v;x"), "BEARER [redacted], basic [redacted]");
        assert_eq!(of("Bearer abc%2Fdef&#x2F;ghi<br>"), "Bearer [redacted]<br>");
        assert_eq!(of("bearer: abc"), "bearer [redacted]");
        assert_eq!(of("The bearer"), "The bearer");
        assert_eq!(of("forbearers"), "forbearers");
    }

    #[test]
    fn secrets_behind_json_escapes_are_hidden() {
        for text in [
            r"tok-4711\/+",
            r"\u0074ok-4711/+",
            r#"{"a": "{\"b\": \"tok-4711\\/+\"}"}"#,
            r"tok-4711\u005cu002f+",
            "tok-4711%2F%2B",
        ] {
            let clean = redactor().clean(text);
            assert!(clean.contains(REDACTED) && !clean.contains("4711"), "{text}: {clean}");
        }
        let of = |text: &str| Redactor::default().clean(text);
        assert_eq!(of(r"a\nb\x\"), r"a\nb\x\");
        assert_eq!(of(r"\ud83d\ude00 \ud83d!"), "😀 \u{fffd}!");
    }

    #[test]
    fn characters_that_nobody_sees_are_escaped() {
        let of = |text: &str| Redactor::default().clean(text);
        assert_eq!(of("a\u{1b}[31mb\u{202e}c\u{200b}d\u{feff}é"), r"a\u{1b}[31mb\u{202e}c\u{200b}d\u{feff}é");
        assert_eq!(of("  one\r\ntwo "), r"one\u{d}\u{a}two");
    }

    #[test]
    fn a_short_secret_does_not_hide_ordinary_words() {
        assert_eq!(Redactor::default().and(["a", ""]).clean("a banana"), "a banana");
    }

    proptest! {
        #[test]
        fn clean_text_is_short_visible_and_without_secrets(
            before in "\\PC{0,40}", between in "[ -~]{0,2000}", secret in "[A-Za-z0-9+/._-]{8,40}", raw in any::<Vec<u8>>(),
        ) {
            let redactor = Redactor::default().and([secret.as_str()]);
            let clean = redactor.clean(&format!("{before}{between}{secret}{between}"));
            prop_assert!(clean.len() <= LONGEST);
            prop_assert!(!clean.contains(&secret), "{}", clean);
            prop_assert!(clean.chars().all(is_visible));
            prop_assert!(redactor.clean_bytes(&raw, true).chars().all(is_visible));
        }
    }
}
