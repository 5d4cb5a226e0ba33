//! The decision: which check a file's first bytes call for, and the one ranged read that it may ask for.

use crate::{
    Found, HEAD_LEN, MediaType, Refusal, Verdict, audio, document, image, polyglot, recognise,
    window::{Stop, Window},
};

/// What the head of an object leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inspection {
    /// The head decides.
    Decided(Verdict),
    /// The head does not decide; this range will.
    NeedsRange(RangeRequest),
}

/// The one range that, with the head, decides. It lies inside the object and never overlaps the head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RangeRequest {
    offset: u64,
    length: u64,
    object_len: u64,
}

impl RangeRequest {
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

    /// Decides with the same head as before and the bytes of the range. A range that came back shorter than asked for
    /// is taken as it is; of a longer one the rest is ignored.
    #[must_use]
    pub fn decide(self, head: &[u8], range: &[u8]) -> Verdict {
        let head = relevant_head(head, self.object_len);
        let range = usize::try_from(self.length).ok().and_then(|length| range.get(..length)).unwrap_or(range);
        // Where the range goes on right behind the head, the two are joined, so that a structure may cross the seam.
        let joined;
        let window = if self.offset == head.len() as u64 {
            joined = [head, range].concat();
            Window::with_range(&joined, 0, &[], self.object_len)
        } else {
            Window::with_range(head, self.offset, range, self.object_len)
        };
        match judge(&window) {
            Ok(media_type) => Verdict::Accepted(media_type),
            Err(Stop::Refused(refusal)) => Verdict::Refused(refusal),
            // A window with a range never asks for another; were it to, refusing is the safe end.
            Err(Stop::Needs { .. }) => Verdict::Refused(Refusal::UnsupportedType(Found::Unrecognised)),
        }
    }
}

/// Decides from the first bytes of an object, or says which range is needed.
///
/// `head` is the object's first [`HEAD_LEN`] bytes, or all of it where it is shorter; anything longer is cut to that,
/// so that the answer never depends on how a stream was cut. `object_len` is the whole object's length in bytes.
#[must_use]
pub fn inspect(head: &[u8], object_len: u64) -> Inspection {
    let window = Window::of_head(relevant_head(head, object_len), object_len);
    match judge(&window) {
        Ok(media_type) => Inspection::Decided(Verdict::Accepted(media_type)),
        Err(Stop::Refused(refusal)) => Inspection::Decided(Verdict::Refused(refusal)),
        Err(Stop::Needs { offset, length }) => Inspection::NeedsRange(RangeRequest { offset, length, object_len }),
    }
}

fn relevant_head(head: &[u8], object_len: u64) -> &[u8] {
    let wanted = usize::try_from(object_len).map_or(HEAD_LEN, |len| len.min(HEAD_LEN));
    head.get(..wanted).unwrap_or(head)
}

fn judge(window: &Window<'_>) -> Result<MediaType, Stop> {
    let media_type = sniff(window)?;
    polyglot::check(window, media_type)?;
    Ok(media_type)
}

fn sniff(window: &Window<'_>) -> Result<MediaType, Stop> {
    let head = window.at(0);
    match head {
        [] => Err(Found::Empty.into()),
        [0x89, b'P', b'N', b'G', 0x0D, 0x0A, 0x1A, 0x0A, ..] => image::png::sniff(window),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => image::gif::sniff(window),
        [0xFF, 0xD8, 0xFF, ..] => image::jpeg::sniff(window),
        [b'R', b'I', b'F', b'F', ..] | [b'R', b'F', b'6', b'4', ..] => audio::wave::sniff(window),
        [b'O', b'g', b'g', b'S', ..] => audio::ogg::sniff(window),
        [b'I', b'D', b'3', ..] => audio::mpeg::sniff(window),
        [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1, ..] => document::compound::sniff(window),
        [b'P', b'K', 0x03, 0x04, ..] => document::package::sniff(window),
        _ if audio::mpeg::starts_with_frame(head) => audio::mpeg::sniff(window),
        _ if document::pdf::header_at(head).is_some() => document::pdf::sniff(window),
        _ => Err(recognise::other(head).into()),
    }
}
