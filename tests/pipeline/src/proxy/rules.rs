//! Which calls meet a fault, and which one.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use servers::scripted::{faulty_body::BodyFault, reply::Reply};
use tokio::sync::mpsc;

use super::call::Call;

/// What becomes of a call.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// Answers so; the service never sees the call.
    Answer(Reply),
    /// Passes it on after the wait.
    Delay(Duration),
    /// Resets the connection; the service never sees the call.
    Cut,
    /// The service does it, and its answer is lost.
    LoseAnswer,
    /// The answer's body stalls or breaks off behind headers that announce all of it.
    Body(BodyFault),
    /// The answer has these headers in place of its own of the same names. Their values are any bytes: S3 stores and
    /// returns what a producer wrote, be it UTF-8 or not.
    Headers(Vec<(HeaderName, HeaderValue)>),
    /// One byte of the answer's body, in its middle, is another.
    Corrupt,
    /// Tells who calls, and keeps the call until its caller is gone. The service never sees it.
    HoldBefore(Caught),
    /// The same once the service has done it.
    HoldAfter(Caught),
}

/// Where the process ids of callers go whose call is held.
pub(crate) type Caught = mpsc::UnboundedSender<u32>;

#[derive(Debug)]
struct Rule {
    operation: &'static str,
    /// Texts that the call must hold, all of them.
    about: Vec<String>,
    skip: u32,
    left: u32,
    act: Act,
    met: u32,
}

/// All rules of a proxy.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rules(Arc<Mutex<Vec<Rule>>>);

/// A rule that was planted.
#[derive(Debug)]
pub(crate) struct Planted {
    rules: Rules,
    index: usize,
}

impl Rules {
    fn all(&self) -> MutexGuard<'_, Vec<Rule>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets `times` calls of the operation that name `about` meet the fault, after `skip` that pass.
    ///
    /// `UpdateItem/execution_input` are the calls of `UpdateItem` that hold this word: a write of the ledger is known by
    /// what it writes, not by how many came before it.
    pub(crate) fn plant(&self, operation: &'static str, about: &str, skip: u32, times: u32, act: Act) -> Planted {
        let (operation, word) = operation.split_once('/').unwrap_or((operation, ""));
        let about = vec![about.to_owned(), word.to_owned()];
        let mut rules = self.all();
        rules.push(Rule { operation, about, skip, left: times, act, met: 0 });
        Planted { rules: self.clone(), index: rules.len() - 1 }
    }

    /// The fault that this call meets; rules are asked in the order in which they were planted.
    pub(super) fn take(&self, call: &Call) -> Option<Act> {
        let mut rules = self.all();
        let mut ours = rules.iter_mut().filter(|rule| {
            rule.operation == call.operation && rule.about.iter().all(|text| call.subject.contains(text))
        });
        ours.find_map(|rule| {
            if rule.skip > 0 {
                rule.skip -= 1;
                return None;
            }
            rule.left = rule.left.checked_sub(1)?;
            rule.met += 1;
            Some(rule.act.clone())
        })
    }
}

impl Planted {
    /// How many calls have met it.
    pub(crate) fn met(&self) -> u32 {
        self.rules.all().get(self.index).map_or(0, |rule| rule.met)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(operation: &str, subject: &str) -> Call {
        Call { operation: operation.to_owned(), subject: subject.to_owned() }
    }

    #[test]
    fn only_the_nth_call_of_the_operation_about_the_object_is_hit() {
        let rules = Rules::default();
        let planted = rules.plant("GetObject", "INT-1/", 1, 2, Act::Cut);
        let hits = |operation, subject| rules.take(&call(operation, subject)).is_some();
        assert!(!hits("PutObject", "/b/INT-1/a"));
        assert!(!hits("GetObject", "/b/INT-12/a"));
        let own: Vec<bool> = (0..4).map(|_| hits("GetObject", "/b/INT-1/a")).collect();
        assert_eq!(own, [false, true, true, false]);
        assert_eq!(planted.met(), 2);
    }

    #[test]
    fn a_word_behind_the_operation_chooses_among_its_calls() {
        let rules = Rules::default();
        rules.plant("UpdateItem/execution_input", "id-1", 0, 9, Act::Cut);
        let hits = |subject| rules.take(&call("UpdateItem", subject)).is_some();
        assert!(!hits("id-1 lease_until"));
        assert!(!hits("id-2 execution_input"));
        assert!(hits("execution_input id-1"));
    }
}
