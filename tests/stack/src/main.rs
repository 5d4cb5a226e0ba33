//! `stack`: the pipeline on this machine, in the background or as a demo.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use stack::{Binaries, Description, Options, StackError, fault, output, reload, shell, state, up};

const VARIABLES: &str = "\
Variables of `up`; `demo` and `reload` take PROFILE and BUILT alone:
  PORT                    the AWS endpoint's port (a free one)
  PROFILE                 cargo profile of the functions (dev)
  BUILT                   the folder of a `sam build`, whose functions are
                          taken as they are
  PARAMS                  template parameters:
                          \"StorageQuotaBytes=1000 JobDeadlineSeconds=60\"
  CXONE_BASE_URL          another server than the stand-in, with /api/v2
                          where it has that
  CXONE_CLIENT_ID, CXONE_CLIENT_SECRET
  WEBHOOK_URL             another receiver
  WEBHOOK_SIGNING_SECRET  whsec_ and Base64 (a random one)
  PLAIN_HTTP_HOSTS, TLS_CA_FILE
                          as the functions take them

Exit codes: 0 done, 1 failed, not running or not as expected,
2 not understood, 130 interrupted.";

/// The pipeline on this machine: local AWS, CXone stand-in, webhook receiver.
#[derive(Parser)]
#[command(name = "stack", disable_help_subcommand = true, after_help = VARIABLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Compile the functions, start and deploy everything, return when ready
    Up,
    /// Stop it
    Down,
    /// Print where everything is, as one JSON object
    Status,
    /// Print commands that set a shell up for it: eval "$(stack env)"
    Env,
    /// Compile the functions and replace those of it; its data stays
    Reload,
    /// Let CXone or the webhook's receiver misbehave; without NAME, list how
    Fault {
        /// The fault's name, or `off`
        name: Option<String>,
        /// The interaction that meets it [default: all]
        #[arg(long, value_name = "ID")]
        interaction: Option<String>,
    },
    /// Run good and bad files through a stack of its own; show the outcome
    Demo,
}

fn main() -> ExitCode {
    match run(&Cli::parse().command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            // It may quote a log or another system.
            let text: Vec<_> = error.to_string().lines().map(|line| attachments::shown(line).into_owned()).collect();
            output::say(&format!("stack: {}", text.join("\n")));
            match error {
                // As shells say it of a program that SIGINT has ended.
                StackError::Interrupted | StackError::ReloadInterrupted => ExitCode::from(130),
                StackError::UnknownFault { .. } => ExitCode::from(2),
                _ => ExitCode::FAILURE,
            }
        }
    }
}

/// `false` if the demo ran and not all was as expected.
#[tokio::main(flavor = "current_thread")]
async fn run(command: &Command) -> Result<bool, StackError> {
    let variable = |name: &str| std::env::var(name).ok();
    let find = || state::find(&state::background_dir());
    let text = match command {
        Command::Up => {
            let options = Options::background(variable)?;
            up::background(&options, Binaries::build(&options)).await?
        }
        Command::Down => {
            if state::stop(&state::background_dir())? { "stopped\n" } else { "no stack was running\n" }.to_owned()
        }
        Command::Status => json(&find()?)?,
        Command::Env => shell::exports(&find()?),
        Command::Reload => {
            format!("the functions at {} run the new code\n", reload::background(variable).await?.endpoint)
        }
        Command::Fault { name: None, .. } => fault::list(),
        Command::Fault { name: Some(name), interaction } => {
            fault::set(&find()?, name, interaction.as_deref()).await? + "\n"
        }
        Command::Demo => return stack::demo::run(variable).await,
    };
    output::print(&text)?;
    Ok(true)
}

fn json(description: &Description) -> Result<String, StackError> {
    let text = serde_json::to_string_pretty(description)
        .map_err(|source| StackError::Json { what: "writing the status".to_owned(), source })?;
    Ok(text + "\n")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn every_page_of_the_help_fits_80_columns() {
        let mut command = Cli::command();
        command.build();
        let mut pages = vec![command.render_long_help().to_string()];
        pages.extend(command.get_subcommands_mut().map(|command| command.render_long_help().to_string()));
        assert!(pages.len() > 5);
        for line in pages.iter().flat_map(|page| page.lines()) {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }
}
