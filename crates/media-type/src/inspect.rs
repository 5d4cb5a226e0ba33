//! The decision: which check a file's first bytes call for, and the ranged reads that it may ask for.

use crate::{
    ActiveContentPolicy, Found, HEAD_LEN, MediaType, Refusal, Verdict, audio, document, image, polyglot, recognise,
    window::{NotAccepted, Piece, Window},
};

/// What the bytes that were read so far lead to.
///
/// `R` is the next range: [`FirstRange`] after the head, [`SecondRange`] after one range. There is no third.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inspection<R> {
    /// The bytes decide.
    Decided(Verdict),
    /// They do not decide; read this range and pass it to the request's `decide`.
    NeedsRange(R),
}

/// Decides from the first bytes of an object, or says which range is needed.
///
/// `head` is the object's first [`HEAD_LEN`] bytes, or all of it where it is shorter; anything longer is cut to that,
/// so that the answer never depends on how a stream was cut. `object_len` is the whole object's length in bytes. `policy`
/// says which active content is refused.
#[must_use]
pub fn inspect(head: &[u8], object_len: u64, policy: ActiveContentPolicy) -> Inspection<FirstRange<'_>> {
    let wanted = usize::try_from(object_len).map_or(HEAD_LEN, |len| len.min(HEAD_LEN));
    let head = head.get(..wanted).unwrap_or(head);
    decide_from(&Window::of_head(head, object_len), policy).map_range(|offset, length| FirstRange {
        head,
        object_len,
        policy,
        offset,
        length,
    })
}

/// The first range. It lies inside the object and does not overlap the head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FirstRange<'a> {
    head: &'a [u8],
    object_len: u64,
    policy: ActiveContentPolicy,
    offset: u64,
    length: u64,
}

impl<'a> FirstRange<'a> {
    /// The range's first byte, counted from the start of the object.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// The range's length in bytes, from 1 to [`MAX_RANGE_LEN`](crate::MAX_RANGE_LEN).
    #[must_use]
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// Decides with the bytes of this range. Only a DOCX can need a second one. A range that came back shorter than
    /// requested is taken as it is; of a longer one the rest is ignored.
    #[must_use]
    pub fn decide(self, range: &'a [u8]) -> Inspection<SecondRange<'a>> {
        let first = Piece { at: self.offset, bytes: cut(range, self.length) };
        if self.offset != self.head.len() as u64 {
            return decide_from(&Window::with_range(self.head, first, self.object_len), self.policy)
                .map_range(|offset, length| SecondRange { before: self, first, offset, length });
        }
        // The range continues the head: the two are joined, so that a structure may cross the seam.
        let joined = [self.head, first.bytes].concat();
        let window = Window::complete(&joined, [Piece::default(); 2], self.object_len);
        Inspection::Decided(decide_from(&window, self.policy).without_range())
    }
}

/// The second range, which only a DOCX asks for. It lies inside the object and overlaps neither the head nor the first
/// range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecondRange<'a> {
    before: FirstRange<'a>,
    first: Piece<'a>,
    offset: u64,
    length: u64,
}

impl SecondRange<'_> {
    /// The range's first byte, counted from the start of the object.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// The range's length in bytes, from 1 to [`MAX_SECOND_RANGE_LEN`](crate::MAX_SECOND_RANGE_LEN).
    #[must_use]
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// Decides with the bytes of both ranges. A range that came back shorter than requested is taken as it is; of a
    /// longer one the rest is ignored.
    #[must_use]
    pub fn decide(self, range: &[u8]) -> Verdict {
        let FirstRange { head, object_len, policy, .. } = self.before;
        let (first, second) = (self.first, Piece { at: self.offset, bytes: cut(range, self.length) });
        // What adjoins is joined, so that a structure may cross the seam.
        let continues_head = second.at == head.len() as u64;
        let meets_first = second.end() == first.at;
        let judge_parts =
            |head: &[u8], ranges| decide_from(&Window::complete(head, ranges, object_len), policy).without_range();
        match (continues_head, meets_first) {
            (true, true) => judge_parts(&[head, second.bytes, first.bytes].concat(), [Piece::default(); 2]),
            (true, false) => judge_parts(&[head, second.bytes].concat(), [first, Piece::default()]),
            (false, true) => {
                let bytes = [second.bytes, first.bytes].concat();
                judge_parts(head, [Piece { at: second.at, bytes: &bytes }, Piece::default()])
            }
            (false, false) => judge_parts(head, [first, second]),
        }
    }
}

/// A range's offset and length.
type Wanted = (u64, u64);

impl Inspection<Wanted> {
    fn map_range<R>(self, request: impl FnOnce(u64, u64) -> R) -> Inspection<R> {
        match self {
            Self::Decided(verdict) => Inspection::Decided(verdict),
            Self::NeedsRange((offset, length)) => Inspection::NeedsRange(request(offset, length)),
        }
    }

    /// A complete window never asks for a range. If it did, the safe answer is to refuse.
    fn without_range(self) -> Verdict {
        match self {
            Self::Decided(verdict) => verdict,
            Self::NeedsRange(_) => Verdict::Refused(Refusal::UnsupportedType(Found::Unrecognised)),
        }
    }
}

fn cut(range: &[u8], length: u64) -> &[u8] {
    usize::try_from(length).ok().and_then(|length| range.get(..length)).unwrap_or(range)
}

fn decide_from(window: &Window<'_>, policy: ActiveContentPolicy) -> Inspection<Wanted> {
    let sniffed = sniff(window, policy).and_then(|media_type| polyglot::check(window, media_type).map(|()| media_type));
    match sniffed {
        Ok(media_type) => Inspection::Decided(Verdict::Accepted(media_type)),
        Err(NotAccepted::Refused(refusal)) => Inspection::Decided(Verdict::Refused(refusal)),
        Err(NotAccepted::Needs { offset, length }) => Inspection::NeedsRange((offset, length)),
    }
}

fn sniff(window: &Window<'_>, policy: ActiveContentPolicy) -> Result<MediaType, NotAccepted> {
    let head = window.at(0);
    if head.is_empty() {
        return Err(Found::Empty.into());
    }
    let by_signature =
        image::sniff(window).or_else(|| audio::sniff(window)).or_else(|| document::sniff(window, policy));
    by_signature.unwrap_or_else(|| match recognise::other(head) {
        Found::Text | Found::Unrecognised if audio::mpeg::follows_junk(window) => Ok(MediaType::Mpeg),
        found => Err(found.into()),
    })
}
