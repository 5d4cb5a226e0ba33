//! WAV: RIFF, RF64 or BW64 of form WAVE, walked to the format chunk.

use crate::{
    Found, MAX_RANGE_LEN, MediaType,
    window::{NotAccepted, Window, u16_le, u32_le},
};

/// Read where the chunks before the format are longer than the head, as in broadcast files: more such chunks find room.
const NEXT_CHUNKS_LEN: u64 = MAX_RANGE_LEN;
/// The shortest format: codec, channels, sample rate, byte rate, block size.
const SHORTEST_FORMAT: u32 = 14;

/// Decides a file that starts as RIFF, RF64 or BW64.
pub(crate) fn sniff(window: &Window<'_>) -> Result<MediaType, NotAccepted> {
    let form = window.bytes(MediaType::Wav, 0, 12, 12)?.get(8..);
    match form {
        Some(b"WAVE") => {}
        Some(b"AVI ") => return Err(Found::Avi.into()),
        _ => return Err(Found::OtherRiff.into()),
    }
    let mut at = 12;
    // Every chunk is at least eight bytes long and lies in what is known, so this ends.
    loop {
        let chunk = window.bytes(MediaType::Wav, at, 8, NEXT_CHUNKS_LEN)?;
        let (Some(name), Some(length)) = (chunk.get(..4), u32_le(chunk, 4)) else {
            return Err(damaged());
        };
        match name {
            b"fmt " => return format(window, at + 8, length),
            _ if is_chunk_name(name) => {}
            // Zeros between two chunks, of any number.
            [0, 0, 0, 0] if length == 0 || at + 8 + u64::from(length) > window.object_len() => {
                at += zeros_len(window.at(at));
                continue;
            }
            [0, 0, 0, 0] => {}
            _ => return Err(damaged()),
        }
        let end = at + 8 + u64::from(length);
        at = if length % 2 == 1 && is_unfilled(window, end)? { end } else { end + u64::from(length % 2) };
    }
}

/// Whether the byte that fills an odd chunk is missing, as some writers leave it out: the next chunk begins at once.
fn is_unfilled(window: &Window<'_>, end: u64) -> Result<bool, NotAccepted> {
    let next = window.bytes(MediaType::Wav, end, 8, NEXT_CHUNKS_LEN)?;
    let fits = |length: u32| end + 8 + u64::from(length) <= window.object_len();
    Ok(next.get(..4).is_some_and(is_chunk_name) && u32_le(next, 4).is_some_and(fits))
}

fn zeros_len(known: &[u8]) -> u64 {
    known.iter().position(|byte| *byte != 0).unwrap_or(known.len()) as u64
}

fn damaged() -> NotAccepted {
    Found::Damaged(MediaType::Wav).into()
}

fn is_chunk_name(name: &[u8]) -> bool {
    name.iter().all(|byte| matches!(byte, b' '..=b'~'))
}

fn format(window: &Window<'_>, at: u64, length: u32) -> Result<MediaType, NotAccepted> {
    let format = window.bytes(MediaType::Wav, at, SHORTEST_FORMAT as usize, NEXT_CHUNKS_LEN)?;
    let is_format = length >= SHORTEST_FORMAT
        && u16_le(format, 0) != Some(0)
        && u16_le(format, 2) != Some(0)
        && u32_le(format, 4) != Some(0);
    if is_format { Ok(MediaType::Wav) } else { Err(damaged()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::window::Piece;

    fn chunk(name: [u8; 4], content: &[u8]) -> Vec<u8> {
        let length = u32::try_from(content.len()).unwrap();
        let mut chunk = [&name[..], &length.to_le_bytes(), content].concat();
        chunk.resize(chunk.len().next_multiple_of(2), 0);
        chunk
    }

    fn pcm() -> Vec<u8> {
        chunk(*b"fmt ", &[1, 0, 1, 0, 0x40, 0x1F, 0, 0, 0x40, 0x1F, 0, 0, 1, 0, 8, 0])
    }

    fn wave(kind: [u8; 4], chunks: &[Vec<u8>]) -> Vec<u8> {
        let body = [&b"WAVE"[..], &chunks.concat()].concat();
        [&kind[..], &u32::try_from(body.len()).unwrap().to_le_bytes(), &body].concat()
    }

    /// Four samples of telephone quality.
    fn tiny() -> Vec<u8> {
        wave(*b"RIFF", &[pcm(), chunk(*b"data", &[128; 4])])
    }

    fn outcome(file: &[u8]) -> Result<MediaType, NotAccepted> {
        sniff(&Window::of_head(&file[..file.len().min(8192)], file.len() as u64))
    }

    fn outcome_with_range(file: &[u8]) -> Result<MediaType, NotAccepted> {
        let Err(NotAccepted::Needs { offset, length }) = outcome(file) else {
            return outcome(file);
        };
        let bytes = &file[usize::try_from(offset).unwrap()..usize::try_from(offset + length).unwrap()];
        sniff(&Window::with_range(&file[..8192], Piece { at: offset, bytes }, file.len() as u64))
    }

    #[test]
    fn chunks_are_walked_to_the_format() {
        assert_eq!(outcome(&tiny()), Ok(MediaType::Wav));
        assert_eq!(outcome(&wave(*b"RIFF", &[chunk(*b"JUNK", &[0; 7001]), pcm()])), Ok(MediaType::Wav));
        assert_eq!(outcome(&wave(*b"RIFF", &[chunk(*b"data", &[0; 4]), pcm()])), Ok(MediaType::Wav));
        for kind in [*b"RF64", *b"BW64"] {
            assert_eq!(outcome(&wave(kind, &[chunk(*b"ds64", &[0; 28]), pcm()])), Ok(MediaType::Wav));
        }
        let mut unfilled = wave(*b"RIFF", &[b"LIST\x03\0\0\0abc".to_vec(), pcm()]);
        assert_eq!(outcome(&unfilled), Ok(MediaType::Wav));
        unfilled.truncate(30);
        assert_eq!(outcome(&unfilled), Err(damaged()));
    }

    #[test]
    fn a_format_past_the_head_is_reached_with_one_range() {
        let file = wave(*b"RIFF", &[chunk(*b"iXML", &b" ".repeat(60_000)), pcm(), chunk(*b"data", &[0; 9000])]);
        assert_eq!(outcome(&file), Err(NotAccepted::Needs { offset: 60_020, length: file.len() as u64 - 60_020 }));
        assert_eq!(outcome_with_range(&file), Ok(MediaType::Wav));
    }

    #[test]
    fn long_broadcast_chunks_before_the_format_fit_into_the_range() {
        for (first, second) in [(15_000, 15_000), (602, 15_001), (15_001, 60_000), (300_000, 15_000)] {
            for has_fill_byte in [true, false] {
                let mut chunks = [chunk(*b"bext", &vec![b'b'; first]), chunk(*b"iXML", &vec![b'x'; second])];
                if !has_fill_byte {
                    chunks[0].truncate(8 + first);
                    chunks[1].truncate(8 + second);
                }
                let file = wave(*b"RIFF", &[chunks.concat(), pcm(), chunk(*b"data", &vec![0; 90_000])]);
                assert_eq!(outcome_with_range(&file), Ok(MediaType::Wav), "{first} {second} {has_fill_byte}");
            }
        }
        let chunks = [chunk(*b"bext", &[0; 9000]), chunk(*b"iXML", &vec![0; 90_000]), pcm()];
        assert_eq!(outcome_with_range(&wave(*b"RIFF", &chunks)), Err(Found::OutOfReach(MediaType::Wav).into()));
    }

    #[test]
    fn zeros_between_chunks_and_a_chunk_without_a_name_are_skipped() {
        assert_eq!(outcome(&wave(*b"RIFF", &[chunk([0; 4], b"something"), pcm()])), Ok(MediaType::Wav));
        assert_eq!(
            outcome(&wave(*b"RIFF", &[chunk(*b"bext", &[7; 602]), chunk([0; 4], &[]), pcm()])),
            Ok(MediaType::Wav)
        );
        for zeros in [4, 5, 8, 13, 500] {
            assert_eq!(outcome(&wave(*b"RIFF", &[vec![0; zeros], pcm()])), Ok(MediaType::Wav), "{zeros}");
        }
        for wreck in [vec![0; 500], [&[0; 12][..], b"MZ\x90\0\0\0\0\0"].concat(), [vec![0; 3], pcm()].concat()] {
            assert_eq!(outcome(&wave(*b"RIFF", &[wreck])), Err(damaged()));
        }
    }

    #[test]
    fn relatives_and_wrecks_are_refused() {
        for (form, found) in [(b"AVI ", Found::Avi), (b"RMID", Found::OtherRiff)] {
            let mut file = tiny();
            file[8..12].copy_from_slice(form);
            assert_eq!(outcome(&file), Err(found.into()));
        }
        for wreck in [
            wave(*b"RIFF", &[b"MZ\0\0\0\0\0\0".to_vec(), pcm()]),
            wave(*b"RIFF", &[chunk(*b"fmt ", &[0; 16])]),
            wave(*b"RIFF", &[chunk(*b"fmt ", &[0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 8, 0])]),
            wave(*b"RIFF", &[chunk(*b"fmt ", &[1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 8, 0])]),
            wave(*b"RIFF", &[chunk(*b"fmt ", &[1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 8, 0])]),
            wave(*b"RIFF", &[chunk(*b"fmt ", &[1; 8]), chunk(*b"data", &[0; 8])]),
            wave(*b"RIFF", &[b"JUNK\xff\xff\xff\xff".to_vec(), pcm()]),
            wave(*b"RIFF", &[]),
        ] {
            assert_eq!(outcome(&wreck), Err(damaged()));
        }
    }
}
