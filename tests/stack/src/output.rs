//! What the programs print.

use std::io::{ErrorKind, Write as _};

use crate::StackError;
use crate::error::Trying as _;

/// Prints to standard output. If the reader has closed the pipe, as `head` does, that is not an error.
pub fn print(text: &str) -> Result<(), StackError> {
    let mut output = std::io::stdout().lock();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written.trying(|| "writing to standard output".to_owned()),
    }
}

/// Prints a line to standard error. Does nothing if that is closed.
pub fn say(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}
