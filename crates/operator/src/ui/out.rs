//! Standard output: with colour where it belongs, and quiet about a reader that has gone.

use std::io::{self, Write};

use anstream::{AutoStream, ColorChoice};

use crate::{ToolError, cli::Colour};

/// Writes to standard output.
pub struct Out<W: Write> {
    to: W,
    gone: bool,
}

impl Out<AutoStream<io::Stdout>> {
    /// Standard output. JSON never has colour.
    #[must_use]
    pub fn stdout(colour: Colour, json: bool) -> Self {
        let choice = match colour {
            _ if json => ColorChoice::Never,
            Colour::Always => ColorChoice::Always,
            Colour::Never => ColorChoice::Never,
            // Knows NO_COLOR, CLICOLOR, CLICOLOR_FORCE and whether it is a terminal.
            Colour::Auto => ColorChoice::Auto,
        };
        Self { to: AutoStream::new(io::stdout(), choice), gone: false }
    }
}

impl<W: Write> Out<W> {
    /// Any writer, for tests.
    pub const fn to(to: W) -> Self {
        Self { to, gone: false }
    }

    /// Writes a text and a line's end. A closed pipe (`| head`) ends the output and is no error.
    ///
    /// # Errors
    /// The output cannot be written for another cause, such as a full disk.
    pub fn line(&mut self, text: &str) -> Result<(), ToolError> {
        if self.gone {
            return Ok(());
        }
        match writeln!(self.to, "{text}").and_then(|()| self.to.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.gone = true;
                Ok(())
            }
            Err(source) => Err(ToolError::Io { what: "writing the output".to_owned(), source }),
            Ok(()) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Closed(io::ErrorKind);

    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn closed_pipe_is_no_error_and_a_full_disk_is_one() {
        let mut out = Out::to(Closed(io::ErrorKind::BrokenPipe));
        assert!(out.line("a").is_ok() && out.line("b").is_ok());
        assert!(Out::to(Closed(io::ErrorKind::StorageFull)).line("a").is_err());
    }
}
