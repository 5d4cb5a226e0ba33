//! Hours of polling on a paused clock. The machine's part, waiting and asking again, is played by [`follow`].

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

#[expect(clippy::unnecessary_wraps, reason = "an answer, as its neighbours are")]
fn status(word: &str) -> Result<Job, JobError> {
    Ok(Job { status: JobStatus::from(word), interaction_id: None, interaction_shown: None, reason: None })
}

fn blind(fault: &str) -> Result<Job, JobError> {
    Err(JobError::Blind { fault: fault.to_owned(), retry_after: None, status: None })
}

fn unauthorized() -> Result<Job, JobError> {
    Err(JobError::Unauthorized { fault: "the token endpoint answered 401".to_owned(), retry_after: None, status: None })
}

/// What came of following a job, in seconds since the upload's end.
struct Story {
    ended: Attachment,
    ended_after: f64,
    /// When each question was asked.
    asked: Vec<f64>,
    /// What each invocation but the last had the machine wait.
    waits: Vec<u32>,
}

impl Story {
    fn outcome(&self) -> Outcome {
        self.ended.result.as_ref().unwrap().ending.outcome()
    }

    fn reason(&self) -> &Reason {
        self.ended.result.as_ref().unwrap().ending.reason().unwrap()
    }
}

/// Follows a job as the machine does. `answer` is given the seconds since the upload's end.
async fn follow(limits: &Limits, answer: impl Fn(f64) -> Result<Job, JobError>) -> Story {
    let clock = Clock::showing(UPLOADED);
    let asked = RefCell::new(Vec::new());
    let question = async |_: &JobId| {
        let seconds = clock.now().seconds_since(UPLOADED);
        asked.borrow_mut().push(seconds);
        answer(seconds)
    };
    let (mut attachment, mut waits) = (uploaded(), Vec::new());
    loop {
        attachment = ask(&question, attachment, limits, clock).await.unwrap();
        let Some(seconds) = attachment.wait_seconds else { break };
        assert_eq!(attachment.decision, Decision::Wait);
        waits.push(seconds);
        sleep(Duration::from_secs(seconds.into())).await;
    }
    let ended_after = attachment.result.as_ref().unwrap().at.seconds_since(UPLOADED);
    Story { ended: attachment, ended_after, asked: asked.into_inner(), waits }
}

/// One invocation, so many seconds after the upload's end, without a window.
async fn once(attachment: Attachment, after: i64, answer: Result<Job, JobError>) -> Attachment {
    let clock = Clock::showing(UPLOADED.plus_millis(after * 1_000));
    let answer = RefCell::new(Some(answer));
    let question = async |_: &JobId| answer.borrow_mut().take().unwrap();
    ask(question, attachment, &Limits { window: Duration::ZERO, ..LIMITS }, clock).await.unwrap()
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn without_a_status_poll_keeps_asking_until_its_patience_ends() {
    let followed =
        follow(&LIMITS, |at| if at < 20.0 { status("RUNNING") } else { blind("a gateway answered 503") }).await;
    assert_eq!(followed.outcome(), Outcome::TrackingFailed);
    assert!((14_400.0..14_420.0).contains(&followed.ended_after), "{} s", followed.ended_after);
    assert!(followed.waits.iter().all(|seconds| *seconds <= 60), "{:?}", followed.waits);
    let Reason { code, text } = followed.reason();
    assert_eq!(*code, ReasonCode::CxoneUnavailable);
    assert!(text.starts_with(attachments::POSSIBLY_STORED), "{text}");
    assert!(text.ends_with("the last fault: a gateway answered 503"), "{text}");
    assert!(text.contains("(TRACKING_PATIENCE_SECONDS); the last status was RUNNING, after "), "{text}");
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn refused_credentials_are_waited_for_and_one_question_an_invocation_is_asked() {
    let followed = follow(&LIMITS, |at| if at < 7_000.0 { unauthorized() } else { status("COMPLETED") }).await;
    assert_eq!(followed.outcome(), Outcome::Completed);
    assert_eq!(followed.ended.job.blind, None);
    assert_eq!(followed.asked.len(), followed.waits.len() + 1);
    assert!(followed.ended_after < 7_060.0, "{} s", followed.ended_after);
    let never = follow(&LIMITS, |_| unauthorized()).await;
    assert_eq!((never.outcome(), never.reason().code), (Outcome::TrackingFailed, ReasonCode::CxoneUnauthorized));
    assert!(never.reason().text.ends_with("the token endpoint answered 401"), "{}", never.reason());
    assert!((14_400.0..14_401.0).contains(&never.ended_after), "{} s", never.ended_after);
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn the_deadline_ends_a_job_whose_status_is_read_at_the_deadline() {
    let followed = follow(&LIMITS, |_| status("RUNNING")).await;
    assert_eq!((followed.outcome(), followed.reason().code), (Outcome::TimedOut, ReasonCode::JobDeadline));
    assert!((300.0..301.0).contains(&followed.ended_after), "{} s", followed.ended_after);
    assert!(followed.reason().text.starts_with(attachments::POSSIBLY_STORED), "{}", followed.reason());
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn after_an_outage_over_the_deadline_the_first_status_decides() {
    for (word, outcome) in
        [("RUNNING", Outcome::TimedOut), ("completed", Outcome::Completed), ("FAILED", Outcome::Failed)]
    {
        let answer = |at| {
            if (100.0..3_000.0).contains(&at) {
                blind("no answer")
            } else if at < 100.0 {
                status("RUNNING")
            } else {
                status(word)
            }
        };
        let followed = follow(&LIMITS, answer).await;
        assert_eq!(followed.outcome(), outcome);
        assert!((3_000.0..3_060.0).contains(&followed.ended_after), "{} s", followed.ended_after);
    }
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn a_deadline_after_the_patience_is_waited_for() {
    let limits = Limits { deadline: Duration::from_hours(8), patience: Duration::from_mins(5), ..LIMITS };
    let followed = follow(&limits, |at| if at < 20_000.0 { blind("no answer") } else { status("COMPLETED") }).await;
    assert_eq!(followed.outcome(), Outcome::Completed);
    let never = follow(&limits, |_| blind("no answer")).await;
    assert_eq!(never.outcome(), Outcome::TrackingFailed);
    assert!((28_800.0..28_820.0).contains(&never.ended_after), "{} s", never.ended_after);
    assert!(never.reason().text.contains("(JOB_DEADLINE_SECONDS)"), "{}", never.reason());
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn one_fault_at_the_end_of_the_patience_does_not_end_tracking() {
    let limits = Limits { deadline: LIMITS.patience, ..LIMITS };
    let followed =
        follow(&limits, |at| if (14_399.0..14_400.4).contains(&at) { blind("reset") } else { status("RUNNING") }).await;
    assert_eq!(followed.outcome(), Outcome::TimedOut);
    assert_eq!(followed.ended.job.faults, 1);
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn retry_after_is_obeyed_whatever_the_fault() {
    let wait = Duration::from_mins(15);
    let throttled = || Err(JobError::Throttled { wait, fault: "429".to_owned(), status: Some(429) });
    let down = || Err(JobError::Blind { fault: "503".to_owned(), retry_after: Some(wait), status: None });
    let refused = || Err(JobError::Unauthorized { fault: "401".to_owned(), retry_after: Some(wait), status: None });
    let faults: [&dyn Fn() -> Result<Job, JobError>; 3] = [&throttled, &down, &refused];
    for answer in faults {
        let followed = follow(&LIMITS, |at| if at < 800.0 { answer() } else { status("COMPLETED") }).await;
        assert_eq!((followed.asked.len(), followed.waits), (2, vec![900]));
    }
    let short =
        || Err(JobError::Blind { fault: "503".to_owned(), retry_after: Some(Duration::from_secs(3)), status: None });
    let followed = follow(&LIMITS, |at| if at < 8.0 { short() } else { status("COMPLETED") }).await;
    assert_eq!((followed.asked, followed.waits.len()), (vec![0.0, 3.0, 6.0, 9.0], 0));
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn a_wait_while_blind_does_not_pass_the_end_of_the_patience() {
    let wait = Duration::from_mins(15);
    let answered =
        once(uploaded(), 14_000, Err(JobError::Throttled { wait, fault: "429".to_owned(), status: Some(429) })).await;
    assert_eq!(answered.wait_seconds, Some(400));
    let answered = once(uploaded(), 14_399, blind("503")).await;
    assert_eq!(answered.wait_seconds, Some(5));
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn a_job_that_cxone_does_not_know_is_waited_for_during_a_minute() {
    let followed = follow(&LIMITS, |at| if at < 30.0 { Err(JobError::NotFound) } else { status("COMPLETED") }).await;
    assert_eq!(followed.outcome(), Outcome::Completed);
    for deadline in [30, 300] {
        let limits = Limits { deadline: Duration::from_secs(deadline), ..LIMITS };
        let never = follow(&limits, |_| Err(JobError::NotFound)).await;
        assert_eq!((never.outcome(), never.reason().code), (Outcome::TrackingFailed, ReasonCode::CxoneNotFound));
        assert!((60.0..90.0).contains(&never.ended_after), "{} s", never.ended_after);
    }
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn a_refusal_of_cxone_itself_ends_tracking_at_once() {
    let refusal = || {
        let reason = Reason::new(ReasonCode::CxoneRedirect, "303: the job has moved on");
        Err(JobError::Refused { reason, status: 303 })
    };
    let followed = follow(&LIMITS, |_| refusal()).await;
    assert_eq!((followed.outcome(), followed.asked.len()), (Outcome::TrackingFailed, 1));
    assert_eq!(followed.reason().code, ReasonCode::CxoneRedirect);
    assert!(followed.reason().text.ends_with(": 303: the job has moved on"), "{}", followed.reason());
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn the_interaction_is_compared_without_regard_to_case_and_white_space() {
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
async fn what_is_kept_of_a_fault_is_bounded_and_goes_away_with_the_next_status() {
    let long = once(uploaded(), 1, blind(&"é".repeat(1_000))).await;
    let kept = long.job.blind.clone().unwrap();
    assert_eq!((kept.since, kept.fault), (UPLOADED.plus_millis(1_000), "é".repeat(Blind::FAULT_CHARS)));
    let again = once(long, 60, blind("503")).await;
    assert_eq!(again.job.blind.clone().unwrap(), Blind { since: kept.since, fault: "503".to_owned() });
    assert_eq!(once(again, 61, status("RUNNING")).await.job.blind, None);
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn an_ended_object_is_handed_on_unasked() {
    for text in [
        include_str!("../../../../crates/attachments/tests/golden/v2-rejected.json"),
        include_str!("../../../../crates/attachments/tests/golden/next-held-for-review.json"),
    ] {
        let ended = golden(text);
        let question = async |_: &JobId| panic!("asked about an object that has ended");
        assert_eq!(ask(question, ended.clone(), &LIMITS, Clock::showing(UPLOADED)).await.unwrap(), ended);
    }
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn payloads_of_earlier_and_later_releases_are_polled_and_keep_their_words() {
    for text in [
        include_str!("../../../../crates/attachments/tests/golden/v1-waiting.json"),
        include_str!("../../../../crates/attachments/tests/golden/next-uploaded.json"),
        include_str!("../../../../crates/attachments/tests/golden/next-escalated.json"),
    ] {
        let given = golden(text);
        let kept = given.object.source_checksum;
        let answered = once(given, 1, status("Completed")).await;
        assert_eq!((answered.decision, answered.object.source_checksum), (Decision::Completed, kept));
    }
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn a_payload_without_a_job_is_an_input_fault() {
    let question = async |_: &JobId| panic!("asked about no job");
    let jobless = Attachment { job_id: None, ..uploaded() };
    let failure = ask(question, jobless, &LIMITS, Clock::showing(UPLOADED)).await.unwrap_err();
    assert_eq!(failure.error_type, error_type::INPUT_INVALID);
}
