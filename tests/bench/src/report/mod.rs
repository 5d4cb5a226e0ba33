//! Figures with their targets, as a table, as JSON and as plots.

mod machine;
mod plot;
mod table;

use std::{collections::BTreeMap, fs, path::Path};

use serde::{Deserialize, Serialize};

use crate::Error;

pub use machine::Machine;
pub use plot::Bars;
pub use table::{markdown, number};

/// The limits of figures, by name: `budgets.json`, which the guard reads too.
pub type Budgets = BTreeMap<String, Target>;

/// The limit of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// No more than this.
    AtMost(f64),
    /// No less than this.
    AtLeast(f64),
}

impl Target {
    /// Whether the value keeps the limit.
    #[must_use]
    pub fn is_met(self, value: f64) -> bool {
        match self {
            Self::AtMost(limit) => value <= limit,
            Self::AtLeast(limit) => value >= limit,
        }
    }
}

/// The budgets of this package.
pub fn budgets() -> Result<Budgets, Error> {
    Ok(serde_json::from_str(include_str!("../../budgets.json"))?)
}

/// One figure.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figure {
    /// Stable, so that reports of different releases can be compared.
    pub name: String,
    /// `ms`, `bytes`, `instructions`, `ratio`, …
    pub unit: &'static str,
    /// In that unit.
    pub value: f64,
    /// Its limit, if it has one.
    pub target: Option<Target>,
    /// Whether the value keeps the limit.
    pub met: Option<bool>,
}

/// The results of a run.
#[derive(Debug, Serialize)]
pub struct Report {
    machine: Machine,
    quick: bool,
    figures: Vec<Figure>,
    #[serde(skip)]
    budgets: Budgets,
    #[serde(skip)]
    sections: Vec<String>,
    #[serde(skip)]
    plots: Vec<(String, Bars)>,
}

impl Report {
    /// A report without results.
    pub fn new(quick: bool, python: &Path) -> Result<Self, Error> {
        Ok(Self {
            machine: Machine::read(python),
            quick,
            figures: Vec::new(),
            budgets: budgets()?,
            sections: Vec::new(),
            plots: Vec::new(),
        })
    }

    /// Adds a figure; its target comes from the budgets.
    pub fn add(&mut self, name: impl Into<String>, unit: &'static str, value: f64) {
        let name = name.into();
        let target = self.budgets.get(&name).copied();
        let met = target.map(|target| target.is_met(value));
        self.figures.push(Figure { name, unit, value, target, met });
    }

    /// Prints and adds a table with the heads of its columns, its rows, and a note below it.
    pub fn section(&mut self, title: &str, heads: &[&str], rows: &[Vec<String>], note: &str) {
        let mut text = format!("## {title}\n\n{}", table::markdown(heads, rows));
        if !note.is_empty() {
            text.extend(["\n", note, "\n"]);
        }
        println!("\n{text}");
        self.sections.push(text);
    }

    /// Adds a plot, written as `{file}.svg`.
    pub fn plot(&mut self, file: &str, bars: Bars) {
        self.plots.push((file.to_owned(), bars));
    }

    /// The figure's value.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<f64> {
        self.figures.iter().find(|figure| figure.name == name).map(|figure| figure.value)
    }

    /// Prints the targets, and writes `report.md`, `report.json` and the plots into the folder.
    pub fn finish(mut self, folder: &Path) -> Result<(), Error> {
        let rows: Vec<Vec<String>> = self.figures.iter().filter_map(table::target_row).collect();
        // Name these figures, because a missing one must not look like one that keeps its limit.
        let missing = self.budgets.keys().filter(|name| self.value(name).is_none()).cloned().collect::<Vec<_>>();
        let note = if missing.is_empty() {
            String::new()
        } else {
            format!("Not measured in this run: {}.", missing.join(", "))
        };
        self.section("Targets", &["figure", "value", "target", "", "of the target"], &rows, &note);
        fs::create_dir_all(folder)?;
        let targets = self.sections.pop().unwrap_or_default();
        let plots: Vec<String> =
            self.plots.iter().map(|(file, bars)| format!("![{}]({file}.svg)\n", bars.title())).collect();
        let text = format!(
            "# Benchmark\n\n{}\n{targets}\n{}\n{}",
            self.machine.describe(self.quick),
            self.sections.join("\n"),
            plots.join("\n")
        );
        fs::write(folder.join("report.md"), text)?;
        fs::write(folder.join("report.json"), serde_json::to_string_pretty(&self)?)?;
        for (file, bars) in &self.plots {
            fs::write(folder.join(file).with_extension("svg"), bars.svg())?;
        }
        println!("{}", folder.join("report.md").display());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figure_is_compared_with_its_budget() {
        let mut report = Report::new(true, Path::new("python3")).unwrap();
        report.add("intake.binary", "bytes", 9_500_001.0);
        report.add("poll.binary", "bytes", 8_000_000.0);
        report.add("intake.25_mib.throughput_of_proxy_without_sha256", "ratio", 0.84);
        report.add("without a budget", "ms", 1.0);
        let met: Vec<_> = report.figures.iter().map(|figure| figure.met).collect();
        assert_eq!(met, [Some(false), Some(true), Some(false), None]);
    }
}
