//! What becomes of a thousand files while Lambda runs ten functions at a time. The local AWS cannot throttle, so this plays
//! Lambda, CXone and Step Functions on a clock of its own, with the retriers as the ASL file has them.

use std::{cmp::Reverse, collections::BinaryHeap, time::Duration};

use attachments::{
    Timestamp,
    polling::{pause_after, wait_seconds},
};

use super::{
    asl::{Machine, Retrier, State},
    machine,
};
use crate::number;

const FILES: usize = 1_000;
/// Functions that run at a time; poll and finalize share them.
const CONCURRENCY: usize = 10;
/// What Lambda says otherwise.
const THROTTLED: &str = "Lambda.TooManyRequestsException";
/// Of a question to CXone, and of finalize.
const QUESTION: Duration = Duration::from_millis(100);
const FINALIZE: Duration = Duration::from_millis(500);

/// The retrier of all three tasks until release 0.1.0.
const BEFORE: &str = r#"{
    "ErrorEquals": ["Lambda.TooManyRequestsException"],
    "IntervalSeconds": 2, "BackoffRate": 2, "MaxDelaySeconds": 60, "MaxAttempts": 10, "JitterStrategy": "FULL"
}"#;

/// The retriers of the two tasks that a completed file passes through.
struct Retriers {
    poll: Retrier,
    finalize: Retrier,
}

impl Retriers {
    fn of(machine: &Machine) -> Self {
        let of = |name: &str| match &machine.states[name] {
            State::Task(task) => task.retry.iter().find(|retrier| retrier.error_equals.iter().any(|e| e == THROTTLED)),
            _ => None,
        };
        Self { poll: of("PollJob").unwrap().clone(), finalize: of("RecordCompletion").unwrap().clone() }
    }
}

/// Full jitter from a generator of its own, so that every run is the same.
struct Jitter(u64);

impl Jitter {
    fn of(&mut self, seconds: f64) -> Duration {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let part = (self.0 >> 11) as f64 / (1_u64 << 53) as f64;
        Duration::from_secs_f64(part * seconds)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Task {
    Poll,
    Finalize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// A function has answered: its place is free again.
    Answered,
    /// Step Functions invokes a file's task, after so many attempts that were throttled.
    Invokes { file: usize, task: Task, attempt: u32 },
}

struct File {
    uploaded_at: Duration,
    job_takes: Duration,
    waits: u32,
}

/// What became of the files.
#[derive(Debug, Default)]
struct Tally {
    completed: usize,
    timed_out: usize,
    /// `TRACKING_FAILED` though CXone completed the job, or an execution that failed in `RecordCompletion`.
    lost: usize,
    attempts: usize,
    most_attempts: u32,
    last_end: Duration,
}

struct World<'a> {
    retriers: &'a Retriers,
    window: Duration,
    deadline: Duration,
    files: Vec<File>,
    events: BinaryHeap<Reverse<(Duration, Event)>>,
    /// Until then others of the account have all the concurrency.
    exhausted_until: Duration,
    running: usize,
    jitter: Jitter,
    tally: Tally,
}

impl World<'_> {
    fn at(&mut self, at: Duration, event: Event) {
        self.events.push(Reverse((at, event)));
    }

    fn run(mut self) -> Tally {
        while let Some(Reverse((now, event))) = self.events.pop() {
            match event {
                Event::Answered => self.running -= 1,
                Event::Invokes { file, task, attempt } => self.invoke(now, file, task, attempt),
            }
        }
        assert_eq!(self.tally.completed + self.tally.timed_out + self.tally.lost, self.files.len());
        self.tally
    }

    fn invoke(&mut self, now: Duration, file: usize, task: Task, attempt: u32) {
        self.tally.attempts += 1;
        self.tally.most_attempts = self.tally.most_attempts.max(attempt + 1);
        if self.running == CONCURRENCY || now < self.exhausted_until {
            let retrier = if task == Task::Poll { &self.retriers.poll } else { &self.retriers.finalize };
            if attempt == retrier.max_attempts {
                self.tally.lost += 1;
                self.tally.last_end = now;
            } else {
                let pause = self.jitter.of(retrier.delay(attempt));
                self.at(now + pause, Event::Invokes { file, task, attempt: attempt + 1 });
            }
            return;
        }
        self.running += 1;
        match task {
            Task::Poll => self.poll(now, file),
            Task::Finalize => {
                self.at(now + FINALIZE, Event::Answered);
                self.tally.completed += 1;
                self.tally.last_end = now + FINALIZE;
            }
        }
    }

    /// As `poll::window` asks.
    fn poll(&mut self, began: Duration, number: usize) {
        let file = &mut self.files[number];
        let (done, deadline) = (file.uploaded_at + file.job_takes, file.uploaded_at + self.deadline);
        let (mut now, mut asked) = (began, 0);
        let next = loop {
            asked += 1;
            now += QUESTION;
            if now >= done {
                break Some((now, Task::Finalize));
            }
            if now >= deadline {
                break None;
            }
            let pause = pause_after(asked);
            if now + pause >= began + self.window || now + pause >= deadline {
                let at = |moment: Duration| Timestamp::from_unix_millis(moment.as_millis().try_into().unwrap());
                let seconds = wait_seconds(file.waits, None, at(now), at(deadline));
                file.waits += 1;
                break Some((now + Duration::from_secs(seconds.into()), Task::Poll));
            }
            now += pause;
        };
        self.at(now, Event::Answered);
        match next {
            Some((at, task)) => self.at(at, Event::Invokes { file: number, task, attempt: 0 }),
            None => self.tally.timed_out += 1,
        }
    }
}

/// A thousand uploads one after the other, while at first others of the account have all the concurrency.
struct Load {
    over: Duration,
    exhausted: Duration,
}

impl Load {
    const fn minutes(over: u64, exhausted: u64) -> Self {
        Self { over: Duration::from_mins(over), exhausted: Duration::from_mins(exhausted) }
    }

    fn play(&self, retriers: &Retriers, seed: u64) -> Tally {
        let share = |number: usize| self.over.mul_f64(number as f64 / FILES as f64);
        // CXone takes between half a minute and just less than the deadline.
        let takes = |number: usize| Duration::from_secs(30 + u64::try_from(number * 37 % 261).unwrap());
        let files: Vec<File> =
            (0..FILES).map(|number| File { uploaded_at: share(number), job_takes: takes(number), waits: 0 }).collect();
        let starts = files
            .iter()
            .enumerate()
            .map(|(file, one)| Reverse((one.uploaded_at, Event::Invokes { file, task: Task::Poll, attempt: 0 })));
        let events = starts.collect();
        let (jitter, tally) = (Jitter(seed), Tally::default());
        let seconds = |parameter| Duration::from_secs(number(&["Parameters", parameter, "Default"]));
        let (window, deadline) = (seconds("PollWindowSeconds"), seconds("JobDeadlineSeconds"));
        World { retriers, window, deadline, files, events, exhausted_until: self.exhausted, running: 0, jitter, tally }
            .run()
    }
}

#[test]
fn with_ten_functions_at_a_time_none_of_a_thousand_files_is_lost() {
    let before: Retrier = serde_json::from_str(BEFORE).unwrap();
    let before = Retriers { poll: before.clone(), finalize: before };
    let now = Retriers::of(&machine());
    println!(
        "uploads over | no concurrency at first | retriers | completed | lost | invocations | most attempts | last end"
    );
    for load in [(1, 0), (5, 0), (15, 0), (5, 10), (15, 30), (15, 180)].map(|(over, none)| Load::minutes(over, none)) {
        for seed in 1..=3 {
            let [old, new] = [&before, &now].map(|retriers| load.play(retriers, seed));
            for (name, tally) in [("before", &old), ("now", &new)] {
                println!(
                    "{} min | {} min | {name} | {} | {} | {} | {} | {} s",
                    load.over.as_secs() / 60,
                    load.exhausted.as_secs() / 60,
                    tally.completed,
                    tally.lost,
                    tally.attempts,
                    tally.most_attempts,
                    tally.last_end.as_secs()
                );
            }
            assert_eq!((new.lost, new.completed), (0, FILES), "{new:?}");
            assert!(old.lost > FILES / 2, "{old:?}: the fault is not simulated");
        }
    }
}
