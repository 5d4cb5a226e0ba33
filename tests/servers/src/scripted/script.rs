//! Steps of misbehaviour, consumed in order, one per call.

use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

/// For how many calls, or for how long, a step applies. In JSON a number, `"forever"` or `{"for_ms": 60000}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Times {
    /// This many calls; 0 skips the step.
    Count(u32),
    /// Every further call.
    Unending(Unending),
    /// All calls until this long after the first one.
    During {
        /// Milliseconds.
        for_ms: u64,
    },
}

/// The word `forever`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unending {
    /// Every further call.
    Forever,
}

impl Default for Times {
    fn default() -> Self {
        Self::Count(1)
    }
}

/// One step of a script: what to do, for which calls, and how long to wait before the answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step<A> {
    /// What to do.
    pub act: A,
    /// For which calls; once if absent.
    #[serde(default)]
    pub times: Times,
    /// Milliseconds to wait before the answer or the cut. The body has been read by then, unless the act says
    /// otherwise.
    #[serde(default)]
    pub delay_ms: u64,
}

impl<A> Step<A> {
    /// A step for one call.
    pub fn once(act: A) -> Self {
        Self { act, times: Times::Count(1), delay_ms: 0 }
    }

    /// The same for this many calls.
    #[must_use]
    pub fn times(self, count: u32) -> Self {
        Self { times: Times::Count(count), ..self }
    }

    /// The same for every further call.
    #[must_use]
    pub fn forever(self) -> Self {
        Self { times: Times::Unending(Unending::Forever), ..self }
    }

    /// The same for all calls until this long after the first.
    #[must_use]
    pub fn during(self, time: Duration) -> Self {
        let for_ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Self { times: Times::During { for_ms }, ..self }
    }

    /// The same with a wait before the answer.
    #[must_use]
    pub fn after(self, delay: Duration) -> Self {
        Self { delay_ms: u64::try_from(delay.as_millis()).unwrap_or(u64::MAX), ..self }
    }

    /// The wait before the answer.
    #[must_use]
    pub fn delay(&self) -> Duration {
        Duration::from_millis(self.delay_ms)
    }
}

/// The rest of a script.
#[derive(Clone, Debug)]
struct Script<A> {
    steps: VecDeque<Step<A>>,
    /// When the first step was first used.
    front_since: Option<Instant>,
}

impl<A: Clone> Script<A> {
    fn next(&mut self, now: Instant) -> Option<Step<A>> {
        loop {
            let front = self.steps.front_mut()?;
            let since = *self.front_since.get_or_insert(now);
            let spent = match &mut front.times {
                Times::Count(0) => true,
                Times::Count(left) => {
                    *left -= 1;
                    false
                }
                Times::Unending(Unending::Forever) => false,
                Times::During { for_ms } => now.duration_since(since) >= Duration::from_millis(*for_ms),
            };
            if !spent {
                return Some(front.clone());
            }
            self.steps.pop_front();
            self.front_since = None;
        }
    }
}

/// The scripts of one kind of call, by key.
#[derive(Clone, Debug)]
pub struct Scripts<A> {
    by_key: HashMap<String, Script<A>>,
}

impl<A> Default for Scripts<A> {
    fn default() -> Self {
        Self { by_key: HashMap::new() }
    }
}

/// The key for every call without a script of its own.
pub const ANY: &str = "*";

impl<A: Clone> Scripts<A> {
    /// Sets a key's script.
    pub fn set(&mut self, key: String, steps: Vec<Step<A>>) {
        self.by_key.insert(key, Script { steps: steps.into(), front_since: None });
    }

    /// Forgets a key's script; false if it had none.
    pub fn remove(&mut self, key: &str) -> bool {
        self.by_key.remove(key).is_some()
    }

    /// Forgets all scripts.
    pub fn clear(&mut self) {
        self.by_key.clear();
    }

    /// Consumes the step for a call: that of the first key that has one left, then that of [`ANY`]. None means normal
    /// behaviour.
    pub fn next<'k>(&mut self, keys: impl IntoIterator<Item = &'k str>, now: Instant) -> Option<Step<A>> {
        keys.into_iter().chain([ANY]).find_map(|key| self.by_key.get_mut(key)?.next(now))
    }

    /// The remaining steps, by key. A used-up script has none.
    #[must_use]
    pub fn left(&self) -> HashMap<String, Vec<Step<A>>> {
        let unused = |step: &&Step<A>| step.times != Times::Count(0);
        self.by_key
            .iter()
            .map(|(key, script)| (key.clone(), script.steps.iter().filter(unused).cloned().collect()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scripts(json: &str) -> Scripts<String> {
        let mut scripts = Scripts::default();
        scripts.set("INT-1".to_owned(), serde_json::from_str(json).unwrap());
        scripts
    }

    fn act_at(scripts: &mut Scripts<String>, key: &str, now: Instant) -> String {
        scripts.next([key], now).map_or_else(|| "normal".to_owned(), |step| step.act)
    }

    fn acts(scripts: &mut Scripts<String>, key: &str, calls: usize) -> Vec<String> {
        (0..calls).map(|_| act_at(scripts, key, Instant::now())).collect()
    }

    #[test]
    fn steps_are_consumed_in_order_and_then_calls_are_normal() {
        let mut scripts = scripts(r#"[{"act":"a","times":2},{"act":"skipped","times":0},{"act":"b"}]"#);
        assert_eq!(acts(&mut scripts, "INT-1", 4), ["a", "a", "b", "normal"]);
    }

    #[test]
    fn forever_never_ends_and_other_keys_are_untouched() {
        let mut scripts = scripts(r#"[{"act":"a"},{"act":"b","times":"forever"}]"#);
        assert_eq!(acts(&mut scripts, "INT-2", 1), ["normal"]);
        assert_eq!(acts(&mut scripts, "INT-1", 4), ["a", "b", "b", "b"]);
    }

    #[test]
    fn timed_step_counts_from_its_first_call() {
        let mut scripts = scripts(r#"[{"act":"a"},{"act":"b","times":{"for_ms":1000}},{"act":"c"}]"#);
        let start = Instant::now();
        let mut at = |ms| act_at(&mut scripts, "INT-1", start + Duration::from_millis(ms));
        assert_eq!(at(0), "a");
        assert_eq!(at(5_000), "b");
        assert_eq!(at(5_999), "b");
        assert_eq!(at(6_000), "c");
        assert_eq!(at(6_001), "normal");
    }

    #[test]
    fn script_of_the_key_comes_before_the_script_for_any() {
        let mut scripts = scripts(r#"[{"act":"own"}]"#);
        scripts.set(ANY.to_owned(), vec![Step::once("any".to_owned()).times(2)]);
        assert_eq!(acts(&mut scripts, "INT-1", 2), ["own", "any"]);
        assert_eq!(acts(&mut scripts, "INT-2", 2), ["any", "normal"]);
    }

    #[test]
    fn used_steps_are_not_left() {
        let mut scripts = scripts(r#"[{"act":"a"},{"act":"b","times":3}]"#);
        acts(&mut scripts, "INT-1", 2);
        let left = scripts.left();
        assert_eq!(left["INT-1"], [Step::once("b".to_owned()).times(2)]);
    }

    #[test]
    fn misspelt_field_is_refused() {
        let step = serde_json::from_str::<Step<String>>(r#"{"act":"a","delay":5}"#);
        assert!(step.unwrap_err().to_string().contains("unknown field `delay`"));
    }
}
