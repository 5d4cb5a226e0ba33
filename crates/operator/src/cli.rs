//! The arguments.

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::Handle;

/// What became of my file? Is the pipeline sound?
///
/// For operators of cxone-attachments, for developers of systems that write files to it, and for auditors.
#[derive(Debug, Parser)]
#[command(name = "cxone-attachments", version, max_term_width = 100, arg_required_else_help = true)]
pub struct Cli {
    /// What applies to all commands.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What applies to all commands.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Deployment and output")]
pub struct Global {
    /// The CloudFormation stack
    #[arg(
        long,
        global = true,
        env = "CXONE_ATTACHMENTS_STACK",
        default_value = "cxone-attachments",
        value_name = "NAME",
        hide_env_values = true
    )]
    pub stack: String,
    /// A profile of AWS's configuration files
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Option<String>,
    /// The AWS region
    #[arg(long, global = true, value_name = "REGION")]
    pub region: Option<String>,
    /// Another address of AWS, such as that of the local stack
    #[arg(long, global = true, value_name = "URL")]
    pub endpoint_url: Option<String>,
    /// Print one JSON object
    #[arg(long, global = true, conflicts_with = "jsonl")]
    pub json: bool,
    /// Print one line of JSON for each item
    #[arg(long, global = true)]
    pub jsonl: bool,
    /// When to use colour; `NO_COLOR` and `CLICOLOR_FORCE` count as well
    #[arg(long, global = true, value_enum, default_value_t = Colour::Auto, value_name = "WHEN")]
    pub color: Colour,
    /// How to show times
    #[arg(long, global = true, value_enum, default_value_t = TimeForm::Local, value_name = "FORM")]
    pub time: TimeForm,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// How to show times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TimeForm {
    /// In this machine's time zone, with its offset
    Local,
    /// In UTC
    Utc,
    /// As distance from now
    Relative,
}

/// A command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show what happened to an object, and what happens next
    Explain(Explain),
    /// Show the pipeline now: what waits and why, what runs, what failed
    Status,
    /// Write files to the bucket, as a producer does
    Send(Send),
    /// Check the deployment, and name the command that fixes each fault
    Doctor(Doctor),
    /// Show the storage quota
    #[command(subcommand)]
    Quota(Quota),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: Shell,
    },
    /// Print the manual page, in roff
    Man,
}

/// See [`Command::Explain`].
#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 completed, 1 not completed, 3 in progress, 4 not found, 5 no access to AWS")]
pub struct Explain {
    /// An S3 URI or key, an interaction id, a job id, an execution's name or ARN, or an identity
    #[arg(required = true, value_name = "HANDLE")]
    pub handles: Vec<Handle>,
}

/// See [`Command::Send`].
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 written (with --wait: all completed), 1 rejected or not completed, 2 wrong arguments,\n3 waited too long, 5 no access to AWS, 6 some of several files failed"
)]
pub struct Send {
    /// Files; with --check, folders too
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<std::path::PathBuf>,
    /// The interaction that the files are for
    #[arg(long, value_name = "ID")]
    pub interaction: String,
    /// A tag of the object, which becomes the attachment's metadata; may be repeated
    #[arg(long = "tag", value_name = "KEY=VALUE")]
    pub tags: Vec<String>,
    /// Ask CXone not to scan for viruses, where the deployment allows that
    #[arg(long)]
    pub no_scan: bool,
    /// The name in the bucket, for one file
    #[arg(long, value_name = "NAME", conflicts_with = "check")]
    pub name: Option<String>,
    /// Follow each file to its outcome
    #[arg(long, conflicts_with = "check")]
    pub wait: bool,
    /// How long --wait follows, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 900, requires = "wait")]
    pub timeout: u64,
    /// Check name, type, size and id with the pipeline's own rules, and write nothing
    #[arg(long)]
    pub check: bool,
}

/// See [`Command::Doctor`].
#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 all checks passed, 1 a check failed, 4 no such stack, 5 no access to AWS")]
pub struct Doctor {
    /// Post a signed ping to the webhook's receiver
    #[arg(long)]
    pub ping_webhook: bool,
    /// Fetch a token from CXone
    #[arg(long)]
    pub token: bool,
}

/// See [`Command::Quota`].
#[derive(Debug, Subcommand)]
pub enum Quota {
    /// Print how much of the quota is used
    Show,
}
