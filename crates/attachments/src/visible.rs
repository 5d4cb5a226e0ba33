//! Escapes characters that a reader cannot see.
//!
//! The pipeline accepts names, keys and tags with zero-width and bidirectional characters, because people have such files. It
//! escapes these characters wherever it shows them (a message, a log line, a record, a payload, a terminal): as `\u{202e}` in
//! text, and as `\u202e` in JSON, whose readers restore the character. CXone gets the name unchanged.

use std::{borrow::Cow, fmt::Write as _};

use serde::Serialize;

/// Whether a character does not affect how the text around it is shown. Harmful are control characters, characters that renderers
/// ignore (zero-width and bidirectional characters, variation selectors, tags), line separators and noncharacters.
#[must_use]
pub fn is_harmless(c: char) -> bool {
    // Unicode's `Default_Ignorable_Code_Point`, with the separators, the interlinear annotations and the noncharacters.
    let ignored = matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fdd0}'..='\u{fdef}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    );
    !c.is_control() && !ignored && (c as u32) & 0xfffe != 0xfffe
}

/// Whether a character is harmless and not white space.
#[must_use]
pub fn is_visible(c: char) -> bool {
    is_harmless(c) && !c.is_whitespace()
}

/// Makes one line of text for people: escapes every character that is not harmless as `\u{…}`.
#[must_use]
pub fn shown(text: &str) -> Cow<'_, str> {
    escaped(text, is_harmless, |escaped, c| escaped.extend(c.escape_unicode()))
}

/// Like [`shown`], shortened to at most so many bytes. Neither a character nor an escape is split.
#[must_use]
pub fn shown_within(text: &str, bytes: usize) -> String {
    let mut kept = String::new();
    for c in text.chars() {
        let length = kept.len();
        kept.push_str(&shown(c.encode_utf8(&mut [0; 4])));
        if kept.len() > bytes {
            kept.truncate(length);
            break;
        }
    }
    kept
}

/// Escapes every character of a JSON text that is not harmless, except for the white space between its values. The JSON value
/// stays the same.
#[must_use]
pub fn json_shown(json: &str) -> Cow<'_, str> {
    // Inside a string, JSON escapes these characters itself.
    let stays = |c: char| is_harmless(c) || matches!(c, '\n' | '\r' | '\t');
    escaped(json, stays, |escaped, c| {
        for unit in c.encode_utf16(&mut [0; 2]) {
            // Writing to a string cannot fail.
            let _ = write!(escaped, "\\u{unit:04x}");
        }
    })
}

/// Writes a value as JSON of harmless characters only.
///
/// # Errors
/// The value has no JSON form.
pub fn to_json(value: &impl Serialize) -> serde_json::Result<String> {
    let json = serde_json::to_string(value)?;
    Ok(match json_shown(&json) {
        Cow::Borrowed(_) => json,
        Cow::Owned(escaped) => escaped,
    })
}

fn escaped(text: &str, stays: impl Fn(char) -> bool, escape: impl Fn(&mut String, char)) -> Cow<'_, str> {
    if text.chars().all(&stays) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if stays(c) {
            escaped.push(c);
        } else {
            escape(&mut escaped, c);
        }
    }
    Cow::Owned(escaped)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn letters_signs_and_emoji_are_visible() {
        for c in "aZ0/%?#\\.:~é日本🎧".chars() {
            assert!(is_visible(c) && is_harmless(c), "{c:?}");
        }
    }

    #[test]
    fn characters_that_hide_or_reorder_text_are_not_visible() {
        for c in "\0\t\n\u{7f}\u{85}\u{ad}\u{200b}\u{200e}\u{2028}\u{202e}\u{2066}\u{feff}\u{fe0f}\u{ffff}\u{e0041}\u{10ffff}"
            .chars()
        {
            assert!(!is_visible(c) && !is_harmless(c), "{c:?}");
        }
        for c in " \u{a0}\u{3000}".chars() {
            assert!(!is_visible(c) && is_harmless(c), "{c:?}");
        }
    }

    #[test]
    fn shown_text_escapes_characters_that_hide_or_reorder() {
        assert_eq!(shown("a\u{202e}fdp.exe\u{1b}[2J\r\n"), r"a\u{202e}fdp.exe\u{1b}[2J\u{d}\u{a}");
        assert!(matches!(shown("Grüße 日本　(1).pdf"), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn shown_json_keeps_its_value_without_invisible_characters(text in any::<String>(), tail in "[\u{202e}\u{200b}\u{e0041}\u{7f}\u{9b}]{1,3}") {
            let text = text + &tail;
            let json = serde_json::to_string_pretty(&[&text]).unwrap();
            let plain = json_shown(&json);
            prop_assert!(plain.chars().all(|c| is_harmless(c) || c == '\n'), "{plain}");
            prop_assert_eq!(serde_json::from_str::<[String; 1]>(&plain).unwrap(), [text]);
        }
    }
}
