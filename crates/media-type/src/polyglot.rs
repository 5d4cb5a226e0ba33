//! Archives behind another file: a ZIP reader starts from the end, so a JAR may follow an image unseen.

use memchr::memmem;

use crate::{
    Hidden, MediaType, Refusal,
    document::zip::{END_RECORD, END_RECORD_LEN},
    window::{NotAccepted, Window, u16_le, u32_le},
};

/// Refuses a file whose known end holds a ZIP archive. Nothing is read for this: where the end is not known anyway, the
/// file passes. DOCX has an archive's end by nature, and `package` checks it; many DOC hold a theme archive.
pub(crate) fn check(window: &Window<'_>, media_type: MediaType) -> Result<(), NotAccepted> {
    if matches!(media_type, MediaType::Docx | MediaType::Msword) {
        return Ok(());
    }
    match window.tail() {
        Some((start, tail)) if holds_archive(start, tail) => {
            Err(NotAccepted::Refused(Refusal::Polyglot { front: media_type, hidden: Hidden::Archive }))
        }
        _ => Ok(()),
    }
}

/// Whether an end-of-central-directory record stands in the tail that could be one: it is whole, and its directory fits
/// before it. What follows it does not matter, since some readers look past it.
fn holds_archive(start: u64, tail: &[u8]) -> bool {
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
    // In a ZIP64 archive the real numbers stand elsewhere.
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

    fn verdict(media_type: MediaType, bytes: &[u8], object_len: u64) -> bool {
        check(&Window::of_head(bytes, object_len), media_type).is_ok()
    }

    #[test]
    fn an_archive_at_the_end_is_found_where_the_end_is_known() {
        let mut file = vec![b'x'; 100];
        assert!(verdict(MediaType::Png, &file, 100));
        file.extend(end_record(1, 46, 40));
        let len = file.len() as u64;
        assert!(!verdict(MediaType::Png, &file, len));
        assert!(verdict(MediaType::Png, &file, len + 1), "the end is not known");
        assert!(verdict(MediaType::Msword, &file, len));
        file.extend(b"trailing");
        assert!(!verdict(MediaType::Gif, &file, len + 8));
    }

    #[test]
    fn a_record_whose_directory_has_no_room_is_none() {
        let mut file = vec![b'x'; 10];
        file.extend(end_record(1, 46, 40));
        assert!(verdict(MediaType::Png, &file, file.len() as u64));
    }
}
