//! Running rows on their stacks.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use futures_util::{StreamExt as _, future, stream};
use stack::{Binaries, Options};

use crate::FaultsError;
use crate::places::Place;
use crate::report::{self, RowResult};
use crate::rows::{self, Row};
use crate::world::{WHOLE, World};

/// Which rows are run, and how.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Those alone whose name holds this.
    pub only: Option<String>,
    /// The quick ones on the shared stack alone.
    pub fast: bool,
    /// The cargo profile of the functions.
    pub profile: String,
}

/// What came of a run.
#[derive(Debug, Clone)]
pub struct Summary {
    /// The table with its closing line.
    pub table: String,
    /// Rows that did not hold.
    pub failed: usize,
    /// Rows that were run.
    pub rows: usize,
}

/// Runs the selected rows, tells of each on standard error, and gives the table.
///
/// # Errors
/// [`FaultsError`] where a stack cannot be started. A row that does not hold is no error but counted.
pub async fn run(selection: &Selection) -> Result<Summary, FaultsError> {
    let wanted = |row: &Row| {
        let named = selection.only.as_ref().is_none_or(|only| row.name.contains(only.as_str()));
        named && (!selection.fast || (row.fast && row.place == Place::Shared))
    };
    let rows: Vec<Row> = rows::all().into_iter().filter(wanted).collect();
    let places: Vec<(Place, Vec<Row>)> = Place::ALL
        .into_iter()
        .map(|place| (place, rows.iter().filter(|row| row.place == place).copied().collect::<Vec<_>>()))
        .filter(|(_, rows)| !rows.is_empty())
        .collect();
    let mut options = Options::private("faults")?.functions(|name| std::env::var(name).ok());
    options.profile.clone_from(&selection.profile);
    report::say(&format!("compile  the functions (profile {}) and the test servers", options.profile));
    let binaries = Binaries::build(&options).await?;
    let progress = Progress { done: AtomicUsize::new(0), all: rows.len() + places.len() * WHOLE.len() };
    report::say(&format!("run      {} rows on {} stacks", rows.len(), places.len()));
    let runs = places.iter().map(|(place, rows)| run_place(*place, rows, selection, &binaries, &progress));
    let mut verdicts = Vec::with_capacity(progress.all);
    for ran in future::join_all(runs).await {
        verdicts.extend(ran?);
    }
    let failed = verdicts.iter().filter(|verdict| verdict.seen.is_err()).count();
    Ok(Summary { table: report::table(&verdicts), failed, rows: verdicts.len() })
}

struct Progress {
    done: AtomicUsize,
    all: usize,
}

impl Progress {
    fn tell(&self, verdict: RowResult) -> RowResult {
        report::tell(self.done.fetch_add(1, Ordering::SeqCst) + 1, self.all, &verdict);
        verdict
    }
}

async fn run_place(
    place: Place,
    rows: &[Row],
    selection: &Selection,
    binaries: &Binaries,
    progress: &Progress,
) -> Result<Vec<RowResult>, FaultsError> {
    let world = match World::start(&place.setup(), &selection.profile, binaries).await {
        Ok(world) => Arc::new(world),
        Err(FaultsError::Interrupted) => return Err(FaultsError::Interrupted),
        // The rows of the other stacks still show what they show.
        Err(error) => return Ok(without_a_stack(rows, &error, progress)),
    };
    let play = |row: Row| {
        let world = Arc::clone(&world);
        async move { progress.tell(judged(row.name.to_owned(), row.fault, row.expectation, Box::pin(row.run(world))).await) }
    };
    let mut verdicts: Vec<RowResult> =
        stream::iter(rows.iter().copied().map(play)).buffer_unordered(place.side_by_side()).collect().await;
    for what in WHOLE {
        let name = format!("{} stack: {what}", place.name());
        let whole = judged(name, "all of the above", "the invariants hold", world.check_whole(what));
        verdicts.push(progress.tell(whole.await));
    }
    if verdicts.iter().any(|verdict| verdict.seen.is_err()) {
        world.keep_logs()?;
    }
    Ok(verdicts)
}

fn without_a_stack(rows: &[Row], error: &FaultsError, progress: &Progress) -> Vec<RowResult> {
    let verdict = |row: &Row| {
        progress.tell(RowResult {
            name: row.name.to_owned(),
            fault: row.fault,
            expectation: row.expectation,
            seen: Err(format!("the stack cannot be started: {error}")),
            seconds: 0.0,
        })
    };
    rows.iter().map(verdict).collect()
}

async fn judged(
    name: String,
    fault: &'static str,
    expectation: &'static str,
    acting: impl Future<Output = Result<String, FaultsError>>,
) -> RowResult {
    let began = Instant::now();
    let seen = acting.await.map_err(|error| error.to_string());
    RowResult { name, fault, expectation, seen, seconds: began.elapsed().as_secs_f64() }
}
