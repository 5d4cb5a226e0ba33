//! Faults put into the running pipeline from outside, and what became of every object.
//!
//! The functions are the deployed ones, real processes on the local stack. What goes wrong is CXone (the stand-in's scripts),
//! the webhook's receiver, AWS (a proxy before the local one at which chosen calls fail, hang or lose their answers), the
//! notifications (put straight on the queue) and the processes themselves (killed while one of their calls is held).
//!
//! [`run`] plays the rows of the table, each keyed by an interaction of its own, and checks after each that its objects ended
//! exactly once; after all rows of a stack, that the stack as a whole is settled. [`soak`] does the same with many objects at
//! once and counts.

mod case;
mod error;
mod http_call;
mod places;
mod proxy;
mod report;
mod rows;
mod run;
mod soak;
mod world;

pub use error::FaultsError;
pub use run::{Selection, Summary, list, run};
pub use soak::{Load, SoakReport, save_plot, soak};
