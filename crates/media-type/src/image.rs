//! Images.

mod gif;
mod jpeg;
mod png;

use crate::{
    Found, MediaType,
    window::{NotAccepted, Window},
};

/// Decides a file that begins with an image's signature. None if it begins with no such signature.
pub(crate) fn sniff(window: &Window<'_>) -> Option<Result<MediaType, NotAccepted>> {
    match window.at(0) {
        [0x89, b'P', b'N', b'G', 0x0D, 0x0A, 0x1A, 0x0A, ..] => Some(png::sniff(window)),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(gif::sniff(window)),
        [0xFF, 0xD8, 0xFF, ..] => Some(jpeg::sniff(window)),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Err(Found::WebP.into())),
        _ => None,
    }
}
