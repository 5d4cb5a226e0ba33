//! A server's state behind one lock, and numbered records of the requests.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::program;

/// A handle on the one state of a server, for all of its handlers.
pub(crate) struct Shared<S> {
    state: Arc<Mutex<S>>,
    log: bool,
}

impl<S> Clone for Shared<S> {
    fn clone(&self) -> Self {
        Self { state: Arc::clone(&self.state), log: self.log }
    }
}

impl<S> Shared<S> {
    /// `log` is whether [`Shared::report`] writes anything.
    pub(crate) fn new(state: S, log: bool) -> Self {
        Self { state: Arc::new(Mutex::new(state)), log }
    }

    /// The state. Do not hold it across an `await`.
    pub(crate) fn lock(&self) -> MutexGuard<'_, S> {
        // No code that holds the lock leaves the state half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a line to standard error, if the server logs.
    pub(crate) fn report(&self, line: &str) {
        if self.log {
            program::report(line);
        }
    }
}

/// Records of requests, in the order in which they came. The first has the number 1.
pub(crate) struct Records<R> {
    by_seq: BTreeMap<u64, R>,
    next_seq: u64,
}

impl<R> Default for Records<R> {
    fn default() -> Self {
        Self { by_seq: BTreeMap::new(), next_seq: 1 }
    }
}

impl<R> Records<R> {
    /// Adds the record that `make` gives for its number; the number.
    pub(crate) fn add(&mut self, make: impl FnOnce(u64) -> R) -> u64 {
        let seq = self.next_seq;
        self.next_seq += 1;
        self.by_seq.insert(seq, make(seq));
        seq
    }

    /// None once a reset has removed it.
    pub(crate) fn get_mut(&mut self, seq: u64) -> Option<&mut R> {
        self.by_seq.get_mut(&seq)
    }

    pub(crate) fn contains(&self, seq: u64) -> bool {
        self.by_seq.contains_key(&seq)
    }

    /// Removes all records. The numbering continues, so that a request from before never changes a record from after.
    pub(crate) fn clear(&mut self) {
        self.by_seq.clear();
    }
}

impl<R: Clone> Records<R> {
    /// Those that match, in the order in which they came.
    pub(crate) fn matching(&self, matches: impl Fn(&R) -> bool) -> Vec<R> {
        self.by_seq.values().filter(|record| matches(record)).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_on_after_a_reset() {
        let mut records = Records::default();
        assert_eq!(records.add(|seq| seq * 10), 1);
        records.clear();
        assert_eq!(records.add(|seq| seq * 10), 2);
        assert!(!records.contains(1) && records.get_mut(1).is_none());
        assert_eq!(records.matching(|record| *record == 20), [20]);
    }
}
