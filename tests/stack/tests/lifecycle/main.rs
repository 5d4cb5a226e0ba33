//! A stack leaves nothing behind, however the process that holds it ends.
//!
//! The functions are a shell script here: what matters is that ministack has started it.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Failed, Trial};
use stack::{Binaries, CxoneServer, Options, Stack, WebhookServer};

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some("hold") {
        return hold().map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS);
    }
    let trials = vec![
        Trial::test("dropping_a_stack_ends_all_of_it", dropping_a_stack_ends_all_of_it),
        Trial::test("a_killed_holder_takes_its_stack_along", || a_killed_holder_takes_its_stack_along("KILL")),
        Trial::test("an_interrupted_holder_takes_its_stack_along", || a_killed_holder_takes_its_stack_along("INT")),
        Trial::test("an_unknown_parameter_starts_nothing", an_unknown_parameter_starts_nothing),
        Trial::test("a_port_in_use_is_said_so", a_port_in_use_is_said_so),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// The other role of this program: holds a stack, prints its directory, and waits to be killed.
fn hold() -> Result<(), Failed> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (options, binaries) = prepared("held")?;
    let stack = runtime.block_on(Stack::start(&options, &binaries))?;
    runtime.block_on(make_a_function_start(&stack))?;
    println!("{}", options.dir.display());
    std::thread::sleep(Duration::from_mins(5));
    drop(stack);
    Ok(())
}

fn dropping_a_stack_ends_all_of_it() -> Result<(), Failed> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (options, binaries) = prepared("dropped")?;
    let stack = runtime.block_on(Stack::start(&options, &binaries))?;
    runtime.block_on(make_a_function_start(&stack))?;
    let running = processes_of(&options.dir)?;
    for expected in ["ministack", "sleep 600"] {
        assert!(running.iter().any(|process| process.contains(expected)), "no {expected} among {running:?}");
    }
    drop(stack);
    assert_eq!(processes_of(&options.dir)?, Vec::<String>::new());
    assert!(!options.dir.exists(), "{} is still there", options.dir.display());
    Ok(())
}

fn a_killed_holder_takes_its_stack_along(signal: &str) -> Result<(), Failed> {
    // A shell starts background jobs with SIGINT ignored, and what they start inherits that: here it must be as a person's shell
    // has it, however the tests were started.
    let mut holder = Command::new("env")
        .arg("--default-signal=INT")
        .arg(std::env::current_exe()?)
        .arg("hold")
        .stdout(Stdio::piped())
        .spawn()?;
    let mut dir = String::new();
    BufReader::new(holder.stdout.take().ok_or("no output")?).read_line(&mut dir)?;
    let dir = PathBuf::from(dir.trim_end());
    let running = processes_of(&dir)?;
    Command::new("kill").args(["-s", signal, &holder.id().to_string()]).status()?;
    holder.wait()?;
    let left = eventually_none(&dir)?;
    std::fs::remove_dir_all(&dir)?;
    for expected in ["ministack", "sleep 600"] {
        assert!(running.iter().any(|process| process.contains(expected)), "no {expected} among {running:?}");
    }
    assert_eq!(left, Vec::<String>::new());
    Ok(())
}

fn an_unknown_parameter_starts_nothing() -> Result<(), Failed> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut options, binaries) = prepared("unknown")?;
    options.parameters.push_str("StorageQuotaByte=1");
    let error = runtime.block_on(Stack::start(&options, &binaries)).err().ok_or("it started")?.to_string();
    assert!(error.contains("\"StorageQuotaByte\"") && error.contains("StorageQuotaBytes\n"), "{error}");
    Ok(())
}

fn a_port_in_use_is_said_so() -> Result<(), Failed> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut options, binaries) = prepared("port")?;
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0))?;
    options.port = Some(taken.local_addr()?.port());
    let error = runtime.block_on(Stack::start(&options, &binaries)).err().ok_or("it started")?.to_string();
    assert!(error.contains("already in use") && error.contains("PORT"), "{error}");
    Ok(())
}

/// Options of a private stack whose servers are somebody else's, and a script in place of the functions.
fn prepared(name: &str) -> Result<(Options, Binaries), Failed> {
    let mut options = Options::private(name)?;
    options.cxone = CxoneServer::Other("http://127.0.0.1:9/api/v2".to_owned());
    options.webhook = WebhookServer::Other("http://127.0.0.1:9/webhook".to_owned());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lifecycle/idle_function.sh");
    let functions = ["intake", "poll", "finalize"];
    Ok((options, Binaries::at(functions.map(|function| (function.to_owned(), script.clone())).into())))
}

/// Puts an object into the bucket and waits until what intake prints is in its log.
async fn make_a_function_start(stack: &Stack) -> Result<(), Failed> {
    let place = stack.description();
    let put = stack.clients().s3.put_object().bucket(&place.bucket).key("interactions/INT-1/a.txt");
    put.send().await?;
    let log = place.log_dir.join("intake.log");
    let deadline = Instant::now() + Duration::from_secs(20);
    while !std::fs::read_to_string(&log).is_ok_and(|text| text.contains("{\"message\":\"up\"}\n")) {
        assert!(Instant::now() < deadline, "nothing in {}", log.display());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// The command lines of the processes that were started with the stack's directory in their environment.
///
/// Function processes have it from ministack.
fn processes_of(dir: &Path) -> Result<Vec<String>, Failed> {
    let mark = format!("TMPDIR={}/tmp", dir.display());
    let processes = std::fs::read_dir("/proc")?;
    let marked = processes
        .filter_map(|entry| {
            let process = entry.ok()?.path();
            let environment = std::fs::read(process.join("environ")).ok()?;
            let marked = environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes());
            let command = std::fs::read(process.join("cmdline")).ok()?;
            marked.then(|| String::from_utf8_lossy(&command).replace('\0', " "))
        })
        .collect();
    Ok(marked)
}

/// What still runs after a moment; the leader of the group may act a little after its holder's end.
fn eventually_none(dir: &Path) -> Result<Vec<String>, Failed> {
    let deadline = Instant::now() + Duration::from_secs(5);
    loop {
        let left = processes_of(dir)?;
        if left.is_empty() || Instant::now() > deadline {
            return Ok(left);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}
