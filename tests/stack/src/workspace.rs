//! Where things are in the working tree.

use std::path::{Path, PathBuf};

use crate::StackError;

/// The workspace's root.
pub(crate) fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.ancestors().nth(2).unwrap_or(package).to_path_buf()
}

/// A program of the virtual environment that `make venv` builds.
pub(crate) fn venv_program(name: &str) -> Result<PathBuf, StackError> {
    let path = root().join(".venv/bin").join(name);
    if path.exists() {
        Ok(path)
    } else {
        Err(StackError::Missing { what: path.display().to_string(), remedy: "make venv" })
    }
}

/// What [`venv_program`]s find on their path.
pub(crate) fn venv_path() -> String {
    format!("{}:/usr/local/bin:/usr/bin:/bin", root().join(".venv/bin").display())
}
