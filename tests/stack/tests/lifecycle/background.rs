//! The stack of `make up`, in a directory of its own: found again, refused, interrupted, and given other functions.

use std::io::Read as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use libtest_mimic::Failed;
use stack::{Options, Stack, StackError, state, up};
use tokio::runtime::Runtime;

use crate::{eventually_none, make_a_function_start, make_one_say, prepared, processes_of, scripts};

/// Ends what may have been left running with a directory, and removes it, also if the test fails.
struct Cleanup(PathBuf);

impl Drop for Cleanup {
    fn drop(&mut self) {
        if let Err(error) = state::stop(&self.0) {
            eprintln!("{error}");
        }
        drop(std::fs::remove_dir_all(&self.0));
    }
}

/// The options of `make up` with these parameters, in a directory of a test's own.
fn options(name: &str, parameters: &str) -> Result<Options, Failed> {
    let (private, _) = prepared(name)?;
    let variable = |name: &str| match name {
        "CXONE_BASE_URL" => Some("http://127.0.0.1:9/api/v2".to_owned()),
        "WEBHOOK_URL" => Some("http://127.0.0.1:9/webhook".to_owned()),
        "PARAMS" => Some(parameters.to_owned()),
        _ => None,
    };
    let mut options = Options::background(variable)?;
    options.dir = private.dir;
    Ok(options)
}

fn brought_up(options: &Options, script: &str) -> Result<Result<String, StackError>, Failed> {
    let runtime = Runtime::new()?;
    Ok(runtime.block_on(up::background(options, async { Ok(scripts(script)) })))
}

pub(crate) fn a_second_up() -> Result<(), Failed> {
    let options = options("second", "JobDeadlineSeconds=60")?;
    let _cleanup = Cleanup(options.dir.clone());
    let first = brought_up(&options, "idle_function.sh")??;
    let running = processes_of(&options.dir)?;
    let second = brought_up(&options, "idle_function.sh")?;
    let same = processes_of(&options.dir)?;
    assert!(state::stop(&options.dir)?);
    assert_eq!(second?, first);
    assert_eq!(same, running);
    assert!(first.contains("PARAMS=JobDeadlineSeconds=60") && first.contains("make -s env"), "{first}");
    assert!(!state::stop(&options.dir)?);
    Ok(())
}

pub(crate) fn a_refused_setting() -> Result<(), Failed> {
    let options = options("refused", "JobDeadlineSeconds=30.5")?;
    let _cleanup = Cleanup(options.dir.clone());
    let error = brought_up(&options, "refusing_function.sh")?.err().ok_or("it started")?.to_string();
    for part in [
        "intake: 1 setting is wrong: JOB_DEADLINE_SECONDS is \n",
        "poll: 1 setting is wrong: JOB_DEADLINE_SECONDS is 30.5\n",
        "template parameters of these settings: JobDeadlineSeconds",
    ] {
        assert!(error.contains(part), "{part:?} is not in {error}");
    }
    assert_eq!(processes_of(&options.dir)?, Vec::<String>::new());
    assert!(!options.dir.exists(), "{} is still there", options.dir.display());
    Ok(())
}

/// Another role of this program: brings a stack up after it has said where, and tells how that ended.
pub(crate) fn up() -> Result<(), Failed> {
    let options = options("interrupted", "")?;
    println!("{}", options.dir.display());
    match brought_up(&options, "idle_function.sh")? {
        Ok(banner) => println!("{banner}"),
        Err(error) => println!("{error}"),
    }
    Ok(())
}

pub(crate) fn an_interrupted_up() -> Result<(), Failed> {
    // As in the test of an interrupted holder.
    let mut caller = Command::new("env")
        .arg("--default-signal=INT")
        .arg(std::env::current_exe()?)
        .arg("up")
        .stdout(Stdio::piped())
        .spawn()?;
    let mut output = caller.stdout.take().ok_or("no output")?;
    let dir = first_line(&mut output)?;
    let _cleanup = Cleanup(dir.clone());
    let deadline = Instant::now() + Duration::from_secs(20);
    while !processes_of(&dir)?.iter().any(|process| process.contains("ministack")) {
        assert!(Instant::now() < deadline, "ministack was not started");
        std::thread::sleep(Duration::from_millis(5));
    }
    Command::new("kill").args(["-s", "INT", &caller.id().to_string()]).status()?;
    caller.wait()?;
    let mut said = String::new();
    output.read_to_string(&mut said)?;
    assert_eq!(said, "interrupted; nothing is left running\n");
    assert_eq!(eventually_none(&dir)?, Vec::<String>::new());
    assert!(!dir.exists(), "{} is still there", dir.display());
    Ok(())
}

fn first_line(output: &mut impl std::io::Read) -> Result<PathBuf, Failed> {
    let mut line = Vec::new();
    let mut byte = [0];
    while output.read(&mut byte)? == 1 && byte != *b"\n" {
        line.extend(byte);
    }
    Ok(String::from_utf8(line)?.into())
}

pub(crate) fn replaced_functions() -> Result<(), Failed> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (options, binaries) = prepared("replaced")?;
    runtime.block_on(async {
        let stack = Stack::start(&options, &binaries).await?;
        make_a_function_start(&stack).await?;
        let (clients, place) = (stack.clients(), stack.description());
        let machine = &place.state_machine_arn;
        let started =
            clients.sfn.start_execution().state_machine_arn(machine).name("before").input("{}").send().await?;
        stack.replace_functions(&scripts("new_function.sh")).await?;
        make_one_say(&stack, "interactions/INT-2/a.txt", "new").await?;
        let running = processes_of(&options.dir)?;
        let listed = clients.s3.list_objects_v2().bucket(&place.bucket).send().await?;
        let keys: Vec<&str> = listed.contents().iter().filter_map(|object| object.key()).collect();
        assert_eq!(keys, ["interactions/INT-1/a.txt", "interactions/INT-2/a.txt"]);
        let found = clients.sfn.describe_execution().execution_arn(started.execution_arn()).send().await?;
        assert_eq!(found.name(), Some("before"));
        assert!(running.iter().any(|process| process.contains("sleep 600")), "{running:?}");
        Ok(())
    })
}
