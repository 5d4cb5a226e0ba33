//! Decides which refusals of the credentials count for the alarm `Cxone.Unauthorized`, which rolls back deployments.
//!
//! A refusal by the token endpoint counts at once, because it concerns every object. A refusal of a call may concern only that
//! call's interaction. It counts if calls for two different interactions are refused within 15 minutes.
//!
//! Each process of a function counts only its own refusals. So with little traffic, the second refusal may reach another
//! process, and the alarm comes later. Until then the objects wait, and each shows its fault in the log and in the ledger.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use attachments::InteractionId;

use crate::metrics::{self, Metric};

/// The longest time between two refusals that count together.
const WINDOW: Duration = Duration::from_mins(15);

/// A refusal of the credentials.
#[derive(Debug, Clone, Copy)]
pub enum Refused<'a> {
    /// The token endpoint refuses the credentials, or the secret is unusable.
    Token,
    /// CXone refuses a call for this interaction.
    Call(&'a InteractionId),
}

/// The last two different interactions whose calls were refused.
#[derive(Debug, Default)]
pub struct Refusals(Mutex<Vec<(InteractionId, Instant)>>);

impl Refusals {
    /// Notes a refusal. If it counts, emits the metric and returns true.
    pub fn note(&self, refused: Refused<'_>) -> bool {
        let counts = self.counts(refused, Instant::now());
        if counts {
            metrics::count(Metric::CxoneUnauthorized);
        }
        counts
    }

    /// Notes a refusal at `now`. Returns whether it counts.
    pub fn counts(&self, refused: Refused<'_>, now: Instant) -> bool {
        let Refused::Call(interaction) = refused else { return true };
        // A panic cannot leave the list half changed, so a poisoned lock is safe to use.
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
    fn refusals_for_a_single_interaction_never_count() {
        let (refusals, start) = (Refusals::default(), Instant::now());
        for minute in 0..120 {
            assert!(!call(&refusals, "xscope.1", start + Duration::from_mins(minute)), "minute {minute}");
        }
    }

    #[test]
    fn refusals_for_two_interactions_within_the_window_count() {
        let (refusals, start) = (Refusals::default(), Instant::now());
        let refused =
            [("A", 0), ("B", 14), ("B", 20), ("A", 34), ("A", 35), ("C", 49), ("D", 65), ("E", 66), ("D", 67)];
        let counted = refused.map(|(id, minute)| call(&refusals, id, start + Duration::from_mins(minute)));
        assert_eq!(counted, [false, true, false, true, false, true, false, true, true]);
    }

    #[test]
    fn refusal_by_the_token_endpoint_counts_at_once_and_for_no_interaction() {
        let (refusals, now) = (Refusals::default(), Instant::now());
        assert!(refusals.counts(Refused::Token, now));
        assert!(!call(&refusals, "A", now));
    }
}
