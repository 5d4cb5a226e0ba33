//! Names for what else a file can be, so that a refusal can say more than "unknown". Nothing here ever accepts.

use crate::{Found, audio::mpeg_frame::Frame};

/// The most telling guess at a file that none of the checks claims.
pub(crate) fn other(head: &[u8]) -> Found {
    signature(head)
        .or_else(|| markup(head))
        .unwrap_or_else(|| if is_text(head) { Found::Text } else { Found::Unrecognised })
}

fn signature(head: &[u8]) -> Option<Found> {
    const SIGNATURES: [(&[u8], Found); 21] = [
        (b"RIFX", Found::BigEndianWave),
        (b"fLaC", Found::Flac),
        (b"MAC ", Found::MonkeysAudio),
        (b"II*\0", Found::Tiff),
        (b"MM\0*", Found::Tiff),
        (b"{\\rtf", Found::Rtf),
        (b"%!PS", Found::PostScript),
        (b"MZ", Found::Program),
        (b"\x7fELF", Found::Program),
        (b"#!", Found::Program),
        (b"\xca\xfe\xba\xbe", Found::Program),
        (b"\xcf\xfa\xed\xfe", Found::Program),
        (b"PK\x05\x06", Found::ZipArchive),
        (b"PK\x07\x08", Found::ZipArchive),
        (b"PK00", Found::ZipArchive),
        (b"\x1f\x8b", Found::OtherArchive),
        (b"7z\xbc\xaf\x27\x1c", Found::OtherArchive),
        (b"Rar!\x1a\x07", Found::OtherArchive),
        (b"BZh", Found::OtherArchive),
        (b"\xfd7zXZ\0", Found::OtherArchive),
        (b"\x28\xb5\x2f\xfd", Found::OtherArchive),
    ];
    match head {
        [0xFF, 0xFE, _, 0, ..] | [0xFE, 0xFF, 0, ..] => Some(Found::Text),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => Some(Found::IsoMedia),
        _ if Frame::parse(head) == Frame::OtherLayer => Some(Found::MpegLayerOneOrTwo),
        _ if Frame::parse(head) == Frame::Aac => Some(Found::Aac),
        _ => SIGNATURES.iter().find(|(signature, _)| head.starts_with(signature)).map(|(_, found)| *found),
    }
}

fn markup(head: &[u8]) -> Option<Found> {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let start = head.get(..1024).unwrap_or(head).to_ascii_lowercase();
    let contains = |needle: &[u8]| start.windows(needle.len()).any(|window| window == needle);
    if start.starts_with(b"<!doctype html") || start.starts_with(b"<html") {
        Some(Found::Html)
    } else if start.starts_with(b"<svg") || (start.starts_with(b"<?xml") && contains(b"<svg")) {
        Some(Found::Svg)
    } else if start.starts_with(b"<?xml") {
        Some(if contains(b"<html") { Found::Html } else { Found::Xml })
    } else {
        None
    }
}

fn is_text(head: &[u8]) -> bool {
    let start = head.get(..512).unwrap_or(head);
    start.iter().all(|byte| matches!(byte, 0x09 | 0x0A | 0x0C | 0x0D | 0x20..=0x7E | 0x80..=0xFF))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guesses_are_by_signature_then_markup_then_text() {
        for (head, found) in [
            (&b"RIFX\0\0\0\0WAVE"[..], Found::BigEndianWave),
            (b"\0\0\0\x20ftypM4A ", Found::IsoMedia),
            (b"\xff\xf9\x50\x80", Found::Aac),
            (b"\xff\xfd\x90\x64", Found::MpegLayerOneOrTwo),
            (b"\xff\xfeh\0i\0", Found::Text),
            (b"\xef\xbb\xbf <!DOCTYPE html><p>%PDF-1.4", Found::Html),
            (b"<?xml version='1.0'?>\n<svg>", Found::Svg),
            (b"<?xml version='1.0'?><a/>", Found::Xml),
            (b"MZ\x90\0", Found::Program),
            (b"plain words", Found::Text),
            (b"\0\x01\x02", Found::Unrecognised),
        ] {
            assert_eq!(other(head), found, "{head:?}");
        }
    }
}
