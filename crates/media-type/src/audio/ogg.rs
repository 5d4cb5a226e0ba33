//! OGG: every stream that begins within the head has to be audio.

use crate::{
    Found, MediaType,
    window::{NotAccepted, Window},
};

/// Up to the number of segments, which follow.
const PAGE_HEADER_LEN: usize = 27;
/// Speex's.
const LONGEST_IDENTIFICATION: usize = 80;
const CONTINUED: u8 = 1;
const BEGINS_STREAM: u8 = 2;

enum Stream {
    Audio,
    /// A skeleton tells of other streams and has nothing to play.
    Index,
    Video,
    Other,
}

/// Decides a file that starts with the capture pattern.
pub(crate) fn sniff(window: &Window<'_>) -> Result<MediaType, NotAccepted> {
    let (mut at, mut pages) = (0, 0);
    let (mut has_audio, mut is_in_step) = (false, true);
    // Every turn goes on by at least one byte and ends where the head does.
    while let Some(header) = window.known(at, PAGE_HEADER_LEN) {
        let &[b'O', b'g', b'g', b'S', 0, flags, .., segments] = header else {
            // Decoders look for the next page, and so does this, lest a video stream begins there.
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
                // A stream that begins at the very end of the head cannot be told; the first one never does.
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
    // One page followed by something else is no proof.
    if has_audio && (is_in_step || pages > 1) { Ok(MediaType::Ogg) } else { Err(damaged()) }
}

/// How far the next page is, at least one byte.
fn next_capture(known: &[u8]) -> Option<u64> {
    let place = known.windows(5).skip(1).position(|bytes| bytes == b"OggS\0")?;
    Some(place as u64 + 1)
}

fn damaged() -> NotAccepted {
    Found::Damaged(MediaType::Ogg).into()
}

/// How the first packet of a video stream, or of one shown over it, begins.
const VIDEO: [&[u8]; 6] = [b"\x80theora", b"BBCD\0", b"\x01video\0\0\0", b"OVP80", b"\x80kate\0\0\0", b"UVS "];

/// The stream's kind by its first packet, which for audio has to be a whole identification header.
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
        // The mapping from before there was one.
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
        sniff(&Window::of_head(&file[..file.len().min(8192)], file.len() as u64))
    }

    #[test]
    fn the_four_codecs_pass_alone_and_with_an_index() {
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
    fn any_other_stream_refuses_the_file() {
        let theora = page(2, &[&b"\x80theora\x03\x02\x01"[..], &[0; 32]].concat());
        let sound = page(2, &vorbis());
        assert_eq!(outcome(&[theora.clone(), sound.clone()]), Err(Found::OggVideo.into()));
        assert_eq!(outcome(&[sound.clone(), theora.clone()]), Err(Found::OggVideo.into()));
        assert_eq!(outcome(&[sound.clone(), page(0, &[0; 99]), theora]), Err(Found::OggVideo.into()));
        assert_eq!(outcome(&[sound, page(2, b"CELT    ")]), Err(Found::OtherOgg.into()));
        assert_eq!(outcome(&[page(2, b"fishead\0")]), Err(damaged()));
    }

    #[test]
    fn junk_between_pages_is_skipped_but_not_what_begins_behind_it() {
        let junk = vec![7; 700];
        assert_eq!(outcome(&[tiny(), junk.clone(), page(0, &[0; 99])]), Ok(MediaType::Ogg));
        assert_eq!(outcome(&[tiny(), junk.clone()]), Ok(MediaType::Ogg));
        let theora = page(2, &[&b"\x80theora\x03\x02\x01"[..], &[0; 32]].concat());
        assert_eq!(outcome(&[tiny(), junk, theora]), Err(Found::OggVideo.into()));
    }

    #[test]
    fn a_stream_that_begins_where_the_head_ends_is_not_judged() {
        for length in 8000..8150 {
            let file = [page(2, &opus()), page(0, &vec![0; length]), page(2, &vorbis()), page(0, &[0; 300])];
            assert_eq!(outcome(&file), Ok(MediaType::Ogg), "{length}");
        }
    }

    #[test]
    fn text_and_pieces_are_refused() {
        assert_eq!(outcome(&[b"OggS\0\x02not a page not a page not a page".repeat(9)]), Err(damaged()));
        assert_eq!(outcome(&[page(0, &vorbis())]), Err(damaged()), "a stream without its beginning");
        assert_eq!(outcome(&[page(0, &[0; 99]), tiny()]), Err(damaged()), "the rest of another before it");
        assert_eq!(outcome(&[page(3, &vorbis()), page(0, &[0; 99])]), Err(damaged()), "a beginning that goes on");
        assert_eq!(outcome(&[page(2, &vorbis()), b"<html>alert(1)</html> <!-- more -->".to_vec()]), Err(damaged()));
        assert_eq!(outcome(&[page(2, &vorbis()[..20])]), Err(Found::OtherOgg.into()));
        let file = tiny();
        assert_eq!(outcome(&[file[..50].to_vec()]), Err(damaged()));
        assert_eq!(outcome(&[b"OggS".to_vec()]), Err(damaged()));
    }
}
