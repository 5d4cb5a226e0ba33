//! The measurements. Most of them compare several subjects in one run.

mod instructions;
mod memory;
mod sizes;
mod start;
mod warm;

use std::time::Duration;

pub use instructions::{Callgrind, Instructions, is_there as callgrind_is_there};
pub use memory::{Crowd, crowd};
pub use sizes::{Size, size};
pub use start::{Start, starts};
pub use warm::{Beside, Warm, warm};

use servers::runtime_api::{Answer, Measured, RuntimeApi};

use crate::{
    Error,
    fakes::{Fakes, ObjectName, event},
    subject::Programs,
};

/// Bytes in a KiB.
pub const KIB: usize = 1024;
/// Bytes in a MiB.
pub const MIB: usize = 1024 * 1024;
/// The three files of the warm invokes.
pub const LENGTHS: [usize; 3] = [KIB, MIB, 25 * MIB];

/// The programs and servers of a measurement.
pub struct Bench {
    /// Where the programs are.
    pub programs: Programs,
    /// The fake servers.
    pub fakes: Fakes,
    /// Fewer repetitions.
    pub quick: bool,
}

impl Bench {
    /// The number of repetitions: `quick` in a quick run, `all` in a full one.
    #[must_use]
    pub const fn repetitions(&self, all: usize, quick: usize) -> usize {
        if self.quick { quick } else { all }
    }

    /// See [`send`].
    pub async fn send(&self, process: &mut RuntimeApi, object: ObjectName, count: usize) -> Result<Measured, Error> {
        send(&self.fakes, process, object, count).await
    }
}

/// Sends an event of `count` objects and checks that all of their bytes arrived.
pub async fn send(
    fakes: &Fakes,
    process: &mut RuntimeApi,
    object: ObjectName,
    count: usize,
) -> Result<Measured, Error> {
    let (uploads, bytes) = fakes.seen().so_far();
    let measured = process.measure(event(object, count)).await?;
    let (uploads_now, bytes_now) = fakes.seen().so_far();
    let expected = object.length as u64 * count as u64;
    let arrived = bytes_now - bytes;
    let finished = matches!(&measured.answer, Answer::Response(answer)
        if answer.pointer("/batchItemFailures").and_then(|failures| failures.as_array()).is_some_and(Vec::is_empty));
    let whole = uploads_now - uploads == count as u64 && (expected..expected + 4096 * count as u64).contains(&arrived);
    if finished && whole {
        return Ok(measured);
    }
    let (length, uploads, answer) = (object.length, uploads_now - uploads, &measured.answer);
    Err(format!(
        "{count} objects of {length} bytes arrived as {uploads} uploads with {arrived} bytes; answer: {answer:?}"
    )
    .into())
}

/// The lowest value. Of several wall times, other load on the machine has disturbed it least.
#[must_use]
pub fn fastest(values: &[Duration]) -> Duration {
    values.iter().min().copied().unwrap_or_default()
}

/// The middle value. Of an even number of values, the lower one of the two in the middle.
#[must_use]
pub fn median(mut values: Vec<Duration>) -> Duration {
    values.sort_unstable();
    let middle = values.len().saturating_sub(1) / 2;
    values.get(middle).copied().unwrap_or_default()
}
