//! Guesses the type of a refused file, so that the refusal can name it. This module never accepts a file.

use memchr::memchr_iter;

use crate::{Found, audio::mpeg_frame::Frame};

/// The best guess for a file that no check identifies.
pub(crate) fn guess(head: &[u8]) -> Found {
    signature(head)
        .or_else(|| markup(head))
        .unwrap_or_else(|| if is_text(head) { Found::Text } else { Found::Unrecognised })
}

const SIGNATURES: [(&[u8], Found); 7] = [
    (b"RIFX", Found::BigEndianWave),
    (b"fLaC", Found::Flac),
    (b"MAC ", Found::MonkeysAudio),
    (b"II*\0", Found::Tiff),
    (b"MM\0*", Found::Tiff),
    (b"{\\rtf", Found::Rtf),
    (b"%!PS", Found::PostScript),
];

const PROGRAMS_AND_ARCHIVES: [(&[u8], Found); 15] = [
    (b"MZ", Found::Program),
    (b"\x7fELF", Found::Program),
    (b"#!", Found::Program),
    (b"\xca\xfe\xba\xbe", Found::Program),
    (b"\xcf\xfa\xed\xfe", Found::Program),
    (b"PK\x03\x04", Found::ZipArchive),
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

fn signature(head: &[u8]) -> Option<Found> {
    match head {
        [0xFF, 0xFE, _, 0, ..] | [0xFE, 0xFF, 0, ..] => Some(Found::Text),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => Some(Found::IsoMedia),
        _ if Frame::parse(head) == Frame::OtherLayer => Some(Found::MpegLayerOneOrTwo),
        _ if Frame::parse(head) == Frame::Aac => Some(Found::Aac),
        _ => find(&SIGNATURES, head).or_else(|| find(&PROGRAMS_AND_ARCHIVES, head)),
    }
}

fn find(signatures: &[(&[u8], Found)], head: &[u8]) -> Option<Found> {
    signatures.iter().find(|(signature, _)| head.starts_with(signature)).map(|(_, found)| *found)
}

/// The type of these bytes, if they begin a program, an archive or a web page. None of these belongs into the start of another
/// file.
pub(crate) fn program_archive_or_page(bytes: &[u8]) -> Option<Found> {
    match bytes {
        // Almost every file has these bytes here. This arm avoids the comparison with each signature.
        [] | [b'.' | b'%' | b'\n' | b'\r', ..] | [b'<', b'<', ..] => None,
        [b'<', ..] => is_markup(bytes).then_some(Found::Html),
        _ => find(&PROGRAMS_AND_ARCHIVES, bytes),
    }
}

/// Whether these bytes contain a tag of a web page. Browsers ignore the bytes before it.
pub(crate) fn contains_markup(bytes: &[u8]) -> bool {
    memchr_iter(b'<', bytes).any(|at| is_markup(bytes.get(at..).unwrap_or_default()))
}

fn is_markup(bytes: &[u8]) -> bool {
    const TAGS: [&[u8]; 8] = [b"<html", b"<script", b"<!doctype", b"<svg", b"<head", b"<body", b"<iframe", b"<?php"];
    TAGS.iter().any(|tag| bytes.get(..tag.len()).is_some_and(|begun| begun.eq_ignore_ascii_case(tag)))
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

/// Whether the file is a container or an image that may have MP3 frames, or similar bytes, near its start. These have no [`Found`] of
/// their own, but must not pass as MP3 after other bytes.
pub(crate) fn is_other_container(head: &[u8]) -> bool {
    is_sound_or_video(head) || is_archive_or_program(head) || is_image_or_font(head)
}

#[expect(clippy::match_same_arms, reason = "one arm per family, with a comment that names it")]
fn is_sound_or_video(head: &[u8]) -> bool {
    let has_at = |at: usize, signature: &[u8]| head.get(at..).is_some_and(|rest| rest.starts_with(signature));
    match head {
        // Matroska, Flash, an MPEG program stream or elementary stream, ASF, RealMedia, NSV, MXF.
        [0x1A, 0x45, 0xDF, 0xA3, ..]
        | [b'F', b'L', b'V', ..]
        | [b'F' | b'C' | b'Z', b'W', b'S', ..]
        | [0, 0, 1, ..]
        | [0x30, 0x26, 0xB2, 0x75, ..]
        | [b'.', b'R', b'M', b'F', ..]
        | [b'.', b'r', b'a', 0xFD, ..]
        | [b'N', b'S', b'V', b'f' | b's', ..]
        | [0x06, 0x0E, 0x2B, 0x34, ..] => true,
        // AIFF, DSD, Core Audio, Sun, Wave64, RIFF within something, MIDI, Creative.
        [b'F', b'O', b'R', b'M', ..]
        | [b'F', b'R', b'M', b'8', ..]
        | [b'c', b'a', b'f', b'f', ..]
        | [b'.', b's', b'n', b'd', ..]
        | [b'r', b'i', b'f', b'f', ..]
        | [b'R', b'I', b'F', b'F', ..]
        | [b'L', b'I', b'S', b'T', ..]
        | [b'M', b'T', b'h', b'd', ..]
        | [b'C', b'r', b'e', b'a', b't', b'i', b'v', b'e', ..] => true,
        // Musepack, WavPack, True Audio, OptimFROG, AAC, AC-3, trackers.
        [b'M', b'P', b'C', b'K', ..]
        | [b'M', b'P', b'+', ..]
        | [b'w', b'v', b'p', b'k', ..]
        | [b'T', b'T', b'A', ..]
        | [b'O', b'F', b'R', b' ', ..]
        | [b'A', b'D', b'I', b'F', ..]
        | [0x0B, 0x77, ..]
        | [b'I', b'M', b'P', b'M', ..]
        | [b'E', b'x', b't', b'e', b'n', b'd', b'e', b'd', b' ', b'M', ..] => true,
        // QuickTime without its usual start.
        [_, _, _, _, name @ ..]
            if [&b"moov"[..], b"mdat", b"wide", b"free", b"skip", b"pnot", b"jP  "]
                .iter()
                .any(|known| name.starts_with(known)) =>
        {
            true
        }
        // An MPEG transport stream.
        [b'G', ..] => [188, 376].iter().all(|at| has_at(*at, b"G")),
        _ => false,
    }
}

#[expect(clippy::match_same_arms, reason = "one arm per family, with a comment that names it")]
fn is_archive_or_program(head: &[u8]) -> bool {
    match head {
        // ZIP, cpio, ar, CAB, CHM, Outlook.
        [b'P', b'K', ..]
        | [b'0', b'7', b'0', b'7', b'0', ..]
        | [b'!', b'<', b'a', b'r', b'c', b'h', ..]
        | [b'M', b'S', b'C', b'F', ..]
        | [b'I', b'T', b'S', b'F', ..]
        | [b'!', b'B', b'D', b'N', ..] => true,
        // AppleSingle, WebAssembly, Mach-O, Android, SQLite, Access.
        [0, 5, 0x16, ..]
        | [0, b'a', b's', b'm', ..]
        | [0xCE, 0xFA, 0xED, 0xFE, ..]
        | [0xFE, 0xED, 0xFA, ..]
        | [b'd', b'e', b'x', b'\n', ..]
        | [b'S', b'Q', b'L', b'i', b't', b'e', ..]
        | [0, 1, 0, 0, ..] => true,
        _ => head.get(257..).is_some_and(|rest| rest.starts_with(b"ustar")),
    }
}

fn is_image_or_font(head: &[u8]) -> bool {
    match head {
        // BMP, Photoshop, icons and cursors, DjVu, EPS with a preview, WMF, EMF, WordPerfect, fonts.
        [b'B', b'M', ..]
        | [b'8', b'B', b'P', b'S', ..]
        | [0, 0, 2, 0, ..]
        | [b'A', b'T', b'&', b'T', ..]
        | [0xC5, 0xD0, 0xD3, 0xC6, ..]
        | [0xD7, 0xCD, 0xC6, 0x9A, ..]
        | [1, 0, 9, 0, 0, 3, ..]
        | [1, 0, 0, 0, _, _, 0, 0, ..]
        | [0xFF, b'W', b'P', b'C', ..]
        | [b'O', b'T', b'T', b'O', ..]
        | [b'w', b'O', b'F', ..] => true,
        _ => head.get(128..).is_some_and(|rest| rest.starts_with(b"DICM")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_are_recognised_by_their_signatures() {
        let at = |offset: usize, signature: &[u8]| [&vec![b'x'; offset][..], signature, b" and so on"].concat();
        for head in [
            at(0, b"FLV\x01"),
            at(0, b"\0\0\x01\xba"),
            at(4, b"mdat"),
            at(257, b"ustar"),
            at(128, b"DICM"),
            at(0, b"BM"),
            at(0, &[b'G'; 400]),
            at(0, b"\x01\0\0\0\x6c\0\0\0"),
        ] {
            assert!(is_other_container(&head), "{:?}", head.escape_ascii());
        }
        for head in [at(0, b"plain words"), at(0, &[0; 417]), at(0, b"GET / HTTP/1.0"), at(0, b"\0"), Vec::new()] {
            assert!(!is_other_container(&head), "{:?}", head.escape_ascii());
        }
    }

    #[test]
    fn guess_is_by_signature_then_markup_then_text() {
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
            assert_eq!(guess(head), found, "{head:?}");
        }
    }
}
