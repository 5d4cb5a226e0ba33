//! The parts of the stand-in and the webhook receiver.
//!
//! - [`server`]: an HTTP/1.1 server on loopback. Its handlers can cut the connection with a
//!   [`connection::ConnectionHandle`], so that the client sees a reset or an end of stream and no answer.
//! - [`script`]: steps of misbehaviour, consumed in order, one per call.
//! - [`reply`]: an answer in JSON, whose body may be compressed, stall or be cut.
//! - [`raw`]: bytes that are written to the connection unchanged, for answers that no HTTP library sends.
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

/// Milliseconds since the Unix epoch.
#[must_use]
pub fn unix_ms(at: SystemTime) -> u64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
