//! Reads the directory of a ZIP archive from its end.
//!
//! The crates that read archives need the whole file, and first build a list of as many entries as the file claims. This module has
//! a head and at most two ranges, and builds no list.

use memchr::memmem;

use crate::{
    Found, Hidden, MAX_RANGE_LEN, MAX_SECOND_RANGE_LEN, MediaType,
    document::zip_entry::Entry,
    window::{NotAccepted, Window, u16_le, u32_le, u64_le},
};

/// The signature of the end-of-central-directory record.
pub(crate) const END_RECORD: [u8; 4] = *b"PK\x05\x06";
pub(crate) const END_RECORD_LEN: usize = 22;
const ZIP64_LOCATOR: [u8; 4] = *b"PK\x06\x07";
const ZIP64_LOCATOR_LEN: usize = 20;
const ZIP64_RECORD: [u8; 4] = *b"PK\x06\x06";
const ZIP64_RECORD_LEN: usize = 56;
/// A range for a directory that begins before the tail also includes this many bytes before the directory. Some writers put the
/// content types there.
const BEFORE_DIRECTORY_LEN: u64 = 8192;
/// The most that is read of an entry besides its name and content: fields that only the entry's own record has, such as the free
/// space in Microsoft's packages, and a data descriptor.
const MAX_BESIDE_CONTENT: u64 = 4096;

/// A directory whose bytes are all known. Every entry was checked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Directory<'a> {
    bytes: &'a [u8],
    /// In bytes from the start of the object.
    at: u64,
    /// The number of bytes before the archive. It must be added to the directory's offsets.
    pub(crate) shift: u64,
    /// Data that belongs to no record of the archive.
    pub(crate) hidden: Option<Hidden>,
}

/// The numbers of the end record, or of its 64-bit form.
struct End {
    /// The offset of the directory's end in the tail.
    after_entries: usize,
    entries: u64,
    size: u64,
    offset: u64,
}

impl<'a> Directory<'a> {
    /// Reads the directory. Requests the end of the object, and then the bytes before it, if they are needed.
    pub(crate) fn find(window: &Window<'a>) -> Result<Self, NotAccepted> {
        let Some((tail_at, tail)) = window.tail() else {
            if !window.is_head_only() {
                return Err(Found::OutOfReach(MediaType::Docx).into());
            }
            return Err(window.request(
                MediaType::Docx,
                window.object_len().saturating_sub(MAX_RANGE_LEN),
                MAX_RANGE_LEN,
            ));
        };
        let (at, hidden) = find_end(tail).ok_or(Found::Damaged(MediaType::Docx))?;
        let end = end(tail_at, tail, at).ok_or(Found::Damaged(MediaType::Docx))?;
        let after_entries = tail_at + end.after_entries as u64;
        let at = after_entries.checked_sub(end.size).ok_or(Found::Damaged(MediaType::Docx))?;
        let Some(start) = at.checked_sub(tail_at).and_then(|start| usize::try_from(start).ok()) else {
            return Err(request_directory(window, at, tail_at));
        };
        let shift = at.checked_sub(end.offset).ok_or(Found::Damaged(MediaType::Docx))?;
        let bytes = tail.get(start..end.after_entries).unwrap_or_default();
        let hidden = if shift > 0 { Some(Hidden::LeadingData) } else { hidden };
        let directory = Self { bytes, at, shift, hidden };
        directory.check_entries(end.entries)?;
        Ok(directory)
    }

    /// Offset and length of the entry's own record and content. They end where another entry or the directory begins, or after the
    /// longest reasonable entry.
    pub(crate) fn place(&self, entry: &Entry<'_>) -> (u64, u64) {
        let start = entry.offset().saturating_add(self.shift);
        let next = self.entries().map(|other| other.offset()).filter(|offset| *offset > entry.offset()).min();
        let end = next.map_or(self.at, |next| next.saturating_add(self.shift).min(self.at));
        let max_len = entry.least_len().saturating_add(MAX_BESIDE_CONTENT);
        (start, end.saturating_sub(start).min(max_len))
    }

    /// Every entry of the directory.
    pub(crate) fn entries(&self) -> Entries<'a> {
        Entries { rest: self.bytes }
    }

    /// Checks that the entries fill the directory to its last byte, and that the end record has their number.
    fn check_entries(&self, claimed: u64) -> Result<(), NotAccepted> {
        let mut entries = self.entries();
        let count = entries.by_ref().count() as u64;
        // If a writer has more entries than the short record can hold, the number wraps.
        if entries.rest.is_empty() && count > 0 && (count == claimed || count % 0x1_0000 == claimed) {
            Ok(())
        } else {
            Err(Found::Damaged(MediaType::Docx).into())
        }
    }
}

/// Requests the whole part of the directory before the tail, and some bytes before it.
fn request_directory(window: &Window<'_>, at: u64, tail_at: u64) -> NotAccepted {
    if tail_at - at > MAX_SECOND_RANGE_LEN {
        return Found::OutOfReach(MediaType::Docx).into();
    }
    let from = at.saturating_sub(BEFORE_DIRECTORY_LEN).max(tail_at.saturating_sub(MAX_SECOND_RANGE_LEN));
    window.request(MediaType::Docx, from, tail_at - from)
}

/// Iterates over a directory's entries, up to the first bytes that are no entry.
pub(crate) struct Entries<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Entries<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let (entry, rest) = Entry::parse(self.rest)?;
        self.rest = rest;
        Some(entry)
    }
}

/// The offset of the end record, and the hidden data around it. The comment of the right record ends with the object, except for zeros
/// and white space. If there is none, the last whole record is used.
fn find_end(tail: &[u8]) -> Option<(usize, Option<Hidden>)> {
    let content_len = tail.iter().rposition(|byte| *byte != 0 && !byte.is_ascii_whitespace()).map_or(0, |at| at + 1);
    let mut fitting = None;
    let mut last = None;
    for at in memmem::find_iter(tail, &END_RECORD) {
        let Some(record) = tail.get(at..at + END_RECORD_LEN) else {
            break;
        };
        let end = at + END_RECORD_LEN + usize::from(u16_le(record, 20).unwrap_or_default());
        last = Some(at);
        if (content_len..=tail.len()).contains(&end) {
            if fitting.is_some() {
                // One archive is in the comment of another. Readers differ in which of them they read.
                return Some((at, Some(Hidden::Archive)));
            }
            fitting = Some(at);
        }
    }
    match (fitting, last) {
        (Some(fitting), _) => Some((fitting, None)),
        (None, Some(last)) => Some((last, Some(Hidden::TrailingData))),
        (None, None) => None,
    }
}

fn end(tail_at: u64, tail: &[u8], at: usize) -> Option<End> {
    let record = tail.get(at..)?;
    let (disk, directory_disk) = (u16_le(record, 4)?, u16_le(record, 6)?);
    let (here, total, size, offset) =
        (u16_le(record, 8)?, u16_le(record, 10)?, u32_le(record, 12)?, u32_le(record, 16)?);
    if let Some(end) = zip64_end(tail_at, tail, at) {
        return Some(end);
    }
    let is_single_volume = disk == 0 && directory_disk == 0 && here == total;
    is_single_volume.then_some(End {
        after_entries: at,
        entries: total.into(),
        size: size.into(),
        offset: offset.into(),
    })
}

/// Reads the 64-bit record, if a locator before the end record leads to one.
fn zip64_end(tail_at: u64, tail: &[u8], end_at: usize) -> Option<End> {
    let locator_at = end_at.checked_sub(ZIP64_LOCATOR_LEN)?;
    let locator = tail.get(locator_at..end_at)?.strip_prefix(&ZIP64_LOCATOR)?;
    let claimed = u64_le(locator, 4)?.checked_sub(tail_at).and_then(|at| usize::try_from(at).ok());
    // Data before the archive moves the record. It is usually directly before its locator.
    [claimed, locator_at.checked_sub(ZIP64_RECORD_LEN)].into_iter().flatten().find_map(|at| {
        let record = tail.get(at..locator_at)?;
        let is_record = record.starts_with(&ZIP64_RECORD) && record.len() >= ZIP64_RECORD_LEN;
        is_record.then_some(End {
            after_entries: at,
            entries: u64_le(record, 32)?,
            size: u64_le(record, 40)?,
            offset: u64_le(record, 48)?,
        })
    })
}
