//! `stack`: the pipeline on this machine, in the background.

use std::process::ExitCode;

use stack::{Binaries, Description, Options, Stack, StackError, state};

const HELP: &str = "\
The pipeline on this machine: local AWS, CXone stand-in, webhook receiver.

Usage: stack up | down | status

  up      compile the functions, start and deploy everything, return when it is ready
  down    stop it
  status  print where everything is, as one JSON object

Variables of `up`:
  PORT                    the AWS endpoint's port (a free one)
  PROFILE                 cargo profile of the functions (release)
  PARAMS                  template parameters: \"StorageQuotaBytes=1000 JobDeadlineSeconds=60\"
  CXONE_BASE_URL          another server than the stand-in, with /api/v2 where it has that
  CXONE_CLIENT_ID, CXONE_CLIENT_SECRET
  WEBHOOK_URL             another receiver
  WEBHOOK_SIGNING_SECRET  whsec_ and Base64 (a random one)
  PLAIN_HTTP_HOSTS, TLS_CA_FILE  as the functions take them

Exit codes: 0 done, 1 failed or not running, 2 not understood.";

enum Command {
    Up,
    Down,
    Status,
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
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("stack: {error}");
            ExitCode::FAILURE
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
                    _ => return Err(Value(word).unexpected()),
                });
            }
            other => return Err(other.unexpected()),
        }
    }
    command.ok_or_else(|| "a command is missing".into())
}

fn run(command: &Command) -> Result<(), StackError> {
    match command {
        Command::Help => println!("{HELP}"),
        Command::Status => print_json(&state::find()?)?,
        Command::Down => println!("{}", if state::stop()? { "stopped" } else { "no stack was running" }),
        Command::Up => introduce(&up()?),
    }
    Ok(())
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
