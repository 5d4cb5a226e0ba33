//! Checks for WAV, MP3 and OGG.

pub(crate) mod id3;
pub(crate) mod mpeg;
pub(crate) mod mpeg_chain;
pub(crate) mod mpeg_frame;
pub(crate) mod mpeg_side_info;
pub(crate) mod ogg;
pub(crate) mod wave;
