//! Scripts, actions and attachments of a PDF, by the names in the bytes that were read.
//!
//! Nothing is inflated and nothing more is read, so this sees little of most files: many writers keep these names in
//! compressed object streams, or behind the first 8 KiB.

use memchr::memchr_iter;

use crate::{
    ActiveContent, ActiveContentPolicy, MediaType, Refusal,
    document::pdf::{is_delimiter, is_space},
    window::{NotAccepted, Window},
};

/// The longest name of interest.
const MOST_NAME: usize = 16;

/// Refuses a PDF that shows active content, if the operator refuses all of that.
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
            // An array is a place in the document, which ordinary writers name: the page that is shown first.
            b"OpenAction" => (rest.trim_ascii_start().first() != Some(&b'[')).then_some(ActiveContent::Action),
            b"EmbeddedFile" | b"EmbeddedFiles" | b"RichMedia" => Some(ActiveContent::Attachment),
            _ => None,
        }
    })
}

/// The name at the start, as far as it is of interest, and what follows it. `#4a` is a `J`.
fn name(bytes: &[u8]) -> (Vec<u8>, &[u8]) {
    let end = bytes.iter().position(|byte| is_space(*byte) || is_delimiter(*byte)).unwrap_or(bytes.len());
    let (mut spelt, rest) = bytes.split_at(end);
    let mut name = Vec::with_capacity(MOST_NAME);
    while let [first, behind @ ..] = spelt
        && name.len() < MOST_NAME
    {
        let hex = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let escaped = match spelt {
            [b'#', high, low, behind @ ..] => hex(*high).zip(hex(*low)).map(|(high, low)| (high << 4 | low, behind)),
            _ => None,
        };
        let (byte, behind) = escaped.unwrap_or((*first, behind));
        name.push(byte);
        spelt = behind;
    }
    (name, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_the_format_spells_them() {
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
