//! Checks the side information of a Layer III frame, which describes the frame's bits and their coding.
//!
//! A file with fewer than two frames has no chain. Its one frame is accepted if its side information is possible. In text or
//! noise it is not.

use crate::audio::mpeg_frame::FrameHeader;

const LARGEST_BIG_VALUES: u32 = 288;
/// The standard does not define these Huffman tables.
const MISSING_TABLES: [u32; 2] = [4, 14];
/// Names of the data that encoders write into a first frame without audio: bit rates and a table for seeking.
const INFO_TAGS: [&[u8]; 2] = [b"Xing", b"Info"];

/// Whether this is the first frame of a recording. `frame` begins with the header and may be incomplete, but must contain its whole
/// side information.
pub(crate) fn is_first_frame(header: FrameHeader, frame: &[u8]) -> bool {
    let Some((side, content)) = split(header, frame) else {
        return false;
    };
    if INFO_TAGS.iter().any(|tag| content.starts_with(tag)) {
        return true;
    }
    let content_len = header.step(0).saturating_sub(frame.len() - content.len());
    // The first frame of a recording has no content in a previous frame. Silence has no content, but it has a gain.
    side.iter().any(|byte| *byte != 0)
        && parse(header, side).is_some_and(|side| side.borrowed_len == 0 && side.content_bits <= content_len * 8)
}

/// Whether this may be a frame of a recording.
pub(crate) fn is_possible(header: FrameHeader, frame: &[u8]) -> bool {
    split(header, frame).and_then(|(side, _)| parse(header, side)).is_some()
}

/// The side information, and the bytes after it.
fn split(header: FrameHeader, frame: &[u8]) -> Option<(&[u8], &[u8])> {
    let side_len = match (header.is_version_1(), header.is_mono) {
        (true, false) => 32,
        (true, true) | (false, false) => 17,
        (false, true) => 9,
    };
    frame.get(if header.has_checksum { 6 } else { 4 }..)?.split_at_checked(side_len)
}

struct SideInfo {
    /// How many bytes of this frame's content are in previous frames.
    borrowed_len: u32,
    content_bits: usize,
}

/// `None` if a number is not possible.
fn parse(header: FrameHeader, side: &[u8]) -> Option<SideInfo> {
    let mut bits = Bits { bytes: side, at: 0 };
    let channels = if header.is_mono { 1 } else { 2 };
    let is_version_1 = header.is_version_1();
    let borrowed_len = bits.take(if is_version_1 { 9 } else { 8 })?;
    let (private_and_shared, granules) = match (is_version_1, header.is_mono) {
        (true, true) => (5 + 4, 2),
        (true, false) => (3 + 8, 2),
        (false, true) => (1, 1),
        (false, false) => (2, 1),
    };
    bits.take(private_and_shared)?;
    let mut content_bits = 0;
    for _ in 0..granules * channels {
        content_bits += granule_bits(&mut bits, is_version_1)?;
    }
    Some(SideInfo { borrowed_len, content_bits })
}

/// The content's bits of one granule of one channel.
fn granule_bits(bits: &mut Bits<'_>, is_version_1: bool) -> Option<usize> {
    let length = bits.take(12)?;
    let big_values = bits.take(9)?;
    bits.take(8)?;
    bits.take(if is_version_1 { 4 } else { 9 })?;
    let is_switched = bits.take(1)? == 1;
    let mut is_possible = big_values <= LARGEST_BIG_VALUES;
    if is_switched {
        is_possible &= bits.take(2)? != 0;
        bits.take(1)?;
    }
    for _ in 0..if is_switched { 2 } else { 3 } {
        is_possible &= !MISSING_TABLES.contains(&bits.take(5)?);
    }
    bits.take(if is_switched { 9 } else { 7 })?;
    bits.take(if is_version_1 { 3 } else { 2 })?;
    is_possible.then(|| usize::try_from(length).unwrap_or(usize::MAX))
}

struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    /// The next bits, at most 16, as a number.
    fn take(&mut self, count: usize) -> Option<u32> {
        let mut number = 0;
        for at in self.at..self.at + count {
            let byte = self.bytes.get(at / 8)?;
            number = number << 1 | u32::from(byte >> (7 - at % 8) & 1);
        }
        self.at += count;
        Some(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::mpeg_frame::Frame;

    /// A frame whose side information has these numbers, each with its count of bits, followed by zeros.
    fn frame(header: [u8; 4], numbers: &[(usize, u32)]) -> Vec<u8> {
        let mut bits = Vec::new();
        for (count, number) in numbers {
            bits.extend((0..*count).rev().map(|shift| u8::try_from(number >> shift & 1).unwrap()));
        }
        let mut frame = header.to_vec();
        frame.extend(bits.chunks(8).map(|chunk| chunk.iter().enumerate().map(|(at, bit)| bit << (7 - at)).sum::<u8>()));
        frame.resize(100, 0);
        frame
    }

    fn is_first(frame: &[u8]) -> bool {
        is_first_frame(Frame::layer3(frame).unwrap(), frame)
    }

    const STEREO: [u8; 4] = [0xFF, 0xFB, 0x90, 0x64];
    const MONO: [u8; 4] = [0xFF, 0xFB, 0x90, 0xC4];
    const SLOW_MONO: [u8; 4] = [0xFF, 0xF3, 0x88, 0xC4];

    #[test]
    fn frame_with_possible_numbers_passes() {
        assert!(is_first(&frame(STEREO, &[(9, 0), (11, 0), (12, 900), (9, 288), (8, 170), (4, 0), (1, 0), (5, 15)])));
        assert!(is_first(&frame(MONO, &[(9, 0), (9, 0), (12, 900), (9, 100), (8, 170), (4, 0), (1, 1), (2, 2)])));
        assert!(is_first(&frame(SLOW_MONO, &[(8, 0), (1, 0), (12, 900), (9, 100), (8, 170), (9, 0), (1, 0), (5, 1)])));
        let silence = [(9, 0), (3, 0), (8, 0xFF), (21, 0), (8, 210)];
        assert!(is_first(&frame(STEREO, &silence)), "silence from LAME");
        let with_checksum =
            [&[0xFF, 0xFA, 0x90, 0x64, 0xAB, 0xCD][..], &frame(STEREO, &[(20, 0), (12, 9)])[4..]].concat();
        assert!(is_first(&with_checksum));
    }

    #[test]
    fn frame_with_impossible_numbers_is_refused() {
        for (numbers, what) in [
            (&[(9, 1), (11, 0), (12, 900)][..], "content in a previous frame"),
            (&[(20, 0)], "only zeros"),
            (&[(20, 0), (12, 4000)], "more bits than the frame has"),
            (&[(20, 0), (12, 900), (9, 289)], "more values than a granule has"),
            (&[(20, 0), (12, 900), (9, 1), (8, 0), (4, 0), (1, 1), (2, 0)], "a switched window of the usual kind"),
            (&[(20, 0), (12, 900), (9, 1), (8, 0), (4, 0), (1, 0), (5, 4)], "a table that does not exist"),
            (&[(20, 0), (12, 900), (9, 1), (8, 0), (4, 0), (1, 0), (10, 14)], "another table that does not exist"),
        ] {
            assert!(!is_first(&frame(STEREO, numbers)), "{what}");
        }
        assert!(!is_first(&frame(STEREO, &[(20, 0), (12, 9)])[..35]), "incomplete side information");
    }

    #[test]
    fn frame_with_an_information_tag_passes() {
        for (header, at) in [(STEREO, 36), (MONO, 21), (SLOW_MONO, 13)] {
            for tag in INFO_TAGS {
                let mut file = frame(header, &[]);
                file[at..at + 4].copy_from_slice(tag);
                assert!(is_first(&file));
                file.insert(at, 0);
                assert!(!is_first(&file));
            }
        }
    }
}
