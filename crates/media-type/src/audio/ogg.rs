//! Identifies OGG: every stream that begins within the head must be audio.

use crate::{
    Found, MediaType,
    window::{NotAccepted, Window},
};

/// The page header without its list of segments, which follows.
const PAGE_HEADER_LEN: usize = 27;
/// The longest identification header of a codec, which is Speex's.
const LONGEST_IDENTIFICATION: usize = 80;
const CONTINUED: u8 = 1;
const BEGINS_STREAM: u8 = 2;

enum Stream {
    Audio,
    /// A skeleton, which describes other streams and contains no audio.
    Index,
    Video,
    Other,
}

/// Decides a file that starts with the capture pattern.
pub(crate) fn identify(window: &Window<'_>) -> Result<MediaType, NotAccepted> {
    let (mut at, mut pages) = (0, 0);
    let (mut has_audio, mut is_in_step) = (false, true);
    // Each pass advances by at least one byte, and the loop ends with the head.
    while let Some(header) = window.known(at, PAGE_HEADER_LEN) {
        let &[b'O', b'g', b'g', b'S', 0, flags, .., segments] = header else {
            // Decoders search the next page. A video stream may begin there, so search it too.
            let Some(skip) = next_capture(window.at(at)) else {
                is_in_step = false;
                break;
            };
            at += skip;
            continue;
        };
        pages += 1;
        let begins = flags & BEGINS_STREAM != 0;
        if at == 0 && (!begins || flags & CONTINUED != 0) {
            return Err(damaged());
        }
        let content_at = at + PAGE_HEADER_LEN as u64 + u64::from(segments);
        let Some(lengths) = window.known(at + PAGE_HEADER_LEN as u64, usize::from(segments)) else {
            break;
        };
        let length: u64 = lengths.iter().copied().map(u64::from).sum();
        let end = content_at + length;
        if begins {
            if end > window.object_len() {
                return Err(damaged());
            }
            let known = window.at(content_at);
            let content = usize::try_from(length).ok().and_then(|length| known.get(..length)).unwrap_or(known);
            if content.len() < LONGEST_IDENTIFICATION && (content.len() as u64) < length {
                // The type of a stream that begins at the end of the head is not known. The first stream never begins there.
                break;
            }
            match stream(content) {
                Stream::Audio => has_audio = true,
                Stream::Index => {}
                Stream::Video => return Err(Found::OggVideo.into()),
                Stream::Other => return Err(Found::OtherOgg.into()),
            }
        }
        at = end;
    }
    // One page that is followed by something else is not enough.
    if has_audio && (is_in_step || pages > 1) { Ok(MediaType::Ogg) } else { Err(damaged()) }
}

/// The distance to the next page, at least one byte.
fn next_capture(known: &[u8]) -> Option<u64> {
    let offset = known.windows(5).skip(1).position(|bytes| bytes == b"OggS\0")?;
    Some(offset as u64 + 1)
}

fn damaged() -> NotAccepted {
    Found::Damaged(MediaType::Ogg).into()
}

/// The start of the first packet of a video stream, or of a stream that is shown over a video.
const VIDEO: [&[u8]; 6] = [b"\x80theora", b"BBCD\0", b"\x01video\0\0\0", b"OVP80", b"\x80kate\0\0\0", b"UVS "];

/// The stream's type, by its first packet. For audio, the packet must be a whole identification header.
fn stream(packet: &[u8]) -> Stream {
    let is_audio = match packet {
        // Version 0, channels, sample rate.
        [1, b'v', b'o', b'r', b'b', b'i', b's', 0, 0, 0, 0, channels, rate @ ..] => {
            packet.len() >= 30 && *channels > 0 && rate.first_chunk::<4>().is_some_and(|rate| *rate != [0; 4])
        }
        // Major version 0, channels.
        [b'O', b'p', b'u', b's', b'H', b'e', b'a', b'd', version, channels, ..] => {
            packet.len() >= 19 && *version < 16 && *channels > 0
        }
        [0x7F, b'F', b'L', b'A', b'C', 1, _, _, _, b'f', b'L', b'a', b'C', ..] => packet.len() >= 51,
        // FLAC before its mapping to Ogg was defined.
        b"fLaC" => true,
        [b'S', b'p', b'e', b'e', b'x', b' ', b' ', b' ', ..] => packet.len() >= 80,
        _ => false,
    };
    if is_audio {
        return Stream::Audio;
    }
    if VIDEO.iter().any(|start| packet.starts_with(start)) {
        Stream::Video
    } else if packet.starts_with(b"fishead\0") {
        Stream::Index
    } else {
        Stream::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(flags: u8, content: &[u8]) -> Vec<u8> {
        let mut page = b"OggS\0".to_vec();
        page.push(flags);
        page.extend([0; 20]);
        page.push(u8::try_from(content.len() / 255 + 1).unwrap());
        page.extend(std::iter::repeat_n(255, content.len() / 255));
        page.push(u8::try_from(content.len() % 255).unwrap());
        page.extend(content);
        page
    }

    fn vorbis() -> Vec<u8> {
        [&b"\x01vorbis\0\0\0\0\x02\x44\xac\0\0"[..], &[0; 12], &[0xb8, 1]].concat()
    }

    fn opus() -> Vec<u8> {
        b"OpusHead\x01\x02\x38\x01\x80\xbb\0\0\0\0\0".to_vec()
    }

    fn tiny() -> Vec<u8> {
        [page(2, &vorbis()), page(0, &[0; 3000])].concat()
    }

    fn outcome(pages: &[Vec<u8>]) -> Result<MediaType, NotAccepted> {
        let file = pages.concat();
        identify(&Window::of_head(&file[..file.len().min(8192)], file.len() as u64))
    }

    #[test]
    fn four_codecs_pass_alone_and_with_an_index() {
        let flac = [&b"\x7fFLAC\x01\0\0\x01fLaC"[..], &[0; 38]].concat();
        let speex = [&b"Speex   "[..], &[0; 72]].concat();
        for packet in [vorbis(), opus(), flac, speex, b"fLaC".to_vec()] {
            assert_eq!(outcome(&[page(2, &packet), page(0, &[0; 9000])]), Ok(MediaType::Ogg));
            let index = page(2, &[&b"fishead\0"[..], &[0; 56]].concat());
            assert_eq!(outcome(&[index, page(2, &packet), page(0, b"fisbone")]), Ok(MediaType::Ogg));
        }
        assert_eq!(outcome(&[tiny()]), Ok(MediaType::Ogg));
    }

    #[test]
    fn file_with_any_other_stream_is_refused() {
        let theora = page(2, &[&b"\x80theora\x03\x02\x01"[..], &[0; 32]].concat());
        let sound = page(2, &vorbis());
        assert_eq!(outcome(&[theora.clone(), sound.clone()]), Err(Found::OggVideo.into()));
        assert_eq!(outcome(&[sound.clone(), theora.clone()]), Err(Found::OggVideo.into()));
        assert_eq!(outcome(&[sound.clone(), page(0, &[0; 99]), theora]), Err(Found::OggVideo.into()));
        assert_eq!(outcome(&[sound, page(2, b"CELT    ")]), Err(Found::OtherOgg.into()));
        assert_eq!(outcome(&[page(2, b"fishead\0")]), Err(damaged()));
    }

    #[test]
    fn other_bytes_between_pages_are_skipped_and_later_streams_are_checked() {
        let junk = vec![7; 700];
        assert_eq!(outcome(&[tiny(), junk.clone(), page(0, &[0; 99])]), Ok(MediaType::Ogg));
        assert_eq!(outcome(&[tiny(), junk.clone()]), Ok(MediaType::Ogg));
        let theora = page(2, &[&b"\x80theora\x03\x02\x01"[..], &[0; 32]].concat());
        assert_eq!(outcome(&[tiny(), junk, theora]), Err(Found::OggVideo.into()));
    }

    #[test]
    fn stream_at_the_end_of_the_head_is_not_checked() {
        for length in 8000..8150 {
            let file = [page(2, &opus()), page(0, &vec![0; length]), page(2, &vorbis()), page(0, &[0; 300])];
            assert_eq!(outcome(&file), Ok(MediaType::Ogg), "{length}");
        }
    }

    #[test]
    fn text_and_incomplete_files_are_refused() {
        assert_eq!(outcome(&[b"OggS\0\x02not a page not a page not a page".repeat(9)]), Err(damaged()));
        assert_eq!(outcome(&[page(0, &vorbis())]), Err(damaged()), "a stream without its first page");
        assert_eq!(outcome(&[page(0, &[0; 99]), tiny()]), Err(damaged()), "a page of another stream comes first");
        assert_eq!(
            outcome(&[page(3, &vorbis()), page(0, &[0; 99])]),
            Err(damaged()),
            "a first page that is a continuation"
        );
        assert_eq!(outcome(&[page(2, &vorbis()), b"<html>alert(1)</html> <!-- more -->".to_vec()]), Err(damaged()));
        assert_eq!(outcome(&[page(2, &vorbis()[..20])]), Err(Found::OtherOgg.into()));
        let file = tiny();
        assert_eq!(outcome(&[file[..50].to_vec()]), Err(damaged()));
        assert_eq!(outcome(&[b"OggS".to_vec()]), Err(damaged()));
    }
}
