//! The table's layout: every cell padded or shortened to its column's width.

use attachments::shown;

/// The columns' titles.
pub(crate) const TITLES: [&str; 6] = ["object", "outcome", "reason", "job", "seconds", "webhook"];
/// Between two columns.
const GAP: usize = 2;
/// Which columns are shortened on a narrow terminal, in this order, and to what at the least.
const SHRINKABLE: [(usize, usize); 3] = [(3, 10), (0, 18), (2, 12)];
/// The column of numbers, which stands right.
const NUMBERS: usize = 4;

/// One row's cells, all of the width of their columns.
pub(crate) type Row = [String; 6];

/// Lays the titles and the rows out within `width` columns, as far as they can be shortened.
///
/// Every character counts as one column.
///
/// A cell may come from outside: what a terminal would obey or hide is escaped.
pub(crate) fn lay_out(rows: &[Row], width: usize) -> Vec<Row> {
    let rows: Vec<Row> = rows.iter().map(|row| row.clone().map(|cell| shown(&cell).into_owned())).collect();
    let titles = TITLES.map(str::to_owned);
    let all = || std::iter::once(&titles).chain(&rows);
    let mut widths = [0; TITLES.len()];
    for row in all() {
        for (widest, cell) in widths.iter_mut().zip(row) {
            *widest = (*widest).max(count(cell));
        }
    }
    for (column, least) in SHRINKABLE {
        let total = widths.iter().sum::<usize>() + GAP * (TITLES.len() - 1);
        if let Some(own) = widths.get_mut(column) {
            *own = own.saturating_sub(total.saturating_sub(width)).max(least.min(*own));
        }
    }
    let fit = |row: &Row| {
        let mut fitted = row.clone();
        for (column, (cell, width)) in fitted.iter_mut().zip(widths).enumerate() {
            let short = shorten(cell, width);
            let padding = " ".repeat(width.saturating_sub(count(&short)));
            *cell = if column == NUMBERS { padding + &short } else { short + &padding };
        }
        fitted
    };
    all().map(fit).collect()
}

/// A row's cells in one line.
pub(crate) fn line(row: &Row) -> String {
    row.join(&" ".repeat(GAP)).trim_end().to_owned()
}

/// Takes characters out of the middle, where names tell least, until `width` are left.
pub(crate) fn shorten(text: &str, width: usize) -> String {
    let length = count(text);
    if length <= width {
        return text.to_owned();
    }
    let kept = width.saturating_sub(1);
    let head: String = text.chars().take(kept.div_ceil(2)).collect();
    let tail: String = text.chars().skip(length - kept / 2).collect();
    format!("{head}…{tail}")
}

fn count(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(object: &str, reason: &str, job: &str) -> Row {
        [object, "REJECTED", reason, job, "12.3", "verified"].map(str::to_owned)
    }

    #[test]
    fn what_fits_is_padded_and_not_shortened() {
        let rows = lay_out(&[row("INT-1/a.pdf", "empty", "-"), row("INT-2/Grüße.pdf", "too_large", "job-1")], 120);
        let lines: Vec<_> = rows.iter().map(line).collect();
        assert_eq!(
            lines,
            [
                "object           outcome   reason     job    seconds  webhook",
                "INT-1/a.pdf      REJECTED  empty      -         12.3  verified",
                "INT-2/Grüße.pdf  REJECTED  too_large  job-1     12.3  verified",
            ]
        );
    }

    #[test]
    fn no_line_is_wider_than_it_may_be() {
        let long = "interaction/".repeat(12) + "the end of a long name.pdf";
        let rows = [row(&long, "unsupported_extension", &"j".repeat(36)), row("a", "b", "c")];
        for width in [120, 100, 80, 78] {
            for laid in lay_out(&rows, width) {
                let laid = line(&laid);
                assert!(count(&laid) <= width, "{} columns instead of {width}: {laid}", count(&laid));
            }
        }
        // Narrower than the least widths together there is nothing left to take.
        assert_eq!(line(&lay_out(&rows, 10)[1]).chars().count(), 18 + 8 + 12 + 10 + 7 + 8 + 5 * GAP);
    }

    #[test]
    fn cell_from_outside_cannot_steer_the_terminal() {
        let hostile = "=cmd|'calc'!A0\u{1b}[2J\u{202e}fdp\u{200b}\r\n\u{9b}31m<b>";
        let laid = lay_out(&[row(hostile, hostile, hostile)], 300);
        let text = line(&laid[1]);
        assert!(text.chars().all(attachments::is_harmless), "{text:?}");
        assert_eq!(text.matches(r"\u{1b}[2J\u{202e}fdp\u{200b}\u{d}\u{a}\u{9b}31m").count(), 3, "{text}");
    }

    #[test]
    fn names_lose_their_middle() {
        assert_eq!(shorten("abcdefgh", 8), "abcdefgh");
        assert_eq!(shorten("abcdefgh", 5), "ab…gh");
        assert_eq!(shorten("äöüßäöüß", 4), "äö…ß");
        assert_eq!(shorten("abc", 1), "…");
    }
}
