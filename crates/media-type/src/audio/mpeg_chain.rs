//! Finds chains of Layer III frames: each frame begins where the previous one ends.

use memchr::{memchr, memchr_iter};

use crate::audio::{
    mpeg_frame::{Frame, FrameHeader},
    mpeg_side_info,
};

/// This many headers prove a chain. In random bytes, one of 10¹⁰ heads has such a chain.
pub(crate) const ENOUGH_HEADERS: usize = 3;
/// This many headers are enough for a chain after bytes of unknown origin that ends before the known bytes do.
const LONG_CHAIN: usize = 8;
/// The number of bytes that are compared at the start of two frames.
const PATTERN_LEN: usize = 16;
/// 640 kbit/s at the lowest sample rate. No encoder makes a longer frame.
pub(crate) const LONGEST_FREE_FRAME: usize = 5760;
/// Tags that may follow the last frame.
const TRAILING_TAGS: [&[u8]; 3] = [b"TAG", b"APETAGEX", b"LYRICSBEGIN"];

/// A chain of headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) headers: usize,
    /// The offset of the last header.
    last: usize,
    /// The offset where the next header should be.
    next: usize,
}

impl Run {
    /// Follows the chain from the header `first` at `at`, up to `max_headers`. `free_len` is the length of a free format's frame
    /// without its padding.
    pub(crate) fn follow(known: &[u8], at: usize, first: FrameHeader, free_len: usize, max_headers: usize) -> Self {
        let mut run = Self { headers: 1, last: at, next: at + first.step(free_len) };
        while run.headers < max_headers {
            match header_at(known, run.next) {
                Some(next) if next.matches(&first) => {
                    run = Self { headers: run.headers + 1, last: run.next, next: run.next + next.step(free_len) };
                }
                _ => break,
            }
        }
        run
    }

    /// Whether the known bytes end before the next header does.
    pub(crate) fn leaves(&self, known: &[u8]) -> bool {
        self.next + 4 > known.len()
    }

    /// Whether one of [`TRAILING_TAGS`] follows the last frame.
    pub(crate) fn ends_in_tag(&self, known: &[u8]) -> bool {
        let rest = known.get(self.next..).unwrap_or_default();
        TRAILING_TAGS.iter().any(|tag| rest.starts_with(tag))
    }
}

fn header_at(known: &[u8], at: usize) -> Option<FrameHeader> {
    Frame::layer3(known.get(at..)?)
}

/// The first chain at or after `from`: its offset and its first header.
///
/// The rules are stricter than for a chain at the file's start. The free format does not count, the number of channels must not
/// change, and the header must not be repeated within its own frame, as in a short repeated pattern of bytes.
fn find(known: &[u8], from: usize) -> Option<(usize, FrameHeader)> {
    syncs(known, from).find_map(|at| {
        let first = header_at(known, at).filter(|header| !header.is_free_format())?;
        let is_next = |next: &FrameHeader| next.matches(&first) && next.is_mono == first.is_mono;
        let second_at = at + first.step(0);
        let second = header_at(known, second_at).filter(is_next)?;
        header_at(known, second_at + second.step(0)).filter(is_next)?;
        (!repeats_header(known, at, second_at)).then_some((at, first))
    })
}

/// The offsets, at or after `from`, of two bytes that may begin a header of Layer III.
fn syncs(known: &[u8], from: usize) -> impl Iterator<Item = usize> {
    let mut from = from;
    std::iter::from_fn(move || {
        loop {
            let mut at = from + memchr(0xFF, known.get(from..)?)?;
            // In a run of FF, as in white pictures, only the last one can begin a header.
            while known.get(at + 1) == Some(&0xFF) {
                at += 1;
            }
            from = at + 2;
            if is_sync(*known.get(at)?, *known.get(at + 1)?) {
                return Some(at);
            }
        }
    })
}

/// Eleven bits of synchronisation, then Layer III.
fn is_sync(first: u8, second: u8) -> bool {
    first == 0xFF && second & 0xE6 == 0xE2
}

/// Whether the first three bytes of a header are repeated before its frame ends at `end`, as part of a pattern.
pub(crate) fn repeats_header(known: &[u8], at: usize, end: usize) -> bool {
    let start_of = |frame: usize| known.get(frame + 4..frame + 4 + PATTERN_LEN);
    let (Some(header), Some(frame)) = (known.get(at..at + 3), known.get(at + 4..end)) else {
        return false;
    };
    // After a pattern that contains the header, the next frame begins with the same bytes. In sound, this hardly ever happens.
    start_of(at) == start_of(end)
        && memchr_iter(0xFF, frame).any(|offset| frame.get(offset..).is_some_and(|rest| rest.starts_with(header)))
}

/// Whether a chain begins anywhere in the known bytes. This is enough for a file that starts as MP3, even if its first frames are
/// damaged.
pub(crate) fn contains_chain(known: &[u8]) -> bool {
    find(known, 0).is_some()
}

/// Whether a chain begins after bytes of unknown origin, and is long or continues to the end of the known bytes. If a file of
/// another format contains MP3, its own records break the chain every few frames.
pub(crate) fn contains_long_chain(known: &[u8]) -> bool {
    let mut from = 0;
    // Each pass skips at least three headers, so the loop ends, and it reads each byte only a few times.
    while let Some((at, first)) = find(known, from) {
        let run = Run::follow(known, at, first, 0, usize::MAX);
        let is_long = run.leaves(known) || run.ends_in_tag(known) || run.headers >= LONG_CHAIN;
        if is_long && !is_periodic(known, at, first) {
            return true;
        }
        from = run.last + 1;
    }
    false
}

/// Whether two frames are equal but not silence, such as a picture's rows or a wave with the length of a frame.
fn is_periodic(known: &[u8], at: usize, first: FrameHeader) -> bool {
    let len = first.step(0);
    let (Some(frame), Some(next)) = (known.get(at..at + len), known.get(at + len..at + 2 * len)) else {
        return false;
    };
    let is_flat = frame.get(4..).is_some_and(|body| body.windows(2).all(|pair| pair.first() == pair.last()));
    frame == next && !is_flat && !mpeg_side_info::is_possible(first, frame)
}

/// The length, without padding, of frames of the free format: after it, two more matching headers follow the first one.
pub(crate) fn free_frame_len(known: &[u8], first: FrameHeader) -> Option<usize> {
    let matching_at = |at: usize| header_at(known, at).filter(|next| next.matches(&first));
    (24..=LONGEST_FREE_FRAME).find(|length| {
        let second_at = length + first.padding();
        matching_at(second_at).is_some_and(|second| matching_at(second_at + length + second.padding()).is_some())
    })
}
