//! WAV, MP3 and OGG.

pub(crate) mod id3;
pub(crate) mod mpeg;
pub(crate) mod mpeg_frame;
pub(crate) mod ogg;
pub(crate) mod wave;
