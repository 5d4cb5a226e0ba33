//! What the stand-in and the webhook receiver are made of.
//!
//! - [`server`]: an HTTP/1.1 server on loopback that hands every request a [`connection::ConnectionHandle`], with which
//!   a handler cuts the connection so that the client sees a reset or an end of stream and no answer.
//! - [`script`]: ordered steps of misbehaviour, consumed one per call.
//! - [`reply`]: an answer written down in JSON, whose body may be compressed, stall or break off.
//! - [`raw`]: bytes that go onto the connection as they are, for what no HTTP library sends.
//! - [`control`]: the client side of the `/_control` interfaces.
//! - [`program`]: arguments, ready line, signals and exit codes of the server programs.

pub mod connection;
pub mod control;
pub mod encoding;
pub mod faulty_body;
mod fill;
pub mod program;
pub mod raw;
pub mod reply;
pub(crate) mod routes;
pub mod script;
pub mod server;
pub(crate) mod state;

pub use connection::{CutHow, End};
pub use encoding::Encoding;
pub use faulty_body::{BodyEnd, BodyFault};
pub use raw::RawReply;
pub use reply::{Reply, RetryAfter};
pub use script::{Step, Times};
pub use server::Running;

use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since the Unix epoch, as the records of the test servers carry them.
#[must_use]
pub fn unix_ms(at: SystemTime) -> u64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
