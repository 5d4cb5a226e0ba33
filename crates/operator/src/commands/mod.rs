//! A file for each command: what it asks, in which order, and its exit code.

pub mod doctor;
pub mod explain;
pub mod quota;
pub mod send;
pub mod shell;
pub mod status;

use std::io::Write;

use attachments::Timestamp;

use crate::{
    Clients, Deployment, Exit, ToolError,
    check::Rules,
    cli::{Cli, Command, Global, Quota, Send},
    ui::{Out, Ui, note},
};

/// What a command works with.
pub struct Context<'a, W: Write> {
    /// The options.
    pub global: &'a Global,
    /// AWS.
    pub clients: Clients,
    /// The stack.
    pub deployment: Deployment,
    /// How to render.
    pub ui: Ui,
    /// Where the answer goes.
    pub out: &'a mut Out<W>,
}

impl<W: Write> Context<'_, W> {
    /// Prints one JSON object.
    pub(crate) fn json(&mut self, value: &impl serde::Serialize) -> Result<(), ToolError> {
        let text = if self.global.jsonl { serde_json::to_string(value) } else { serde_json::to_string_pretty(value) };
        let text = text.map_err(|error| ToolError::Unreadable(format!("the answer has no JSON form: {error}")))?;
        self.out.line(&attachments::json_shown(&text))
    }

    /// Whether the answer is JSON.
    pub(crate) const fn is_json(&self) -> bool {
        self.global.json || self.global.jsonl
    }
}

/// `send --check` with the stack's rules. Without access to the stack, the template's defaults apply.
async fn check(global: &Global, arguments: &Send, out: &mut Out<impl Write>) -> Result<Exit, ToolError> {
    let found = async { Rules::of(&Deployment::find(&Clients::new(global).await?, &global.stack).await?) };
    let rules = found.await.unwrap_or_else(|error| {
        let first = error.to_string().lines().next().unwrap_or_default().to_owned();
        note(&format!("the rules are the template's defaults, since the stack cannot be read: {first}"));
        Rules::default()
    });
    send::check(&rules, arguments, &mut |line| out.line(line))
}

/// Runs a command.
///
/// # Errors
/// [`ToolError`] says why there is no answer.
pub async fn run(cli: &Cli, now: Timestamp, out: &mut Out<impl Write>) -> Result<Exit, ToolError> {
    match &cli.command {
        Command::Completions { shell } => return shell::completions(*shell, out),
        Command::Man => return shell::man(out),
        Command::Send(arguments) if arguments.check => return check(&cli.global, arguments, out).await,
        _ => {}
    }
    let clients = Clients::new(&cli.global).await?;
    let deployment = Deployment::find(&clients, &cli.global.stack).await?;
    let ui = Ui::new(cli.global.time, now);
    let mut context = Context { global: &cli.global, clients, deployment, ui, out };
    match &cli.command {
        Command::Explain(arguments) => explain::run(&mut context, &arguments.handles).await,
        Command::Quota(Quota::Show) => quota::show(&mut context).await,
        Command::Status => Box::pin(status::run(&mut context)).await,
        Command::Send(arguments) => send::run(&mut context, arguments).await,
        Command::Completions { .. } | Command::Man => Ok(Exit::Success),
        Command::Doctor(arguments) => doctor::run(&mut context, arguments).await,
    }
}
