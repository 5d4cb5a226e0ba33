//! Measures the functions in pairs: beside Python functions that do the same work, and beside a proxy that only copies.
//!
//! `make bench` runs it and prints a table; the figures of `docs/performance.md` come from it.

pub mod compare;
pub mod fakes;
pub mod measure;
pub mod polling;
pub mod proxy;
pub mod report;
pub mod rows;
pub mod subject;

/// Why something could not be measured; its text is for the person who reads it.
pub type Error = Box<dyn std::error::Error + Send + Sync>;
