//! The retry policy of uploads: whether to retry, when, and whether CXone may hold the file. Policy, state and backoff are in this
//! file.
//!
//! Two questions decide. *Who sent the response?* CXone itself responds with a JSON object. A single response of a gateway is
//! never final. *Was the whole body sent?* If so, CXone may hold the file, unless it says that it does not.

use std::time::Duration;

use attachments::{JobId, Reason, ReasonCode, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    DEFAULT_WAIT, LONGEST_WAIT,
    attempt::{Attempt, End},
    class::{Class, classify, refusal, scope_missing, throttled},
    response::{Response, Sender},
    token::TokenError,
};

/// Uploads in an object's first run.
pub const UPLOADS_IN_FIRST_RUN: u32 = 5;
/// Uploads in each later run.
pub const UPLOADS_IN_LATER_RUN: u32 = 1;
/// After this many 2xx responses without a job id, the upload cannot be tracked.
const JOBLESS_LIMIT: u32 = 3;
/// After this many responses that cannot be parsed, there is no other attempt.
const UNREADABLE_LIMIT: u32 = 3;
/// After this many 409 responses, the refusal is final.
const CONFLICT_LIMIT: u32 = 10;
/// This many equal gateway responses are final, if the first and the last are at least [`GATEWAY_SPAN_SECONDS`] apart.
const GATEWAY_LIMIT: u32 = 3;
const GATEWAY_SPAN_SECONDS: f64 = 60.0;
/// The backoff after the first fault. It doubles with each fault, up to [`LONGEST_WAIT`].
const SHORTEST_BACKOFF: Duration = Duration::from_millis(500);

/// Whether CXone may hold an object's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stored {
    /// CXone does not hold the file: it never got a whole body, or said that it has stored none.
    #[default]
    No,
    /// A whole body was sent, and CXone did not say whether it has stored it.
    Maybe,
    /// CXone responded with 2xx.
    Accepted,
}

/// What to do after an attempt.
#[derive(Debug, Clone, PartialEq)]
pub enum NextStep {
    /// CXone has the whole file and has named a job.
    Accepted(JobId),
    /// Another attempt may help.
    Retry(Retry),
    /// Another attempt does not help. [`History::stored`] says whether CXone may hold the file.
    Final(Reason),
}

/// A retryable fault.
#[derive(Debug, Clone, PartialEq)]
pub struct Retry {
    /// What happened, for people.
    pub fault: String,
    /// The side that failed.
    pub cause: Cause,
    /// The response's `Retry-After`.
    pub retry_after: Option<Duration>,
    /// The object's faults so far, this one included.
    faults: u32,
}

/// The side that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// S3 or the object failed.
    Source,
    /// CXone asks to wait.
    Throttled,
    /// CXone refuses the credentials. A person must correct them.
    Unauthorized,
    /// CXone or the connection to it failed.
    Unavailable,
    /// The pipeline itself failed, such as its ledger.
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
/// objects that failed at the same time are not retried at the same time. The other half prevents a busy loop after
/// `Retry-After: 0`.
#[must_use]
pub fn backoff(faults: u32, random: f64) -> Duration {
    let doublings = faults.saturating_sub(1).min(20);
    let ceiling = LONGEST_WAIT.min(SHORTEST_BACKOFF * 2_u32.pow(doublings));
    ceiling.mul_f64(0.5 + random.clamp(0.0, 1.0) / 2.0)
}

/// The results of an object's attempts so far, in all of its runs. The ledger keeps it as JSON.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct History {
    /// Whether CXone may hold the file.
    #[serde(default)]
    pub stored: Stored,
    /// Uploads that were started.
    #[serde(default)]
    pub uploads: u32,
    /// Faults of every kind. They determine the backoff.
    #[serde(default)]
    faults: u32,
    #[serde(default)]
    jobless: u32,
    #[serde(default)]
    unreadable: u32,
    #[serde(default)]
    conflicts: u32,
    /// 401 responses in a row. The client fetches a new token after each.
    #[serde(default)]
    refused_tokens: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gateway: Option<GatewayResponses>,
}

/// Equal responses of a gateway.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct GatewayResponses {
    status: u16,
    times: u32,
    first: Timestamp,
}

impl History {
    /// Reads the history that an earlier run wrote. A text that cannot be parsed, such as one of another release, gives an empty
    /// history.
    #[must_use]
    pub fn parse(text: Option<&str>) -> Self {
        text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    /// Adds the runs that crashed after the last one that wrote its history. `upload_prepared`: a run has prepared an upload, so
    /// a crashed one may have sent the whole file.
    pub fn add_crashes(&mut self, crashes: u32, upload_prepared: bool) {
        if crashes > 0 && upload_prepared {
            self.uploads = self.uploads.saturating_add(crashes);
            self.stored = self.stored.max(Stored::Maybe);
        }
    }

    /// Adds an upload that was stopped because the run's time ended.
    pub fn add_stopped(&mut self) {
        self.faults = self.faults.saturating_add(1);
        self.stored = self.stored.max(Stored::Maybe);
    }

    /// Adds a fault outside an upload.
    pub fn fault(&mut self, cause: Cause, fault: impl Into<String>) -> Retry {
        self.retry(cause, None, &fault.into())
    }

    /// Adds a token failure.
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
        // An error of S3 may contain a key, which may contain invisible characters.
        let fault = attachments::shown(fault).into_owned();
        Retry { fault, cause, retry_after, faults: self.faults }
    }

    /// Decides what to do after an attempt, and adds the attempt to the history.
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
        let class = classify(response);
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
                let fault = format!("the status {status} is outside 200 to 599");
                self.unreadable(sent_whole, after, &fault, &response.text())
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
                let gap = if sent_whole { "its response broke off" } else { "the rest of the body could not be sent" };
                let fault = format!("CXone answered {status}, but {gap}");
                return NextStep::Retry(self.retry(Cause::Unavailable, response.retry_after, &fault));
            }
        }
        self.jobless += 1;
        if self.jobless >= JOBLESS_LIMIT {
            let text = format!("CXone answered {status} without a usable jobId. It said: {}", response.text());
            return NextStep::Final(Reason::new(ReasonCode::CxoneNoJobId, text));
        }
        let fault = format!("CXone answered {status} without a usable job id");
        NextStep::Retry(self.retry(Cause::Unavailable, response.retry_after, &fault))
    }

    /// The first 401 means a stale token. The second in a row refuses a fresh token, which is a configuration fault.
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

    /// No response says whether CXone has stored the body.
    fn unanswered(&mut self, sent_whole: bool, retry_after: Option<Duration>, fault: &str) -> NextStep {
        self.mark_possibly_stored(sent_whole);
        NextStep::Retry(self.retry(Cause::Unavailable, retry_after, fault))
    }

    /// `body` is the readable part of the response. Only a final reason contains it.
    fn unreadable(&mut self, sent_whole: bool, retry_after: Option<Duration>, fault: &str, body: &str) -> NextStep {
        self.mark_possibly_stored(sent_whole);
        self.unreadable += 1;
        let text = format!("a response of CXone cannot be read: {fault}");
        if self.unreadable >= UNREADABLE_LIMIT {
            let body = if body.is_empty() { String::new() } else { format!(". It said: {body}") };
            return NextStep::Final(Reason::new(ReasonCode::CxoneUnavailable, text + &body));
        }
        NextStep::Retry(self.retry(Cause::Unavailable, retry_after, &text))
    }

    fn conflict(&mut self, response: &Response, sent_whole: bool) -> NextStep {
        self.mark_possibly_stored(sent_whole);
        self.conflicts += 1;
        if self.conflicts >= CONFLICT_LIMIT {
            return NextStep::Final(refusal(response, "the upload"));
        }
        NextStep::Retry(self.retry(Cause::Unavailable, None, "CXone answered 409"))
    }

    fn gateway(&mut self, response: &Response, sent_whole: bool, now: Timestamp) -> NextStep {
        self.mark_possibly_stored(sent_whole);
        let status = response.status();
        let responses = match self.gateway {
            Some(before) if before.status == status => GatewayResponses { times: before.times + 1, ..before },
            _ => GatewayResponses { status, times: 1, first: now },
        };
        self.gateway = Some(responses);
        if responses.times >= GATEWAY_LIMIT && now.seconds_since(responses.first) >= GATEWAY_SPAN_SECONDS {
            return NextStep::Final(refusal(response, "the upload"));
        }
        let fault = format!("a gateway before CXone answered {status}");
        NextStep::Retry(self.retry(Cause::Unavailable, response.retry_after, &fault))
    }

    /// CXone keeps one response per `Idempotency-Key`. For a stored file, a repeated request would not get a 401, 403 or 404.
    /// So such a refusal shows that CXone has not stored the file.
    fn refused(&mut self, response: &Response) -> NextStep {
        let rules_out_a_stored_file = matches!(response.status(), 401 | 403 | 404);
        if self.stored == Stored::Maybe && response.sender() == Sender::Cxone && rules_out_a_stored_file {
            self.stored = Stored::No;
        }
        NextStep::Final(refusal(response, "the upload"))
    }

    fn mark_possibly_stored(&mut self, sent_whole: bool) {
        if sent_whole {
            self.stored = self.stored.max(Stored::Maybe);
        }
    }
}

/// Some responses name the job by `id`. If a response has both fields, `id` may name something else.
fn job_id(response: &Response) -> Option<JobId> {
    let ids = ["jobId", "id"].into_iter().filter_map(|name| response.member(name));
    // Poll could not ask for an id with a character that was not valid UTF-8.
    let usable =
        |id: &JobId| !id.as_str().contains(char::REPLACEMENT_CHARACTER) && !response.contains_secret(id.as_str());
    ids.filter_map(|id| id.parse().ok()).find(usable)
}

#[cfg(test)]
mod tests;
