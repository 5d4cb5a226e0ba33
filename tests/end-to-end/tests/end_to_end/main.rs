//! The whole pipeline on the local stack: the compiled functions, the project's own template and state machine.
//!
//! One stack serves most trials, side by side, each with interactions of its own; a second one has stricter settings, and on a
//! third one the runbook's commands are tried, which look at all executions.

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

use end_to_end::{Error, World};
use libtest_mimic::{Arguments, Failed, Trial};
use stack::Binaries;
use tokio::runtime::Runtime;

/// A trial: its name, and what it does.
type Named = (&'static str, fn(Arc<World>) -> Running);
type Running = Pin<Box<dyn Future<Output = Result<(), Error>>>>;

/// The open stack's parameters: a copy of an event that meets a live lease waits until that has run out, 65 s here.
const OPEN: &str = "FunctionTimeoutSeconds=60 QueueVisibilitySeconds=70";

/// The stricter stack's parameters.
const STRICT: &str = "CxoneUploadFraming=content-length StorageQuotaBytes=30000 InteractionIdPrefixes=OWN- \
                      MaxFileSizeBytes=20000 AllowedMimeTypes=application/pdf,audio/mp3 JobDeadlineSeconds=30 PollWindowSeconds=1";

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // The functions share two cores; more at once only wait for each other.
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
    let binaries = runtime.block_on(Binaries::build(&World::options("end-to-end")?))?;
    let handle = runtime.handle().clone();
    let in_world = |world: &Arc<World>, (name, trial): Named| {
        let (world, handle) = (Arc::clone(world), handle.clone());
        Trial::test(name, move || handle.block_on(trial(world)).map_err(Failed::from))
    };
    let (mut worlds, mut trials) = (Vec::new(), Vec::new());
    for group in groups().into_iter().filter(|group| group.trials.iter().any(|(name, _)| is_selected(arguments, name)))
    {
        let world = Arc::new(runtime.block_on(World::start(group.stack, group.parameters, &binaries))?);
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

/// Checks what the trials together have left behind: logs and, where all of them ran, audit records.
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
                good::nine_types_complete,
                good::one_file_in_every_detail,
                good::metadata_overrides_the_path,
                good::an_unknown_word_is_polled_on,
                refused::each_fault_has_its_reason,
                refused::an_infected_file_fails,
                refused::what_is_gone_is_said_so,
                refused::an_answer_for_another_interaction_is_not_believed,
                deliveries::five_copies_at_once_and_one_later_are_one_object,
                deliveries::a_bare_notification_and_an_eventbridge_event_do_as_well,
                deliveries::what_cannot_be_read_goes_to_the_dead_letters,
                deliveries::records_that_start_nothing_are_acknowledged,
                deliveries::bad_payloads_are_named,
                deliveries::throttled_in_place_and_given_back,
                media::the_hard_cases_are_decided_right,
                cold_start::missing_and_malformed_settings_are_all_named,
                cold_start::memory_does_not_grow_with_the_file,
                transitions::a_job_inside_the_window_takes_four,
            ],
        },
        Group {
            stack: "end-to-end-strict",
            parameters: STRICT,
            trials: trials![
                strict::content_length_goes_on_the_wire,
                strict::narrower_settings_refuse,
                strict::the_quota_is_kept_and_given_back,
                strict::a_job_past_its_deadline_times_out,
                transitions::each_wait_takes_three_more,
            ],
        },
        Group {
            stack: "end-to-end-runbook",
            parameters: "",
            trials: trials![runbook::a_failed_execution_is_found_and_redriven, runbook::dead_letters_are_moved_back,],
        },
    ]
}
