//! Rendering: colour, width, times and tables. Nothing here asks AWS.

mod out;
pub mod story;
mod table;
mod time;

use std::io::Write as _;

use anstyle::{AnsiColor, Style};
use attachments::{Timestamp, shown};

use crate::{Verdict, cli::TimeForm};

pub use out::Out;
pub use table::table;
pub use time::{distance, shown_time};

/// How to render.
#[derive(Debug, Clone, Copy)]
pub struct Ui {
    /// How times are shown.
    pub time: TimeForm,
    /// Columns of the terminal; 80 at least.
    pub width: usize,
    /// The time.
    pub now: Timestamp,
}

impl Ui {
    /// For standard output as it is: the terminal's width, else 120 columns.
    #[must_use]
    pub fn new(time: TimeForm, now: Timestamp) -> Self {
        let width = terminal_size::terminal_size().map_or(120, |(width, _)| usize::from(width.0));
        Self { time, width: width.max(80), now }
    }

    /// A time as the person asked for it.
    #[must_use]
    pub fn at(&self, at: Timestamp) -> String {
        shown_time(at, self.time, self.now)
    }
}

/// A word in the colour of its state. `Out` removes the colour where it does not belong.
#[must_use]
pub fn coloured(verdict: Verdict) -> String {
    let colour = match verdict {
        Verdict::Completed => AnsiColor::Green,
        Verdict::Queued | Verdict::Working | Verdict::Scanning | Verdict::Recording => AnsiColor::Cyan,
        Verdict::Waiting | Verdict::Unseen | Verdict::Nothing => AnsiColor::Yellow,
        _ => AnsiColor::Red,
    };
    // Padded inside the colour, so that what follows is aligned with and without it.
    painted(&format!("{:<10}", verdict.word()), Style::new().bold().fg_color(Some(colour.into())))
}

/// A text in a style.
#[must_use]
pub fn painted(text: &str, style: Style) -> String {
    format!("{style}{text}{style:#}")
}

/// A label in front of a text.
#[must_use]
pub fn label(text: &str) -> String {
    painted(text, Style::new().dimmed())
}

/// Text from outside: it cannot steer the terminal, and stays on one line.
#[must_use]
pub fn outside(text: &str) -> String {
    shown(&text.replace('\n', " ")).into_owned()
}

/// Says something beside the answer, on standard error. A closed standard error is no fault.
pub fn note(text: &str) {
    let _ = writeln!(std::io::stderr(), "cxone-attachments: {}", outside(text));
}

/// Lines of at most `width` columns, broken at spaces; each but the first begins with `indent` spaces.
#[must_use]
pub fn wrapped(text: &str, width: usize, indent: usize) -> String {
    let mut lines = vec![String::new()];
    let room = width.saturating_sub(indent).max(20);
    for word in text.split(' ') {
        let line = lines.last_mut().map_or(0, |line| line.chars().count());
        if line > 0 && line + 1 + word.chars().count() > room {
            lines.push(word.to_owned());
        } else if let Some(last) = lines.last_mut() {
            if line > 0 {
                last.push(' ');
            }
            last.push_str(word);
        }
    }
    lines.join(&format!("\n{}", " ".repeat(indent)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_words_are_never_cut() {
        let name = "x".repeat(60);
        assert_eq!(wrapped(&format!("a {name} b"), 40, 4), format!("a\n    {name}\n    b"));
    }

    #[test]
    fn text_from_outside_cannot_steer_the_terminal() {
        let text = outside("\u{1b}[2J\u{202e}fdp\nnext");
        assert!(text.contains("fdp next") && text.chars().all(attachments::is_harmless), "{text:?}");
    }
}
