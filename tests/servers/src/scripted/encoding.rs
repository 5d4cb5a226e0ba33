//! Compressed bodies.

use miniz_oxide::deflate::{compress_to_vec, compress_to_vec_zlib};
use serde::{Deserialize, Serialize};

/// A compromise between speed and size.
const LEVEL: u8 = 6;

/// How a body is compressed, as `Content-Encoding` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// RFC 1952.
    Gzip,
    /// RFC 1950, which HTTP calls deflate.
    Deflate,
}

impl Encoding {
    /// The word for the header.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
        }
    }

    /// Compresses the bytes.
    #[must_use]
    pub fn compress(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Deflate => compress_to_vec_zlib(bytes, LEVEL),
            Self::Gzip => gzip(bytes),
        }
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    // Deflate, no flags, no time, no hint about the level, an unknown system.
    let mut stream = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    stream.extend(compress_to_vec(bytes, LEVEL));
    stream.extend(crc32fast::hash(bytes).to_le_bytes());
    // The format keeps the length modulo 2^32.
    #[expect(clippy::cast_possible_truncation, reason = "RFC 1952 asks for the length modulo 2^32")]
    stream.extend((bytes.len() as u32).to_le_bytes());
    stream
}

#[cfg(test)]
mod tests {
    use std::{
        io::Write as _,
        process::{Command, Stdio},
    };

    use super::*;

    #[test]
    fn other_programs_read_compressed_bytes() {
        let text = r#"{"jobId":"1"}"#.repeat(100);
        let python = "import sys, zlib; sys.stdout.buffer.write(zlib.decompress(sys.stdin.buffer.read()))";
        for (encoding, program, arguments) in
            [(Encoding::Gzip, "gzip", vec!["-dc"]), (Encoding::Deflate, "python3", vec!["-c", python])]
        {
            let packed = encoding.compress(text.as_bytes());
            assert!(packed.len() < text.len());
            let mut child =
                Command::new(program).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
            child.stdin.take().unwrap().write_all(&packed).unwrap();
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success(), "{encoding:?}");
            assert_eq!(String::from_utf8(output.stdout).unwrap(), text, "{encoding:?}");
        }
    }
}
