//! What the local test servers are made of.
//!
//! - [`server`]: an HTTP/1.1 server on loopback that hands every request a [`connection::ConnectionHandle`], with which
//!   a handler cuts the connection so that the client sees a reset or an end of stream and no answer.
//! - [`script`]: ordered steps of misbehaviour, consumed one per call.
//! - [`reply`]: an answer written down in JSON, whose body may be compressed, stall or break off.
//! - [`raw`]: bytes that go onto the connection as they are, for what no HTTP library sends.
//! - [`control`]: the client side of the `/_control` interfaces.
//! - [`program`]: arguments, ready line, signals and exit codes of the server programs.
//!
//! Nothing here is part of the deployed pipeline.

pub mod connection;
pub mod control;
pub mod encoding;
mod error;
pub mod faulty_body;
mod fill;
pub mod program;
pub mod raw;
pub mod reply;
pub mod script;
pub mod server;

pub use error::Error;

use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since the Unix epoch, as the records of the test servers carry them.
#[must_use]
pub fn unix_ms(at: SystemTime) -> u64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
