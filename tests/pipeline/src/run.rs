//! Running rows on their stacks.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use futures_util::{StreamExt as _, future, stream};
use stack::{Binaries, Options, nearest::nearest};

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
    /// The one of this name.
    pub exact: Option<String>,
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

impl Selection {
    /// The selected rows, at least one.
    fn rows(&self) -> Result<Vec<Row>, FaultsError> {
        let is_selected = |row: &Row| {
            let named = self.only.as_ref().is_none_or(|only| row.name.contains(only.as_str()))
                && self.exact.as_ref().is_none_or(|exact| row.name == exact);
            named && (!self.fast || row.is_quick())
        };
        let selected: Vec<Row> = rows::all().into_iter().filter(is_selected).collect();
        if selected.is_empty() { Err(self.nothing()) } else { Ok(selected) }
    }

    fn nothing(&self) -> FaultsError {
        let (what, word) = match (&self.only, &self.exact) {
            (_, Some(exact)) => (format!("is called {exact:?}"), exact.as_str()),
            (Some(only), None) => (format!("has {only:?} in its name"), only.as_str()),
            (None, None) => ("is there".to_owned(), ""),
        };
        let what = if self.fast { format!("that takes seconds {what}") } else { what };
        let rows = rows::all();
        let groups = rows.iter().filter_map(|row| row.name.split_inclusive('/').next());
        let groups: BTreeSet<&str> = groups.filter(|_| self.exact.is_none()).collect();
        let longer: Vec<&str> = rows.iter().map(|row| row.name).filter(|name| name.contains(word)).collect();
        let names = if longer.is_empty() { rows.iter().map(|row| row.name).chain(groups).collect() } else { longer };
        let near = nearest(word, names);
        FaultsError::NoSuchRow { what, near }
    }
}

/// The selected rows, one a line: name, whether it takes seconds, what happens, and what must come of it.
///
/// # Errors
/// [`FaultsError::NoSuchRow`].
pub fn list(selection: &Selection) -> Result<String, FaultsError> {
    let mut rows = selection.rows()?;
    rows.sort_by_key(|row| row.name);
    let width = rows.iter().map(|row| row.name.len()).max().unwrap_or_default();
    let line = |row: &Row| {
        let speed = if row.is_quick() { "fast" } else { "" };
        format!("{:<width$}  {speed:<4}  {} -> {}\n", row.name, row.fault, row.expectation)
    };
    Ok(rows.iter().map(line).collect())
}

/// Runs the selected rows, tells of each on standard error, and gives the table.
///
/// # Errors
/// [`FaultsError`] where no row is selected or a stack cannot be started. A row that does not hold is no error but counted.
pub async fn run(selection: &Selection) -> Result<Summary, FaultsError> {
    let rows = selection.rows()?;
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

#[cfg(test)]
mod tests {
    use super::*;

    fn names(selection: &Selection) -> Vec<&'static str> {
        selection.rows().unwrap().iter().map(|row| row.name).collect()
    }

    #[test]
    fn rows_are_selected_by_a_part_of_the_name_or_by_the_whole_one() {
        let only = |only: &str| Selection { only: Some(only.to_owned()), ..Selection::default() };
        let exact = |exact: &str| Selection { exact: Some(exact.to_owned()), ..Selection::default() };
        assert!(names(&only("webhook/")).len() > 5);
        assert!(names(&only("aws/start")).len() > 1);
        assert_eq!(names(&exact("aws/start-lost")), ["aws/start-lost"]);
        let fast = Selection { fast: true, ..only("webhook/") };
        assert!(names(&fast).len() < names(&only("webhook/")).len());
    }

    #[test]
    fn a_selection_without_rows_is_an_error_with_near_names() {
        let error = |selection: Selection| list(&selection).unwrap_err().to_string();
        let only = Selection { only: Some("webhok".to_owned()), ..Selection::default() };
        assert!(error(only).starts_with("no scenario has \"webhok\" in its name; did you mean webhook/"));
        let exact = Selection { exact: Some("aws/start".to_owned()), ..Selection::default() };
        let near = error(exact);
        assert!(near.starts_with("no scenario is called \"aws/start\"; did you mean aws/start-"), "{near}");
        let slow = Selection { exact: Some("webhook/down".to_owned()), fast: true, ..Selection::default() };
        assert!(error(slow).starts_with("no scenario that takes seconds is called \"webhook/down\""));
    }

    #[test]
    fn every_row_is_listed_on_one_line() {
        let listed = list(&Selection::default()).unwrap();
        assert_eq!(listed.lines().count(), rows::all().len());
        assert!(listed.lines().any(|line| line.starts_with("webhook/500 ") && line.contains("  fast  500 twice -> ")));
    }
}
