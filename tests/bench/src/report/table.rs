//! Tables in Markdown, and numbers as text.

use super::{Figure, Target};

/// A table whose columns are also aligned in plain text.
#[must_use]
pub fn markdown(heads: &[&str], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = heads.iter().map(|head| head.chars().count().max(3)).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: &mut dyn Iterator<Item = String>| {
        let cells: Vec<String> = cells
            .zip(&widths)
            .enumerate()
            .map(|(column, (cell, width))| {
                // Names are aligned to the left, figures to the right.
                if column == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
            })
            .collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let mut text = line(&mut heads.iter().map(|head| (*head).to_owned()));
    text.push_str(&line(
        &mut widths.iter().enumerate().map(|(column, width)| {
            if column == 0 { "-".repeat(*width) } else { format!("{}:", "-".repeat(width - 1)) }
        }),
    ));
    for row in rows {
        text.push_str(&line(&mut row.iter().cloned()));
    }
    text
}

pub(super) fn target_row(figure: &Figure) -> Option<Vec<String>> {
    let target = figure.target?;
    let (word, limit) = match target {
        Target::AtMost(limit) => ("≤", limit),
        Target::AtLeast(limit) => ("≥", limit),
    };
    let unit = if figure.unit == "ratio" { String::new() } else { format!(" {}", figure.unit) };
    Some(vec![
        figure.name.clone(),
        format!("{}{unit}", number(figure.value)),
        format!("{word} {}", number(limit)),
        if target.is_met(figure.value) { "met".to_owned() } else { "MISSED".to_owned() },
        format!("{:.0} %", 100.0 * figure.value / limit),
    ])
}

/// Three significant digits below 100. From 100 on, a whole number with commas between thousands.
#[must_use]
pub fn number(value: f64) -> String {
    let magnitude = value.abs();
    if magnitude >= 100.0 {
        let digits = format!("{magnitude:.0}");
        let mut text = String::new();
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                text.push(',');
            }
            text.push(digit);
        }
        return if value < 0.0 { format!("-{text}") } else { text };
    }
    let places = if magnitude >= 10.0 {
        1
    } else if magnitude >= 1.0 {
        2
    } else {
        3
    };
    let text = format!("{value:.places$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits_or_commas() {
        let numbers = [0.0, 0.0204, 4.0, 9.876, 23.45, 1234.5, 9_175_432.0].map(number);
        assert_eq!(numbers, ["0", "0.02", "4", "9.88", "23.4", "1,234", "9,175,432"]);
    }

    #[test]
    fn columns_are_aligned() {
        let table = markdown(&["name", "ms"], &[vec!["a".into(), "1,000".into()], vec!["longer".into(), "2".into()]]);
        assert_eq!(table, "| name   |    ms |\n| ------ | ----: |\n| a      | 1,000 |\n| longer |     2 |\n");
    }
}
