//! What the demo prints at its end.

use std::fmt::Write as _;

use attachments::{audit::AuditRecord, json_shown, shown};

use super::dropped::Dropped;
use super::follow::Execution;
use super::seen::{Gathered, Record, Seen, Webhook};
use super::table::{self, Row};
use super::terminal::Paint;
use operator::execution::Visit;

/// The columns of the table in which a colour says how it went.
const COLOURED: [usize; 2] = [1, 5];

/// One row for each object. `differing` says of each whether it is not as expected.
pub(crate) fn table(
    objects: &[Dropped],
    gathered: &Gathered,
    differing: &[bool],
    width: usize,
    paint: Paint,
) -> String {
    let rows: Vec<Row> =
        objects.iter().zip(&gathered.seen).map(|(object, seen)| row(&object.sample.label(), seen)).collect();
    let mut text = String::new();
    for (number, mut laid) in table::lay_out(&rows, width).into_iter().enumerate() {
        let object = number.checked_sub(1);
        let differs = object.and_then(|index| differing.get(index)).copied().unwrap_or(false);
        let seen = object.and_then(|index| gathered.seen.get(index));
        for (column, cell) in laid.iter_mut().enumerate() {
            *cell = match seen {
                None => paint.title(cell),
                Some(_) if differs => paint.wrong(cell),
                Some(seen) if COLOURED.contains(&column) => {
                    let is_good = column != 1 || seen.execution.as_ref().is_some_and(|run| run.error.is_none());
                    if is_good { paint.good(cell) } else { paint.refused(cell) }
                }
                Some(_) => continue,
            };
        }
        line(&mut text, &table::line(&laid));
    }
    text
}

fn row(label: &str, seen: &Seen) -> Row {
    let none = || "-".to_owned();
    let execution = seen.execution.as_ref();
    let job = seen.record.as_ref().and_then(|record| record.json.pointer("/job_id")?.as_str());
    let webhook = match seen.webhook {
        Webhook::Verified { .. } => "verified",
        Webhook::Missing => "missing",
        Webhook::Refused(_) => "refused",
    };
    [
        label.to_owned(),
        execution.map_or_else(|| "none".to_owned(), Execution::outcome),
        execution.and_then(Execution::reason).unwrap_or_else(none),
        job.map_or_else(none, str::to_owned),
        seen.seconds.map_or_else(none, |seconds| format!("{seconds:.1}")),
        webhook.to_owned(),
    ]
}

/// Where the record of an object lies, and what it says.
pub(crate) fn record(label: &str, record: &Record, paint: Paint) -> String {
    let mut text = heading(paint, "Audit record", label);
    line(&mut text, &record.location);
    if let Some(until) = &record.locked_until {
        line(&mut text, &format!("locked until {until}"));
    }
    line(&mut text, &indented(&record.text));
    text
}

/// The record with a line for each field, in the order in which it is stored; a JSON value in memory would sort them.
fn indented(stored: &str) -> String {
    let record = serde_json::from_str::<AuditRecord>(stored);
    let pretty = record.and_then(|record| serde_json::to_string_pretty(&record));
    pretty.map_or_else(|_| shown(stored.trim_end()).into_owned(), |pretty| json_shown(&pretty).into_owned())
}

/// An execution from state to state. A failed one ends with what the console shows of it.
pub(crate) fn story(label: &str, name: &str, execution: &Execution, visits: &[Visit], paint: Paint) -> String {
    let mut text = heading(paint, "Execution", label);
    let status = match execution.error {
        Some(_) => paint.refused(&execution.status),
        None => paint.good(&execution.status),
    };
    line(&mut text, &format!("{name}  {status} after {:.2} s", execution.ended - execution.began));
    for visit in visits {
        let note = shown(&visit.note);
        line(&mut text, format!("{:8.2} s  {:<16}  {note}", visit.at, visit.state).trim_end());
    }
    for (title, told) in [("Error", &execution.error), ("Cause", &execution.cause)] {
        if let Some(told) = told {
            line(&mut text, &format!("{title}  {}", shown(told)));
        }
    }
    text
}

/// What is not as expected, object by object, then what belongs to none.
pub(crate) fn differences(found: &[(String, Vec<String>)], strays: &[String], paint: Paint) -> String {
    let mut text = heading(paint, "Not as expected", "");
    for (label, differences) in found {
        for difference in differences {
            line(&mut text, &paint.wrong(&shown(&format!("{label}: {difference}"))));
        }
    }
    for stray in strays {
        line(&mut text, &paint.wrong(&shown(stray)));
    }
    text
}

/// The last line.
pub(crate) fn verdict(objects: usize, differing: usize, strays: usize, seconds: f64) -> String {
    match (differing, strays) {
        (0, 0) => format!("{objects} objects, all as expected in {seconds:.1} s"),
        (0, strays) => format!("{objects} objects as expected, but {strays} things besides that must not be"),
        (differing, _) => format!("{objects} objects, {differing} not as expected, after {seconds:.1} s"),
    }
}

fn heading(paint: Paint, what: &str, label: &str) -> String {
    format!("\n{}\n", paint.title(shown(&format!("{what}  {label}")).trim_end()))
}

fn line(text: &mut String, line: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_says_whether_all_is_well() {
        assert_eq!(verdict(16, 0, 0, 17.34), "16 objects, all as expected in 17.3 s");
        assert!(verdict(16, 2, 0, 17.34).contains("2 not as expected"));
        assert!(!verdict(16, 0, 1, 17.34).contains("all as expected"));
    }

    #[test]
    fn records_are_shown_in_their_own_order_and_whole() {
        let golden = include_str!("../../../../crates/attachments/tests/golden/v2-audit-completed.json");
        let in_one_line: String = golden.lines().map(str::trim).collect();
        assert_eq!(indented(&in_one_line), golden.trim_end());
        // What is no audit record is shown as it is.
        assert_eq!(indented("{}\n"), "{}");
    }

    /// What a producer or another system can put into names, reasons and records.
    const HOSTILE: &str = "\u{1b}[2J\u{202e}fdp\u{200b}\u{9b}31m";

    #[test]
    fn nothing_that_is_printed_can_steer_the_terminal() {
        let execution = Execution {
            arn: String::new(),
            status: "FAILED".to_owned(),
            error: Some(HOSTILE.to_owned()),
            cause: Some(HOSTILE.to_owned()),
            output: None,
            began: 0.0,
            ended: 1.0,
        };
        let note = format!("saw {HOSTILE}");
        let visit = Visit { state: "PollJob".to_owned(), at: 0.0, note, failures: 0, last_error: None, left: true };
        let paint = Paint::new(false, |_| None);
        let golden = include_str!("../../../../crates/attachments/tests/golden/v2-audit-completed.json");
        let stored = golden.replace("job-1", HOSTILE.trim_start_matches('\u{1b}'));
        let record = |text: &str| Record {
            location: "s3://a/b".to_owned(),
            sha256: String::new(),
            locked_until: None,
            text: text.to_owned(),
            json: serde_json::Value::Null,
        };
        for text in [
            story(HOSTILE, "name", &execution, &[visit], paint),
            super::record(HOSTILE, &record(&stored), paint),
            super::record("INT-1/a.pdf", &record(HOSTILE), paint),
            differences(&[(HOSTILE.to_owned(), vec![HOSTILE.to_owned()])], &[HOSTILE.to_owned()], paint),
        ] {
            assert!(text.contains("fdp"), "{text}");
            assert!(text.chars().all(|c| c == '\n' || attachments::is_harmless(c)), "{text:?}");
        }
    }

    #[test]
    fn an_object_without_an_end_has_a_row_of_its_own() {
        assert_eq!(row("a/b.pdf", &Seen::default()), ["a/b.pdf", "none", "-", "-", "-", "missing"].map(str::to_owned));
    }
}
