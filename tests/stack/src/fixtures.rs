//! The real files of `tests/fixtures`, one of each media type.

use std::{fs, io, path::PathBuf};

use media_type::{MediaType, extension_of};

use crate::error::Trying as _;
use crate::{StackError, workspace};

/// An ordinary file of a type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fixture {
    /// What the pipeline takes it for.
    pub media_type: MediaType,
    /// Its name, with the usual extension of its type.
    pub name: String,
    /// Its bytes.
    pub content: Vec<u8>,
}

/// One file of each type, in the order of [`MediaType::ALL`]: the file in `tests/fixtures` with the type's usual extension.
///
/// # Errors
/// A type has no file, or several, or its file cannot be read.
pub fn one_of_each() -> Result<Vec<Fixture>, StackError> {
    let folder = folder();
    let listing = || format!("listing {}", folder.display());
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).trying(listing)? {
        names.push(entry.trying(listing)?.file_name().to_string_lossy().into_owned());
    }
    let mut fixtures = Vec::new();
    for media_type in MediaType::ALL {
        let usual = media_type.extensions().first().copied();
        let mut of_type = names.iter().filter(|name| extension_of(name) == usual);
        let (Some(name), None) = (of_type.next(), of_type.next()) else {
            let fault = io::Error::other(format!("{media_type} needs exactly one file there"));
            return Err(fault).trying(listing);
        };
        fixtures.push(Fixture { media_type, name: name.clone(), content: read(name)? });
    }
    Ok(fixtures)
}

/// The bytes of a file in `tests/fixtures`.
///
/// # Errors
/// It cannot be read.
pub fn read(name: &str) -> Result<Vec<u8>, StackError> {
    let path = folder().join(name);
    fs::read(&path).trying(|| format!("reading {}", path.display()))
}

fn folder() -> PathBuf {
    workspace::root().join("tests/fixtures")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_has_one_file_that_is_read() {
        let fixtures = one_of_each().unwrap();
        assert_eq!(fixtures.iter().map(|fixture| fixture.media_type).collect::<Vec<_>>(), MediaType::ALL);
        let docx = fixtures.last().unwrap();
        assert_eq!(docx.name, "letter.docx");
        assert_eq!(docx.content, read("letter.docx").unwrap());
    }
}
