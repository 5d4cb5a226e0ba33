//! Sound.

pub(crate) mod id3;
pub(crate) mod mpeg;
pub(crate) mod mpeg_chain;
pub(crate) mod mpeg_frame;
pub(crate) mod mpeg_side_info;
pub(crate) mod ogg;
pub(crate) mod wave;

use crate::{
    MediaType,
    window::{NotAccepted, Window},
};

/// Decides a file that begins with the signature of a sound file. None if it begins with no such signature.
pub(crate) fn sniff(window: &Window<'_>) -> Option<Result<MediaType, NotAccepted>> {
    match window.at(0) {
        [b'R', b'I', b'F', b'F', ..] | [b'R', b'F', b'6', b'4', ..] | [b'B', b'W', b'6', b'4', ..] => {
            Some(wave::sniff(window))
        }
        [b'O', b'g', b'g', b'S', ..] => Some(ogg::sniff(window)),
        [b'I', b'D', b'3', ..] => Some(mpeg::sniff(window)),
        head => mpeg::starts_with_frame(head).then(|| mpeg::sniff(window)),
    }
}
