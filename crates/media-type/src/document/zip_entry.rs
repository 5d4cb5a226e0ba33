//! One entry of a ZIP archive: its directory record and its bounded content.

use std::{borrow::Cow, iter};

use miniz_oxide::inflate::decompress_slice_iter_to_slice;

use crate::{
    Found, MediaType,
    window::{NotAccepted, Window, u16_le, u32_le, u64_le},
};

/// The most that is inflated of any entry, in bytes; the list of content types of a document of 2,000 parts is a fifth.
pub(crate) const MOST_INFLATED: usize = 1024 * 1024;

const DIRECTORY_RECORD: [u8; 4] = *b"PK\x01\x02";
const DIRECTORY_RECORD_LEN: usize = 46;
const LOCAL_RECORD: [u8; 4] = *b"PK\x03\x04";
const LOCAL_RECORD_LEN: usize = 30;
const ZIP64_EXTRA: u16 = 1;
/// Encrypted, strongly encrypted, or with its directory encrypted.
const ENCRYPTED: u16 = 0x0001 | 0x0040 | 0x2000;
const STORED: u16 = 0;
const DEFLATED: u16 = 8;

/// What the directory says of an entry.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry<'a> {
    name: &'a [u8],
    flags: u16,
    method: u16,
    checksum: u32,
    stored_len: u64,
    len: u64,
    offset: u64,
}

impl<'a> Entry<'a> {
    /// The record at the start of `bytes`, and what follows it.
    pub(crate) fn parse(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (record, rest) = bytes.split_at_checked(DIRECTORY_RECORD_LEN)?;
        if !record.starts_with(&DIRECTORY_RECORD) {
            return None;
        }
        let (name, rest) = rest.split_at_checked(u16_le(record, 28)?.into())?;
        let (extra, rest) = rest.split_at_checked(u16_le(record, 30)?.into())?;
        let (_comment, rest) = rest.split_at_checked(u16_le(record, 32)?.into())?;
        // The 64-bit field has those numbers, in this order, that did not fit.
        let mut wide = zip64_extra(extra);
        let mut widen = |short: u32| -> Option<u64> {
            if short != u32::MAX {
                return Some(short.into());
            }
            let number = u64_le(wide, 0)?;
            wide = wide.get(8..)?;
            Some(number)
        };
        let len = widen(u32_le(record, 24)?)?;
        let stored_len = widen(u32_le(record, 20)?)?;
        let offset = widen(u32_le(record, 42)?)?;
        let entry = Self {
            name,
            flags: u16_le(record, 8)?,
            method: u16_le(record, 10)?,
            checksum: u32_le(record, 16)?,
            stored_len,
            len,
            offset,
        };
        Some((entry, rest))
    }

    /// Whether this is its name: part names ignore case, and some writers separate folders with backslashes.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        let stored = self.name.strip_prefix(b"/").unwrap_or(self.name);
        stored.len() == name.len()
            && stored
                .iter()
                .zip(name.bytes())
                .all(|(stored, byte)| stored.eq_ignore_ascii_case(&byte) || (*stored == b'\\' && byte == b'/'))
    }

    /// Whether the last part of its name is this, in any case.
    pub(crate) fn is_in_any_folder(&self, file_name: &str) -> bool {
        self.name
            .rsplit(|byte| matches!(byte, b'/' | b'\\'))
            .next()
            .is_some_and(|last| last.eq_ignore_ascii_case(file_name.as_bytes()))
    }

    /// Whether it is a file in a folder of this name, at any depth and in any case.
    pub(crate) fn is_below(&self, folder: &str) -> bool {
        let mut parts = self.name.rsplit(|byte| matches!(byte, b'/' | b'\\'));
        parts.next().is_some_and(|file| !file.is_empty())
            && parts.any(|part| part.eq_ignore_ascii_case(folder.as_bytes()))
    }

    /// Whether its name ends in a dot and this, in any case.
    pub(crate) fn has_extension(&self, extension: &str) -> bool {
        let Some(dot) = self.name.len().checked_sub(extension.len() + 1) else {
            return false;
        };
        matches!(self.name.get(dot..), Some([b'.', rest @ ..]) if rest.eq_ignore_ascii_case(extension.as_bytes()))
    }

    /// The same, or its name has a percent sign: a reader may take the extension for one that is spelt otherwise.
    pub(crate) fn may_have_extension(&self, extension: &str) -> bool {
        self.has_extension(extension) || self.name.contains(&b'%')
    }

    pub(crate) const fn is_encrypted(&self) -> bool {
        self.flags & ENCRYPTED != 0
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The content's length in bytes, as the directory claims it.
    pub(crate) const fn len(&self) -> u64 {
        self.len
    }

    pub(crate) const fn is_first_in_file(&self) -> bool {
        self.offset == 0
    }

    /// Where the entry's own record is, as the directory has it.
    pub(crate) const fn offset(&self) -> u64 {
        self.offset
    }

    /// The entry's own record, name and content, without what else a writer may put between them.
    pub(crate) const fn least_len(&self) -> u64 {
        self.stored_len.saturating_add((LOCAL_RECORD_LEN + self.name.len()) as u64)
    }

    /// The content, inflated and checked against its checksum. `shift` is what stands before the archive.
    pub(crate) fn content(&self, window: &Window<'a>, shift: u64) -> Result<Cow<'a, [u8]>, NotAccepted> {
        let damaged = || NotAccepted::from(Found::Damaged(MediaType::Docx));
        let len = usize::try_from(self.len).ok().filter(|len| *len <= MOST_INFLATED).ok_or_else(damaged)?;
        if self.is_encrypted() {
            return Err(Found::EncryptedOffice.into());
        }
        let local_at = self.offset.checked_add(shift).ok_or_else(damaged)?;
        let local = window.bytes(MediaType::Docx, local_at, LOCAL_RECORD_LEN, 0)?;
        let (Some(name_len), Some(extra_len)) = (u16_le(local, 26), u16_le(local, 28)) else {
            return Err(damaged());
        };
        let name_at = local_at + LOCAL_RECORD_LEN as u64;
        let name = window.bytes(MediaType::Docx, name_at, name_len.into(), 0)?;
        if !local.starts_with(&LOCAL_RECORD) || name != self.name {
            return Err(damaged());
        }
        let stored_at = name_at + u64::from(name_len) + u64::from(extra_len);
        let stored_len = usize::try_from(self.stored_len).map_err(|_| damaged())?;
        let stored = window.bytes(MediaType::Docx, stored_at, stored_len, 0)?;
        let content = match self.method {
            STORED => Cow::Borrowed(stored),
            DEFLATED => {
                // Into as much room as the directory claims: what does not fit is damaged, and nothing has to grow.
                let mut content = vec![0; len];
                let inflated = decompress_slice_iter_to_slice(&mut content, iter::once(stored), false, true);
                content.truncate(inflated.map_err(|_| damaged())?);
                Cow::Owned(content)
            }
            _ => return Err(damaged()),
        };
        let is_whole = content.len() == len && crc32fast::hash(&content) == self.checksum;
        if is_whole { Ok(content) } else { Err(damaged()) }
    }
}

fn zip64_extra(mut extra: &[u8]) -> &[u8] {
    while let (Some(id), Some(len)) = (u16_le(extra, 0), u16_le(extra, 2)) {
        let end = 4 + usize::from(len);
        if id == ZIP64_EXTRA {
            return extra.get(4..end).unwrap_or_default();
        }
        extra = extra.get(end..).unwrap_or_default();
    }
    &[]
}
