//! The pipeline on one machine: ministack with this project's own template on it, the freshly compiled functions,
//! a stand-in for `CXone` and a receiver for the webhooks.
//!
//! [`Stack::start`] brings all of it up. The value is a guard: when it is dropped, or when the process ends in any way, every
//! process that belongs to it is gone too. [`Stack::detach`] leaves the stack running for `make up`; [`state`] finds
//! it again.

mod aws_cli;
mod banner;
mod binaries;
mod clients;
mod completion;
pub mod demo;
mod deploy;
mod error;
pub mod fault;
pub mod fixtures;
mod group;
mod lone_ministack;
mod ministack;
pub mod nearest;
mod options;
pub mod output;
mod parameters;
pub mod reload;
mod server;
mod settings;
pub mod shell;
pub mod signals;
mod stack;
pub mod state;
pub mod up;
mod variables;
mod workspace;

pub use binaries::Binaries;
pub use clients::Clients;
pub use error::StackError;
pub use lone_ministack::LoneMinistack;
pub use options::{Credentials, CxoneServer, Options, WebhookServer};
pub use stack::{LOCAL_PARAMETERS, Stack, Step};
pub use state::{Description, Functions};
