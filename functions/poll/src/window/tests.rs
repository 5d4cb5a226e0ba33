//! Hours of polling on a paused clock. [`track`] waits and invokes poll again, as the state machine does.

use std::cell::RefCell;

use attachments::Outcome;

use super::*;

/// When the upload of `v2-uploaded.json` ended.
const UPLOADED: Timestamp = Timestamp::from_unix_millis(1_795_339_811_123);
const LIMITS: Limits =
    Limits { window: Duration::from_secs(10), deadline: Duration::from_mins(5), patience: Duration::from_hours(4) };

fn golden(text: &str) -> Attachment {
    serde_json::from_str(text).unwrap()
}

fn uploaded() -> Attachment {
    golden(include_str!("../../../../crates/attachments/tests/golden/v2-uploaded.json"))
}

#[expect(clippy::unnecessary_wraps, reason = "a response, like those of the functions below")]
fn status(word: &str) -> Result<Job, JobError> {
    Ok(Job { status: JobStatus::from(word), interaction_id: None, interaction_shown: None, reason: None })
}

fn blind(fault: &str) -> Result<Job, JobError> {
    Err(JobError::Blind { fault: fault.to_owned(), retry_after: None, status: None })
}

fn unauthorized() -> Result<Job, JobError> {
    Err(JobError::Unauthorized { fault: "the token endpoint polled 401".to_owned(), retry_after: None, status: None })
}

/// The result of tracking a job. Times are in seconds after the upload's end.
struct Tracked {
    ended: Attachment,
    ended_after: f64,
    /// The time of each call.
    asked: Vec<f64>,
    /// The state machine's waits, in seconds.
    waits: Vec<u32>,
}

impl Tracked {
    fn outcome(&self) -> Outcome {
        self.ended.result.as_ref().unwrap().ending.outcome()
    }

    fn reason(&self) -> &Reason {
        self.ended.result.as_ref().unwrap().ending.reason().unwrap()
    }
}

/// Tracks a job as the state machine does. `respond` gets the seconds after the upload's end.
async fn track(limits: &Limits, respond: impl Fn(f64) -> Result<Job, JobError>) -> Tracked {
    let clock = Clock::showing(UPLOADED);
    let asked = RefCell::new(Vec::new());
    let ask = async |_: &JobId| {
        let seconds = clock.now().seconds_since(UPLOADED);
        asked.borrow_mut().push(seconds);
        respond(seconds)
    };
    let (mut attachment, mut waits) = (uploaded(), Vec::new());
    loop {
        attachment = poll(&ask, attachment, limits, clock).await.unwrap();
        let Some(seconds) = attachment.wait_seconds else { break };
        assert_eq!(attachment.decision, Decision::Wait);
        waits.push(seconds);
        sleep(Duration::from_secs(seconds.into())).await;
    }
    let ended_after = attachment.result.as_ref().unwrap().at.seconds_since(UPLOADED);
    Tracked { ended: attachment, ended_after, asked: asked.into_inner(), waits }
}

/// Invokes poll once without a window, so many seconds after the upload's end.
async fn once(attachment: Attachment, after: i64, response: Result<Job, JobError>) -> Attachment {
    let clock = Clock::showing(UPLOADED.plus_millis(after * 1_000));
    let response = RefCell::new(Some(response));
    let ask = async |_: &JobId| response.borrow_mut().take().unwrap();
    poll(ask, attachment, &Limits { window: Duration::ZERO, ..LIMITS }, clock).await.unwrap()
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn poll_without_a_status_asks_until_its_patience_ends() {
    let tracked = track(&LIMITS, |at| if at < 20.0 { status("RUNNING") } else { blind("a gateway polled 503") }).await;
    assert_eq!(tracked.outcome(), Outcome::TrackingFailed);
    assert!((14_400.0..14_420.0).contains(&tracked.ended_after), "{} s", tracked.ended_after);
    assert!(tracked.waits.iter().all(|seconds| *seconds <= 60), "{:?}", tracked.waits);
    let Reason { code, text } = tracked.reason();
    assert_eq!(*code, ReasonCode::CxoneUnavailable);
    assert!(text.starts_with(attachments::POSSIBLY_STORED), "{text}");
    assert!(text.ends_with("the last fault: a gateway polled 503"), "{text}");
    assert!(text.contains("(TRACKING_PATIENCE_SECONDS); the last status was RUNNING, after "), "{text}");
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn refused_credentials_are_retried_with_one_call_per_invocation() {
    let tracked = track(&LIMITS, |at| if at < 7_000.0 { unauthorized() } else { status("COMPLETED") }).await;
    assert_eq!(tracked.outcome(), Outcome::Completed);
    assert_eq!(tracked.ended.job.blind, None);
    assert_eq!(tracked.asked.len(), tracked.waits.len() + 1);
    assert!(tracked.ended_after < 7_060.0, "{} s", tracked.ended_after);
    let never = track(&LIMITS, |_| unauthorized()).await;
    assert_eq!((never.outcome(), never.reason().code), (Outcome::TrackingFailed, ReasonCode::CxoneUnauthorized));
    assert!(never.reason().text.ends_with("the token endpoint polled 401"), "{}", never.reason());
    assert!((14_400.0..14_401.0).contains(&never.ended_after), "{} s", never.ended_after);
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn job_still_running_at_the_deadline_has_timed_out() {
    let tracked = track(&LIMITS, |_| status("RUNNING")).await;
    assert_eq!((tracked.outcome(), tracked.reason().code), (Outcome::TimedOut, ReasonCode::JobDeadline));
    assert!((300.0..301.0).contains(&tracked.ended_after), "{} s", tracked.ended_after);
    assert!(tracked.reason().text.starts_with(attachments::POSSIBLY_STORED), "{}", tracked.reason());
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn first_status_after_an_outage_past_the_deadline_decides() {
    for (word, outcome) in
        [("RUNNING", Outcome::TimedOut), ("completed", Outcome::Completed), ("FAILED", Outcome::Failed)]
    {
        let respond = |at| {
            if (100.0..3_000.0).contains(&at) {
                blind("no response")
            } else if at < 100.0 {
                status("RUNNING")
            } else {
                status(word)
            }
        };
        let tracked = track(&LIMITS, respond).await;
        assert_eq!(tracked.outcome(), outcome);
        assert!((3_000.0..3_060.0).contains(&tracked.ended_after), "{} s", tracked.ended_after);
    }
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn blind_poll_continues_to_a_deadline_after_its_patience() {
    let limits = Limits { deadline: Duration::from_hours(8), patience: Duration::from_mins(5), ..LIMITS };
    let tracked = track(&limits, |at| if at < 20_000.0 { blind("no response") } else { status("COMPLETED") }).await;
    assert_eq!(tracked.outcome(), Outcome::Completed);
    let never = track(&limits, |_| blind("no response")).await;
    assert_eq!(never.outcome(), Outcome::TrackingFailed);
    assert!((28_800.0..28_820.0).contains(&never.ended_after), "{} s", never.ended_after);
    assert!(never.reason().text.contains("(JOB_DEADLINE_SECONDS)"), "{}", never.reason());
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn single_fault_at_the_end_of_the_patience_does_not_end_tracking() {
    let limits = Limits { deadline: LIMITS.patience, ..LIMITS };
    let tracked =
        track(&limits, |at| if (14_399.0..14_400.4).contains(&at) { blind("reset") } else { status("RUNNING") }).await;
    assert_eq!(tracked.outcome(), Outcome::TimedOut);
    assert_eq!(tracked.ended.job.faults, 1);
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn retry_after_is_obeyed_for_every_fault() {
    let wait = Duration::from_mins(15);
    let throttled = || Err(JobError::Throttled { wait, fault: "429".to_owned(), status: Some(429) });
    let down = || Err(JobError::Blind { fault: "503".to_owned(), retry_after: Some(wait), status: None });
    let refused = || Err(JobError::Unauthorized { fault: "401".to_owned(), retry_after: Some(wait), status: None });
    let faults: [&dyn Fn() -> Result<Job, JobError>; 3] = [&throttled, &down, &refused];
    for fault in faults {
        let tracked = track(&LIMITS, |at| if at < 800.0 { fault() } else { status("COMPLETED") }).await;
        assert_eq!((tracked.asked.len(), tracked.waits), (2, vec![900]));
    }
    let short =
        || Err(JobError::Blind { fault: "503".to_owned(), retry_after: Some(Duration::from_secs(3)), status: None });
    let tracked = track(&LIMITS, |at| if at < 8.0 { short() } else { status("COMPLETED") }).await;
    assert_eq!((tracked.asked, tracked.waits.len()), (vec![0.0, 3.0, 6.0, 9.0], 0));
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn wait_of_a_blind_poll_ends_with_its_patience() {
    let wait = Duration::from_mins(15);
    let polled =
        once(uploaded(), 14_000, Err(JobError::Throttled { wait, fault: "429".to_owned(), status: Some(429) })).await;
    assert_eq!(polled.wait_seconds, Some(400));
    let polled = once(uploaded(), 14_399, blind("503")).await;
    assert_eq!(polled.wait_seconds, Some(5));
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn unknown_job_is_retried_for_a_minute() {
    let tracked = track(&LIMITS, |at| if at < 30.0 { Err(JobError::NotFound) } else { status("COMPLETED") }).await;
    assert_eq!(tracked.outcome(), Outcome::Completed);
    for deadline in [30, 300] {
        let limits = Limits { deadline: Duration::from_secs(deadline), ..LIMITS };
        let never = track(&limits, |_| Err(JobError::NotFound)).await;
        assert_eq!((never.outcome(), never.reason().code), (Outcome::TrackingFailed, ReasonCode::CxoneNotFound));
        assert!((60.0..90.0).contains(&never.ended_after), "{} s", never.ended_after);
    }
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn refusal_by_cxone_itself_ends_tracking_at_once() {
    let refusal = || {
        let reason = Reason::new(ReasonCode::CxoneRedirect, "303: the job has moved on");
        Err(JobError::Refused { reason, status: 303 })
    };
    let tracked = track(&LIMITS, |_| refusal()).await;
    assert_eq!((tracked.outcome(), tracked.asked.len()), (Outcome::TrackingFailed, 1));
    assert_eq!(tracked.reason().code, ReasonCode::CxoneRedirect);
    assert!(tracked.reason().text.ends_with(": 303: the job has moved on"), "{}", tracked.reason());
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn interaction_matches_in_any_case_and_with_white_space_around_it() {
    let named = |id: &str| {
        let (interaction_id, interaction_shown) = (Some(id.to_owned()), Some(id.to_owned()));
        Ok(Job { status: JobStatus::Completed, interaction_id, interaction_shown, reason: None })
    };
    for same in ["INT-42", "int-42", " Int-42\n", "", "  "] {
        assert_eq!(once(uploaded(), 1, named(same)).await.decision, Decision::Completed, "{same:?}");
    }
    let other = once(uploaded(), 1, named("INT-421")).await;
    assert_eq!(other.result.unwrap().ending.reason().unwrap().code, ReasonCode::JobMismatch);
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn fault_is_shortened_and_removed_by_the_next_status() {
    let long = once(uploaded(), 1, blind(&"é".repeat(1_000))).await;
    let kept = long.job.blind.clone().unwrap();
    assert_eq!((kept.since, kept.fault), (UPLOADED.plus_millis(1_000), "é".repeat(Blind::FAULT_CHARS)));
    let again = once(long, 60, blind("503")).await;
    assert_eq!(again.job.blind.clone().unwrap(), Blind { since: kept.since, fault: "503".to_owned() });
    assert_eq!(once(again, 61, status("RUNNING")).await.job.blind, None);
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn ended_object_is_returned_without_a_call() {
    for text in [
        include_str!("../../../../crates/attachments/tests/golden/v2-rejected.json"),
        include_str!("../../../../crates/attachments/tests/golden/next-held-for-review.json"),
    ] {
        let ended = golden(text);
        let ask = async |_: &JobId| panic!("poll asked about an ended object");
        assert_eq!(poll(ask, ended.clone(), &LIMITS, Clock::showing(UPLOADED)).await.unwrap(), ended);
    }
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn payload_of_an_earlier_or_later_release_is_polled_and_keeps_its_words() {
    for text in [
        include_str!("../../../../crates/attachments/tests/golden/v1-waiting.json"),
        include_str!("../../../../crates/attachments/tests/golden/next-uploaded.json"),
        include_str!("../../../../crates/attachments/tests/golden/next-escalated.json"),
    ] {
        let given = golden(text);
        let kept = given.object.source_checksum;
        let polled = once(given, 1, status("Completed")).await;
        assert_eq!((polled.decision, polled.object.source_checksum), (Decision::Completed, kept));
    }
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn payload_without_a_job_is_invalid_input() {
    let ask = async |_: &JobId| panic!("poll asked without a job");
    let jobless = Attachment { job_id: None, ..uploaded() };
    let failure = poll(ask, jobless, &LIMITS, Clock::showing(UPLOADED)).await.unwrap_err();
    assert_eq!(failure.error_type, error_type::INPUT_INVALID);
}
