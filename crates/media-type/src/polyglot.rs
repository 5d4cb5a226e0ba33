//! Finds archives after another file. A ZIP reader starts from the end, so an image may be followed by a JAR.

use memchr::memmem;

use crate::{
    Hidden, MediaType, Refusal,
    document::zip::{END_RECORD, END_RECORD_LEN},
    window::{NotAccepted, Window, u16_le, u32_le},
};

/// Refuses a file whose known end contains a ZIP archive. No range is requested for this: if the end is not known, the file
/// passes. A DOCX always ends as an archive, and `package` checks it. Many DOC files contain a theme archive.
pub(crate) fn check(window: &Window<'_>, media_type: MediaType) -> Result<(), NotAccepted> {
    if matches!(media_type, MediaType::Docx | MediaType::Msword) {
        return Ok(());
    }
    match window.tail() {
        Some((start, tail)) if contains_archive(start, tail) => {
            Err(NotAccepted::Refused(Refusal::Polyglot { front: media_type, hidden: Hidden::Archive }))
        }
        _ => Ok(()),
    }
}

/// Whether the tail contains a possible end-of-central-directory record: it is whole, and its directory fits before it. The bytes
/// after it do not matter, because some readers ignore them.
fn contains_archive(start: u64, tail: &[u8]) -> bool {
    memmem::find_iter(tail, &END_RECORD).any(|at| {
        let record = tail.get(at..at + END_RECORD_LEN);
        record.is_some_and(|record| could_be_end_record(record, start + at as u64))
    })
}

fn could_be_end_record(record: &[u8], at: u64) -> bool {
    let (Some(here), Some(total), Some(size), Some(offset)) =
        (u16_le(record, 8), u16_le(record, 10), u32_le(record, 12), u32_le(record, 16))
    else {
        return false;
    };
    // A ZIP64 archive has the real numbers in another record.
    let is_zip64 = total == u16::MAX || size == u32::MAX || offset == u32::MAX;
    is_zip64 || (here <= total && u64::from(size) + u64::from(offset) <= at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end_record(entries: u8, size: u8, offset: u8) -> Vec<u8> {
        let mut record = b"PK\x05\x06\0\0\0\0".to_vec();
        record.extend([entries, 0, entries, 0, size, 0, 0, 0, offset, 0, 0, 0, 0, 0]);
        record
    }

    fn passes(media_type: MediaType, bytes: &[u8], object_len: u64) -> bool {
        check(&Window::of_head(bytes, object_len), media_type).is_ok()
    }

    #[test]
    fn archive_at_a_known_end_is_found() {
        let mut file = vec![b'x'; 100];
        assert!(passes(MediaType::Png, &file, 100));
        file.extend(end_record(1, 46, 40));
        let len = file.len() as u64;
        assert!(!passes(MediaType::Png, &file, len));
        assert!(passes(MediaType::Png, &file, len + 1), "the end is not known");
        assert!(passes(MediaType::Msword, &file, len));
        file.extend(b"trailing");
        assert!(!passes(MediaType::Gif, &file, len + 8));
    }

    #[test]
    fn end_record_without_room_for_its_directory_is_ignored() {
        let mut file = vec![b'x'; 10];
        file.extend(end_record(1, 46, 40));
        assert!(passes(MediaType::Png, &file, file.len() as u64));
    }
}
