//! `stack`: the pipeline on this machine, in the background or as a demo.

use std::process::ExitCode;

use stack::{Binaries, Description, Options, Stack, StackError, state};

const HELP: &str = "\
The pipeline on this machine: local AWS, CXone stand-in, webhook receiver.

Usage: stack up | down | status | demo

  up      compile the functions, start and deploy everything, return when it is ready
  down    stop it
  status  print where everything is, as one JSON object
  demo    run good and bad files through a stack of its own, and show what became of them

Variables of `up`; `demo` takes PROFILE and BUILT alone:
  PORT                    the AWS endpoint's port (a free one)
  PROFILE                 cargo profile of the functions (dev)
  BUILT                   the folder of a `sam build`, whose functions are taken as they are
  PARAMS                  template parameters: \"StorageQuotaBytes=1000 JobDeadlineSeconds=60\"
  CXONE_BASE_URL          another server than the stand-in, with /api/v2 where it has that
  CXONE_CLIENT_ID, CXONE_CLIENT_SECRET
  WEBHOOK_URL             another receiver
  WEBHOOK_SIGNING_SECRET  whsec_ and Base64 (a random one)
  PLAIN_HTTP_HOSTS, TLS_CA_FILE  as the functions take them

Exit codes: 0 done, 1 failed, not running or not as expected, 2 not understood, 130 interrupted.";

enum Command {
    Up,
    Down,
    Status,
    Demo,
    Help,
}

fn main() -> ExitCode {
    let command = match parse(lexopt::Parser::from_env()) {
        Ok(command) => command,
        Err(error) => {
            eprintln!("stack: {error}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    match run(&command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            // It may quote a log or another system.
            let text: Vec<_> = error.to_string().lines().map(|line| attachments::shown(line).into_owned()).collect();
            eprintln!("stack: {}", text.join("\n"));
            // As shells say it of a program that SIGINT has ended.
            if matches!(error, StackError::Interrupted) { ExitCode::from(130) } else { ExitCode::FAILURE }
        }
    }
}

fn parse(mut arguments: lexopt::Parser) -> Result<Command, lexopt::Error> {
    use lexopt::prelude::{Long, Short, Value};
    let mut command = None;
    while let Some(argument) = arguments.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(Command::Help),
            Value(word) if command.is_none() => {
                command = Some(match word.to_str() {
                    Some("up") => Command::Up,
                    Some("down") => Command::Down,
                    Some("status") => Command::Status,
                    Some("demo") => Command::Demo,
                    _ => return Err(Value(word).unexpected()),
                });
            }
            other => return Err(other.unexpected()),
        }
    }
    command.ok_or_else(|| "a command is missing".into())
}

/// `false` if the demo ran and not all was as expected.
fn run(command: &Command) -> Result<bool, StackError> {
    match command {
        Command::Help => println!("{HELP}"),
        Command::Status => print_json(&state::find()?)?,
        Command::Down => println!("{}", if state::stop()? { "stopped" } else { "no stack was running" }),
        Command::Up => introduce(&up()?),
        Command::Demo => return demo(),
    }
    Ok(true)
}

#[tokio::main(flavor = "current_thread")]
async fn up() -> Result<Description, StackError> {
    let options = Options::background(|name| std::env::var(name).ok())?;
    if let Ok(running) = state::find() {
        return Err(StackError::AlreadyRunning { endpoint: running.endpoint });
    }
    let binaries = Binaries::build(&options).await?;
    Stack::start(&options, &binaries).await?.detach()
}

#[tokio::main(flavor = "current_thread")]
async fn demo() -> Result<bool, StackError> {
    stack::demo::run(|name| std::env::var(name).ok()).await
}

fn print_json(description: &Description) -> Result<(), StackError> {
    let text = serde_json::to_string_pretty(description)
        .map_err(|source| StackError::Json { what: "writing the status".to_owned(), source })?;
    println!("{text}");
    Ok(())
}

fn introduce(stack: &Description) {
    println!(
        "\
endpoint    {endpoint}
bucket      {bucket}
CXone       {cxone}
webhook     {webhook}, signed with the secret {webhook_secret}
logs        {logs}

Try:
  export AWS_ENDPOINT_URL={endpoint} AWS_DEFAULT_REGION={region} AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test
  .venv/bin/aws s3 cp tests/fixtures/letter.pdf s3://{bucket}/interactions/INT-42/letter.pdf

`make -s status` tells the rest, `make down` stops it.",
        endpoint = stack.endpoint,
        region = stack.region,
        bucket = stack.bucket,
        cxone = stack.cxone_base_url,
        webhook = stack.webhook_url,
        webhook_secret = stack.webhook_secret_arn,
        logs = stack.log_dir.display(),
    );
}
