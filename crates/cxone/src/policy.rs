//! What a response to an upload means: whether to retry, when, and what CXone may hold. Policy, state and backoff in one place.
//!
//! Two questions decide. *Who sent the response?* CXone itself answers with a JSON object; a gateway's answer is never final
//! by itself. *Was the body sent whole?* If it was, and CXone did not say that it holds nothing, CXone may hold the file.

use std::time::Duration;

use attachments::{JobId, Reason, ReasonCode, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    DEFAULT_WAIT, LONGEST_WAIT,
    class::{Class, class, refusal, scope_missing, throttled},
    response::{Response, Speaker},
    token::TokenError,
};

/// Uploads in an object's first run.
pub const UPLOADS_IN_FIRST_RUN: u32 = 5;
/// Uploads in each later run.
pub const UPLOADS_IN_LATER_RUN: u32 = 1;
/// 2xx responses without a job id after which the upload cannot be tracked.
const JOBLESS_LIMIT: u32 = 3;
/// Responses that cannot be parsed after which there is no other attempt.
const UNREADABLE_LIMIT: u32 = 3;
/// 409 responses after which CXone's own text is taken as final.
const CONFLICT_LIMIT: u32 = 10;
/// Equal gateway responses that are final, if the first and the last are at least [`GATEWAY_SPAN_SECONDS`] apart.
const GATEWAY_LIMIT: u32 = 3;
const GATEWAY_SPAN_SECONDS: f64 = 60.0;
/// The backoff after the first fault; it doubles up to [`LONGEST_WAIT`].
const SHORTEST_BACKOFF: Duration = Duration::from_millis(500);

/// What CXone may hold of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stored {
    /// Nothing: it never got a whole body, or said so itself.
    #[default]
    No,
    /// A whole body was sent, and CXone did not say what became of it.
    Maybe,
    /// CXone answered 2xx.
    Accepted,
}

/// How one upload attempt ended.
pub struct Attempt {
    /// Every byte of the body was handed to the connection.
    pub(crate) sent_whole: bool,
    pub(crate) end: End,
}

impl Attempt {
    /// The HTTP status of CXone's response, or of the token endpoint's refusal. None if no response came.
    #[must_use]
    pub const fn status(&self) -> Option<u16> {
        match &self.end {
            End::Response(response) => Some(response.status()),
            End::NoToken(error) => error.status(),
            End::Unanswered(_) | End::Unreadable(_) | End::Source(_) => None,
        }
    }
}

/// See [`Attempt`]. Texts are for people.
pub(crate) enum End {
    Response(Response),
    /// No response came.
    Unanswered(String),
    /// What came is not HTTP that can be parsed.
    Unreadable(String),
    /// The object could not be read to its end; the request was aborted.
    Source(String),
    /// There was no token; nothing was sent.
    NoToken(TokenError),
}

/// What to do after an attempt.
#[derive(Debug, Clone, PartialEq)]
pub enum NextStep {
    /// CXone has the whole file and named a job.
    Accepted(JobId),
    /// Try again.
    Retry(Retry),
    /// No other attempt would help. [`History::stored`] says whether CXone may hold the file.
    Final(Reason),
}

/// A fault that may pass.
#[derive(Debug, Clone, PartialEq)]
pub struct Retry {
    /// For people.
    pub fault: String,
    /// What failed.
    pub cause: Cause,
    /// The response's `Retry-After`.
    pub retry_after: Option<Duration>,
    /// Faults of the object so far, this one included.
    faults: u32,
}

/// What failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// S3, or the object.
    Source,
    /// CXone asks to wait.
    Throttled,
    /// CXone refuses the credentials; a person must fix them.
    Unauthorized,
    /// CXone, or the way to it.
    Unavailable,
    /// The pipeline itself, such as its ledger.
    Internal,
}

impl Retry {
    /// How long to wait: the longer of `Retry-After` and the backoff. `random` is from 0 to 1.
    #[must_use]
    pub fn wait(&self, random: f64) -> Duration {
        let asked = match self.cause {
            Cause::Throttled => self.retry_after.unwrap_or(DEFAULT_WAIT),
            _ => self.retry_after.unwrap_or_default(),
        };
        asked.max(backoff(self.faults, random))
    }
}

/// The wait after the `faults`-th fault in a row: up to 0.5, 1, 2, 4 s and so on to 15 min. Half of it is random, so that
/// objects that failed together do not come back together; the other half keeps `Retry-After: 0` from being a busy loop.
#[must_use]
pub fn backoff(faults: u32, random: f64) -> Duration {
    let doublings = faults.saturating_sub(1).min(20);
    let ceiling = LONGEST_WAIT.min(SHORTEST_BACKOFF * 2_u32.pow(doublings));
    ceiling.mul_f64(0.5 + random.clamp(0.0, 1.0) / 2.0)
}

/// What an object's attempts have shown so far, in all of its runs. Its JSON is kept in the ledger.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct History {
    /// What CXone may hold.
    #[serde(default)]
    pub stored: Stored,
    /// Uploads that were begun.
    #[serde(default)]
    pub uploads: u32,
    /// Faults of every kind; they set the backoff.
    #[serde(default)]
    faults: u32,
    #[serde(default)]
    jobless: u32,
    #[serde(default)]
    unreadable: u32,
    #[serde(default)]
    conflicts: u32,
    /// 401 responses in a row; the token is fetched anew after each.
    #[serde(default)]
    refused_tokens: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gateway: Option<GatewayAnswers>,
}

/// Equal responses of a gateway.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct GatewayAnswers {
    status: u16,
    times: u32,
    first: Timestamp,
}

impl History {
    /// Reads what an earlier run wrote. What another release wrote in a form of its own counts as nothing known.
    #[must_use]
    pub fn parse(text: Option<&str>) -> Self {
        text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    /// Takes into account runs that crashed since the last one that wrote its history. `upload_prepared`: a run had got as
    /// far as an upload, so a crashed one may have sent the whole file.
    pub fn add_crashes(&mut self, crashes: u32, upload_prepared: bool) {
        if crashes > 0 && upload_prepared {
            self.uploads = self.uploads.saturating_add(crashes);
            self.stored = self.stored.max(Stored::Maybe);
        }
    }

    /// An upload that was stopped from outside, by the end of the run's time.
    pub fn add_stopped(&mut self) {
        self.faults = self.faults.saturating_add(1);
        self.stored = self.stored.max(Stored::Maybe);
    }

    /// A fault outside an upload.
    pub fn fault(&mut self, cause: Cause, fault: impl Into<String>) -> Retry {
        self.retry(cause, None, &fault.into())
    }

    /// A failure to get a token.
    pub fn token_fault(&mut self, error: &TokenError) -> Retry {
        let cause = match error {
            TokenError::Unauthorized { .. } => Cause::Unauthorized,
            TokenError::Throttled { .. } => Cause::Throttled,
            TokenError::Unavailable { .. } => Cause::Unavailable,
        };
        self.retry(cause, error.retry_after(), &error.to_string())
    }

    fn retry(&mut self, cause: Cause, retry_after: Option<Duration>, fault: &str) -> Retry {
        self.faults = self.faults.saturating_add(1);
        // An error of S3 may name a key, which may hold anything.
        let fault = attachments::shown(fault).into_owned();
        Retry { fault, cause, retry_after, faults: self.faults }
    }

    /// Decides what an attempt means, and remembers it.
    pub fn next_step(&mut self, attempt: &Attempt, now: Timestamp) -> NextStep {
        let sent_whole = attempt.sent_whole;
        match &attempt.end {
            End::Response(response) => self.after_response(response, sent_whole, now),
            End::NoToken(error) => NextStep::Retry(self.token_fault(error)),
            End::Source(fault) => {
                NextStep::Retry(self.retry(Cause::Source, None, &format!("reading the object failed: {fault}")))
            }
            End::Unanswered(fault) => self.unanswered(sent_whole, None, fault),
            End::Unreadable(fault) => self.unreadable(sent_whole, None, fault, ""),
        }
    }

    fn after_response(&mut self, response: &Response, sent_whole: bool, now: Timestamp) -> NextStep {
        let (status, after) = (response.status(), response.retry_after);
        let class = class(response);
        if class != Class::Gateway {
            self.gateway = None;
        }
        if class != Class::TokenRefused {
            self.refused_tokens = 0;
        }
        match class {
            Class::Success => self.success(response, sent_whole),
            Class::TokenRefused => self.token_refused(after),
            Class::ScopeMissing => NextStep::Retry(self.retry(Cause::Unauthorized, after, &scope_missing(status))),
            Class::Throttled => NextStep::Retry(self.retry(Cause::Throttled, after, &throttled(response))),
            Class::Retryable => self.unanswered(sent_whole, after, &format!("CXone answered {status}")),
            Class::Conflict => self.conflict(response, sent_whole),
            Class::Gateway => self.gateway(response, sent_whole, now),
            Class::Unreadable => {
                let fault = format!("the status {status} is none of HTTP's");
                self.unreadable(sent_whole, after, &fault, &response.said())
            }
            Class::Redirect | Class::Refused => self.refused(response),
        }
    }

    fn success(&mut self, response: &Response, sent_whole: bool) -> NextStep {
        let status = response.status();
        self.stored = Stored::Accepted;
        match job_id(response) {
            Some(job) if sent_whole => return NextStep::Accepted(job),
            None if sent_whole && response.complete => {}
            _ => {
                let what = if sent_whole { "its response broke off" } else { "the rest of the body could not be sent" };
                let fault = format!("CXone answered {status}, but {what}");
                return NextStep::Retry(self.retry(Cause::Unavailable, response.retry_after, &fault));
            }
        }
        self.jobless += 1;
        if self.jobless >= JOBLESS_LIMIT {
            let text = format!("CXone answered {status} without a usable jobId. It said: {}", response.said());
            return NextStep::Final(Reason::new(ReasonCode::CxoneNoJobId, text));
        }
        let fault = format!("CXone answered {status} without a usable job id");
        NextStep::Retry(self.retry(Cause::Unavailable, response.retry_after, &fault))
    }

    /// The first 401 is a stale token. The second, to a fresh one, is a configuration fault.
    fn token_refused(&mut self, retry_after: Option<Duration>) -> NextStep {
        self.refused_tokens += 1;
        NextStep::Retry(if self.refused_tokens == 1 {
            let fault = "CXone refused the token (401); the next attempt fetches a new one";
            self.retry(Cause::Unavailable, retry_after, fault)
        } else {
            let fault = "CXone refused a fresh token (401); check the client's scopes (CXONE_SCOPES)";
            self.retry(Cause::Unauthorized, retry_after, fault)
        })
    }

    /// Nothing says what became of the body.
    fn unanswered(&mut self, sent_whole: bool, retry_after: Option<Duration>, fault: &str) -> NextStep {
        self.mark(sent_whole);
        NextStep::Retry(self.retry(Cause::Unavailable, retry_after, fault))
    }

    /// `said` is what could be read of the response, for the record alone.
    fn unreadable(&mut self, sent_whole: bool, retry_after: Option<Duration>, fault: &str, said: &str) -> NextStep {
        self.mark(sent_whole);
        self.unreadable += 1;
        let text = format!("a response of CXone cannot be read: {fault}");
        if self.unreadable >= UNREADABLE_LIMIT {
            let said = if said.is_empty() { String::new() } else { format!(". It said: {said}") };
            return NextStep::Final(Reason::new(ReasonCode::CxoneUnavailable, text + &said));
        }
        NextStep::Retry(self.retry(Cause::Unavailable, retry_after, &text))
    }

    fn conflict(&mut self, response: &Response, sent_whole: bool) -> NextStep {
        self.mark(sent_whole);
        self.conflicts += 1;
        if self.conflicts >= CONFLICT_LIMIT {
            return NextStep::Final(refusal(response, "the upload"));
        }
        NextStep::Retry(self.retry(Cause::Unavailable, None, "CXone answered 409"))
    }

    fn gateway(&mut self, response: &Response, sent_whole: bool, now: Timestamp) -> NextStep {
        self.mark(sent_whole);
        let status = response.status();
        let answers = match self.gateway {
            Some(before) if before.status == status => GatewayAnswers { times: before.times + 1, ..before },
            _ => GatewayAnswers { status, times: 1, first: now },
        };
        self.gateway = Some(answers);
        if answers.times >= GATEWAY_LIMIT && now.seconds_since(answers.first) >= GATEWAY_SPAN_SECONDS {
            return NextStep::Final(refusal(response, "the upload"));
        }
        let fault = format!("a gateway before CXone answered {status}");
        NextStep::Retry(self.retry(Cause::Unavailable, response.retry_after, &fault))
    }

    /// CXone keeps one answer per `Idempotency-Key`. A refusal that a repetition cannot get shows that it kept none.
    fn refused(&mut self, response: &Response) -> NextStep {
        let repetition_cannot_get_it = matches!(response.status(), 401 | 403 | 404);
        if self.stored == Stored::Maybe && response.speaker() == Speaker::Cxone && repetition_cannot_get_it {
            self.stored = Stored::No;
        }
        NextStep::Final(refusal(response, "the upload"))
    }

    fn mark(&mut self, sent_whole: bool) {
        if sent_whole {
            self.stored = self.stored.max(Stored::Maybe);
        }
    }
}

/// Some responses name the job by `id`; where both are there, `id` may be something else's.
fn job_id(response: &Response) -> Option<JobId> {
    let named = ["jobId", "id"].into_iter().filter_map(|name| response.member(name));
    // An id with a character that is no UTF-8 could not be asked for.
    let usable = |id: &JobId| !id.as_str().contains(char::REPLACEMENT_CHARACTER) && !response.holds_secret(id.as_str());
    named.filter_map(|id| id.parse().ok()).find(usable)
}

#[cfg(test)]
mod tests;
