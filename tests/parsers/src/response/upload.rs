use std::time::Duration;

use attachments::{JobId, ReasonCode, Timestamp};
use cxone::{
    Cause, History, LONGEST_WAIT, NextStep, Retry,
    Stored::{self, Accepted, Maybe, No},
};
use serde_json::Value;

use super::{Given, assert_clean};

/// The time between two attempts.
const PAUSE: Duration = Duration::from_secs(30);

/// Only a 2xx to a whole upload has a job. A temporary failure is never final. Only a response of CXone itself shows that a file is
/// not stored. No text shows a secret.
pub fn upload_response(input: &[u8]) {
    let Some(given) = Given::parse(input) else { return };
    for (before, history) in [(No, "{}"), (Maybe, r#"{"stored":"maybe"}"#), (Accepted, r#"{"stored":"accepted"}"#)] {
        let mut history = History::parse(Some(history));
        assert_eq!(history.stored, before);
        for attempt in 1..=given.most_attempts() {
            let (before, now) = (history.stored, Given::now() + PAUSE * (attempt - 1));
            let Given { sent_whole, status, ref headers, body } = given;
            let verdict = cxone::fuzzing::upload(&mut history, sent_whole, status, headers, body, now);
            given.assert_stored(before, history.stored);
            assert_reads_back_from_ledger(&history);
            match verdict {
                NextStep::Accepted(job) => given.assert_accepted(&job),
                NextStep::Retry(retry) => {
                    given.assert_retry(&retry, now.into());
                    continue;
                }
                NextStep::Final(reason) => {
                    let first = given.first_final_attempt();
                    assert!(
                        first.is_some_and(|first| attempt >= first),
                        "{} is final after attempt {attempt}",
                        given.code()
                    );
                    assert_eq!(reason.code == ReasonCode::CxoneNoJobId, given.status.is_success());
                    given.assert_reason(&reason);
                }
            }
            break;
        }
    }
}

/// Asserts that the ledger's text reads back as the history and contains no secret.
fn assert_reads_back_from_ledger(history: &History) {
    let text = serde_json::to_string(history).expect("a JSON form");
    assert_eq!(History::parse(Some(&text)), *history);
    assert_clean(&text);
}

impl Given<'_> {
    fn assert_accepted(&self, job: &JobId) {
        assert!(self.status.is_success() && self.sent_whole);
        assert!(job.as_str().chars().all(attachments::is_visible), "{job:?}");
        assert_clean(&job.as_str().chars().take(200).collect::<String>());
        crate::assert_one_segment(job.as_str());
        crate::assert_reads_back(job);
        // The parser keeps all digits of a long number. A `Value` does not, so numbers are not compared.
        let Some(object) = self.object() else { return };
        let named = [object.get("jobId"), object.get("id")].map(|id| id.and_then(Value::as_str).map(str::trim));
        let number = [object.get("jobId"), object.get("id")].iter().any(|id| id.is_some_and(Value::is_number));
        assert!(number || named.contains(&Some(job.as_str())), "{job} is neither of {named:?}");
    }

    fn assert_retry(&self, retry: &Retry, now: Timestamp) {
        assert_clean(&retry.fault);
        let (shortest, longest) = (retry.wait(0.0), retry.wait(1.0));
        assert!(!shortest.is_zero() && shortest <= longest && longest <= LONGEST_WAIT, "{shortest:?} to {longest:?}");
        // Now that time has passed, the wait until a date is shorter.
        let asked = cxone::retry_after(&self.headers, Self::now() + elapsed(now)).unwrap_or_default();
        assert!(shortest >= asked, "{shortest:?}, but CXone asked for {asked:?}: {retry:?}");
        assert_eq!(retry.cause == Cause::Throttled, self.is_throttling(), "{retry:?}");
        assert!(retry.cause != Cause::Unauthorized || self.is(&[401, 403]), "{retry:?}");
    }

    /// The number of equal responses after which the verdict does not change.
    fn most_attempts(&self) -> u32 {
        if self.is(&[409]) { 11 } else { 4 }
    }

    /// The first attempt for which this response may be final. None if it never is.
    fn first_final_attempt(&self) -> Option<u32> {
        let waits = self.retry_after().is_some();
        match self.code() {
            200..=299 => self.sent_whole.then_some(3),
            300..=399 | 413 | 415 => Some(1),
            409 => (!waits).then_some(10),
            401 | 408 | 425 | 429 | 500..=599 => None,
            400..=499 if waits => None,
            400..=499 if self.is_no_object() => Some(3),
            400..=499 => Some(1),
            _ => Some(3),
        }
    }

    fn assert_stored(&self, before: Stored, after: Stored) {
        let what = format!("{}, sent whole: {}, {before:?}, then {after:?}", self.code(), self.sent_whole);
        if after < before {
            assert!((before, after) == (Maybe, No) && self.is(&[403, 404]) && !self.is_no_object(), "{what}");
        }
        if self.status.is_success() {
            assert_eq!(after, Accepted, "{what}");
        } else if self.sent_whole {
            let silent = self.is_outage() || self.is(&[409]) || !(100..600).contains(&self.code());
            let gateway = self.status.is_client_error() && self.is_no_object() && !self.is_throttling();
            assert!(!silent || after >= Maybe, "{what}");
            assert!(!gateway || self.is(&[401, 403, 413, 415]) || after >= Maybe, "{what}");
        } else {
            assert!(after <= before, "{what}");
        }
    }
}

fn elapsed(now: Timestamp) -> Duration {
    Duration::try_from_secs_f64(now.seconds_since(Timestamp::from(Given::now()))).unwrap_or_default()
}
