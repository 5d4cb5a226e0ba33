//! What goes to the screen while the demo runs: lines that stay, and on a terminal one line that changes.

use std::io::{IsTerminal as _, Write as _};
use std::time::Instant;

/// The widest that anything is made, however wide the terminal.
const WIDEST: usize = 120;

/// The progress of the demo on standard error. Its last line goes when the value does.
#[derive(Debug)]
pub(crate) struct Screen {
    started: Instant,
    /// Whether one line may be written again and again.
    live: bool,
    /// Whether such a line is shown now.
    standing: bool,
    paint: Paint,
}

/// Colours, or none of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Paint(bool);

impl Paint {
    /// Colours only for a terminal that can show them and a person who has not said no (<https://no-color.org>).
    pub(crate) fn new(is_terminal: bool, variable: impl Fn(&str) -> Option<String>) -> Self {
        let refused = variable("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self(is_terminal && !refused && !is_dumb(variable))
    }

    /// For standard output, as this process has it.
    pub(crate) fn of_output() -> Self {
        Self::new(std::io::stdout().is_terminal(), of_process)
    }

    pub(crate) fn good(self, text: &str) -> String {
        self.in_colour("32", text)
    }

    pub(crate) fn refused(self, text: &str) -> String {
        self.in_colour("33", text)
    }

    pub(crate) fn wrong(self, text: &str) -> String {
        self.in_colour("1;31", text)
    }

    pub(crate) fn title(self, text: &str) -> String {
        self.in_colour("1", text)
    }

    fn in_colour(self, code: &str, text: &str) -> String {
        if self.0 { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

impl Screen {
    pub(crate) fn new() -> Self {
        let is_terminal = std::io::stderr().is_terminal();
        Self {
            started: Instant::now(),
            live: is_terminal && !is_dumb(of_process),
            standing: false,
            paint: Paint::new(is_terminal, of_process),
        }
    }

    /// Seconds since the start.
    pub(crate) fn seconds(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }

    /// Whether the changing line is shown; without it what it would tell is worth lines of its own.
    pub(crate) fn is_live(&self) -> bool {
        self.live
    }

    pub(crate) fn paint(&self) -> Paint {
        self.paint
    }

    /// A line that stays.
    pub(crate) fn say(&mut self, text: &str) {
        self.clear();
        write(&format!("{:6.1} s  {text}\n", self.seconds()));
    }

    /// Puts the text in place of the line that changes.
    pub(crate) fn show(&mut self, text: &str) {
        if self.live {
            // A line that reaches the border would wrap, and could not be written over.
            let line: String = format!("{:6.1} s  {text}", self.seconds()).chars().take(width() - 1).collect();
            write(&format!("\r\x1b[K{line}"));
            self.standing = true;
        }
    }

    fn clear(&mut self) {
        if std::mem::take(&mut self.standing) {
            write("\r\x1b[K");
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.clear();
    }
}

/// How many columns there are for the report.
pub(crate) fn width() -> usize {
    let terminal = [rustix::termios::tcgetwinsize(std::io::stdout()), rustix::termios::tcgetwinsize(std::io::stderr())];
    columns(of_process("COLUMNS").as_deref(), terminal.into_iter().flatten().map(|size| size.ws_col).next())
}

/// The variable wins, then the terminal; 0 is what a terminal says that does not know.
fn columns(variable: Option<&str>, terminal: Option<u16>) -> usize {
    let variable = variable.and_then(|text| text.parse().ok());
    let known = variable.or_else(|| terminal.map(usize::from)).filter(|columns| *columns > 0);
    known.map_or(WIDEST, |columns| columns.min(WIDEST))
}

fn is_dumb(variable: impl Fn(&str) -> Option<String>) -> bool {
    variable("TERM").is_some_and(|name| name == "dumb")
}

fn of_process(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn write(text: &str) {
    // A closed pipe is no reason to stop.
    let _ = std::io::stderr().write_all(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paint(is_terminal: bool, variables: &[(&str, &str)]) -> Paint {
        let find =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        Paint::new(is_terminal, find)
    }

    #[test]
    fn colours_are_for_terminals_and_for_who_wants_them() {
        assert_eq!(paint(true, &[("TERM", "xterm"), ("NO_COLOR", "")]).good("x"), "\x1b[32mx\x1b[0m");
        assert_eq!(paint(false, &[("TERM", "xterm")]).good("x"), "x");
        assert_eq!(paint(true, &[("NO_COLOR", "1")]).wrong("x"), "x");
        assert_eq!(paint(true, &[("TERM", "dumb")]).title("x"), "x");
    }

    #[test]
    fn the_width_is_the_variables_then_the_terminals_and_never_more_than_the_widest() {
        assert_eq!(columns(Some("90"), Some(100)), 90);
        assert_eq!(columns(None, Some(100)), 100);
        assert_eq!(columns(Some("wide"), Some(300)), WIDEST);
        assert_eq!(columns(None, Some(0)), WIDEST);
        assert_eq!(columns(None, None), WIDEST);
    }
}
