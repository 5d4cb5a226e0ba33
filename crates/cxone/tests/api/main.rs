//! Tests the client over real HTTP: mostly against the stand-in, and on plain TCP if a test needs every byte.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test's own set-up fails the test")]

mod early;
mod echo;
mod echo_forms;
mod endpoints;
mod faults;
mod fixture;
mod heads;
mod injection;
mod jobs;
mod redirects;
mod responses;
mod secrets;
mod seen;
mod source;
mod stalls;
mod token;
mod token_auth;
mod tolerance;
mod upload;
mod wire;
