//! MP3: three headers of Layer III, each where the one before it says.

use crate::{
    Found, MediaType,
    audio::{
        id3::{self, BEHIND_TAG_LEN},
        mpeg_frame::{Frame, FrameHeader},
    },
    window::{Stop, Window},
};

const WANTED_HEADERS: usize = 3;
/// 640 kbit/s at the lowest sample rate: no encoder makes a longer frame.
const LONGEST_FREE_FRAME: usize = 5760;
/// Three of these.
const FREE_FRAMES_LEN: u64 = 3 * (LONGEST_FREE_FRAME as u64 + 1) + 4;
/// What may follow the last frame.
const TRAILING_TAGS: [&[u8]; 3] = [b"TAG", b"APETAGEX", b"LYRICSBEGIN"];

/// Whether the first bytes could be a frame of MPEG audio in Layer III.
pub(crate) fn starts_with_frame(head: &[u8]) -> bool {
    Frame::layer3(head).is_some()
}

/// Decides a file that starts with an ID3 tag or a frame.
pub(crate) fn sniff(window: &Window<'_>) -> Result<MediaType, Stop> {
    let start = id3::end_of_tags(window)?;
    let Some(first) = header(window, start, start)? else {
        return Err(not_audio(window, start).into());
    };
    let free_len = if first.is_free_format() { free_frame_len(window, start, first)? } else { 0 };
    let (mut at, mut last) = (start, first);
    for count in 2..=WANTED_HEADERS {
        at += last.step(free_len);
        let is_end = at == window.object_len();
        if count > 2 && (is_end || has_trailing_tag(window, at)) {
            // A very short file: two whole frames and nothing else.
            return Ok(MediaType::Mpeg);
        }
        last = match header(window, at, start)? {
            Some(next) if next.is_kin(&first) => next,
            _ => return Err(damaged()),
        };
    }
    Ok(MediaType::Mpeg)
}

fn damaged() -> Stop {
    Found::Damaged(MediaType::Mpeg).into()
}

/// The header at `at`; where that is not known yet, all from the audio's start is asked for.
fn header(window: &Window<'_>, at: u64, start: u64) -> Result<Option<FrameHeader>, Stop> {
    match window.bytes(MediaType::Mpeg, at, 4, 4) {
        Ok(bytes) => Ok(Frame::layer3(bytes)),
        Err(Stop::Needs { .. }) => Err(window.ask(MediaType::Mpeg, start, BEHIND_TAG_LEN)),
        Err(stop) => Err(stop),
    }
}

fn has_trailing_tag(window: &Window<'_>, at: u64) -> bool {
    TRAILING_TAGS.iter().any(|tag| window.at(at).starts_with(tag))
}

/// The length, without padding, at which two more headers of the same kind follow the first.
fn free_frame_len(window: &Window<'_>, start: u64, first: FrameHeader) -> Result<u64, Stop> {
    let known = window.at(start);
    let is_kin_at = |at: u64| {
        let next = usize::try_from(at).ok().and_then(|at| known.get(at..)).and_then(Frame::layer3);
        next.filter(|next| next.is_kin(&first))
    };
    let fits = |length: &u64| {
        let second_at = length + first.padding();
        is_kin_at(second_at).is_some_and(|second| is_kin_at(second_at + length + second.padding()).is_some())
    };
    match (24..=LONGEST_FREE_FRAME as u64).find(fits) {
        Some(length) => Ok(length),
        None if window.may_ask() && start + (known.len() as u64) < window.object_len() => {
            Err(window.ask(MediaType::Mpeg, start, FREE_FRAMES_LEN))
        }
        None => Err(damaged()),
    }
}

/// What stands where a frame should: at the start nothing else brings a file here, so this is what a tag hides.
fn not_audio(window: &Window<'_>, start: u64) -> Found {
    let content = window.at(start);
    match Frame::parse(content) {
        Frame::OtherLayer => Found::MpegLayerOneOrTwo,
        Frame::Aac => Found::Aac,
        _ if content.starts_with(b"fLaC") => Found::Flac,
        _ if content.starts_with(b"MAC ") => Found::MonkeysAudio,
        _ => Found::OtherTagged,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::id3::tests::tag;

    fn frame(header: [u8; 4]) -> Vec<u8> {
        let length = Frame::layer3(&header).unwrap().step(600);
        let mut frame = header.to_vec();
        frame.resize(usize::try_from(length).unwrap(), 0x55);
        frame
    }

    const HEADER: [u8; 4] = [0xFF, 0xFB, 0x90, 0x64];
    const FREE: [u8; 4] = [0xFF, 0xFB, 0x00, 0x64];
    const FREE_PADDED: [u8; 4] = [0xFF, 0xFB, 0x02, 0x64];

    fn tiny() -> Vec<u8> {
        frame(HEADER).repeat(3)
    }

    fn outcome(file: &[u8]) -> Result<MediaType, Stop> {
        sniff(&Window::of_head(&file[..file.len().min(8192)], file.len() as u64))
    }

    #[test]
    fn chained_frames_pass_with_and_without_a_tag() {
        assert_eq!(outcome(&tiny()), Ok(MediaType::Mpeg));
        assert_eq!(outcome(&[tag(500), tiny()].concat()), Ok(MediaType::Mpeg));
        let varying = [frame(HEADER), frame([0xFF, 0xFB, 0xB2, 0x00]), frame([0xFF, 0xFA, 0x50, 0xC4])].concat();
        assert_eq!(outcome(&varying), Ok(MediaType::Mpeg));
        let free = [frame(FREE), frame(FREE_PADDED), frame(FREE)].concat();
        assert_eq!(outcome(&free), Ok(MediaType::Mpeg));
    }

    #[test]
    fn two_frames_pass_only_as_the_whole_file() {
        let two = frame(HEADER).repeat(2);
        assert_eq!(outcome(&two), Ok(MediaType::Mpeg));
        let tagged = [two.clone(), [&b"TAG"[..], &[0; 125]].concat()].concat();
        assert_eq!(outcome(&tagged), Ok(MediaType::Mpeg));
        assert_eq!(outcome(&[two, b"<html><script>".to_vec()].concat()), Err(damaged()));
    }

    #[test]
    fn audio_past_the_head_is_reached_with_one_range() {
        let file = [tag(300_000), tiny(), vec![0; 20_000]].concat();
        assert_eq!(outcome(&file), Err(Stop::Needs { offset: 300_010, length: 8192 }));
        let window = Window::with_range(&file[..8192], 300_010, &file[300_010..308_202], file.len() as u64);
        assert_eq!(sniff(&window), Ok(MediaType::Mpeg));
        let free = [tag(7500), [frame(FREE), frame(FREE_PADDED)].concat().repeat(20)].concat();
        assert_eq!(outcome(&free), Err(Stop::Needs { offset: 8192, length: FREE_FRAMES_LEN - 682 }));
        let window = Window::with_range(&free, 0, &[], free.len() as u64);
        assert_eq!(sniff(&window), Ok(MediaType::Mpeg));
        let seam = [tag(7900), tiny(), vec![0; 20_000]].concat();
        assert_eq!(outcome(&seam), Err(Stop::Needs { offset: 8192, length: 7910 }));
    }

    #[test]
    fn relatives_are_refused_by_name() {
        for (content, found) in [
            (&b"fLaC\0\0\0\x22 and so on"[..], Found::Flac),
            (b"MAC \x96\x0f and so on", Found::MonkeysAudio),
            (b"\xff\xf1\x50\x80 and so on", Found::Aac),
            (b"\xff\xfd\x90\x64 and so on", Found::MpegLayerOneOrTwo),
            (b"Mime-Version: 1.0", Found::OtherTagged),
        ] {
            assert_eq!(outcome(&[&tag(50), content].concat()), Err(found.into()));
        }
    }

    #[test]
    fn a_frame_with_something_else_behind_it_is_refused() {
        let text = b"just text, no frames. ".repeat(100);
        assert_eq!(outcome(&[&HEADER[..], &text].concat()), Err(damaged()));
        assert_eq!(outcome(&[frame(HEADER), text.clone()].concat()), Err(damaged()));
        assert_eq!(outcome(&[frame(HEADER).repeat(2), text.clone()].concat()), Err(damaged()));
        assert_eq!(outcome(&[&FREE[..], &text].concat()), Err(damaged()));
        assert_eq!(outcome(&[frame(HEADER), frame([0xFF, 0xF3, 0x88, 0x64]).repeat(2)].concat()), Err(damaged()));
        assert_eq!(outcome(&frame(HEADER)), Err(damaged()));
    }
}
