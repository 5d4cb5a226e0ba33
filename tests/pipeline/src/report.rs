//! What is printed: each row as it ends, then the table.

use std::io::Write as _;

/// A row that has been run.
#[derive(Debug)]
pub(crate) struct RowResult {
    pub(crate) name: String,
    pub(crate) fault: &'static str,
    pub(crate) expectation: &'static str,
    /// What was seen; an error where that is not as expected.
    pub(crate) seen: Result<String, String>,
    pub(crate) seconds: f64,
}

impl RowResult {
    fn word(&self) -> &'static str {
        if self.seen.is_ok() { "held" } else { "BROKEN" }
    }

    fn text(&self) -> &str {
        match &self.seen {
            Ok(seen) | Err(seen) => seen,
        }
    }
}

/// Says that a row has ended.
pub(crate) fn tell(done: usize, all: usize, verdict: &RowResult) {
    say(&format!(
        "[{done:>3}/{all}] {:<6}  {:<28} {:>6.1} s  {}",
        verdict.word(),
        verdict.name,
        verdict.seconds,
        verdict.text()
    ));
}

/// A line of progress, to standard error. A failed write is ignored.
pub(crate) fn say(line: &str) {
    let mut error = std::io::stderr().lock();
    let _ = writeln!(error, "{line}");
}

/// The table and the closing line.
pub(crate) fn table(verdicts: &[RowResult]) -> String {
    let header = ["scenario", "fault", "expectation", "seen", "", "s"].map(str::to_owned);
    let rows = verdicts.iter().map(|verdict| {
        [
            verdict.name.clone(),
            verdict.fault.to_owned(),
            verdict.expectation.to_owned(),
            verdict.text().chars().take(140).map(|c| if c.is_control() { ' ' } else { c }).collect(),
            verdict.word().to_owned(),
            format!("{:.1}", verdict.seconds),
        ]
    });
    let rows: Vec<[String; 6]> = std::iter::once(header).chain(rows).collect();
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..6).map(width).collect();
    let mut text = String::new();
    for row in &rows {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    let failed = verdicts.iter().filter(|verdict| verdict.seen.is_err()).count();
    let passed = verdicts.len() - failed;
    text + &format!("\n{passed} passed, {failed} failed\n")
}
