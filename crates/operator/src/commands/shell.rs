//! `completions` and `man`: what the arguments' own declaration tells.

use std::io::Write;

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::{Exit, ToolError, cli::Cli, ui::Out};

pub(super) fn completions(shell: Shell, out: &mut Out<impl Write>) -> Result<Exit, ToolError> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "cxone-attachments", &mut script);
    out.line(String::from_utf8_lossy(&script).trim_end())?;
    Ok(Exit::Success)
}

/// The page of the tool, then one of each command.
pub(super) fn man(out: &mut Out<impl Write>) -> Result<Exit, ToolError> {
    let mut command = Cli::command();
    command.build();
    let pages = std::iter::once(&command).chain(command.get_subcommands().filter(|one| one.get_name() != "help"));
    let mut roff = Vec::new();
    for page in pages {
        let rendered = clap_mangen::Man::new(page.clone()).render(&mut roff);
        rendered.map_err(|source| ToolError::Io { what: "writing the manual page".to_owned(), source })?;
    }
    out.line(String::from_utf8_lossy(&roff).trim_end())?;
    Ok(Exit::Success)
}
