//! Sizes of a function as it is deployed.

use std::{fs, path::Path};

use crate::Error;

/// A function's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// The program.
    pub binary: usize,
    /// The program as the one deflated entry of a zip.
    pub zip: usize,
}

/// Local header, central directory and its end, each with the name `bootstrap` where it has one.
const ZIP_FRAME: usize = (30 + 9) + (46 + 9) + 22;
/// What `zip` and `cargo lambda` use.
const LEVEL: u8 = 6;

/// Weighs a program.
pub fn size(program: &Path) -> Result<Size, Error> {
    let bytes = fs::read(program).map_err(|error| format!("{}: {error}", program.display()))?;
    let deflated = miniz_oxide::deflate::compress_to_vec(&bytes, LEVEL);
    Ok(Size { binary: bytes.len(), zip: deflated.len() + ZIP_FRAME })
}
