//! The whole pipeline on the local stack: the compiled functions, the project's own template and state machine.
//!
//! One stack serves most trials, side by side, each with interactions of its own. A second one has stricter settings. A third one
//! is for the runbook's commands, which list all executions.

mod audit_data;
mod cold_start;
mod deliveries;
mod files;
mod good;
mod logs;
mod media;
mod refused;
mod runbook;
mod strict;
mod transitions;

use std::{future::Future, pin::Pin, process::ExitCode, sync::Arc};

use libtest_mimic::{Arguments, Failed, Trial};
use pipeline::{Setup, World};
use stack::{Binaries, Options};
use tokio::runtime::Runtime;

/// Why a trial failed; its text is for the person who reads it.
type Error = Box<dyn std::error::Error + Send + Sync>;

/// A trial: its name, and what it does.
type Named = (&'static str, fn(Arc<World>) -> Running);
type Running = Pin<Box<dyn Future<Output = Result<(), Error>>>>;

/// The open stack's parameters. A copy of an event that meets a lease waits until that has expired, here after 65 s.
const OPEN: &str = "FunctionTimeoutSeconds=60 QueueVisibilitySeconds=70";

/// The stricter stack's parameters.
const STRICT: &str = "CxoneUploadFraming=content-length StorageQuotaBytes=30000 InteractionIdPrefixes=OWN- \
                      MaxFileSizeBytes=20000 AllowedMimeTypes=application/pdf,audio/mp3 JobDeadlineSeconds=30 PollWindowSeconds=1";

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // The functions share two cores; more trials at once would only wait for each other.
    arguments.test_threads = arguments.test_threads.or(Some(6));
    if arguments.list {
        let names = groups().into_iter().flat_map(|group| group.trials).map(|(name, _)| Trial::test(name, || Ok(())));
        return libtest_mimic::run(&arguments, names.collect()).exit_code();
    }
    match run(&arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("end_to_end: the stack could not be started: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    let runtime = Runtime::new()?;
    let options = Options::private("end-to-end")?.functions(|name| std::env::var(name).ok());
    let binaries = runtime.block_on(Binaries::build(&options))?;
    let handle = runtime.handle().clone();
    let in_world = |world: &Arc<World>, (name, trial): Named| {
        let (world, handle) = (Arc::clone(world), handle.clone());
        Trial::test(name, move || handle.block_on(trial(world)).map_err(Failed::from))
    };
    let (mut worlds, mut trials) = (Vec::new(), Vec::new());
    for group in groups().into_iter().filter(|group| group.trials.iter().any(|(name, _)| is_selected(arguments, name)))
    {
        let setup = Setup::as_deployed(group.stack, group.parameters);
        let world = Arc::new(runtime.block_on(World::start(&setup, &options.profile, &binaries))?);
        trials.extend(group.trials.into_iter().map(|trial| in_world(&world, trial)));
        worlds.push(world);
    }
    let conclusion = libtest_mimic::run(arguments, trials);
    let left = left_behind(&worlds, arguments.filter.is_none() && arguments.skip.is_empty());
    if let Err(error) = &left {
        eprintln!("end_to_end: {error}");
    }
    drop(worlds);
    Ok(if left.is_ok() { conclusion.exit_code() } else { ExitCode::FAILURE })
}

/// Whether the trial will run: a stack is only started for those that do.
fn is_selected(arguments: &Arguments, name: &str) -> bool {
    let matches = |filter: &String| if arguments.exact { name == filter } else { name.contains(filter.as_str()) };
    arguments.filter.as_ref().is_none_or(matches) && !arguments.skip.iter().any(matches)
}

/// Checks the logs of all trials and, if all of them ran, the audit records.
fn left_behind(worlds: &[Arc<World>], all: bool) -> Result<(), Error> {
    let mut lines = 0;
    for world in worlds {
        lines += logs::check(world, all)?;
    }
    println!("logs: {lines} lines, each a JSON object that names its request, and its object where it is about one");
    for world in worlds.iter().filter(|_| all) {
        println!("audit data: {}", audit_data::check(world)?);
    }
    println!();
    Ok(())
}

/// Names a trial after its function.
macro_rules! trials {
    ($($path:ident :: $name:ident),+ $(,)?) => {
        vec![$((
            concat!(stringify!($path), "::", stringify!($name)),
            (|world| Box::pin(async move { $path::$name(&world).await })) as fn(Arc<World>) -> Running,
        )),+]
    };
}

/// Trials that share a stack.
struct Group {
    stack: &'static str,
    parameters: &'static str,
    trials: Vec<Named>,
}

fn groups() -> [Group; 3] {
    [
        Group {
            stack: "end-to-end",
            parameters: OPEN,
            trials: trials![
                good::every_type_completes,
                good::one_file_is_checked_in_every_detail,
                good::metadata_overrides_the_path,
                good::unknown_status_is_polled_again,
                refused::each_bad_file_has_its_reason,
                refused::infected_file_fails,
                refused::missing_version_is_rejected_as_gone,
                refused::status_of_another_interaction_is_job_mismatch,
                deliveries::five_copies_at_once_and_one_later_upload_once,
                deliveries::direct_notification_and_eventbridge_event_are_processed,
                deliveries::unreadable_message_goes_to_dead_letter_queue,
                deliveries::records_without_an_object_are_acknowledged,
                deliveries::bad_payload_is_input_invalid,
                deliveries::short_throttling_waits_and_long_throttling_releases,
                media::hard_cases_get_their_true_type,
                cold_start::missing_and_malformed_settings_are_all_named,
                cold_start::memory_does_not_grow_with_the_file,
                transitions::job_inside_the_window_takes_four_transitions,
            ],
        },
        Group {
            stack: "end-to-end-strict",
            parameters: STRICT,
            trials: trials![
                strict::content_length_framing_is_used,
                strict::narrower_settings_reject,
                strict::quota_is_enforced_and_refunded,
                strict::job_after_its_deadline_times_out,
                transitions::each_wait_takes_three_more_transitions,
            ],
        },
        Group {
            stack: "end-to-end-runbook",
            parameters: "",
            trials: trials![runbook::failed_execution_is_found_and_redriven, runbook::dead_letters_are_moved_back],
        },
    ]
}
