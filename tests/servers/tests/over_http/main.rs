//! The servers over real HTTP, on raw TCP: every byte of a request is the test's own.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's own set-up fails the test"
)]

mod connections;
mod cxone;
mod programs;
mod webhook;
mod wire;
