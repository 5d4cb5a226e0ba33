//! What may stand between a PDF's header and its first object: white space, comments, and text that a mail gateway, say,
//! left there. A program, an archive or a web page behind five bytes of header is none of that.

use crate::{Found, MediaType, recognise};

/// `%PDF-` and a digit.
const HEADER_LEN: usize = 6;

/// An object, with what stands around the words that begin it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Object<'a> {
    /// From the header to the object's number.
    pub(crate) front: &'a [u8],
    /// Of `front`, what is neither header, comment nor white space.
    pub(crate) junk: &'a [u8],
    /// What follows `obj`.
    pub(crate) content: &'a [u8],
}

/// Refuses a file whose header belongs to something else than a PDF.
pub(crate) fn check(object: &Object<'_>) -> Result<(), Found> {
    let behind_header = object.front.get(HEADER_LEN..).unwrap_or_default();
    let version_len = behind_header.iter().position(|byte| !matches!(byte, b'0'..=b'9' | b'.'));
    let behind_version = behind_header.get(version_len.unwrap_or(behind_header.len())..).unwrap_or_default();
    let starts = [
        behind_header,
        behind_version,
        behind_version.trim_ascii_start(),
        object.junk,
        object.content.trim_ascii_start(),
    ];
    if let Some(found) = starts.into_iter().find_map(recognise::program_archive_or_page) {
        return Err(found);
    }
    if recognise::holds_markup(object.front) {
        return Err(Found::Html);
    }
    let line_len = behind_version.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(behind_version.len());
    let header_line = behind_version.get(..line_len).unwrap_or_default();
    // A program has bytes that are not text, also one with an unknown signature.
    if [header_line, object.junk].into_iter().flatten().all(|byte| is_of_text(*byte)) {
        Ok(())
    } else {
        Err(Found::Damaged(MediaType::Pdf))
    }
}

/// NUL is white space in a PDF.
const fn is_of_text(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | 0x0C | b'\r' | b' '..=b'~' | 0x80..)
}
