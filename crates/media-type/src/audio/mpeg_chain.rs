//! Frames of Layer III that follow one another, each where the one before it ends.

use memchr::{memchr, memchr_iter};

use crate::audio::{
    mpeg_frame::{Frame, FrameHeader},
    mpeg_side_info,
};

/// Headers that prove a chain. Random bytes hold three by chance once in 10¹⁰ heads.
pub(crate) const WANTED_HEADERS: usize = 3;
/// Headers of a chain behind bytes of unknown origin that ends before the known bytes do.
const LONG_CHAIN: usize = 8;
/// So many bytes of two frames are compared first.
const PATTERN_LEN: usize = 16;
/// 640 kbit/s at the lowest sample rate: no encoder makes a longer frame.
pub(crate) const LONGEST_FREE_FRAME: usize = 5760;
/// What may follow the last frame.
const TRAILING_TAGS: [&[u8]; 3] = [b"TAG", b"APETAGEX", b"LYRICSBEGIN"];

/// Headers that chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) headers: usize,
    /// Where the last of them is.
    last: usize,
    /// Where the next one should be.
    next: usize,
}

impl Run {
    /// Follows the chain of the header `first` at `at`, up to so many headers. `free_len` is the length of a frame of the
    /// free format without its padding.
    pub(crate) fn follow(known: &[u8], at: usize, first: FrameHeader, free_len: usize, most: usize) -> Self {
        let mut run = Self { headers: 1, last: at, next: at + first.step(free_len) };
        while run.headers < most {
            match header_at(known, run.next) {
                Some(next) if next.is_kin(&first) => {
                    run = Self { headers: run.headers + 1, last: run.next, next: run.next + next.step(free_len) };
                }
                _ => break,
            }
        }
        run
    }

    /// Whether the next header lies, at least in part, past the known bytes.
    pub(crate) fn leaves(&self, known: &[u8]) -> bool {
        self.next + 4 > known.len()
    }

    /// Whether a tag that stands at the end of files follows the last frame.
    pub(crate) fn ends_in_tag(&self, known: &[u8]) -> bool {
        let rest = known.get(self.next..).unwrap_or_default();
        TRAILING_TAGS.iter().any(|tag| rest.starts_with(tag))
    }
}

fn header_at(known: &[u8], at: usize) -> Option<FrameHeader> {
    Frame::layer3(known.get(at..)?)
}

/// The first chain at or behind `from`: where it begins, and its first header.
///
/// It is stricter than a chain at the file's start: no free format, the number of channels does not change, and the header
/// does not come again within its own frame, as it does where a short pattern of bytes repeats.
fn find(known: &[u8], from: usize) -> Option<(usize, FrameHeader)> {
    syncs(known, from).find_map(|at| {
        let first = header_at(known, at).filter(|header| !header.is_free_format())?;
        let is_next = |next: &FrameHeader| next.is_kin(&first) && next.is_mono == first.is_mono;
        let second_at = at + first.step(0);
        let second = header_at(known, second_at).filter(is_next)?;
        header_at(known, second_at + second.step(0)).filter(is_next)?;
        (!repeats_header(known, at, second_at)).then_some((at, first))
    })
}

/// The places of the first two bytes that a header of Layer III can have, at or behind `from`.
fn syncs(known: &[u8], from: usize) -> impl Iterator<Item = usize> {
    let mut from = from;
    std::iter::from_fn(move || {
        loop {
            let mut at = from + memchr(0xFF, known.get(from..)?)?;
            // Of a run of FF, which white pictures hold, only the last can begin a header.
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

/// Whether the first three bytes of a header come again before its frame ends at `end`, as part of a pattern.
pub(crate) fn repeats_header(known: &[u8], at: usize, end: usize) -> bool {
    let start_of = |frame: usize| known.get(frame + 4..frame + 4 + PATTERN_LEN);
    let (Some(header), Some(frame)) = (known.get(at..at + 3), known.get(at + 4..end)) else {
        return false;
    };
    // A pattern with the header in it makes the next frame begin in the same way, which sound hardly ever does.
    start_of(at) == start_of(end)
        && memchr_iter(0xFF, frame).any(|place| frame.get(place..).is_some_and(|rest| rest.starts_with(header)))
}

/// Whether a chain begins anywhere in the known bytes of a file that is MP3 by its start, so that damage to the first
/// frames does not count.
pub(crate) fn is_in(known: &[u8]) -> bool {
    find(known, 0).is_some()
}

/// Whether a chain begins behind bytes of unknown origin and goes on to the end of what is known, or is long. In a file of
/// another format that holds MP3, its own records break the chain every few frames.
pub(crate) fn goes_on_in(known: &[u8]) -> bool {
    let mut from = 0;
    // Every turn goes on behind three headers, so this ends, and looks at each byte a few times at most.
    while let Some((at, first)) = find(known, from) {
        let run = Run::follow(known, at, first, 0, usize::MAX);
        let goes_on = run.leaves(known) || run.ends_in_tag(known) || run.headers >= LONG_CHAIN;
        if goes_on && !is_periodic(known, at, first) {
            return true;
        }
        from = run.last + 1;
    }
    false
}

/// Whether two frames are the same, byte for byte, but no silence: a picture's row or a wave that is as long as a frame.
fn is_periodic(known: &[u8], at: usize, first: FrameHeader) -> bool {
    let len = first.step(0);
    let (Some(frame), Some(next)) = (known.get(at..at + len), known.get(at + len..at + 2 * len)) else {
        return false;
    };
    let is_flat = frame.get(4..).is_some_and(|body| body.windows(2).all(|pair| pair.first() == pair.last()));
    frame == next && !is_flat && !mpeg_side_info::is_possible(first, frame)
}

/// The length, without padding, at which two more headers of the same kind follow the first one, of the free format.
pub(crate) fn free_frame_len(known: &[u8], first: FrameHeader) -> Option<usize> {
    let is_kin_at = |at: usize| header_at(known, at).filter(|next| next.is_kin(&first));
    (24..=LONGEST_FREE_FRAME).find(|length| {
        let second_at = length + first.padding();
        is_kin_at(second_at).is_some_and(|second| is_kin_at(second_at + length + second.padding()).is_some())
    })
}
