//! Markdown: generated blocks, tables, and lists whose lines wrap.

use std::fmt::Write as _;

use crate::{ContractError, text};

/// The longest line of a list, in characters.
const WIDTH: usize = 100;

/// A page of the docs with its blocks generated again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// From the workspace's root.
    pub path: &'static str,
    /// All of it.
    pub text: String,
}

impl Page {
    pub(crate) fn read(path: &'static str) -> Result<Self, ContractError> {
        Ok(Self { path, text: text(path)? })
    }

    /// Puts `content` in place of what is between `<!-- generated: {block} -->` and the next `<!-- end -->`.
    pub(crate) fn fill(mut self, block: &str, content: &str) -> Result<Self, ContractError> {
        let marker = format!("<!-- generated: {block} -->\n");
        let begin = self.text.find(&marker).map(|at| at + marker.len());
        let range = begin.and_then(|begin| Some(begin..begin + self.text.get(begin..)?.find("<!-- end -->\n")?));
        let range =
            range.ok_or_else(|| ContractError::Marker { path: self.path.to_owned(), block: block.to_owned() })?;
        // Blank lines, so that a heading or a table beside the marker is one.
        self.text.replace_range(range, &format!("\n{}\n\n", content.trim_end()));
        Ok(self)
    }
}

/// A table of at most four columns.
pub(crate) fn table<const COLUMNS: usize>(
    head: [&str; COLUMNS],
    rows: impl IntoIterator<Item = [String; COLUMNS]>,
) -> String {
    let mut table = format!("| {} |\n|{}\n", head.join(" | "), " --- |".repeat(COLUMNS));
    for row in rows {
        let _ = writeln!(table, "| {} |", row.join(" | "));
    }
    table
}

/// An item of a list, wrapped.
pub(crate) fn item(text: &str) -> String {
    let (mut lines, mut line) = (String::new(), "-".to_owned());
    for word in words(text) {
        if line.chars().count() + 1 + word.chars().count() > WIDTH {
            lines.push_str(&line);
            lines.push('\n');
            " ".clone_into(&mut line);
        }
        line.push(' ');
        line.push_str(word);
    }
    lines + &line + "\n"
}

/// The parts between which a line may break: not inside a code span.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut is_code = false;
    text.split(move |character| {
        is_code ^= character == '`';
        character == ' ' && !is_code
    })
    .filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_wraps_at_a_hundred_characters_and_not_inside_code() {
        let code = "`a code span with spaces`";
        let wrapped = item(&format!("{} {code} {}", "word ".repeat(17).trim_end(), "é".repeat(90)));
        let lines: Vec<&str> = wrapped.lines().collect();
        assert_eq!(
            lines,
            [&format!("- {}", "word ".repeat(17).trim_end()), &format!("  {code}"), &format!("  {}", "é".repeat(90))]
        );
    }

    #[test]
    fn a_block_is_replaced_between_its_markers_alone() {
        let page = |text: &str| Page { path: "docs/a.md", text: text.to_owned() };
        let before = page("# A\n<!-- generated: a -->\nold\n<!-- end -->\n<!-- generated: b -->\nkept\n<!-- end -->\n");
        let after = before.clone().fill("a", "new\n").unwrap();
        let expected = "# A\n<!-- generated: a -->\n\nnew\n\n<!-- end -->\n<!-- generated: b -->\nkept\n<!-- end -->\n";
        assert_eq!(after, page(expected));
        assert_eq!(after.clone().fill("a", "new\n").unwrap(), after);
        let error = before.fill("c", "").unwrap_err().to_string();
        assert_eq!(error, "docs/a.md needs the line `<!-- generated: c -->` and after it the line `<!-- end -->`");
    }
}
