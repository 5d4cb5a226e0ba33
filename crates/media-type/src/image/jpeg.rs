//! JPEG: the segments are walked to the first quantisation table or frame header.

use crate::{
    Found, MediaType,
    window::{Stop, Window, u16_be},
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

/// Read where no known segment vouches for the file.
const NEXT_SEGMENTS_LEN: u64 = 4096;
/// Bytes between two segments that decoders skip, here only in a file that is vouched for.
const MOST_JUNK: usize = 256;

/// Decides a file that starts with a start-of-image marker and another marker.
pub(crate) fn sniff(window: &Window<'_>) -> Result<MediaType, Stop> {
    let mut at = 2;
    let (mut is_vouched_for, mut has_junk) = (false, false);
    // Every segment is at least four bytes long and lies in what is known, so this ends.
    loop {
        let segment = match window.bytes(MediaType::Jpeg, at, 4, NEXT_SEGMENTS_LEN) {
            Ok(segment) => segment,
            Err(Stop::Needs { .. }) if is_vouched_for => return Ok(MediaType::Jpeg),
            Err(stop) => return Err(stop),
        };
        let &[0xFF, marker, ..] = segment else {
            at += junk_len(window.at(at)).filter(|_| is_vouched_for && !has_junk).ok_or_else(damaged)?;
            has_junk = true;
            continue;
        };
        if marker == 0xFF {
            // A fill byte.
            at += 1;
            continue;
        }
        let Some(length) = u16_be(segment, 2).filter(|length| *length >= 2) else {
            return Err(damaged());
        };
        let end = at + 2 + u64::from(length);
        if end > window.object_len() {
            return Err(damaged());
        }
        let known = window.at(at + 4);
        let content = known.get(..usize::from(length) - 2).unwrap_or(known);
        match marker {
            0xDB => return if is_quantisation(length, content) { Ok(MediaType::Jpeg) } else { Err(damaged()) },
            0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => {
                return if is_frame_header(length, content) { Ok(MediaType::Jpeg) } else { Err(damaged()) };
            }
            0xF7 => return Err(Found::JpegLs.into()),
            // Huffman and arithmetic tables, restart interval, application segments, comment.
            0xC4 | 0xCC | 0xDD | 0xE0..=0xEF | 0xFE => {}
            _ => return Err(damaged()),
        }
        is_vouched_for |= marker >= 0xE0 && KNOWN_SEGMENTS.iter().any(|known| content.starts_with(known));
        at = end;
    }
}

fn damaged() -> Stop {
    Found::Damaged(MediaType::Jpeg).into()
}

/// What stands before the next marker of a table or frame.
fn junk_len(known: &[u8]) -> Option<u64> {
    let is_marker = |pair: &[u8]| matches!(pair, [0xFF, 0xDB | 0xC0..=0xC2 | 0xC4]);
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

    fn outcome(file: &[u8], object_len: u64) -> Result<MediaType, Stop> {
        sniff(&Window::of_head(&file[..file.len().min(8192)], object_len))
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
        assert_eq!(outcome(&unnamed, 20_100), Err(Stop::Needs { offset: 20_006, length: 94 }));
        let ranged = Window::with_range(&unnamed[..8192], 20_006, &unnamed[20_006..], unnamed.len() as u64);
        assert_eq!(sniff(&ranged), Ok(MediaType::Jpeg));
    }
}
