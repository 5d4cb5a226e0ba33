//! What can be wrong with the files.

use std::io;

/// A file that cannot be read, or does not have the shape that the contracts need.
#[derive(Debug, thiserror::Error)]
pub enum ContractError {
    /// The file cannot be read.
    #[error("{path} cannot be read: {source}")]
    Read {
        /// From the workspace's root.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// The page cannot be written.
    #[error("{path} cannot be written: {source}")]
    Write {
        /// From the workspace's root.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// The template is no YAML.
    #[error("{path} is not valid YAML: {source}")]
    Yaml {
        /// From the workspace's root.
        path: String,
        /// Where and why.
        source: yaml_serde::Error,
    },
    /// A part of the template has another shape.
    #[error("{what} of the template has an unexpected shape: {source}")]
    Shape {
        /// Which part.
        what: &'static str,
        /// Where and why.
        source: serde_json::Error,
    },
    /// The template lacks something.
    #[error("the template has no {what}")]
    Missing {
        /// What it lacks.
        what: String,
    },
    /// A page has no place for a generated block.
    #[error("{path} needs the line `<!-- generated: {block} -->` and after it the line `<!-- end -->`")]
    Marker {
        /// From the workspace's root.
        path: String,
        /// The block's name.
        block: String,
    },
}
