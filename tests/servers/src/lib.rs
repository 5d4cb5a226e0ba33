//! The servers of the tests. None of them is part of the deployed pipeline.
//!
//! - [`cxone`]: a stand-in for CXone's attachment API; program `cxone-standin`.
//! - [`webhook`]: a receiver that verifies and keeps webhooks; program `webhook-receiver`.
//! - [`runtime_api`]: Lambda's Runtime API for one compiled function.
//! - [`scripted`]: what the first two are made of.

pub mod cxone;
mod error;
pub mod runtime_api;
pub mod scripted;
pub mod webhook;

pub use error::Error;
