//! Contracts between the code and the files beside it: templates, state machine, docs.
//!
//! Each closed list is declared once: settings in `template.yaml`, reason codes and outcomes in `attachments`, metrics in
//! `host`, media types in `media-type`. [`reference()`] writes the reference tables of the docs from these declarations
//! (`make reference`). The tests of this package fail where a table is stale or where two files contradict each other.

mod error;
mod markdown;
mod reference;
mod template;

use std::{
    fs,
    path::{Path, PathBuf},
};

pub use error::ContractError;
pub use markdown::Page;
pub use reference::reference;
pub use template::{Group, Parameter, Template, Variable};

/// The workspace's root.
#[must_use]
pub fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.ancestors().nth(2).unwrap_or(package).to_path_buf()
}

/// The text of a file, by its path from the workspace's root.
pub fn text(path: &str) -> Result<String, ContractError> {
    fs::read_to_string(root().join(path)).map_err(|source| ContractError::Read { path: path.to_owned(), source })
}
