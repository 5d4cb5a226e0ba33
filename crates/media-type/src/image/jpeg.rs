//! Identifies JPEG: segments that chain to the first quantisation table or frame header.

use crate::{
    Found, MAX_RANGE_LEN, MediaType,
    window::{NotAccepted, Window, u16_be},
};

/// Application segments that no other format has. One of these is enough if the next segment is after the head, as after a camera's
/// thumbnail.
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

/// The range if the head has no known segment. It has room for other long segments, such as comments.
const NEXT_SEGMENTS_LEN: u64 = MAX_RANGE_LEN;
/// The most bytes between two segments that are skipped, as decoders do. Only a file with a known segment may have them.
const MAX_JUNK: usize = 256;

/// Decides a file that starts with a start-of-image marker and another marker.
pub(crate) fn identify(window: &Window<'_>) -> Result<MediaType, NotAccepted> {
    let mut at = 2;
    let (mut has_known_segment, mut has_junk) = (false, false);
    // Every segment has at least two bytes and is in the known bytes, so the loop ends.
    loop {
        let Some(segment) = window.known(at, 4) else {
            let continues = at + 4 <= window.object_len();
            return if has_known_segment && continues { Ok(MediaType::Jpeg) } else { Err(request(window, at)) };
        };
        let &[0xFF, marker, ..] = segment else {
            at += junk_len(window.at(at)).filter(|_| has_known_segment && !has_junk).ok_or_else(damaged)?;
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
            // The length includes its own two bytes. Broken writers write 0 or 1. Decoders then search the next marker.
            0xE0..=0xEF | 0xFE if length < 2 => {
                let is_known = is_known_segment(content);
                has_known_segment |= is_known;
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
                has_known_segment |= marker >= 0xE0 && is_known_segment(content);
                at = end;
            }
            _ => return Err(damaged()),
        }
    }
}

fn request(window: &Window<'_>, at: u64) -> NotAccepted {
    if at + 4 > window.object_len() { damaged() } else { window.request(MediaType::Jpeg, at, NEXT_SEGMENTS_LEN) }
}

fn is_known_segment(content: &[u8]) -> bool {
    KNOWN_SEGMENTS.iter().any(|known| content.starts_with(known))
}

/// The distance to the next marker after a segment of unknown length.
fn next_marker(known: &[u8]) -> Option<u64> {
    let is_marker = |pair: &[u8]| matches!(pair, [0xFF, 0xC0..=0xFE]);
    known.windows(2).take(MAX_JUNK + 1).position(is_marker).map(|len| len as u64)
}

fn damaged() -> NotAccepted {
    Found::Damaged(MediaType::Jpeg).into()
}

/// The length of the bytes before the next marker of a table, a frame, an application segment or a comment.
fn junk_len(known: &[u8]) -> Option<u64> {
    let is_marker = |pair: &[u8]| matches!(pair, [0xFF, 0xDB | 0xC0..=0xC2 | 0xC4 | 0xE0..=0xEF | 0xFE]);
    known.windows(2).take(MAX_JUNK + 1).position(is_marker).map(|len| len as u64)
}

/// Whether the segment consists of tables, each with a precision, a number and 64 values.
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
            Some(next) => rest = next,
            None => return is_cut,
        }
    }
    length > 2
}

/// Whether the content is a precision, a height, a width, and as many components as the length has room for.
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

    fn photo(segments: &[Vec<u8>]) -> Vec<u8> {
        [&[0xFF, 0xD8][..], &segments.concat()].concat()
    }

    /// A file without its entropy-coded data.
    fn tiny() -> Vec<u8> {
        photo(&[jfif(), tables()])
    }

    fn outcome(file: &[u8], object_len: u64) -> Result<MediaType, NotAccepted> {
        identify(&Window::of_head(&file[..file.len().min(8192)], object_len))
    }

    fn outcome_with_range(file: &[u8]) -> Result<MediaType, NotAccepted> {
        let object_len = file.len() as u64;
        let Err(NotAccepted::Needs { offset, length }) = outcome(file, object_len) else {
            return outcome(file, object_len);
        };
        let bytes = &file[usize::try_from(offset).unwrap()..usize::try_from(offset + length).unwrap()];
        identify(&Window::with_range(&file[..8192], Piece { at: offset, bytes }, object_len))
    }

    fn accepts(file: &[u8]) -> bool {
        outcome(file, file.len() as u64).is_ok()
    }

    #[test]
    fn segments_up_to_a_table_or_a_frame_pass() {
        assert!(accepts(&tiny()));
        assert!(accepts(&photo(&[tables()])));
        assert!(accepts(&photo(&[segment(0xFE, b"made by hand"), tables()])));
        assert!(accepts(&photo(&[segment(0xE1, b"unknown"), segment(0xC4, &[0; 20]), vec![0xFF, 0xFF], tables()])));
        assert!(accepts(&photo(&[segment(0xC2, &[8, 0, 1, 0, 1, 1, 1, 0x11, 0])])));
        let two_tables = [[&[0x00][..], &[1; 64]].concat(), [&[0x11][..], &[1; 128]].concat()].concat();
        assert!(accepts(&photo(&[segment(0xDB, &two_tables)])));
        assert!(!accepts(&photo(&[segment(0xDB, &two_tables[1..])])));
    }

    #[test]
    fn few_other_bytes_are_skipped_once_after_a_known_segment() {
        assert!(accepts(&photo(&[jfif(), b"hello".to_vec(), tables()])));
        let exif = segment(0xE1, b"Exif\0\0MM\0*");
        assert!(accepts(&photo(&[jfif(), b"hello".to_vec(), exif, tables()])), "a segment with too short a length");
        assert!(!accepts(&photo(&[b"hello".to_vec(), tables()])));
        assert!(!accepts(&photo(&[jfif(), vec![0; 257], tables()])));
        assert!(!accepts(&photo(&[jfif(), b"hello".to_vec(), segment(0xC4, &[0; 20]), b"hello".to_vec(), tables()])));
    }

    #[test]
    fn markers_followed_by_other_bytes_are_refused() {
        assert!(!accepts(b"\xff\xd8\xff\xe0<html><script>alert(1)</script></html>"));
        assert!(!accepts(&photo(&[jfif(), b"<html><script>alert(1)</script></html>".to_vec()])));
        assert!(!accepts(&photo(&[jfif()])), "no table and no frame");
        assert!(!accepts(&photo(&[segment(0xDA, &[0; 10]), tables()])), "a scan without a frame");
        assert!(!accepts(&photo(&[segment(0xDB, &[0x55; 65])])));
        assert!(!accepts(&photo(&[segment(0xC0, &[8, 0, 1, 0, 1, 9, 1, 0x11, 0])])));
        assert!(!accepts(b"\xff\xd8\xff"));
        assert!(!accepts(&tiny()[..50]), "incomplete first table");
        assert_eq!(outcome(&photo(&[segment(0xF7, &[0; 9])]), 30), Err(Found::JpegLs.into()));
    }

    #[test]
    fn long_segment_needs_a_known_name_or_a_range() {
        let named = photo(&[segment(0xE1, &[&b"Exif\0\0MM\0*"[..], &vec![0; 20_000]].concat()), tables()]);
        assert!(accepts(&named));
        assert!(!accepts(&named[..9000]), "the segment is longer than the file");
        let unnamed = photo(&[segment(0xE1, &vec![0; 20_000]), tables()]);
        assert_eq!(outcome(&unnamed, 20_100), Err(NotAccepted::Needs { offset: 20_006, length: 94 }));
        assert_eq!(outcome_with_range(&unnamed), Ok(MediaType::Jpeg));
    }

    #[test]
    fn long_comments_before_the_first_table_fit_into_the_range() {
        let scan = vec![0x7F; 90_000];
        let starting_with = |comments: &[usize], rest: Vec<u8>| {
            let comments: Vec<u8> = comments.iter().flat_map(|len| segment(0xFE, &vec![b'c'; *len])).collect();
            outcome_with_range(&photo(&[comments, rest, scan.clone()]))
        };
        for comments in [&[30_000; 2][..], &[20_000; 4], &[65_000; 2]] {
            assert_eq!(starting_with(comments, tables()), Ok(MediaType::Jpeg), "{comments:?}");
            let past_range = [jfif(), segment(0xE1, &vec![0; 65_000]), tables()].concat();
            assert_eq!(starting_with(comments, past_range), Ok(MediaType::Jpeg), "{comments:?}");
        }
        assert_eq!(starting_with(&[65_000; 3], tables()), Err(Found::OutOfReach(MediaType::Jpeg).into()));
    }

    #[test]
    fn number_of_lines_and_markers_without_a_length_are_skipped() {
        let mut scanned = tiny();
        scanned[3] = 0xDC;
        assert!(accepts(&scanned), "the first segment is a number of lines");
        assert!(accepts(&photo(&[jfif(), segment(0xDC, &[0, 9]), tables()])));
        assert!(accepts(&photo(&[vec![0xFF, 0x01, 0xFF, 0xD0], jfif(), tables()])));
    }

    #[test]
    fn application_segment_of_length_0_or_1_is_skipped_to_the_next_marker() {
        let exif = segment(0xE1, b"Exif\0\0MM\0*");
        for length in [0, 1] {
            let mut broken = photo(&[jfif(), exif.clone(), tables()]);
            broken[4..6].copy_from_slice(&[0, length]);
            assert!(accepts(&broken));
            assert!(accepts(&photo(&[vec![0xFF, 0xE0, 0, length], tables()])), "an empty segment");
            assert!(!accepts(&photo(&[vec![0xFF, 0xE0, 0, length], b"<html>".to_vec(), tables()])));
            assert!(!accepts(&photo(&[vec![0xFF, 0xE0, 0, length], b"JFIF\0<html>no marker".to_vec()])));
            assert!(!accepts(&photo(&[vec![0xFF, 0xE0, 0, length], b"JFIF\0".to_vec(), vec![0; 300], tables()])));
            assert!(!accepts(&photo(&[vec![0xFF, 0xDB, 0, length], tables()])), "a table");
        }
    }
}
