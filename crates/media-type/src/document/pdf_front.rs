//! Checks the bytes between a PDF's header and its first object. White space, comments, and text, such as that of a mail gateway, are
//! accepted. A program, an archive or a web page is refused.

use crate::{Found, MediaType, recognise};

/// `%PDF-` and a digit.
const HEADER_LEN: usize = 6;

/// The first object, and the bytes before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Object<'a> {
    /// The bytes from the header to the object's number.
    pub(crate) front: &'a [u8],
    /// The part of `front` that is neither header, comment nor white space.
    pub(crate) junk: &'a [u8],
    /// The bytes after `obj`.
    pub(crate) content: &'a [u8],
}

/// Refuses a file that has a PDF's header but is something else.
pub(crate) fn check(object: &Object<'_>) -> Result<(), Found> {
    let after_header = object.front.get(HEADER_LEN..).unwrap_or_default();
    let version_len = after_header.iter().position(|byte| !matches!(byte, b'0'..=b'9' | b'.'));
    let after_version = after_header.get(version_len.unwrap_or(after_header.len())..).unwrap_or_default();
    let starts =
        [after_header, after_version, after_version.trim_ascii_start(), object.junk, object.content.trim_ascii_start()];
    if let Some(found) = starts.into_iter().find_map(recognise::program_archive_or_page) {
        return Err(found);
    }
    if recognise::contains_markup(object.front) {
        return Err(Found::Html);
    }
    let line_len = after_version.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(after_version.len());
    let header_line = after_version.get(..line_len).unwrap_or_default();
    // A program with an unknown signature also has bytes that are not text.
    if [header_line, object.junk].into_iter().flatten().all(|byte| is_text_byte(*byte)) {
        Ok(())
    } else {
        Err(Found::Damaged(MediaType::Pdf))
    }
}

/// NUL counts as text, because it is white space in a PDF.
const fn is_text_byte(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | 0x0C | b'\r' | b' '..=b'~' | 0x80..)
}
