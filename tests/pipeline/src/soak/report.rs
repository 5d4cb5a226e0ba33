//! Counts the outcomes of the load.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{Sent, memory, memory::Samples};
use crate::FaultsError;
use crate::world::World;

/// How much a function's largest process may grow between the second and the last quarter of the time.
const GROWTH: f64 = 1.25;

/// The outcomes of the load.
#[derive(Debug)]
pub struct SoakReport {
    /// Without an outcome, an audit record or an accepted webhook.
    pub lost: Vec<String>,
    /// With two executions, two records or two live attachments.
    pub doubled: Vec<String>,
    /// With an outcome that does not fit the fault.
    pub differing: Vec<String>,
    pub(super) outcomes: BTreeMap<String, usize>,
    pub(super) fates: BTreeMap<String, usize>,
    /// The times at which objects were written and recorded, in seconds since the first write.
    pub(super) written: Vec<f64>,
    pub(super) recorded: Vec<f64>,
    /// Seconds from an object's write to its webhook, which follows its record at once.
    latencies: Vec<f64>,
    pub(super) memory: Samples,
    whole: BTreeMap<&'static str, Result<String, String>>,
    bytes: u64,
}

pub(super) async fn count(
    world: &World,
    sent: Vec<Sent>,
    began_ms: u64,
    memory: Samples,
    whole: BTreeMap<&'static str, Result<String, String>>,
) -> Result<SoakReport, FaultsError> {
    let mut records: BTreeMap<String, usize> = BTreeMap::new();
    for key in world.audit_records().await? {
        let identity = key.rsplit('/').next().unwrap_or_default().trim_end_matches(".json").to_owned();
        *records.entry(identity).or_default() += 1;
    }
    let mut live: BTreeMap<String, usize> = BTreeMap::new();
    for attachment in world.standin.attachments(None).await?.into_iter().filter(|one| one.live) {
        *live.entry(attachment.idempotency_key).or_default() += 1;
    }
    let mut arrived: BTreeMap<String, u64> = BTreeMap::new();
    let mut taken: BTreeMap<String, usize> = BTreeMap::new();
    for delivery in world.receiver.deliveries(None, None).await? {
        let id = delivery.webhook_id.unwrap_or_default();
        arrived.entry(id.clone()).or_insert(delivery.received_ms);
        if delivery.verified && delivery.status == Some(200) {
            *taken.entry(id).or_default() += 1;
        }
    }
    let ledger = world.ledger().await?;
    let executions = world.executions_by_identity();
    let mut report = SoakReport {
        lost: Vec::new(),
        doubled: Vec::new(),
        differing: Vec::new(),
        outcomes: BTreeMap::new(),
        fates: BTreeMap::new(),
        written: Vec::new(),
        recorded: Vec::new(),
        latencies: Vec::new(),
        memory,
        whole,
        bytes: 0,
    };
    let seconds = |from: u64, to: u64| std::time::Duration::from_millis(to.saturating_sub(from)).as_secs_f64();
    for Sent { placed, fate, put_ms } in sent {
        let identity = placed.identity.as_str();
        let outcome = ledger.objects.get(identity).map(|row| row.outcome.clone()).unwrap_or_default();
        let of = |counts: &BTreeMap<String, usize>| counts.get(identity).copied().unwrap_or(0);
        let runs = executions.get(placed.identity.short()).copied().unwrap_or(0);
        let counts = [runs, of(&records), of(&live), of(&taken)];
        let what = format!(
            "{} ({fate:?}): outcome {outcome:?}, executions, records, attachments, webhooks {counts:?}",
            placed.key
        );
        if outcome.is_empty() || runs == 0 || of(&records) == 0 || of(&taken) == 0 {
            report.lost.push(what.clone());
        } else if outcome != fate.outcome() || (outcome == "COMPLETED") != (of(&live) == 1) {
            report.differing.push(what.clone());
        }
        if runs > 1 || of(&records) > 1 || of(&live) > 1 {
            report.doubled.push(what);
        }
        *report.outcomes.entry(if outcome.is_empty() { "none".to_owned() } else { outcome }).or_default() += 1;
        *report.fates.entry(format!("{fate:?}")).or_default() += 1;
        report.written.push(seconds(began_ms, put_ms));
        report.bytes += placed.size;
        if let Some(at) = arrived.get(identity) {
            report.recorded.push(seconds(began_ms, *at));
            report.latencies.push(seconds(put_ms, *at));
        }
    }
    for list in [&mut report.written, &mut report.recorded, &mut report.latencies] {
        list.sort_by(f64::total_cmp);
    }
    Ok(report)
}

impl SoakReport {
    /// The number of objects and invariants that failed.
    #[must_use]
    pub fn failures(&self) -> usize {
        let whole = self.whole.values().filter(|seen| seen.is_err()).count();
        let grown = self.growth().iter().filter(|(_, before, after)| !is_flat(*before, *after)).count();
        self.lost.len() + self.doubled.len() + self.differing.len() + whole + grown
    }

    /// By function, the largest process in the second and the last quarter of the time, in KiB.
    fn growth(&self) -> Vec<(&'static str, u64, u64)> {
        let of = |(name, samples): (&&'static str, &Vec<memory::Sample>)| {
            memory::growth(samples).map(|(before, after)| (*name, before, after))
        };
        self.memory.iter().filter_map(of).collect()
    }

    /// What is printed.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        let end = self.recorded.last().copied().unwrap_or_default();
        // Writing to a string cannot fail.
        let mut line = |what: std::fmt::Arguments<'_>| {
            let _ = writeln!(text, "{what}");
        };
        let objects = self.written.len();
        #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
        let (rate, volume) = (objects as f64 / end.max(0.001), self.bytes as f64 / 1e6);
        line(format_args!("objects     {objects}, {volume:.0} MB, in {end:.1} s: {rate:.1} objects per second"));
        line(format_args!("outcomes    {}", counts(&self.outcomes)));
        line(format_args!("faults      {}", counts(&self.fates)));
        line(format_args!(
            "PUT to record, s   p50 {:.2}  p99 {:.2}  longest {:.2}",
            percentile(&self.latencies, 50),
            percentile(&self.latencies, 99),
            percentile(&self.latencies, 100)
        ));
        for (name, before, after) in self.growth() {
            let word = if is_flat(before, after) { "flat" } else { "GROWN" };
            line(format_args!(
                "memory      {name:<9} {before} KiB in the second quarter, {after} KiB in the last: {word}"
            ));
        }
        for (what, seen) in &self.whole {
            match seen {
                Ok(seen) => line(format_args!("invariant   {what:<17} held    {seen}")),
                Err(seen) => line(format_args!("invariant   {what:<17} BROKEN  {seen}")),
            }
        }
        for (word, list) in [("lost", &self.lost), ("doubled", &self.doubled), ("differing", &self.differing)] {
            for what in list.iter().take(20) {
                line(format_args!("{word:<11} {what}"));
            }
        }
        line(format_args!("lost={} doubled={}", self.lost.len(), self.doubled.len()));
        text
    }
}

fn counts(counts: &BTreeMap<String, usize>) -> String {
    counts.iter().map(|(word, count)| format!("{word} {count}")).collect::<Vec<_>>().join(", ")
}

fn is_flat(before: u64, after: u64) -> bool {
    #[expect(clippy::cast_precision_loss, reason = "kibibytes of a process")]
    let (before, after) = (before as f64, after as f64);
    after <= before * GROWTH
}

/// `values` must be sorted.
fn percentile(sorted: &[f64], percent: usize) -> f64 {
    let index = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(index).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_seen() {
        let sorted: Vec<f64> = (1..=200).map(f64::from).collect();
        assert_eq!((percentile(&sorted, 50), percentile(&sorted, 99), percentile(&sorted, 100)), (100.0, 198.0, 200.0));
        assert!(percentile(&[], 50).abs() < f64::EPSILON);
    }
}
