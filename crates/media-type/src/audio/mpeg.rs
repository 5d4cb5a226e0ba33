//! MP3: three headers of Layer III, each where the one before it says.

use crate::{
    Found, MediaType,
    audio::{
        id3::{self, BEHIND_TAG_LEN, TagsEnd},
        mpeg_chain::{self, Run, WANTED_HEADERS},
        mpeg_frame::{Frame, FrameHeader},
        mpeg_side_info,
    },
    recognise,
    window::{NotAccepted, Window},
};

/// Whether the first bytes could be a frame of MPEG audio in Layer III.
pub(crate) fn starts_with_frame(head: &[u8]) -> bool {
    Frame::layer3(head).is_some()
}

/// Decides a file that starts with an ID3 tag or a frame.
pub(crate) fn sniff(window: &Window<'_>) -> Result<MediaType, NotAccepted> {
    let TagsEnd { at: start, has_room } = id3::end_of_tags(window)?;
    window.bytes(MediaType::Mpeg, start, 4, BEHIND_TAG_LEN)?;
    let known = window.at(start);
    let is_whole = window.is_known_to_end(start);
    let first = Frame::layer3(known);
    if let Some(relative) = relative(known) {
        return Err(relative.into());
    }
    // Not from the very start: a cut or joined recording, a tag whose size is wrong, something between tag and audio.
    if first.is_some_and(|first| chains(known, first, is_whole)) || mpeg_chain::is_in(known) {
        return Ok(MediaType::Mpeg);
    }
    if window.is_head_only() && !is_whole {
        return Err(window.ask(MediaType::Mpeg, start, BEHIND_TAG_LEN));
    }
    Err(if has_room && first.is_none() { Found::OtherTagged } else { Found::Damaged(MediaType::Mpeg) }.into())
}

/// Whether frames chain from the very start, three of them or as many as the file holds.
fn chains(known: &[u8], first: FrameHeader, is_whole: bool) -> bool {
    let free_len = if first.is_free_format() { mpeg_chain::free_frame_len(known, first) } else { Some(0) };
    let Some(free_len) = free_len else {
        return false;
    };
    let run = Run::follow(known, 0, first, free_len, WANTED_HEADERS);
    if run.headers >= WANTED_HEADERS {
        !mpeg_chain::repeats_header(known, 0, first.step(free_len))
    } else {
        is_short_file(known, first, &run, is_whole)
    }
}

/// Whether a file holds two frames, or one that is the first of a recording, perhaps cut within its last frame. With two
/// frames of which the first is that of a recording, something unknown may follow.
fn is_short_file(known: &[u8], first: FrameHeader, run: &Run, is_whole: bool) -> bool {
    let ends_here = (is_whole && run.leaves(known)) || run.ends_in_tag(known);
    let is_two = run.headers == 2;
    (is_two && ends_here) || ((is_two || ends_here) && mpeg_side_info::is_first_frame(first, known))
}

/// What a tag hides that is no MP3: at the start nothing of this brings a file here.
fn relative(content: &[u8]) -> Option<Found> {
    match Frame::parse(content) {
        Frame::OtherLayer => Some(Found::MpegLayerOneOrTwo),
        Frame::Aac => Some(Found::Aac),
        _ if content.starts_with(b"fLaC") => Some(Found::Flac),
        _ if content.starts_with(b"MAC ") => Some(Found::MonkeysAudio),
        Frame::None if recognise::is_other_container(content) => Some(Found::OtherTagged),
        _ => None,
    }
}

/// Whether a file that begins with no signature is MP3 behind zeros, text, or the rest of a frame.
pub(crate) fn follows_junk(window: &Window<'_>) -> bool {
    let head = window.at(0);
    !recognise::is_other_container(head) && (mpeg_chain::goes_on_in(head) || follows_zeros(window, head))
}

/// Whether nothing but zeros stand before the one or two frames that a file holds.
fn follows_zeros(window: &Window<'_>, head: &[u8]) -> bool {
    let start = head.iter().position(|byte| *byte != 0).unwrap_or_default();
    let known = head.get(start..).unwrap_or_default();
    let first = Frame::layer3(known).filter(|first| start > 0 && !first.is_free_format());
    first.is_some_and(|first| {
        let run = Run::follow(known, 0, first, 0, WANTED_HEADERS);
        run.headers < WANTED_HEADERS && is_short_file(known, first, &run, window.is_known_to_end(0))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{audio::id3::tests::tag, window::Piece};

    const HEADER: [u8; 4] = [0xFF, 0xFB, 0x90, 0x64];
    const FREE: [u8; 4] = [0xFF, 0xFB, 0x00, 0x64];
    const FREE_PADDED: [u8; 4] = [0xFF, 0xFB, 0x02, 0x64];
    /// MPEG-2.5, 8 kHz.
    const SLOW: [u8; 4] = [0xFF, 0xE3, 0x18, 0xC4];

    fn frame(header: [u8; 4]) -> Vec<u8> {
        let mut frame = header.to_vec();
        frame.resize(Frame::layer3(&header).unwrap().step(600), 0x55);
        frame
    }

    fn frames(count: usize) -> Vec<u8> {
        frame(HEADER).repeat(count)
    }

    fn damaged() -> NotAccepted {
        Found::Damaged(MediaType::Mpeg).into()
    }

    fn outcome(file: &[u8]) -> Result<MediaType, NotAccepted> {
        sniff(&Window::of_head(&file[..file.len().min(8192)], file.len() as u64))
    }

    /// The decision with the range that was asked for, if any.
    fn outcome_with_range(file: &[u8]) -> Result<MediaType, NotAccepted> {
        let object_len = file.len() as u64;
        match outcome(file) {
            Err(NotAccepted::Needs { offset, length }) => {
                let range = &file[usize::try_from(offset).unwrap()..usize::try_from(offset + length).unwrap()];
                if offset == 8192 {
                    return sniff(&Window::complete(&file[..8192 + range.len()], [Piece::default(); 2], object_len));
                }
                sniff(&Window::with_range(&file[..8192], Piece { at: offset, bytes: range }, object_len))
            }
            outcome => outcome,
        }
    }

    #[test]
    fn chained_frames_pass_with_and_without_a_tag() {
        assert_eq!(outcome(&frames(3)), Ok(MediaType::Mpeg));
        assert_eq!(outcome(&[tag(500), frames(3)].concat()), Ok(MediaType::Mpeg));
        let varying = [frame(HEADER), frame([0xFF, 0xFB, 0xB2, 0x00]), frame([0xFF, 0xFA, 0x50, 0xC4])].concat();
        assert_eq!(outcome(&varying), Ok(MediaType::Mpeg));
        let free = [frame(FREE), frame(FREE_PADDED), frame(FREE)].concat();
        assert_eq!(outcome(&free), Ok(MediaType::Mpeg));
    }

    #[test]
    fn a_broken_chain_passes_where_another_one_follows() {
        let mut cut = frames(20);
        cut.drain(600..641);
        assert_eq!(outcome(&cut), Ok(MediaType::Mpeg), "41 bytes cut out of frame 2");
        assert_eq!(outcome(&[frame(SLOW), frames(20)].concat()), Ok(MediaType::Mpeg), "8 kHz, then 44.1 kHz");
        let lossy = [&frames(2)[..700], &frames(2)[300..], &frames(2)[..500], &frames(4)].concat();
        assert_eq!(outcome(&lossy), Ok(MediaType::Mpeg));
        let hopeless = frames(2)[..700].repeat(40);
        assert_eq!(outcome_with_range(&hopeless), Err(damaged()), "never three in a row");
    }

    #[test]
    fn a_chain_past_the_head_of_a_broken_recording_is_found_in_the_range() {
        let file = [frames(2)[..700].repeat(12), frames(30)].concat();
        assert_eq!(outcome(&file), Err(NotAccepted::Needs { offset: 8192, length: file.len() as u64 - 8192 }));
        assert_eq!(outcome_with_range(&file), Ok(MediaType::Mpeg));
    }

    #[test]
    fn a_tag_size_that_is_a_few_bytes_wrong_passes() {
        for length in [300, 30_000] {
            for (size, name) in
                [(length - 10, "too small"), (length + 10, "too large"), (length * 90, "much too large")]
            {
                let mut file = [tag(length), frames(40)].concat();
                file[6..10].copy_from_slice(&tag(size)[6..10]);
                assert_eq!(outcome_with_range(&file), Ok(MediaType::Mpeg), "{length} {name}");
            }
        }
        let between = [&tag(300)[..], b"forty bytes of text between tag and frame", &frames(20)].concat();
        assert_eq!(outcome(&between), Ok(MediaType::Mpeg));
    }

    #[test]
    fn two_tags_and_long_padding_fit_into_the_range() {
        let file = [tag(9000), tag(9000), frames(40)].concat();
        assert_eq!(outcome_with_range(&file), Ok(MediaType::Mpeg));
        let file = [tag(40_000), tag(60_000), frames(40)].concat();
        assert_eq!(outcome_with_range(&file), Ok(MediaType::Mpeg));
        for zeros in [9000, 20_000, 60_000] {
            let file = [tag(300), vec![0; zeros], frames(40)].concat();
            assert_eq!(outcome_with_range(&file), Ok(MediaType::Mpeg), "{zeros}");
        }
        let file = [tag(300), vec![0; 90_000], frames(40)].concat();
        assert_eq!(outcome_with_range(&file), Err(Found::OutOfReach(MediaType::Mpeg).into()));
    }

    #[test]
    fn two_frames_pass_only_as_the_whole_file() {
        let two = frames(2);
        assert_eq!(outcome(&two), Ok(MediaType::Mpeg));
        assert_eq!(outcome(&two[..500]), Ok(MediaType::Mpeg), "cut within the second");
        assert_eq!(outcome(&[tag(300), two[..421].to_vec()].concat()), Ok(MediaType::Mpeg), "cut behind its header");
        let tagged = [two.clone(), [&b"TAG"[..], &[0; 125]].concat()].concat();
        assert_eq!(outcome(&tagged), Ok(MediaType::Mpeg));
        assert_eq!(outcome(&[two, b"<html><script>".to_vec()].concat()), Err(damaged()));
    }

    #[test]
    fn one_frame_passes_only_if_its_side_information_is_that_of_a_first_frame() {
        let mut first = vec![0xFF, 0xFB, 0xE0, 0x64];
        first.resize(36, 0);
        first.extend(b"Info");
        first.resize(1000, 0);
        assert_eq!(outcome(&first), Ok(MediaType::Mpeg), "head -c 1000 at 320 kbit/s");
        assert_eq!(outcome(&first[..40]), Ok(MediaType::Mpeg));
        assert_eq!(outcome(&first[..39]), Err(damaged()));
        assert_eq!(outcome(&[tag(50), first.clone()].concat()), Ok(MediaType::Mpeg));
        let zeros_first = [vec![0; 417], first.clone()].concat();
        assert!(follows_junk(&Window::of_head(&zeros_first, zeros_first.len() as u64)));
        let two = [&first[..], &[0; 44], &[0xFF, 0xFB, 0xE0, 0x64], &[0x55; 1040], b"something else"].concat();
        assert_eq!(outcome(&two), Ok(MediaType::Mpeg), "two whole frames and something else");
        first.extend(vec![0; 300]);
        assert_eq!(outcome(&first), Err(damaged()), "more than a frame");
        assert_eq!(outcome(&frame(HEADER)), Err(damaged()));
        let text = [&HEADER[..], b"<script>alert(1)</script> or any other text that is shorter than a frame"].concat();
        assert_eq!(outcome(&text), Err(damaged()));
    }

    #[test]
    fn audio_past_the_head_is_reached_with_one_range() {
        let file = [tag(300_000), frames(3), vec![0; 90_000]].concat();
        assert_eq!(outcome(&file), Err(NotAccepted::Needs { offset: 300_010, length: 65_557 }));
        assert_eq!(outcome_with_range(&file), Ok(MediaType::Mpeg));
        let free = [tag(7500), [frame(FREE), frame(FREE_PADDED)].concat().repeat(20)].concat();
        assert_eq!(outcome(&free), Err(NotAccepted::Needs { offset: 8192, length: free.len() as u64 - 8192 }));
        assert_eq!(outcome_with_range(&free), Ok(MediaType::Mpeg));
        let seam = [tag(7900), frames(3), vec![0; 20_000]].concat();
        assert_eq!(outcome_with_range(&seam), Ok(MediaType::Mpeg));
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
        assert_eq!(outcome(&tag(50)), Err(damaged()), "a tag alone");
    }

    #[test]
    fn a_frame_with_something_else_behind_it_is_refused() {
        let text = b"just text, no frames. ".repeat(100);
        assert_eq!(outcome(&[&HEADER[..], &text].concat()), Err(damaged()));
        assert_eq!(outcome(&[frame(HEADER), text.clone()].concat()), Err(damaged()));
        assert_eq!(outcome(&[frame(HEADER).repeat(2), text.clone()].concat()), Err(damaged()));
        assert_eq!(outcome(&[&FREE[..], &text].concat()), Err(damaged()));
        assert_eq!(outcome(&[frame(HEADER), frame([0xFF, 0xF3, 0x88, 0x64]).repeat(2)].concat()), Err(damaged()));
    }

    #[test]
    fn a_pattern_that_repeats_within_a_frame_is_refused() {
        // The frames are 208 bytes long, which 16 divides.
        let pattern = b"\xff\xfbP pattern 16 B".repeat(60);
        assert_eq!(pattern.len(), 960);
        assert_eq!(outcome(&pattern), Err(damaged()));
        assert_eq!(outcome(&[tag(50), pattern].concat()), Err(damaged()));
    }

    #[test]
    fn junk_before_the_first_frame_passes_where_a_chain_goes_on_behind_it() {
        let follows_junk = |file: &[u8]| follows_junk(&Window::of_head(file, file.len() as u64));
        for junk in
            [vec![0; 417], b"HTTP/1.0 200 OK\r\nicy-name: radio\r\n\r\n".to_vec(), vec![0xFF; 3], vec![0x55; 300]]
        {
            let follows = |rest: &[u8]| follows_junk(&[&junk[..], rest].concat());
            assert!(follows(&frames(3)), "{junk:?}");
            assert!(follows(&frames(20)[..7000]), "{junk:?}");
            let is_zeros = junk.iter().all(|byte| *byte == 0);
            assert_eq!(follows(&frames(2)), is_zeros, "{junk:?}");
            assert!(!follows(&[&frames(5)[..], b"no frame"].concat()), "{junk:?}");
            assert!(follows(&[&frames(8)[..], b"no frame"].concat()), "{junk:?}");
            assert!(follows(&[&frames(5)[..], &[0x55; 9], &frames(3), b"TAG"].concat()), "{junk:?}");
        }
        let records = [&[0x55; 16][..], &frames(4)].concat().repeat(4);
        assert!(!follows_junk(&[&records[..], b"no frame"].concat()), "records of another format hold the frames");
        assert!(!follows_junk(&[b"FLV\x01\x05\0\0\0\x09", &frames(20)[..]].concat()), "a known container");
    }
}
