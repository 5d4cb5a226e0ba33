//! Sizes of a function as it is deployed.

use std::{fs, path::Path};

use crate::Error;

/// A function's sizes in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// The program.
    pub binary: usize,
    /// The program as the one deflated entry of a zip.
    pub zip: usize,
}

/// The bytes of a zip around its one entry: local header, central directory and its end, with the name `bootstrap` in the first
/// two.
const ZIP_FRAME: usize = (30 + 9) + (46 + 9) + 22;
/// The compression level of `zip` and of `cargo lambda`.
const LEVEL: u8 = 6;

/// Measures a program.
pub fn size(program: &Path) -> Result<Size, Error> {
    let bytes = fs::read(program).map_err(|error| format!("{}: {error}", program.display()))?;
    let deflated = miniz_oxide::deflate::compress_to_vec(&bytes, LEVEL);
    Ok(Size { binary: bytes.len(), zip: deflated.len() + ZIP_FRAME })
}
