//! Measures intake and compares it with Python functions that do the same work, and with a proxy that only copies bytes.
//!
//! `make bench` runs it and prints tables. The figures of `docs/performance.md` are from its report.

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
