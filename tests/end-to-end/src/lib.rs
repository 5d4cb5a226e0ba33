//! What the end-to-end tests do with a local stack: put objects, deliver events, and wait for what becomes of them.

mod world;

pub use runtime_api::{Answer, RuntimeApi};
pub use world::{Invoked, Journey, Put, World};

/// Any error of a test's own steps; its text is for whoever reads the failure.
pub type Error = Box<dyn std::error::Error + Send + Sync>;
