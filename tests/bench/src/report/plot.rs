//! Bar charts in SVG.

use std::fmt::Write as _;

use super::table::number;

const WIDTH: f64 = 760.0;
const LABELS: f64 = 250.0;
const VALUES: f64 = 110.0;
const ROW: f64 = 26.0;
const TOP: f64 = 40.0;

/// Horizontal bars with one unit. The first one, intake's, is coloured.
#[derive(Debug, Clone)]
pub struct Bars {
    title: String,
    unit: &'static str,
    rows: Vec<(String, f64)>,
}

impl Bars {
    /// From labels and values.
    #[must_use]
    pub fn new(title: impl Into<String>, unit: &'static str, rows: Vec<(String, f64)>) -> Self {
        Self { title: title.into(), unit, rows }
    }

    pub(super) fn title(&self) -> &str {
        &self.title
    }

    pub(super) fn svg(&self) -> String {
        let most = self.rows.iter().map(|(_, value)| *value).fold(f64::MIN_POSITIVE, f64::max);
        let mut drawn = String::new();
        let mut y = TOP;
        for (index, (label, value)) in self.rows.iter().enumerate() {
            let length = (WIDTH - LABELS - VALUES) * value / most;
            let colour = if index == 0 { "#2a6f97" } else { "#b8b8b8" };
            let (middle, end) = (y + ROW / 2.0 + 1.0, LABELS + length);
            // Writing to a string cannot fail.
            let _ = write!(
                drawn,
                r#"<text x="{:.1}" y="{middle:.1}" text-anchor="end">{}</text><rect x="{LABELS:.1}" y="{:.1}" width="{:.1}" height="{:.1}" fill="{colour}"/><text x="{:.1}" y="{middle:.1}">{} {}</text>"#,
                LABELS - 8.0,
                escaped(label),
                y + 3.0,
                length.max(1.0),
                ROW - 8.0,
                end + 6.0,
                number(*value),
                self.unit,
            );
            y += ROW;
        }
        format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH:.0}" height="{:.0}" font-family="sans-serif" font-size="12" dominant-baseline="middle"><rect width="100%" height="100%" fill="white"/><text x="12" y="18" font-size="14" font-weight="bold">{}</text>{drawn}</svg>"#,
            y + 10.0,
            escaped(&self.title),
        )
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn longest_bar_has_the_full_width_and_names_are_escaped() {
        let svg = Bars::new("a < b", "ms", vec![("one".into(), 2.0), ("two".into(), 8.0)]).svg();
        assert!(
            svg.contains("a &lt; b") && svg.contains(r#"width="400.0""#) && svg.contains(r#"width="100.0""#),
            "{svg}"
        );
    }
}
