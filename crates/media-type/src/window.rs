//! The known parts of an object: its head and at most two ranges.

use crate::{Found, MAX_RANGE_LEN, MAX_SECOND_RANGE_LEN, MediaType, Refusal};

const NOTHING: Piece<'static> = Piece { at: 0, bytes: &[] };

/// Why a check does not accept the content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotAccepted {
    /// The content is refused.
    Refused(Refusal),
    /// The check needs these bytes of the object. They are inside the object, overlap nothing that is known, and are at most
    /// [`MAX_RANGE_LEN`], or [`MAX_SECOND_RANGE_LEN`] for the second range.
    Needs {
        /// In bytes from the start of the object.
        offset: u64,
        /// In bytes, at least 1.
        length: u64,
    },
}

impl From<Found> for NotAccepted {
    fn from(found: Found) -> Self {
        Self::Refused(Refusal::UnsupportedType(found))
    }
}

/// The bytes of a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Piece<'a> {
    /// In bytes from the start of the object.
    pub(crate) at: u64,
    pub(crate) bytes: &'a [u8],
}

impl<'a> Piece<'a> {
    pub(crate) const fn end(&self) -> u64 {
        self.at.saturating_add(self.bytes.len() as u64)
    }

    /// The piece's bytes from this offset of the object. None if it has none.
    fn from(&self, offset: u64) -> Option<&'a [u8]> {
        let skip = usize::try_from(offset.checked_sub(self.at)?).ok()?;
        self.bytes.get(skip..).filter(|known| !known.is_empty())
    }
}

/// Which range may be requested next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NextRange {
    /// Only the head is known.
    First,
    /// One range was read. Only a DOCX may request a second one.
    Second,
    /// No further range may be requested.
    None,
}

/// The known parts of an object. Every access is checked against them, so an offset from the file may be any number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window<'a> {
    head: &'a [u8],
    ranges: [Piece<'a>; 2],
    object_len: u64,
    next_range: NextRange,
}

impl<'a> Window<'a> {
    /// Only the head is known. Any check may request a range.
    pub(crate) const fn of_head(head: &'a [u8], object_len: u64) -> Self {
        Self { head, ranges: [NOTHING; 2], object_len, next_range: NextRange::First }
    }

    /// The head and one range are known. If the range continues the head, the caller must join them and use
    /// [`complete`](Self::complete).
    pub(crate) const fn with_range(head: &'a [u8], range: Piece<'a>, object_len: u64) -> Self {
        Self { head, ranges: [range, NOTHING], object_len, next_range: NextRange::Second }
    }

    /// No further range may be requested.
    pub(crate) const fn complete(head: &'a [u8], ranges: [Piece<'a>; 2], object_len: u64) -> Self {
        Self { head, ranges, object_len, next_range: NextRange::None }
    }

    pub(crate) const fn object_len(&self) -> u64 {
        self.object_len
    }

    /// Whether only the head is known, so that any check may request a range.
    pub(crate) const fn is_head_only(&self) -> bool {
        matches!(self.next_range, NextRange::First)
    }

    /// The number of bytes that are known from the object's start.
    pub(crate) const fn head_len(&self) -> u64 {
        self.head.len() as u64
    }

    /// The known bytes: the head and the ranges.
    pub(crate) const fn pieces(&self) -> [&'a [u8]; 3] {
        let [first, second] = self.ranges;
        [self.head, first.bytes, second.bytes]
    }

    /// The known bytes from `offset` up to the first gap. Empty if the byte at `offset` is not known.
    pub(crate) fn at(&self, offset: u64) -> &'a [u8] {
        let in_head = usize::try_from(offset).ok().and_then(|skip| self.head.get(skip..));
        match in_head {
            Some(known) if !known.is_empty() => known,
            _ => self.in_ranges(offset),
        }
    }

    fn in_ranges(&self, offset: u64) -> &'a [u8] {
        let [first, second] = &self.ranges;
        first.from(offset).or_else(|| second.from(offset)).unwrap_or_default()
    }

    /// Exactly `len` bytes, if they are known.
    pub(crate) fn known(&self, offset: u64, len: usize) -> Option<&'a [u8]> {
        self.at(offset).get(..len)
    }

    /// Whether [`at`](Self::at) returns all bytes from `offset` to the object's end.
    pub(crate) fn is_known_to_end(&self, offset: u64) -> bool {
        offset.saturating_add(self.at(offset).len() as u64) >= self.object_len
    }

    /// Exactly `len` bytes of a file that may be a `kind`. If they are not known yet, requests `range_len` bytes.
    pub(crate) fn bytes(
        &self,
        kind: MediaType,
        offset: u64,
        len: usize,
        range_len: u64,
    ) -> Result<&'a [u8], NotAccepted> {
        if offset.checked_add(len as u64).is_none_or(|end| end > self.object_len) {
            return Err(Found::Damaged(kind).into());
        }
        self.known(offset, len).ok_or_else(|| self.request(kind, offset, range_len.max(len as u64)))
    }

    /// Requests `length` bytes from `offset`, without those that are known and those after the object's end.
    pub(crate) fn request(&self, kind: MediaType, offset: u64, length: u64) -> NotAccepted {
        let mut start = offset.max(self.head_len());
        let mut end = offset.saturating_add(length).min(self.object_len);
        for range in &self.ranges {
            if (range.at..range.end()).contains(&start) {
                start = range.end();
            } else if start < range.at {
                end = end.min(range.at);
            }
        }
        if start >= end {
            return Found::Damaged(kind).into();
        }
        let length = match (self.next_range, kind) {
            (NextRange::First, _) => (end - start).min(MAX_RANGE_LEN),
            // A DOCX needs all of these bytes. If they do not fit into the range, none are read.
            (NextRange::Second, MediaType::Docx) if end - start <= MAX_SECOND_RANGE_LEN => end - start,
            (NextRange::Second | NextRange::None, _) => return Found::OutOfReach(kind).into(),
        };
        NotAccepted::Needs { offset: start, length }
    }

    /// The known piece that contains the object's end, with its offset.
    pub(crate) fn tail(&self) -> Option<(u64, &'a [u8])> {
        let head = Piece { at: 0, bytes: self.head };
        let [first, second] = self.ranges;
        [head, first, second]
            .into_iter()
            .find(|piece| !piece.bytes.is_empty() && piece.end() == self.object_len)
            .map(|piece| (piece.at, piece.bytes))
    }
}

/// A little-endian number. None if the bytes end before it does.
pub(crate) fn u16_le(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().copied().map(u16::from_le_bytes)
}

/// A little-endian number. None if the bytes end before it does.
pub(crate) fn u32_le(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().copied().map(u32::from_le_bytes)
}

/// A little-endian number. None if the bytes end before it does.
pub(crate) fn u64_le(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().copied().map(u64::from_le_bytes)
}

/// A big-endian number. None if the bytes end before it does.
pub(crate) fn u16_be(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().copied().map(u16::from_be_bytes)
}

/// A big-endian number. None if the bytes end before it does.
pub(crate) fn u32_be(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().copied().map(u32::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: [u8; 4] = [0, 1, 2, 3];

    #[test]
    fn request_is_inside_the_object_and_after_the_head() {
        let window = Window::of_head(&HEAD, 100);
        assert_eq!(window.request(MediaType::Png, 2, 10), NotAccepted::Needs { offset: 4, length: 8 });
        assert_eq!(window.request(MediaType::Png, 95, 10), NotAccepted::Needs { offset: 95, length: 5 });
        assert_eq!(window.request(MediaType::Png, 100, 10), Found::Damaged(MediaType::Png).into());
        assert_eq!(window.request(MediaType::Png, u64::MAX, u64::MAX), Found::Damaged(MediaType::Png).into());
        let huge = Window::of_head(&HEAD, u64::MAX);
        assert_eq!(
            huge.request(MediaType::Png, 50, u64::MAX),
            NotAccepted::Needs { offset: 50, length: MAX_RANGE_LEN }
        );
    }

    #[test]
    fn bytes_after_the_end_are_damaged_and_unknown_bytes_are_requested() {
        let window = Window::of_head(&HEAD, 100);
        assert_eq!(window.bytes(MediaType::Gif, 1, 3, 9), Ok(&HEAD[1..]));
        assert_eq!(window.bytes(MediaType::Gif, 3, 2, 9), Err(NotAccepted::Needs { offset: 4, length: 8 }));
        assert_eq!(window.bytes(MediaType::Gif, 99, 2, 9), Err(Found::Damaged(MediaType::Gif).into()));
        assert_eq!(window.bytes(MediaType::Gif, u64::MAX, 2, 9), Err(Found::Damaged(MediaType::Gif).into()));
        let ranged = Window::with_range(&HEAD, Piece { at: 50, bytes: &[9, 9] }, 100);
        assert_eq!(ranged.bytes(MediaType::Gif, 51, 1, 1), Ok(&[9][..]));
        assert_eq!(ranged.bytes(MediaType::Gif, 52, 1, 1), Err(Found::OutOfReach(MediaType::Gif).into()));
    }

    #[test]
    fn only_a_docx_requests_a_second_range_and_none_requests_a_third() {
        let range = Piece { at: 50, bytes: &[9; 10] };
        let ranged = Window::with_range(&HEAD, range, 1_000_000);
        assert_eq!(ranged.request(MediaType::Docx, 2, 20), NotAccepted::Needs { offset: 4, length: 18 });
        assert_eq!(
            ranged.request(MediaType::Docx, 2, 500),
            NotAccepted::Needs { offset: 4, length: 46 },
            "the request ends at the known range"
        );
        assert_eq!(
            ranged.request(MediaType::Docx, 55, 10),
            NotAccepted::Needs { offset: 60, length: 5 },
            "the request begins after the known range"
        );
        assert_eq!(
            ranged.request(MediaType::Docx, 52, 8),
            Found::Damaged(MediaType::Docx).into(),
            "all bytes are known"
        );
        let longest = NotAccepted::Needs { offset: 60, length: MAX_SECOND_RANGE_LEN };
        assert_eq!(ranged.request(MediaType::Docx, 60, MAX_SECOND_RANGE_LEN), longest);
        for longer in [MAX_SECOND_RANGE_LEN + 1, u64::MAX] {
            assert_eq!(ranged.request(MediaType::Docx, 60, longer), Found::OutOfReach(MediaType::Docx).into());
        }
        for kind in MediaType::ALL.into_iter().filter(|kind| *kind != MediaType::Docx) {
            assert_eq!(ranged.request(kind, 2, 20), Found::OutOfReach(kind).into());
        }
        let complete = Window::complete(&HEAD, [range, Piece { at: 20, bytes: &[8; 5] }], 1_000_000);
        assert_eq!(complete.request(MediaType::Docx, 2, 20), Found::OutOfReach(MediaType::Docx).into());
        assert_eq!(complete.at(21), &[8; 4]);
        assert_eq!(complete.at(59), &[9]);
        assert_eq!(complete.at(25), b"");
    }

    #[test]
    fn tail_is_the_known_piece_at_the_end() {
        assert_eq!(Window::of_head(&HEAD, 4).tail(), Some((0, &HEAD[..])));
        assert_eq!(Window::of_head(&HEAD, 5).tail(), None);
        let ranged = |at| Window::with_range(&HEAD, Piece { at, bytes: &[7, 7] }, 10);
        assert_eq!(ranged(8).tail(), Some((8, &[7, 7][..])));
        assert_eq!(ranged(7).tail(), None);
        assert!(ranged(8).is_known_to_end(9) && !ranged(7).is_known_to_end(7) && ranged(7).is_known_to_end(10));
        assert_eq!(Window::of_head(&[], 0).tail(), None, "an empty object has no tail");
    }
}
