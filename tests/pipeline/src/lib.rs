//! Tests of the whole pipeline: the compiled functions, as real processes on the local stack.
//!
//! A [`World`] is a running stack. It writes objects, waits for their ends, and checks the invariants of each. The
//! end-to-end tests (`tests/end_to_end`) use it as it is deployed.
//!
//! The fault rows put faults into it: into CXone and the webhook's receiver (their scripts), AWS (a proxy before the
//! local AWS, which lets chosen calls fail, hang or lose their answers), the notifications (sent to the queue by hand)
//! and the functions' processes (killed while one of their calls is held). [`run()`] runs the rows of the table, each
//! with an interaction of its own. It checks after each row that its objects ended exactly once, and after all rows of
//! a stack the invariants of the whole stack. [`soak()`] does the same with many objects at once and counts.

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
pub use world::{Ended, File, Invoked, Placed, Setup, World, eventbridge, notification};
