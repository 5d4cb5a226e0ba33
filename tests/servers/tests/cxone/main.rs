//! The stand-in over real HTTP, on raw TCP, so that every byte of a request is the test's own.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's own set-up fails the test"
)]

mod early;
mod faults;
mod forms;
mod jobs;
mod odd_answers;
mod paths;
mod program;
mod repetitions;
mod tokens;
mod uploads;
mod wire;
