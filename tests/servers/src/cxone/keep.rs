//! Keeps the bytes of stored files, each under its SHA-256.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

/// A file that is being received. It is removed again unless it is stored.
pub(crate) struct PartialFile {
    path: PathBuf,
    /// The first error is kept, and returned when the file is stored.
    file: io::Result<File>,
}

impl PartialFile {
    /// A new file in `directory`. `seq` makes the name unique among concurrent uploads.
    pub(crate) fn create(directory: &Path, seq: u64) -> Self {
        let path = directory.join(format!(".partial-{seq}"));
        let file = File::create(&path);
        Self { path, file }
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) {
        let written = self.file.as_mut().map_or(Ok(()), |file| file.write_all(bytes));
        if let Err(fault) = written {
            self.file = Err(fault);
        }
    }

    /// Gives the file its name. It replaces a file with the same content.
    pub(crate) fn store(mut self, sha256: &str) -> io::Result<()> {
        std::mem::replace(&mut self.file, Err(io::ErrorKind::Other.into()))?;
        fs::rename(&self.path, self.path.with_file_name(sha256))
    }
}

impl Drop for PartialFile {
    fn drop(&mut self) {
        // If the file was stored, this path no longer exists.
        let _ = fs::remove_file(&self.path);
    }
}
