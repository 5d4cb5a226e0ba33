//! The tags (ID3, version 2) before the audio.

use crate::{
    MAX_RANGE_LEN, MediaType,
    window::{NotAccepted, Window},
};

/// Read at the end of a tag that leaves the head, or behind the head where a tag ends in it but no frames follow: another
/// tag or tens of thousands of zeros find room, and frames behind them.
pub(crate) const BEHIND_TAG_LEN: u64 = MAX_RANGE_LEN;
/// More tags than that are no accident.
const MOST_TAGS: usize = 16;
const TAG_HEADER_LEN: usize = 10;

/// Where the tags end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TagsEnd {
    /// From the start of the object.
    pub(crate) at: u64,
    /// Whether the last tag's size leaves room for audio. If not, the size is wrong and `at` is behind the tag's header,
    /// so that frames are searched for in what the tag claims.
    pub(crate) has_room: bool,
}

/// Where the audio should begin: behind all tags, the footer that the last may have, and padding that a tag does not count.
pub(crate) fn end_of_tags(window: &Window<'_>) -> Result<TagsEnd, NotAccepted> {
    let mut at = 0;
    for _ in 0..MOST_TAGS {
        let Some(length) = tag_len(window.bytes(MediaType::Mpeg, at, TAG_HEADER_LEN, BEHIND_TAG_LEN)?) else {
            break;
        };
        at += TAG_HEADER_LEN as u64;
        if at + length + 4 > window.object_len() {
            return Ok(TagsEnd { at, has_room: false });
        }
        at += length;
        if window.bytes(MediaType::Mpeg, at, 4, BEHIND_TAG_LEN)?.starts_with(b"3DI") {
            at += TAG_HEADER_LEN as u64;
        }
        at = end_of_padding(window, at)?;
    }
    Ok(TagsEnd { at, has_room: true })
}

/// The length behind the tag's header: four times seven bits. Some old taggers wrote four times eight bits; where a byte
/// is too large for seven, it is such a size.
fn tag_len(header: &[u8]) -> Option<u64> {
    let &[b'I', b'D', b'3', version, revision, _, a, b, c, d] = header else {
        return None;
    };
    if version == 0xFF || revision == 0xFF {
        return None;
    }
    let length = [a, b, c, d];
    let bits = if length.iter().all(|byte| *byte < 0x80) { 7 } else { 8 };
    Some(length.iter().fold(0, |sum, byte| sum << bits | u64::from(*byte)))
}

fn end_of_padding(window: &Window<'_>, at: u64) -> Result<u64, NotAccepted> {
    let known = window.at(at);
    match known.iter().position(|byte| *byte != 0) {
        Some(zeros) => Ok(at + zeros as u64),
        None => Err(window.ask(MediaType::Mpeg, at + known.len() as u64, BEHIND_TAG_LEN)),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::Found;

    pub(crate) fn tag(length: usize) -> Vec<u8> {
        let bits = |shift: usize| u8::try_from(length >> shift & 0x7F).unwrap();
        let mut tag = b"ID3\x03\0\0".to_vec();
        tag.extend([bits(21), bits(14), bits(7), bits(0)]);
        tag.resize(10 + length, b't');
        tag
    }

    fn outcome(file: &[u8]) -> Result<u64, NotAccepted> {
        end(file).map(|end| end.at)
    }

    fn end(file: &[u8]) -> Result<TagsEnd, NotAccepted> {
        end_of_tags(&Window::of_head(&file[..file.len().min(8192)], file.len() as u64))
    }

    #[test]
    fn tags_footers_and_padding_are_skipped() {
        let audio = [0xFF, 0xFB, 0x90, 0x64, 0, 0, 0, 0, 0, 0].to_vec();
        assert_eq!(outcome(&audio), Ok(0));
        assert_eq!(outcome(&[tag(300), audio.clone()].concat()), Ok(310));
        assert_eq!(outcome(&[tag(300), tag(20), audio.clone()].concat()), Ok(340));
        assert_eq!(outcome(&[tag(300), b"3DI\x04\0\0\0\0\x02\x2c".to_vec(), audio.clone()].concat()), Ok(320));
        assert_eq!(outcome(&[tag(300), vec![0; 77], audio.clone()].concat()), Ok(387));
        assert_eq!(outcome(&[tag(300), vec![0; 77], tag(5), audio].concat()), Ok(402));
    }

    #[test]
    fn a_tag_that_leaves_the_head_asks_for_its_end() {
        let file = [tag(700_000), vec![0xFF; 20_000]].concat();
        assert_eq!(outcome(&file), Err(NotAccepted::Needs { offset: 700_010, length: 20_000 }));
        let file = [tag(7000), vec![0; 90_000], vec![0xFF; 20]].concat();
        assert_eq!(outcome(&file), Err(NotAccepted::Needs { offset: 8192, length: 65_557 }));
    }

    #[test]
    fn a_size_of_four_times_eight_bits_is_read_as_such() {
        let mut file = [tag(0x01_90), vec![0xFF; 20]].concat();
        file[6..10].copy_from_slice(&[0, 0, 0x01, 0x90]);
        assert_eq!(outcome(&file), Ok(410));
    }

    #[test]
    fn a_size_that_leaves_no_room_ends_the_tag_behind_its_header() {
        for file in [tag(300), tag(300)[..200].to_vec(), [tag(300), vec![0xFF; 3]].concat()] {
            assert_eq!(end(&file), Ok(TagsEnd { at: 10, has_room: false }));
        }
        let second = [tag(300), tag(9000)[..500].to_vec()].concat();
        assert_eq!(end(&second), Ok(TagsEnd { at: 320, has_room: false }));
    }

    #[test]
    fn a_tag_without_audio_is_damaged() {
        for file in [[tag(300), vec![0; 9]].concat(), b"ID3\x03".to_vec()] {
            assert_eq!(outcome(&file), Err(Found::Damaged(MediaType::Mpeg).into()));
        }
        assert_eq!(outcome(b"ID3\xff\0\0\0\0\0\0 and more than that"), Ok(0), "no tag");
    }
}
