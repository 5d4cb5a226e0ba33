//! The whole pipeline on the local stack: the compiled functions, the project's own template and state machine.
//!
//! One stack serves most trials, side by side, each with interactions of its own; a second one has stricter settings.

mod audit_data;
mod cold_start;
mod deliveries;
mod files;
mod good;
mod logs;
mod media;
mod refused;
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
        let runtime = Arc::new(Trials::default());
        return libtest_mimic::run(&arguments, runtime.names()).exit_code();
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
    let open = Arc::new(runtime.block_on(World::start("end-to-end", OPEN, &binaries))?);
    let strict = Arc::new(runtime.block_on(World::start("end-to-end-strict", STRICT, &binaries))?);
    let handle = runtime.handle().clone();
    let trials = Trials::default();
    let in_world = |world: &Arc<World>, (name, trial): Named| {
        let (world, handle) = (Arc::clone(world), handle.clone());
        Trial::test(name, move || handle.block_on(trial(world)).map_err(Failed::from))
    };
    let mut all: Vec<Trial> = trials.open.into_iter().map(|trial| in_world(&open, trial)).collect();
    all.extend(trials.strict.into_iter().map(|trial| in_world(&strict, trial)));
    let conclusion = libtest_mimic::run(arguments, all);
    let left = left_behind(&[&open, &strict], arguments.filter.is_none() && arguments.skip.is_empty());
    if let Err(error) = &left {
        eprintln!("end_to_end: {error}");
    }
    drop((open, strict));
    Ok(if left.is_ok() { conclusion.exit_code() } else { ExitCode::FAILURE })
}

/// Checks what the trials together have left behind: logs and, where all of them ran, audit records.
fn left_behind(worlds: &[&World], all: bool) -> Result<(), Error> {
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

struct Trials {
    open: Vec<Named>,
    strict: Vec<Named>,
}

impl Default for Trials {
    fn default() -> Self {
        Self {
            open: trials![
                good::every_type_completes,
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
            strict: trials![
                strict::content_length_goes_on_the_wire,
                strict::narrower_settings_refuse,
                strict::the_quota_is_kept_and_given_back,
                strict::a_job_past_its_deadline_times_out,
                transitions::each_wait_takes_three_more,
            ],
        }
    }
}

impl Trials {
    fn names(&self) -> Vec<Trial> {
        let names = self.open.iter().chain(&self.strict).map(|(name, _)| Trial::test(*name, || Ok(())));
        names.collect()
    }
}
