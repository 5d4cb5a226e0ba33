//! What is known of an object: its head, and perhaps one range of it.

use crate::{Found, MAX_RANGE_LEN, MediaType, Refusal};

/// Why a check could not go on: it has its answer, or it needs bytes that were not read yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The content is refused.
    Refused(Refusal),
    /// These bytes of the object would decide. They lie inside it, behind the head, and are at most
    /// [`MAX_RANGE_LEN`].
    Needs {
        /// From the start of the object.
        offset: u64,
        /// At least 1.
        length: u64,
    },
}

impl From<Found> for Stop {
    fn from(found: Found) -> Self {
        Self::Refused(Refusal::UnsupportedType(found))
    }
}

/// The known parts of an object. Every access is checked against them, so an offset from the file may be any number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window<'a> {
    head: &'a [u8],
    range_at: u64,
    range: &'a [u8],
    object_len: u64,
    may_ask: bool,
}

impl<'a> Window<'a> {
    /// With the head alone; checks may ask for a range.
    pub(crate) const fn of_head(head: &'a [u8], object_len: u64) -> Self {
        Self { head, range_at: 0, range: &[], object_len, may_ask: true }
    }

    /// With everything that will ever be known.
    pub(crate) const fn with_range(head: &'a [u8], range_at: u64, range: &'a [u8], object_len: u64) -> Self {
        Self { head, range_at, range, object_len, may_ask: false }
    }

    pub(crate) const fn object_len(&self) -> u64 {
        self.object_len
    }

    pub(crate) const fn may_ask(&self) -> bool {
        self.may_ask
    }

    pub(crate) const fn head_len(&self) -> u64 {
        self.head.len() as u64
    }

    /// Everything that is known without a gap from `offset` on; empty where that is not known.
    pub(crate) fn at(&self, offset: u64) -> &'a [u8] {
        let within = |piece: &'a [u8], start: u64| {
            offset.checked_sub(start).and_then(|skip| usize::try_from(skip).ok()).and_then(|skip| piece.get(skip..))
        };
        match within(self.head, 0) {
            Some(known) if !known.is_empty() => known,
            _ => within(self.range, self.range_at).unwrap_or_default(),
        }
    }

    /// Exactly `len` bytes, if they are known.
    pub(crate) fn known(&self, offset: u64, len: usize) -> Option<&'a [u8]> {
        self.at(offset).get(..len)
    }

    /// Exactly `len` bytes of a file that would be a `kind`. Where they are not known yet, asks for `want` bytes.
    pub(crate) fn bytes(&self, kind: MediaType, offset: u64, len: usize, want: u64) -> Result<&'a [u8], Stop> {
        if offset.checked_add(len as u64).is_none_or(|end| end > self.object_len) {
            return Err(Found::Damaged(kind).into());
        }
        self.known(offset, len).ok_or_else(|| self.ask(kind, offset, want.max(len as u64)))
    }

    /// The stop that asks for `length` bytes from `offset`, less those that the head has and those past the end.
    pub(crate) fn ask(&self, kind: MediaType, offset: u64, length: u64) -> Stop {
        let end = offset.saturating_add(length).min(self.object_len);
        let offset = offset.max(self.head_len());
        if offset >= end {
            return Found::Damaged(kind).into();
        }
        if !self.may_ask {
            return Found::OutOfReach(kind).into();
        }
        Stop::Needs { offset, length: (end - offset).min(MAX_RANGE_LEN) }
    }

    /// The end of the object with its offset, if it is known.
    pub(crate) fn tail(&self) -> Option<(u64, &'a [u8])> {
        let reaches_end = |start: u64, piece: &[u8]| start + piece.len() as u64 == self.object_len;
        if reaches_end(0, self.head) {
            Some((0, self.head))
        } else if !self.range.is_empty() && reaches_end(self.range_at, self.range) {
            Some((self.range_at, self.range))
        } else {
            None
        }
    }
}

/// A little-endian number of the file, if all of it is there.
pub(crate) fn u16_le(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().copied().map(u16::from_le_bytes)
}

/// A little-endian number of the file, if all of it is there.
pub(crate) fn u32_le(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().copied().map(u32::from_le_bytes)
}

/// A little-endian number of the file, if all of it is there.
pub(crate) fn u64_le(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().copied().map(u64::from_le_bytes)
}

/// A big-endian number of the file, if all of it is there.
pub(crate) fn u16_be(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().copied().map(u16::from_be_bytes)
}

/// A big-endian number of the file, if all of it is there.
pub(crate) fn u32_be(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().copied().map(u32::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: [u8; 4] = [0, 1, 2, 3];

    #[test]
    fn a_request_lies_inside_the_object_and_behind_the_head() {
        let window = Window::of_head(&HEAD, 100);
        assert_eq!(window.ask(MediaType::Png, 2, 10), Stop::Needs { offset: 4, length: 8 });
        assert_eq!(window.ask(MediaType::Png, 95, 10), Stop::Needs { offset: 95, length: 5 });
        assert_eq!(window.ask(MediaType::Png, 100, 10), Found::Damaged(MediaType::Png).into());
        assert_eq!(window.ask(MediaType::Png, u64::MAX, u64::MAX), Found::Damaged(MediaType::Png).into());
        let huge = Window::of_head(&HEAD, u64::MAX);
        assert_eq!(huge.ask(MediaType::Png, 50, u64::MAX), Stop::Needs { offset: 50, length: MAX_RANGE_LEN });
    }

    #[test]
    fn bytes_tell_apart_what_is_not_there_and_what_is_not_known() {
        let window = Window::of_head(&HEAD, 100);
        assert_eq!(window.bytes(MediaType::Gif, 1, 3, 9), Ok(&HEAD[1..]));
        assert_eq!(window.bytes(MediaType::Gif, 3, 2, 9), Err(Stop::Needs { offset: 4, length: 8 }));
        assert_eq!(window.bytes(MediaType::Gif, 99, 2, 9), Err(Found::Damaged(MediaType::Gif).into()));
        assert_eq!(window.bytes(MediaType::Gif, u64::MAX, 2, 9), Err(Found::Damaged(MediaType::Gif).into()));
        let ranged = Window::with_range(&HEAD, 50, &[9, 9], 100);
        assert_eq!(ranged.bytes(MediaType::Gif, 51, 1, 1), Ok(&[9][..]));
        assert_eq!(ranged.bytes(MediaType::Gif, 52, 1, 1), Err(Found::OutOfReach(MediaType::Gif).into()));
    }

    #[test]
    fn the_tail_is_what_reaches_the_end() {
        assert_eq!(Window::of_head(&HEAD, 4).tail(), Some((0, &HEAD[..])));
        assert_eq!(Window::of_head(&HEAD, 5).tail(), None);
        assert_eq!(Window::with_range(&HEAD, 8, &[7, 7], 10).tail(), Some((8, &[7, 7][..])));
        assert_eq!(Window::with_range(&HEAD, 7, &[7, 7], 10).tail(), None);
    }
}
