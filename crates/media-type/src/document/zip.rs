//! The directory of a ZIP archive, read from its end.
//!
//! The crates that read archives want the whole file to seek in and build a list of all entries first, whose number the
//! file claims. Here a head and at most two ranges of it are known and nothing is built.

use memchr::memmem;

use crate::{
    Found, Hidden, MAX_RANGE_LEN, MAX_SECOND_RANGE_LEN, MediaType,
    document::zip_entry::Entry,
    window::{NotAccepted, Window, u16_le, u32_le, u64_le},
};

/// Signature of the end-of-central-directory record.
pub(crate) const END_RECORD: [u8; 4] = *b"PK\x05\x06";
pub(crate) const END_RECORD_LEN: usize = 22;
const ZIP64_LOCATOR: [u8; 4] = *b"PK\x06\x07";
const ZIP64_LOCATOR_LEN: usize = 20;
const ZIP64_RECORD: [u8; 4] = *b"PK\x06\x06";
const ZIP64_RECORD_LEN: usize = 56;
/// Read before a directory that begins before the tail: a writer that puts the content types last has them there.
const BEFORE_DIRECTORY_LEN: u64 = 8192;
/// The most that is read of an entry besides its name and content: fields that only the entry itself has, such as the room
/// to grow that Microsoft's packages leave, and a data descriptor.
const MOST_BESIDE_CONTENT: u64 = 4096;

/// A directory whose bytes are all known and whose entries were all walked once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Directory<'a> {
    bytes: &'a [u8],
    /// From the start of the object.
    at: u64,
    /// What has to be added to the directory's offsets: the length of what was put before the archive.
    pub(crate) shift: u64,
    /// Data that the archive's own records do not account for.
    pub(crate) hidden: Option<Hidden>,
}

/// The numbers of the end record, or of its 64-bit form.
struct End {
    /// Where the directory ends, in the tail.
    behind_entries: usize,
    entries: u64,
    size: u64,
    offset: u64,
}

impl<'a> Directory<'a> {
    /// Reads the directory, or asks for the end of the object, and then for what lies before that end.
    pub(crate) fn find(window: &Window<'a>) -> Result<Self, NotAccepted> {
        let Some((tail_at, tail)) = window.tail() else {
            if !window.is_head_only() {
                return Err(Found::OutOfReach(MediaType::Docx).into());
            }
            return Err(window.ask(MediaType::Docx, window.object_len().saturating_sub(MAX_RANGE_LEN), MAX_RANGE_LEN));
        };
        let (at, hidden) = find_end(tail).ok_or(Found::Damaged(MediaType::Docx))?;
        let end = end(tail_at, tail, at).ok_or(Found::Damaged(MediaType::Docx))?;
        let behind_entries = tail_at + end.behind_entries as u64;
        let at = behind_entries.checked_sub(end.size).ok_or(Found::Damaged(MediaType::Docx))?;
        let Some(start) = at.checked_sub(tail_at).and_then(|start| usize::try_from(start).ok()) else {
            return Err(ask_for_directory(window, at, tail_at));
        };
        let shift = at.checked_sub(end.offset).ok_or(Found::Damaged(MediaType::Docx))?;
        let bytes = tail.get(start..end.behind_entries).unwrap_or_default();
        let hidden = if shift > 0 { Some(Hidden::LeadingData) } else { hidden };
        let directory = Self { bytes, at, shift, hidden };
        directory.check_entries(end.entries)?;
        Ok(directory)
    }

    /// Where the entry's own record and content lie: offset and length, from the start of the object. They end where
    /// another entry or the directory begins, or as far in as an entry can reasonably be.
    pub(crate) fn place(&self, entry: &Entry<'_>) -> (u64, u64) {
        let start = entry.offset().saturating_add(self.shift);
        let next = self.entries().map(|other| other.offset()).filter(|offset| *offset > entry.offset()).min();
        let end = next.map_or(self.at, |next| next.saturating_add(self.shift).min(self.at));
        let most = entry.least_len().saturating_add(MOST_BESIDE_CONTENT);
        (start, end.saturating_sub(start).min(most))
    }

    /// Every entry of the directory.
    pub(crate) fn entries(&self) -> Entries<'a> {
        Entries { rest: self.bytes }
    }

    /// The entries fill the directory to its last byte and are as many as the end record says.
    fn check_entries(&self, claimed: u64) -> Result<(), NotAccepted> {
        let mut entries = self.entries();
        let count = entries.by_ref().count() as u64;
        // The short record's number wraps where a writer had more entries than it can hold.
        if entries.rest.is_empty() && count > 0 && (count == claimed || count % 0x1_0000 == claimed) {
            Ok(())
        } else {
            Err(Found::Damaged(MediaType::Docx).into())
        }
    }
}

/// Asks for the directory's part before the tail and for a little more before that; all of it, or the rest is of no use.
fn ask_for_directory(window: &Window<'_>, at: u64, tail_at: u64) -> NotAccepted {
    if tail_at - at > MAX_SECOND_RANGE_LEN {
        return Found::OutOfReach(MediaType::Docx).into();
    }
    let from = at.saturating_sub(BEFORE_DIRECTORY_LEN).max(tail_at.saturating_sub(MAX_SECOND_RANGE_LEN));
    window.ask(MediaType::Docx, from, tail_at - from)
}

/// Walks a directory's entries; stops at the first that is none.
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

/// The end record and what is wrong with its surroundings. The record is the one whose comment ends with the object, save
/// for zeros and white space; without one, the last that could be whole.
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
                // An archive in the comment of another: which of the two is read depends on the reader.
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
        behind_entries: at,
        entries: total.into(),
        size: size.into(),
        offset: offset.into(),
    })
}

/// The 64-bit record, if a locator before the end record leads to one.
fn zip64_end(tail_at: u64, tail: &[u8], end_at: usize) -> Option<End> {
    let locator_at = end_at.checked_sub(ZIP64_LOCATOR_LEN)?;
    let locator = tail.get(locator_at..end_at)?.strip_prefix(&ZIP64_LOCATOR)?;
    let claimed = u64_le(locator, 4)?.checked_sub(tail_at).and_then(|at| usize::try_from(at).ok());
    // Data put before the archive move the record, which stands right before its locator.
    [claimed, locator_at.checked_sub(ZIP64_RECORD_LEN)].into_iter().flatten().find_map(|at| {
        let record = tail.get(at..locator_at)?;
        let is_record = record.starts_with(&ZIP64_RECORD) && record.len() >= ZIP64_RECORD_LEN;
        is_record.then_some(End {
            behind_entries: at,
            entries: u64_le(record, 32)?,
            size: u64_le(record, 40)?,
            offset: u64_le(record, 48)?,
        })
    })
}
