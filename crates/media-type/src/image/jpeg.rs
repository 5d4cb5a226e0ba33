//! JPEG: the segments are walked to the first quantisation table or frame header.

use crate::{
    Found, MAX_RANGE_LEN, MediaType,
    window::{NotAccepted, Window, u16_be},
};

/// The application segments that no other format has: one of these vouches for a file whose next segment lies past the
/// head, as it does behind a camera's thumbnail.
const KNOWN_SEGMENTS: [&[u8]; 9] = [
    b"JFIF\0",
    b"JFXX\0",
    b"Exif\0",
    b"Adobe",
    b"Photoshop 3.0\0",
    b"http://ns.adobe.com/",
    b"ICC_PROFILE\0",
    b"MPF\0",
    b"FPXR\0",
];

/// Read where no known segment vouches for the file: other long segments, such as comments, find room.
const NEXT_SEGMENTS_LEN: u64 = MAX_RANGE_LEN;
/// Bytes between two segments that decoders skip, here only in a file that is vouched for.
const MOST_JUNK: usize = 256;

/// Decides a file that starts with a start-of-image marker and another marker.
pub(crate) fn sniff(window: &Window<'_>) -> Result<MediaType, NotAccepted> {
    let mut at = 2;
    let (mut is_vouched_for, mut has_junk) = (false, false);
    // Every segment is at least two bytes long and lies in what is known, so this ends.
    loop {
        let Some(segment) = window.known(at, 4) else {
            let goes_on = at + 4 <= window.object_len();
            return if is_vouched_for && goes_on { Ok(MediaType::Jpeg) } else { Err(ask(window, at)) };
        };
        let &[0xFF, marker, ..] = segment else {
            at += junk_len(window.at(at)).filter(|_| is_vouched_for && !has_junk).ok_or_else(damaged)?;
            has_junk = true;
            continue;
        };
        let length = u16_be(segment, 2).unwrap_or_default();
        let known = window.at(at + 4);
        let content = usize::from(length).checked_sub(2).and_then(|length| known.get(..length)).unwrap_or(known);
        let end = at + 2 + u64::from(length);
        match marker {
            // A fill byte, and markers without a length.
            0xFF => at += 1,
            0x01 | 0xD0..=0xD7 => at += 2,
            // The length counts itself. Broken writers put 0 or 1 there; decoders then look for the next marker.
            0xE0..=0xEF | 0xFE if length < 2 => {
                let is_known = is_known_segment(content);
                is_vouched_for |= is_known;
                at += 4 + if is_known { next_marker(content).ok_or_else(damaged)? } else { 0 };
            }
            _ if length < 2 || end > window.object_len() => return Err(damaged()),
            0xDB => return if is_quantisation(length, content) { Ok(MediaType::Jpeg) } else { Err(damaged()) },
            0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => {
                return if is_frame_header(length, content) { Ok(MediaType::Jpeg) } else { Err(damaged()) };
            }
            0xF7 => return Err(Found::JpegLs.into()),
            // Huffman and arithmetic tables, number of lines, restart interval, application segments, comment.
            0xC4 | 0xCC | 0xDC | 0xDD | 0xE0..=0xEF | 0xFE => {
                is_vouched_for |= marker >= 0xE0 && is_known_segment(content);
                at = end;
            }
            _ => return Err(damaged()),
        }
    }
}

fn ask(window: &Window<'_>, at: u64) -> NotAccepted {
    if at + 4 > window.object_len() { damaged() } else { window.ask(MediaType::Jpeg, at, NEXT_SEGMENTS_LEN) }
}

fn is_known_segment(content: &[u8]) -> bool {
    KNOWN_SEGMENTS.iter().any(|known| content.starts_with(known))
}

/// How far behind a segment of unknown length the next marker is.
fn next_marker(known: &[u8]) -> Option<u64> {
    let is_marker = |pair: &[u8]| matches!(pair, [0xFF, 0xC0..=0xFE]);
    known.windows(2).take(MOST_JUNK + 1).position(is_marker).map(|len| len as u64)
}

fn damaged() -> NotAccepted {
    Found::Damaged(MediaType::Jpeg).into()
}

/// What stands before the next marker of a table, a frame, or a segment that says something about the picture.
fn junk_len(known: &[u8]) -> Option<u64> {
    let is_marker = |pair: &[u8]| matches!(pair, [0xFF, 0xDB | 0xC0..=0xC2 | 0xC4 | 0xE0..=0xEF | 0xFE]);
    known.windows(2).take(MOST_JUNK + 1).position(is_marker).map(|len| len as u64)
}

/// Tables, each of a precision, a number and 64 values, fill the segment.
fn is_quantisation(length: u16, content: &[u8]) -> bool {
    let is_cut = content.len() + 2 < usize::from(length);
    let mut rest = content;
    while let [first, values @ ..] = rest {
        let values_len = match first {
            0x00..=0x03 => 64,
            0x10..=0x13 => 128,
            _ => return false,
        };
        match values.get(values_len..) {
            Some(behind) => rest = behind,
            None => return is_cut,
        }
    }
    length > 2
}

/// Precision, height, width, and as many components as the length has room for.
fn is_frame_header(length: u16, content: &[u8]) -> bool {
    match content {
        [precision, _, _, _, _, components, ..] => {
            (2..=16).contains(precision) && *components > 0 && length == 8 + 3 * u16::from(*components)
        }
        _ => length >= 11,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::window::Piece;

    fn segment(marker: u8, content: &[u8]) -> Vec<u8> {
        let length = u16::try_from(content.len() + 2).unwrap();
        [&[0xFF, marker][..], &length.to_be_bytes(), content].concat()
    }

    fn jfif() -> Vec<u8> {
        segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0")
    }

    fn tables() -> Vec<u8> {
        [segment(0xDB, &[1; 65]), segment(0xC0, &[8, 0, 1, 0, 1, 1, 1, 0x11, 0])].concat()
    }

    fn with(segments: &[Vec<u8>]) -> Vec<u8> {
        [&[0xFF, 0xD8][..], &segments.concat()].concat()
    }

    /// Everything but the entropy-coded data.
    fn tiny() -> Vec<u8> {
        with(&[jfif(), tables()])
    }

    fn outcome(file: &[u8], object_len: u64) -> Result<MediaType, NotAccepted> {
        sniff(&Window::of_head(&file[..file.len().min(8192)], object_len))
    }

    fn outcome_with_range(file: &[u8]) -> Result<MediaType, NotAccepted> {
        let object_len = file.len() as u64;
        let Err(NotAccepted::Needs { offset, length }) = outcome(file, object_len) else {
            return outcome(file, object_len);
        };
        let bytes = &file[usize::try_from(offset).unwrap()..usize::try_from(offset + length).unwrap()];
        sniff(&Window::with_range(&file[..8192], Piece { at: offset, bytes }, object_len))
    }

    fn accepts(file: &[u8]) -> bool {
        outcome(file, file.len() as u64).is_ok()
    }

    #[test]
    fn segments_are_walked_to_a_table_or_a_frame() {
        assert!(accepts(&tiny()));
        assert!(accepts(&with(&[tables()])));
        assert!(accepts(&with(&[segment(0xFE, b"made by hand"), tables()])));
        assert!(accepts(&with(&[segment(0xE1, b"unknown"), segment(0xC4, &[0; 20]), vec![0xFF, 0xFF], tables()])));
        assert!(accepts(&with(&[segment(0xC2, &[8, 0, 1, 0, 1, 1, 1, 0x11, 0])])));
        let two_tables = [[&[0x00][..], &[1; 64]].concat(), [&[0x11][..], &[1; 128]].concat()].concat();
        assert!(accepts(&with(&[segment(0xDB, &two_tables)])));
        assert!(!accepts(&with(&[segment(0xDB, &two_tables[1..])])));
    }

    #[test]
    fn a_little_junk_is_skipped_once_where_a_known_segment_came_before() {
        assert!(accepts(&with(&[jfif(), b"hello".to_vec(), tables()])));
        let exif = segment(0xE1, b"Exif\0\0MM\0*");
        assert!(accepts(&with(&[jfif(), b"hello".to_vec(), exif, tables()])), "a segment that says too short a length");
        assert!(!accepts(&with(&[b"hello".to_vec(), tables()])));
        assert!(!accepts(&with(&[jfif(), vec![0; 257], tables()])));
        assert!(!accepts(&with(&[jfif(), b"hello".to_vec(), segment(0xC4, &[0; 20]), b"hello".to_vec(), tables()])));
    }

    #[test]
    fn markers_with_garbage_behind_them_are_refused() {
        assert!(!accepts(b"\xff\xd8\xff\xe0<html><script>alert(1)</script></html>"));
        assert!(!accepts(&with(&[jfif(), b"<html><script>alert(1)</script></html>".to_vec()])));
        assert!(!accepts(&with(&[jfif()])), "nothing to decode");
        assert!(!accepts(&with(&[segment(0xDA, &[0; 10]), tables()])), "a scan before its frame");
        assert!(!accepts(&with(&[segment(0xDB, &[0x55; 65])])));
        assert!(!accepts(&with(&[segment(0xC0, &[8, 0, 1, 0, 1, 9, 1, 0x11, 0])])));
        assert!(!accepts(b"\xff\xd8\xff"));
        assert!(!accepts(&tiny()[..50]), "cut within its first table");
        assert_eq!(outcome(&with(&[segment(0xF7, &[0; 9])]), 30), Err(Found::JpegLs.into()));
    }

    #[test]
    fn a_long_segment_needs_a_known_name_or_a_range() {
        let named = with(&[segment(0xE1, &[&b"Exif\0\0MM\0*"[..], &vec![0; 20_000]].concat()), tables()]);
        assert!(accepts(&named));
        assert!(!accepts(&named[..9000]), "the segment is longer than the file");
        let unnamed = with(&[segment(0xE1, &vec![0; 20_000]), tables()]);
        assert_eq!(outcome(&unnamed, 20_100), Err(NotAccepted::Needs { offset: 20_006, length: 94 }));
        assert_eq!(outcome_with_range(&unnamed), Ok(MediaType::Jpeg));
    }

    #[test]
    fn long_comments_first_fit_into_the_range() {
        let scan = vec![0x7F; 90_000];
        let starting_with = |comments: &[usize], rest: Vec<u8>| {
            let comments: Vec<u8> = comments.iter().flat_map(|len| segment(0xFE, &vec![b'c'; *len])).collect();
            outcome_with_range(&with(&[comments, rest, scan.clone()]))
        };
        for comments in [&[30_000; 2][..], &[20_000; 4], &[65_000; 2]] {
            assert_eq!(starting_with(comments, tables()), Ok(MediaType::Jpeg), "{comments:?}");
            let past_range = [jfif(), segment(0xE1, &vec![0; 65_000]), tables()].concat();
            assert_eq!(starting_with(comments, past_range), Ok(MediaType::Jpeg), "{comments:?}");
        }
        assert_eq!(starting_with(&[65_000; 3], tables()), Err(Found::OutOfReach(MediaType::Jpeg).into()));
    }

    #[test]
    fn a_number_of_lines_and_markers_without_a_length_are_skipped() {
        let mut scanned = tiny();
        scanned[3] = 0xDC;
        assert!(accepts(&scanned), "the recipe");
        assert!(accepts(&with(&[jfif(), segment(0xDC, &[0, 9]), tables()])));
        assert!(accepts(&with(&[vec![0xFF, 0x01, 0xFF, 0xD0], jfif(), tables()])));
    }

    #[test]
    fn an_application_segment_of_length_0_or_1_is_skipped_to_the_next_marker() {
        let exif = segment(0xE1, b"Exif\0\0MM\0*");
        for length in [0, 1] {
            let mut broken = with(&[jfif(), exif.clone(), tables()]);
            broken[4..6].copy_from_slice(&[0, length]);
            assert!(accepts(&broken));
            assert!(accepts(&with(&[vec![0xFF, 0xE0, 0, length], tables()])), "nothing in it");
            assert!(!accepts(&with(&[vec![0xFF, 0xE0, 0, length], b"<html>".to_vec(), tables()])));
            assert!(!accepts(&with(&[vec![0xFF, 0xE0, 0, length], b"JFIF\0<html>no marker".to_vec()])));
            assert!(!accepts(&with(&[vec![0xFF, 0xE0, 0, length], b"JFIF\0".to_vec(), vec![0; 300], tables()])));
            assert!(!accepts(&with(&[vec![0xFF, 0xDB, 0, length], tables()])), "a table");
        }
    }
}
