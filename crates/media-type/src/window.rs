//! The known parts of an object: its head, and at most two ranges of it.

use crate::{Found, MAX_RANGE_LEN, MAX_SECOND_RANGE_LEN, MediaType, Refusal};

const NOTHING: Piece<'static> = Piece { at: 0, bytes: &[] };

/// Why a check could not go on: it has its answer, or it needs bytes that were not read yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotAccepted {
    /// The content is refused.
    Refused(Refusal),
    /// These bytes of the object would decide. They lie inside it, overlap nothing that is known, and are at most
    /// [`MAX_RANGE_LEN`], or [`MAX_SECOND_RANGE_LEN`] where one range was read before.
    Needs {
        /// From the start of the object.
        offset: u64,
        /// At least 1.
        length: u64,
    },
}

impl From<Found> for NotAccepted {
    fn from(found: Found) -> Self {
        Self::Refused(Refusal::UnsupportedType(found))
    }
}

/// A part of an object that a range brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Piece<'a> {
    /// From the start of the object.
    pub(crate) at: u64,
    pub(crate) bytes: &'a [u8],
}

impl<'a> Piece<'a> {
    pub(crate) const fn end(&self) -> u64 {
        self.at.saturating_add(self.bytes.len() as u64)
    }

    /// What the piece has from this place of the object on.
    fn from(&self, offset: u64) -> Option<&'a [u8]> {
        let skip = usize::try_from(offset.checked_sub(self.at)?).ok()?;
        self.bytes.get(skip..).filter(|known| !known.is_empty())
    }
}

/// How many more ranges may be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asks {
    /// The head alone is known.
    First,
    /// One range was read. Only a DOCX may ask for a second one.
    Second,
    /// Everything that will ever be known is there.
    None,
}

/// The known parts of an object. Every access is checked against them, so an offset from the file may be any number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window<'a> {
    head: &'a [u8],
    ranges: [Piece<'a>; 2],
    object_len: u64,
    asks: Asks,
}

impl<'a> Window<'a> {
    /// With the head alone; checks may ask for a range.
    pub(crate) const fn of_head(head: &'a [u8], object_len: u64) -> Self {
        Self { head, ranges: [NOTHING; 2], object_len, asks: Asks::First }
    }

    /// With one range. Where it continues the head, the caller joins the two and passes no range.
    pub(crate) const fn with_range(head: &'a [u8], range: Piece<'a>, object_len: u64) -> Self {
        Self { head, ranges: [range, NOTHING], object_len, asks: Asks::Second }
    }

    /// With everything that will ever be known.
    pub(crate) const fn complete(head: &'a [u8], ranges: [Piece<'a>; 2], object_len: u64) -> Self {
        Self { head, ranges, object_len, asks: Asks::None }
    }

    pub(crate) const fn object_len(&self) -> u64 {
        self.object_len
    }

    /// Whether the head is all that is known so far, so that any check may ask for a range.
    pub(crate) const fn is_head_only(&self) -> bool {
        matches!(self.asks, Asks::First)
    }

    /// The bytes that are known from the object's start on.
    pub(crate) const fn head_len(&self) -> u64 {
        self.head.len() as u64
    }

    /// What is known, piece by piece.
    pub(crate) const fn pieces(&self) -> [&'a [u8]; 3] {
        let [first, second] = self.ranges;
        [self.head, first.bytes, second.bytes]
    }

    /// Everything that is known without a gap from `offset` on; empty where that is not known.
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

    /// Whether everything from `offset` to the object's end is known, as [`at`](Self::at) returns it.
    pub(crate) fn is_known_to_end(&self, offset: u64) -> bool {
        offset.saturating_add(self.at(offset).len() as u64) >= self.object_len
    }

    /// Exactly `len` bytes of a file that would be a `kind`. Where they are not known yet, asks for `want` bytes.
    pub(crate) fn bytes(&self, kind: MediaType, offset: u64, len: usize, want: u64) -> Result<&'a [u8], NotAccepted> {
        if offset.checked_add(len as u64).is_none_or(|end| end > self.object_len) {
            return Err(Found::Damaged(kind).into());
        }
        self.known(offset, len).ok_or_else(|| self.ask(kind, offset, want.max(len as u64)))
    }

    /// The stop that asks for `length` bytes from `offset`, less those that are known and those past the end.
    pub(crate) fn ask(&self, kind: MediaType, offset: u64, length: u64) -> NotAccepted {
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
        let length = match (self.asks, kind) {
            (Asks::First, _) => (end - start).min(MAX_RANGE_LEN),
            // A DOCX cannot be decided from a part of these bytes, so none is read.
            (Asks::Second, MediaType::Docx) if end - start <= MAX_SECOND_RANGE_LEN => end - start,
            (Asks::Second | Asks::None, _) => return Found::OutOfReach(kind).into(),
        };
        NotAccepted::Needs { offset: start, length }
    }

    /// The end of the object with its offset, if it is known.
    pub(crate) fn tail(&self) -> Option<(u64, &'a [u8])> {
        let head = Piece { at: 0, bytes: self.head };
        let [first, second] = self.ranges;
        [head, first, second]
            .into_iter()
            .find(|piece| !piece.bytes.is_empty() && piece.end() == self.object_len)
            .map(|piece| (piece.at, piece.bytes))
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
        assert_eq!(window.ask(MediaType::Png, 2, 10), NotAccepted::Needs { offset: 4, length: 8 });
        assert_eq!(window.ask(MediaType::Png, 95, 10), NotAccepted::Needs { offset: 95, length: 5 });
        assert_eq!(window.ask(MediaType::Png, 100, 10), Found::Damaged(MediaType::Png).into());
        assert_eq!(window.ask(MediaType::Png, u64::MAX, u64::MAX), Found::Damaged(MediaType::Png).into());
        let huge = Window::of_head(&HEAD, u64::MAX);
        assert_eq!(huge.ask(MediaType::Png, 50, u64::MAX), NotAccepted::Needs { offset: 50, length: MAX_RANGE_LEN });
    }

    #[test]
    fn bytes_tell_apart_what_is_not_there_and_what_is_not_known() {
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
    fn only_a_docx_asks_for_a_second_range_and_nothing_asks_for_a_third() {
        let range = Piece { at: 50, bytes: &[9; 10] };
        let ranged = Window::with_range(&HEAD, range, 1_000_000);
        assert_eq!(ranged.ask(MediaType::Docx, 2, 20), NotAccepted::Needs { offset: 4, length: 18 });
        assert_eq!(
            ranged.ask(MediaType::Docx, 2, 500),
            NotAccepted::Needs { offset: 4, length: 46 },
            "up to the range"
        );
        assert_eq!(
            ranged.ask(MediaType::Docx, 55, 10),
            NotAccepted::Needs { offset: 60, length: 5 },
            "behind the range"
        );
        assert_eq!(ranged.ask(MediaType::Docx, 52, 8), Found::Damaged(MediaType::Docx).into(), "all known");
        let longest = NotAccepted::Needs { offset: 60, length: MAX_SECOND_RANGE_LEN };
        assert_eq!(ranged.ask(MediaType::Docx, 60, MAX_SECOND_RANGE_LEN), longest);
        for longer in [MAX_SECOND_RANGE_LEN + 1, u64::MAX] {
            assert_eq!(ranged.ask(MediaType::Docx, 60, longer), Found::OutOfReach(MediaType::Docx).into());
        }
        for kind in MediaType::ALL.into_iter().filter(|kind| *kind != MediaType::Docx) {
            assert_eq!(ranged.ask(kind, 2, 20), Found::OutOfReach(kind).into());
        }
        let complete = Window::complete(&HEAD, [range, Piece { at: 20, bytes: &[8; 5] }], 1_000_000);
        assert_eq!(complete.ask(MediaType::Docx, 2, 20), Found::OutOfReach(MediaType::Docx).into());
        assert_eq!(complete.at(21), &[8; 4]);
        assert_eq!(complete.at(59), &[9]);
        assert_eq!(complete.at(25), b"");
    }

    #[test]
    fn the_tail_is_what_reaches_the_end() {
        assert_eq!(Window::of_head(&HEAD, 4).tail(), Some((0, &HEAD[..])));
        assert_eq!(Window::of_head(&HEAD, 5).tail(), None);
        let ranged = |at| Window::with_range(&HEAD, Piece { at, bytes: &[7, 7] }, 10);
        assert_eq!(ranged(8).tail(), Some((8, &[7, 7][..])));
        assert_eq!(ranged(7).tail(), None);
        assert!(ranged(8).is_known_to_end(9) && !ranged(7).is_known_to_end(7) && ranged(7).is_known_to_end(10));
        assert_eq!(Window::of_head(&[], 0).tail(), None, "nothing to look at");
    }
}
