//! Peak memory while CXone reads slowly. It must stay bounded.

use super::{Bench, MIB};
use crate::{
    Error,
    fakes::{ObjectName, Transport},
    subject::Subject,
};

/// The peak memory of a batch whose reader takes 10 ms for each frame.
#[derive(Debug, Clone, Copy)]
pub struct Crowd {
    /// Records of the batch.
    pub records: usize,
    /// The highest resident memory, in KiB.
    pub peak_kib: u64,
}

/// Measures one batch of 25 MiB files in a process of its own.
pub async fn crowd(bench: &Bench, records: usize) -> Result<Crowd, Error> {
    let mut process = Subject::Intake.start(&bench.programs, &bench.fakes, Transport::Plain).await?;
    process.ready().await?;
    let object = ObjectName { slow: true, ..ObjectName::of(25 * MIB) };
    bench.send(&mut process, object, records).await?;
    Ok(Crowd { records, peak_kib: process.usage()?.peak_kib })
}
