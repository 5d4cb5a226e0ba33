//! Checks for PNG, GIF and JPEG.

pub(crate) mod gif;
pub(crate) mod jpeg;
pub(crate) mod png;
