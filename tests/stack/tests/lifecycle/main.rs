//! A stack leaves nothing behind, however the process that holds it ends; and what is left running can be found and changed.
//!
//! The functions are shell scripts here: what matters is that ministack has started them.

mod background;

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Failed, Trial};
use stack::{Binaries, CxoneServer, Options, Stack, WebhookServer};

fn main() -> ExitCode {
    let role = match std::env::args().nth(1).as_deref() {
        Some("hold") => Some(hold as fn() -> Result<(), Failed>),
        Some("up") => Some(background::up as fn() -> Result<(), Failed>),
        _ => None,
    };
    if let Some(role) = role {
        return role().map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS);
    }
    let trials = vec![
        Trial::test("dropping_a_stack_ends_all_of_it", dropping_a_stack_ends_all_of_it),
        Trial::test("a_killed_holder_takes_its_stack_along", || a_killed_holder_takes_its_stack_along("KILL")),
        Trial::test("an_interrupted_holder_takes_its_stack_along", || a_killed_holder_takes_its_stack_along("INT")),
        Trial::test("an_unknown_parameter_starts_nothing", an_unknown_parameter_starts_nothing),
        Trial::test("a_port_in_use_is_said_so", a_port_in_use_is_said_so),
        Trial::test("a_value_that_the_template_does_not_allow_starts_nothing", a_value_not_allowed_starts_nothing),
        Trial::test("a_setting_that_a_function_refuses_leaves_nothing_running", background::a_refused_setting),
        Trial::test("a_second_up_finds_the_first_and_prints_the_same", background::a_second_up),
        Trial::test("an_interrupted_up_leaves_nothing_running", background::an_interrupted_up),
        Trial::test("replaced_functions_run_and_the_data_stays", background::replaced_functions),
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
    assert!(error.contains("\"StorageQuotaByte\"; did you mean StorageQuotaBytes?"), "{error}");
    Ok(())
}

fn a_value_not_allowed_starts_nothing() -> Result<(), Failed> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut options, binaries) = prepared("value")?;
    // It is no parameter of a person's, so that only the deployment sees it.
    options.webhook = WebhookServer::Other("http://127.0.0.1:9/a path".to_owned());
    let error = runtime.block_on(Stack::start(&options, &binaries)).err().ok_or("it started")?.to_string();
    assert!(error.contains("WebhookUrl must be a whole URL, but is"), "{error}");
    assert_eq!(processes_of(&options.dir)?, Vec::<String>::new());
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
    Ok((options, scripts("idle_function.sh")))
}

/// The script in place of each function.
fn scripts(name: &str) -> Binaries {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lifecycle").join(name);
    let functions = ["intake", "poll", "finalize"];
    Binaries::at(functions.map(|function| (function.to_owned(), script.clone())).into())
}

/// Puts an object into the bucket and waits until intake, the idle one, has said so in its log.
async fn make_a_function_start(stack: &Stack) -> Result<(), Failed> {
    make_one_say(stack, "interactions/INT-1/a.txt", "up").await
}

/// Puts an object into the bucket and waits until what intake says is in its log.
async fn make_one_say(stack: &Stack, key: &str, message: &str) -> Result<(), Failed> {
    let place = stack.description();
    stack.clients().s3.put_object().bucket(&place.bucket).key(key).send().await?;
    let log = place.log_dir.join("intake.log");
    let said = format!("{{\"message\":\"{message}\"}}\n");
    let deadline = Instant::now() + Duration::from_secs(20);
    while !std::fs::read_to_string(&log).is_ok_and(|text| text.contains(&said)) {
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
