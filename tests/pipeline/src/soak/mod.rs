//! The load: many objects of all sizes, some of which meet a fault, and none of which may be lost or doubled.

mod fate;
mod files;
mod memory;
mod plot;
mod report;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};

use futures_util::{StreamExt as _, stream};
use servers::scripted::unix_ms;
use stack::{Binaries, Options, fixtures};

use crate::FaultsError;
use crate::error::Calling as _;
use crate::report::say;
use crate::world::{Batches, Placed, Setup, WHOLE, World};
use fate::Fate;
use memory::Memory;
pub use report::SoakReport;

/// Concurrent writers.
const WRITERS: usize = 8;
/// An object without an outcome this long after the last write counts as lost.
const PATIENCE: Duration = Duration::from_mins(10);

/// How much load.
#[derive(Debug, Clone)]
pub struct Load {
    /// How many objects are written.
    pub objects: usize,
    /// The percentage that meets a fault.
    pub percent: usize,
    /// The cargo profile of the functions.
    pub profile: String,
}

/// An object of the load.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) placed: Placed,
    pub(crate) fate: Fate,
    /// When its write began, in milliseconds since the Unix epoch.
    pub(crate) put_ms: u64,
}

/// Puts the load on a stack of its own, waits for every outcome and counts.
///
/// # Errors
/// [`FaultsError`] where the stack cannot be started or queried. Lost and doubled objects are counted, not errors.
pub async fn soak(load: &Load) -> Result<SoakReport, FaultsError> {
    let mut options = Options::private("soak")?;
    options.profile.clone_from(&load.profile);
    say(&format!("compile  the functions (profile {}) and the test servers", load.profile));
    let binaries = Binaries::build(&options).await?;
    let setup = Setup {
        name: "soak",
        // Shorter than the fault in which polls get no status.
        parameters: "StorageQuotaBytes=100000000000 JobDeadlineSeconds=60".to_owned(),
        faults: Some(Batches { concurrency: 8, size: 10 }),
        wait_scale: 0.2,
        versions: true,
        tls: false,
        cxone: None,
    };
    let world = Arc::new(World::start(&setup, &load.profile, &binaries).await?);
    say(&format!("write    {} objects, {} % of which meet a fault", load.objects, load.percent));
    let began = Instant::now();
    let began_ms = unix_ms(SystemTime::now());
    let memory = Memory::watch(Arc::clone(&world));
    let sent = write_all(&world, load).await?;
    let wrote = began.elapsed();
    say(&format!("wait     all are written after {:.0} s", wrote.as_secs_f64()));
    wait(&world, &sent).await;
    let memory = memory.end();
    say("count    executions, records, attachments, webhooks, ledger, logs");
    let mut whole = BTreeMap::new();
    for what in WHOLE {
        let seen = world.check_whole(what).await.map_err(|error| error.to_string());
        whole.insert(what, seen);
    }
    let report = report::count(&world, sent, began_ms, memory, whole).await?;
    if report.failures() > 0 {
        world.keep_logs()?;
    }
    Ok(report)
}

async fn write_all(world: &Arc<World>, load: &Load) -> Result<Vec<Sent>, FaultsError> {
    let (written, fixtures) = (AtomicUsize::new(0), fixtures::one_of_each()?);
    let (written, fixtures) = (&written, fixtures.as_slice());
    let write = |number: usize| async move {
        let interaction = format!("soak-{number}");
        let fate =
            if load.percent > 0 && number * load.percent % 100 < load.percent { Fate::of(number) } else { Fate::Plain };
        fate.prepare(world, &interaction).await?;
        let file = files::file(fixtures, &interaction, number);
        let put_ms = unix_ms(SystemTime::now());
        let placed = world.put(&file).await?;
        fate.follow(world, &placed).await?;
        let count = written.fetch_add(1, Ordering::SeqCst) + 1;
        if count.is_multiple_of(250) {
            say(&format!("         {count} written"));
        }
        Ok(Sent { placed, fate, put_ms })
    };
    let all: Vec<Result<Sent, FaultsError>> =
        stream::iter((0..load.objects).map(write)).buffer_unordered(WRITERS).collect().await;
    all.into_iter().collect()
}

/// Waits until every object's execution has ended, and reports progress.
async fn wait(world: &World, sent: &[Sent]) {
    let deadline = Instant::now() + PATIENCE;
    let mut told = Instant::now();
    loop {
        let ended = world.ended();
        if ended >= sent.len() || Instant::now() > deadline {
            return;
        }
        if told.elapsed() > Duration::from_secs(5) {
            say(&format!("         {ended} of {} ended", sent.len()));
            told = Instant::now();
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// Writes the plot below the target directory and says where.
pub fn save_plot(report: &SoakReport) -> Result<std::path::PathBuf, FaultsError> {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).map(|root| root.join("target/soak"));
    let dir = dir.unwrap_or_default();
    let path = dir.join("progress.svg");
    std::fs::create_dir_all(&dir)
        .and_then(|()| std::fs::write(&path, plot::svg(report)))
        .calling("writing the plot")?;
    Ok(path)
}
