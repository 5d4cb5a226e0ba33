//! The demo: a private stack, good and bad files, and what became of each.

mod dropped;
mod expectation;
mod follow;
mod infected;
mod report;
mod samples;
mod seen;
mod story;
mod table;
mod terminal;

use servers::cxone::JobTimes;

use crate::error::Trying as _;
use crate::output::print;
use crate::{Binaries, Options, Stack, StackError, Step, signals, workspace};

use dropped::Dropped;
use seen::Gathered;
use terminal::{Paint, Screen};

/// Waits of the state machine last a twentieth; the poll window is the real one.
const WAIT_SCALE: f64 = 0.05;
/// How long most jobs take.
const QUICK_JOBS: JobTimes = JobTimes { pending_ms: 300, running_ms: 700 };
/// A job that outlasts the poll window of 10 s, but not by much.
const SLOW_JOB: JobTimes = JobTimes { pending_ms: 2_000, running_ms: 9_000 };

/// Runs the demo and prints its report to standard output, its progress to standard error.
///
/// `true` if every object ended as it must. The stack is gone afterwards, also after an error or an interrupt; the
/// logs of a run that went wrong are kept. `variable` looks up an environment variable.
pub async fn run(variable: impl Fn(&str) -> Option<String>) -> Result<bool, StackError> {
    signals::unless_interrupted(Box::pin(show(&variable, &mut Screen::new()))).await
}

async fn show(variable: &impl Fn(&str) -> Option<String>, screen: &mut Screen) -> Result<bool, StackError> {
    let stack = started(variable, screen).await?;
    let report = match told(&stack, screen).await {
        Ok(report) => report,
        Err(error) => {
            keep_logs(&stack, screen)?;
            return Err(error);
        }
    };
    print(&report.text)?;
    if !report.is_good() {
        keep_logs(&stack, screen)?;
    }
    drop(stack);
    let verdict = report::verdict(report.objects, report.differing, report.strays, screen.seconds());
    let paint = Paint::of_output();
    print(&format!("\n{}\n", if report.is_good() { paint.good(&verdict) } else { paint.wrong(&verdict) }))?;
    Ok(report.is_good())
}

async fn started(variable: impl Fn(&str) -> Option<String>, screen: &mut Screen) -> Result<Stack, StackError> {
    let mut options = Options::private("demo")?.functions(variable);
    options.wait_scale = WAIT_SCALE;
    screen.say(&match &options.built {
        Some(folder) => format!("take     the functions in {}; compile the test servers", folder.display()),
        None => format!(
            "compile  the functions (profile {}) and the test servers; the first time this takes minutes, cargo tells how far it is",
            options.profile
        ),
    });
    let binaries = Binaries::build(&options).await?;
    let stack = Stack::start_telling(&options, &binaries, |step| {
        screen.say(match step {
            Step::Servers => "start    local AWS (ministack), CXone stand-in, webhook receiver",
            Step::Deployment => "deploy   template.yaml through CloudFormation, with these functions",
            Step::Completion => "fill     secrets, audit lock, ledger TTL",
        });
    })
    .await?;
    let place = stack.description();
    screen.say(&format!(
        "ready    AWS {}  CXone {}  webhook {}",
        place.endpoint, place.cxone_base_url, place.webhook_url
    ));
    Ok(stack)
}

/// What there is to print, and the counts that the verdict follows from.
struct Report {
    text: String,
    objects: usize,
    differing: usize,
    strays: usize,
}

impl Report {
    fn is_good(&self) -> bool {
        self.differing == 0 && self.strays == 0
    }
}

async fn told(stack: &Stack, screen: &mut Screen) -> Result<Report, StackError> {
    let standin = servers::cxone::Control::new(&stack.description().cxone_base_url)?;
    let receiver = servers::webhook::Control::new(&stack.description().webhook_url)?;
    standin.set_job_times(None, QUICK_JOBS).await?;
    standin.set_job_times(Some(samples::SLOW), SLOW_JOB).await?;

    let samples = samples::all()?;
    let place = format!("s3://{}/{}", stack.description().bucket, samples::KEY_PREFIX);
    screen.say(&format!("drop     {} objects below {place}", samples.len()));
    let objects = dropped::all(stack, samples).await?;
    screen.say("follow   the job of voice.mp3 outlasts the poll window of 10 s; the others are quick");
    let ended = follow::until_all_ended(stack, &standin, &objects, screen).await?;
    screen.say("compare  executions, audit records, webhooks and the stand-in's files with what they must be");
    let gathered = seen::gather(stack, &standin, &receiver, &objects, ended).await?;
    report(stack, &objects, &gathered).await
}

async fn report(stack: &Stack, objects: &[Dropped], gathered: &Gathered) -> Result<Report, StackError> {
    let paint = Paint::of_output();
    let both = || objects.iter().zip(&gathered.seen);
    let found: Vec<(String, Vec<String>)> =
        both().map(|(object, seen)| (object.sample.label(), expectation::differences(&object.sample, seen))).collect();
    let differing: Vec<bool> = found.iter().map(|(_, differences)| !differences.is_empty()).collect();

    let mut text = "\n".to_owned() + &report::table(objects, gathered, &differing, terminal::width(), paint);
    let find = |interaction| both().find(|(object, _)| object.sample.interaction == interaction);
    if let Some((object, record)) =
        find(samples::RECORDED).and_then(|(object, seen)| Some((object, seen.record.as_ref()?)))
    {
        text += &report::record(&object.sample.label(), record, paint);
    }
    for told in [samples::SLOW, samples::FAILED] {
        if let Some((object, run)) = find(told).and_then(|(object, seen)| Some((object, seen.execution.as_ref()?))) {
            let visits = story::of(stack, &run.arn, WAIT_SCALE).await?;
            text += &report::story(&object.sample.label(), &object.execution_name, run, &visits, paint);
        }
    }
    let differing = differing.into_iter().filter(|differs| *differs).count();
    if differing > 0 || !gathered.strays.is_empty() {
        text += &report::differences(&found, &gathered.strays, paint);
    }
    Ok(Report { text, objects: objects.len(), differing, strays: gathered.strays.len() })
}

/// Puts the logs where the end of the stack does not reach them.
fn keep_logs(stack: &Stack, screen: &mut Screen) -> Result<(), StackError> {
    let kept = workspace::root().join("target/demo-logs");
    match std::fs::remove_dir_all(&kept) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => std::fs::rename(&stack.description().log_dir, &kept),
    }
    .trying(|| format!("moving the logs to {}", kept.display()))?;
    screen.say(&format!("the logs are in {}", kept.display()));
    Ok(())
}
