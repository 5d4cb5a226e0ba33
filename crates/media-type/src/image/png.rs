//! PNG: the header chunk with its checksum, and the start of another chunk behind it.

use crate::{
    Found, MediaType,
    window::{NotAccepted, Window, u32_be},
};

/// Signature, length and name of the header chunk, its 13 bytes, its checksum, length and name of the next chunk.
const CHECKED_LEN: usize = 8 + 8 + 13 + 4 + 8;

/// Decides a file that has the PNG signature.
pub(crate) fn sniff(window: &Window<'_>) -> Result<MediaType, NotAccepted> {
    let start = window.bytes(MediaType::Png, 0, CHECKED_LEN, CHECKED_LEN as u64)?;
    if is_png(start) { Ok(MediaType::Png) } else { Err(Found::Damaged(MediaType::Png).into()) }
}

fn is_png(start: &[u8]) -> bool {
    let (Some(header), Some(checksum), Some(next)) = (start.get(12..29), u32_be(start, 29), start.get(33..41)) else {
        return false;
    };
    u32_be(start, 8) == Some(13)
        && header.starts_with(b"IHDR")
        && is_image_header(header.get(4..).unwrap_or_default())
        && crc32fast::hash(header) == checksum
        && is_chunk_start(next)
}

/// Width, height, depth and colour type, compression, filter, interlacing.
fn is_image_header(header: &[u8]) -> bool {
    let is_dimension = |at| u32_be(header, at).is_some_and(|n| (1..=0x7FFF_FFFF).contains(&n));
    let has_known_layout = matches!(
        header.get(8..),
        Some([1 | 2 | 4 | 8 | 16, 0, 0, 0, 0 | 1] | [8 | 16, 2 | 4 | 6, 0, 0, 0 | 1] | [1 | 2 | 4 | 8, 3, 0, 0, 0 | 1])
    );
    is_dimension(0) && is_dimension(4) && has_known_layout
}

fn is_chunk_start(start: &[u8]) -> bool {
    u32_be(start, 0).is_some_and(|length| length <= 0x7FFF_FFFF)
        && start.get(4..).is_some_and(|name| name.iter().all(u8::is_ascii_alphabetic))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A whole image of one grey pixel.
    fn tiny() -> Vec<u8> {
        let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
        let mut chunk = |name: &[u8], data: &[u8]| {
            file.extend(u32::try_from(data.len()).unwrap().to_be_bytes());
            let named = [name, data].concat();
            file.extend(&named);
            file.extend(crc32fast::hash(&named).to_be_bytes());
        };
        chunk(b"IHDR", &[0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0]);
        chunk(b"IDAT", &miniz_oxide::deflate::compress_to_vec_zlib(&[0, 128], 6));
        chunk(b"IEND", &[]);
        file
    }

    fn accepts(file: &[u8]) -> bool {
        sniff(&Window::of_head(file, file.len() as u64)).is_ok()
    }

    #[test]
    fn a_whole_image_passes_and_no_start_shorter_than_the_second_chunk() {
        let file = tiny();
        assert!(accepts(&file));
        for len in 8..CHECKED_LEN {
            assert!(!accepts(&file[..len]), "{len}");
        }
        assert!(accepts(&file[..CHECKED_LEN]));
    }

    #[test]
    fn every_bit_of_the_header_matters() {
        let file = tiny();
        for bit in 8 * 8..33 * 8 {
            let mut flipped = file.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(!accepts(&flipped), "bit {bit}");
        }
    }

    #[test]
    fn a_header_with_a_right_checksum_but_wrong_numbers_is_refused() {
        for (at, value) in [(16, 0x80), (19, 0), (20, 0x80), (23, 0), (24, 3), (25, 5), (26, 1), (27, 1), (28, 2)] {
            let mut file = tiny();
            file[at] = value;
            let checksum = crc32fast::hash(&file[12..29]);
            file[29..33].copy_from_slice(&checksum.to_be_bytes());
            assert!(!accepts(&file), "{at}");
        }
    }

    #[test]
    fn text_behind_the_header_is_refused() {
        let mut file = tiny()[..33].to_vec();
        file.extend(b"<html><script>alert(1)</script></html>");
        assert!(!accepts(&file));
    }
}
