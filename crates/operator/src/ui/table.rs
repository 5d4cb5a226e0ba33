//! Tables that fit the terminal.

use comfy_table::{ContentArrangement, Table, presets};

/// A table of at most `width` columns. Cells wrap; the columns in `whole` are never broken, since they are copied.
#[must_use]
pub fn table(titles: &[&str], rows: &[Vec<String>], whole: &[usize], width: usize) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(u16::try_from(width).unwrap_or(u16::MAX)).set_header(titles);
    for row in rows {
        table.add_row(row);
    }
    for index in whole {
        if let Some(column) = table.column_mut(*index) {
            let longest = rows.iter().filter_map(|row| row.get(*index)).map(|cell| cell.chars().count()).max();
            let longest = u16::try_from(longest.unwrap_or(0)).unwrap_or(u16::MAX);
            column.set_constraint(comfy_table::ColumnConstraint::LowerBoundary(comfy_table::Width::Fixed(longest + 2)));
        }
    }
    table.trim_fmt()
}
