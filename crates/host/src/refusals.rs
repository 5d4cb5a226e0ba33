//! When a refusal of the credentials counts for the alarm `Cxone.Unauthorized`, which rolls back deployments.
//!
//! A refusal by the token endpoint counts at once: it concerns every object. A refusal of a call for one interaction says
//! nothing about the others. It counts when calls for two different interactions were refused within 15 minutes.
//!
//! Each process of a function remembers what it saw itself. So with little traffic the second refusal may meet another process,
//! and the alarm comes later; the objects wait meanwhile, and each shows its fault in the log and in the ledger.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use attachments::InteractionId;

use crate::metrics::{self, Metric};

/// Refusals for two interactions count together if they are no further apart than this.
const WINDOW: Duration = Duration::from_mins(15);

/// What was refused.
#[derive(Debug, Clone, Copy)]
pub enum Refused<'a> {
    /// A token, by the token endpoint; or the secret is unusable.
    Token,
    /// A call for this interaction.
    Call(&'a InteractionId),
}

/// The interactions whose calls were refused lately: the last two that differ.
#[derive(Debug, Default)]
pub struct Refusals(Mutex<Vec<(InteractionId, Instant)>>);

impl Refusals {
    /// Notes a refusal and emits the metric if it counts. Says whether it does.
    pub fn note(&self, refused: Refused<'_>) -> bool {
        let counts = self.counts(refused, Instant::now());
        if counts {
            metrics::count(Metric::CxoneUnauthorized);
        }
        counts
    }

    /// Notes a refusal at `now`. Says whether it counts.
    pub fn counts(&self, refused: Refused<'_>, now: Instant) -> bool {
        let Refused::Call(interaction) = refused else { return true };
        // No code that holds the lock leaves the list half changed.
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.retain(|(id, at)| id != interaction && now.saturating_duration_since(*at) < WINDOW);
        if seen.len() > 1 {
            seen.remove(0);
        }
        seen.push((interaction.clone(), now));
        seen.len() > 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(refusals: &Refusals, interaction: &str, now: Instant) -> bool {
        refusals.counts(Refused::Call(&interaction.parse().unwrap()), now)
    }

    #[test]
    fn refusals_for_one_interaction_alone_never_count() {
        let (refusals, start) = (Refusals::default(), Instant::now());
        for minute in 0..120 {
            assert!(!call(&refusals, "xscope.1", start + Duration::from_mins(minute)), "minute {minute}");
        }
    }

    #[test]
    fn refusals_for_two_interactions_within_the_window_count() {
        let (refusals, start) = (Refusals::default(), Instant::now());
        let seen = [("A", 0), ("B", 14), ("B", 20), ("A", 34), ("A", 35), ("C", 49), ("D", 65), ("E", 66), ("D", 67)];
        let counted = seen.map(|(id, minute)| call(&refusals, id, start + Duration::from_mins(minute)));
        assert_eq!(counted, [false, true, false, true, false, true, false, true, true]);
    }

    #[test]
    fn refusal_by_the_token_endpoint_counts_at_once_and_says_nothing_of_an_interaction() {
        let (refusals, now) = (Refusals::default(), Instant::now());
        assert!(refusals.counts(Refused::Token, now));
        assert!(!call(&refusals, "A", now));
    }
}
