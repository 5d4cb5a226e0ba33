//! Finds scripts, actions and attachments of a PDF by the names in the known bytes.
//!
//! It inflates nothing and requests no range. Many writers put these names into compressed object streams or after the first 8 KiB,
//! so it misses them in most files.

use memchr::memchr_iter;

use crate::{
    ActiveContent, ActiveContentPolicy, MediaType, Refusal,
    document::pdf::{is_delimiter, is_space},
    window::{NotAccepted, Window},
};

/// Longer names are shortened. All searched names are shorter.
const MAX_NAME_LEN: usize = 16;

/// Refuses a PDF with active content, if the policy is [`ActiveContentPolicy::All`].
pub(crate) fn check(window: &Window<'_>, policy: ActiveContentPolicy) -> Result<(), NotAccepted> {
    if policy != ActiveContentPolicy::All {
        return Ok(());
    }
    match window.pieces().into_iter().find_map(in_piece) {
        Some(active) => Err(NotAccepted::Refused(Refusal::ActiveContent { front: MediaType::Pdf, active })),
        None => Ok(()),
    }
}

fn in_piece(piece: &[u8]) -> Option<ActiveContent> {
    memchr_iter(b'/', piece).find_map(|at| {
        let (name, rest) = name(piece.get(at + 1..).unwrap_or_default());
        match name.as_slice() {
            b"JS" | b"JavaScript" => Some(ActiveContent::Script),
            b"Launch" => Some(ActiveContent::Action),
            // An array is a place in the document. Ordinary writers name the first page in this way.
            b"OpenAction" => (rest.trim_ascii_start().first() != Some(&b'[')).then_some(ActiveContent::Action),
            b"EmbeddedFile" | b"EmbeddedFiles" | b"RichMedia" => Some(ActiveContent::Attachment),
            _ => None,
        }
    })
}

/// The name at the start, at most [`MAX_NAME_LEN`] bytes of it, and the bytes after it. `#4a` is a `J`.
fn name(bytes: &[u8]) -> (Vec<u8>, &[u8]) {
    let end = bytes.iter().position(|byte| is_space(*byte) || is_delimiter(*byte)).unwrap_or(bytes.len());
    let (mut encoded, rest) = bytes.split_at(end);
    let mut name = Vec::with_capacity(MAX_NAME_LEN);
    while let [first, next @ ..] = encoded
        && name.len() < MAX_NAME_LEN
    {
        let hex = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let escaped = match encoded {
            [b'#', high, low, next @ ..] => hex(*high).zip(hex(*low)).map(|(high, low)| (high << 4 | low, next)),
            _ => None,
        };
        let (byte, next) = escaped.unwrap_or((*first, next));
        name.push(byte);
        encoded = next;
    }
    (name, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_active_content_are_found() {
        for (bytes, active) in [
            (&b"<</S/JavaScript/JS(app.alert(1))>>"[..], Some(ActiveContent::Script)),
            (b"<</S/J#61vaScrip#74 >>", Some(ActiveContent::Script)),
            (b"<</S /Launch /F (cmd.exe)>>", Some(ActiveContent::Action)),
            (b"/OpenAction 5 0 R", Some(ActiveContent::Action)),
            (b"/OpenAction<</S/GoTo>>", Some(ActiveContent::Action)),
            (b"/OpenAction [3 0 R /Fit]", None),
            (b"/Names<</EmbeddedFiles 7 0 R>>", Some(ActiveContent::Attachment)),
            (b"/JSON /JavaScripts /Launcher /OpenActions /J#53#", None),
            (b"/", None),
            (b"JS JavaScript", None),
        ] {
            assert_eq!(in_piece(bytes), active, "{}", bytes.escape_ascii());
        }
    }
}
