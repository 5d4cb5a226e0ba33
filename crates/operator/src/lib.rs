//! `cxone-attachments`, the operator's tool: what became of a file, what happens next, and whether the deployment is sound.
//!
//! It reads the types that the functions write (`attachments`, `ledger`) and has no second definition of a row, a record or
//! a name. `commands` has a file for each command; `ui` only renders; `main` alone deals with the process.

mod aws;
pub mod check;
pub mod cli;
pub mod commands;
mod deployment;
mod error;
pub mod execution;
mod exit;
mod handle;
mod object;
pub mod record;
mod story;
pub mod ui;

pub use aws::Clients;
pub use deployment::Deployment;
pub use error::ToolError;
pub use exit::{Exit, exit_of};
pub use handle::Handle;
pub use object::Object;
pub use story::{Event, Story, Verdict};
