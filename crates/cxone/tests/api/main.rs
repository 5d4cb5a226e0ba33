//! The client over real HTTP, mostly against the stand-in, on bare TCP where every byte counts.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test's own set-up fails the test")]

mod answers;
mod faults;
mod fixture;
mod jobs;
mod redirects;
mod secrets;
mod source;
mod token;
mod upload;
mod wire;
