//! Memory while CXone reads slowly: what is in flight must stay bounded.

use super::{Bench, MIB};
use crate::{
    Error,
    fakes::{ObjectName, Transport},
    subject::Subject,
};

/// A batch whose reader takes 10 ms over each frame.
#[derive(Debug, Clone, Copy)]
pub struct Crowd {
    /// Records of the batch.
    pub records: usize,
    /// The most that was resident, in KiB.
    pub peak_kib: u64,
}

/// One batch of 25 MiB files in a process of its own.
pub async fn crowd(bench: &Bench, records: usize) -> Result<Crowd, Error> {
    let mut process = Subject::Intake.start(&bench.programs, &bench.fakes, Transport::Plain).await?;
    process.ready().await?;
    let object = ObjectName { slow: true, ..ObjectName::of(25 * MIB) };
    bench.send(&mut process, object, records).await?;
    Ok(Crowd { records, peak_kib: process.usage()?.peak_kib })
}
