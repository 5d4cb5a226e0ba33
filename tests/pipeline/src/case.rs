//! One run of one row: its world, its interaction, and what rows have in common.

use std::sync::Arc;
use std::time::Duration;

use attachments::Outcome;
use serde_json::Value;
use servers::cxone::Call;
use tokio::sync::mpsc::{self, UnboundedReceiver};

use crate::FaultsError;
use crate::proxy::{Act, Planted};
use crate::world::{Ended, File, Placed, Webhook, World, kill};

/// A row's part of its world. Everything that it does concerns its own interaction, so that rows do not affect each
/// other.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) world: Arc<World>,
    pub(crate) interaction: String,
    pub(crate) limit: Duration,
}

/// How an object must end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expect {
    pub(crate) outcome: Outcome,
    /// The reason's code; none where the object is completed.
    pub(crate) reason: Option<&'static str>,
    /// The least and the most uploads. A crashed run may have begun one that it could not count.
    pub(crate) uploads: (u64, u64),
    /// The least and the most claims by intake.
    pub(crate) claims: (u64, u64),
    /// The file's size.
    pub(crate) bytes: usize,
    /// The record's `possibly_stored`; not checked if none.
    pub(crate) possibly_stored: Option<bool>,
    /// The record's `quota`; not checked if none.
    pub(crate) quota: Option<&'static str>,
    /// What the reason's text must contain.
    pub(crate) says: &'static [&'static str],
}

impl Expect {
    /// Completed with one upload.
    pub(crate) const COMPLETED: Self = Self {
        outcome: Outcome::Completed,
        reason: None,
        uploads: (1, 1),
        claims: (1, 1),
        bytes: 6_000,
        possibly_stored: None,
        quota: None,
        says: &[],
    };

    /// Another outcome, with this reason and one upload.
    pub(crate) const fn ended(outcome: Outcome, reason: &'static str) -> Self {
        Self { outcome, reason: Some(reason), ..Self::COMPLETED }
    }

    pub(crate) const fn rejected(reason: &'static str) -> Self {
        Self::ended(Outcome::Rejected, reason)
    }

    pub(crate) const fn untracked(reason: &'static str) -> Self {
        Self::ended(Outcome::TrackingFailed, reason)
    }

    pub(crate) const fn uploads(self, from: u64, to: u64) -> Self {
        Self { uploads: (from, to), ..self }
    }

    pub(crate) const fn claims(self, from: u64, to: u64) -> Self {
        Self { claims: (from, to), ..self }
    }

    pub(crate) const fn bytes(self, bytes: usize) -> Self {
        Self { bytes, ..self }
    }

    pub(crate) const fn quota(self, word: &'static str) -> Self {
        Self { quota: Some(word), ..self }
    }

    pub(crate) const fn says(self, says: &'static [&'static str]) -> Self {
        Self { says, ..self }
    }

    /// The record must say that CXone may hold the file.
    pub(crate) const fn possibly_stored(self) -> Self {
        Self { possibly_stored: Some(true), ..self }
    }

    /// CXone holds nothing, and the quota is refunded.
    pub(crate) const fn surely_not_stored(self) -> Self {
        Self { possibly_stored: Some(false), quota: Some("settled"), ..self }
    }

    /// What was seen, if it is as expected.
    pub(crate) fn compare(&self, ended: &Ended) -> Result<String, FaultsError> {
        let seen = ended.seen();
        let within = |(from, to): (u64, u64), count: u64| (from..=to).contains(&count);
        if ended.outcome != self.outcome.as_str() || ended.reason.as_deref() != self.reason {
            let wanted = self.reason.unwrap_or_default();
            return Err(FaultsError::broken(format!("{seen} ({}), not {} {wanted}", ended.reason_text, self.outcome)));
        }
        if !within(self.uploads, ended.uploads()) {
            return Err(FaultsError::broken(format!("{seen}: {:?} uploads were expected", self.uploads)));
        }
        if !within(self.claims, ended.claims) {
            return Err(FaultsError::broken(format!("{seen}: {:?} claims were expected", self.claims)));
        }
        self.compare_record(ended, &seen)?;
        Ok(seen)
    }

    fn compare_record(&self, ended: &Ended, seen: &str) -> Result<(), FaultsError> {
        let count = ended.seen_uploads.len() as u64;
        if count > self.uploads.1 {
            return Err(FaultsError::broken(format!("{seen}: CXone saw {count} uploads, not {:?}", self.uploads)));
        }
        let field = |name: &str| ended.record.get(name).cloned().unwrap_or(Value::Null);
        if let Some(wanted) = self.possibly_stored
            && field("possibly_stored") != Value::Bool(wanted)
        {
            let said = field("possibly_stored");
            return Err(FaultsError::broken(format!("{seen}: possibly_stored is {said}, not {wanted}")));
        }
        if let Some(wanted) = self.quota
            && field("quota") != wanted
        {
            return Err(FaultsError::broken(format!("{seen}: quota is {}, not {wanted}", field("quota"))));
        }
        let text = ended.reason_text.to_lowercase();
        match self.says.iter().find(|part| !text.contains(&part.to_lowercase())) {
            None => Ok(()),
            Some(missing) => Err(FaultsError::broken(format!("{seen}: {missing:?} is not in {:?}", ended.reason_text))),
        }
    }
}

impl Case {
    /// A file of the row's interaction.
    pub(crate) fn file(&self) -> File {
        File::of(&self.interaction)
    }

    /// Waits for the object's end within the row's time, checks all invariants and the expectation.
    pub(crate) async fn expect(&self, placed: &Placed, expect: &Expect) -> Result<String, FaultsError> {
        expect.compare(&self.end_of(placed, Webhook::Delivered).await?)
    }

    /// Waits for the object's end within the row's time and checks all invariants.
    pub(crate) async fn end_of(&self, placed: &Placed, webhook: Webhook) -> Result<Ended, FaultsError> {
        if let Ok(ended) = tokio::time::timeout(self.limit, self.world.end_of(placed, webhook)).await {
            return ended;
        }
        let what = self.world.progress_of(placed).await;
        Err(FaultsError::TooLate { what, seconds: self.limit.as_secs() })
    }

    /// Writes a file, plants one fault about it, and announces it. Fails unless the fault was met.
    pub(crate) async fn meet(
        &self,
        (operation, skip, times): (&'static str, u32, u32),
        act: Act,
        expect: &Expect,
    ) -> Result<String, FaultsError> {
        let placed = self.world.place(&File::named(&self.interaction, "call.wav", expect.bytes)).await?;
        let planted = self.plant(&placed, operation, skip, times, act);
        self.world.announce(&placed).await?;
        let seen = self.expect(&placed, expect).await?;
        self.met(&planted, times).await?;
        Ok(seen)
    }

    /// Fails unless the fault was met: otherwise the row has tested nothing. The last calls may come after the object's
    /// end.
    pub(crate) async fn met(&self, planted: &Planted, times: u32) -> Result<(), FaultsError> {
        for _ in 0..200 {
            if planted.met() == times {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Err(FaultsError::broken(format!("the fault was met {} times, not {times}", planted.met())))
    }

    /// Makes calls about the object meet a fault. Calls of S3 name the ingest object by key, all others by identity.
    pub(crate) fn plant(&self, placed: &Placed, operation: &'static str, skip: u32, times: u32, act: Act) -> Planted {
        let about = if operation.starts_with("GetObject") { &placed.key } else { placed.identity.as_str() };
        self.world.proxy.rules.plant(operation, about, skip, times, act)
    }

    /// Holds the call about the object after `skip` others, kills the process that makes it, and waits for the object's
    /// end.
    pub(crate) async fn kill_at(
        &self,
        operation: &'static str,
        skip: u32,
        done: bool,
        expect: &Expect,
    ) -> Result<String, FaultsError> {
        let placed = self.world.place(&File::named(&self.interaction, "call.wav", expect.bytes)).await?;
        let (caught, mut caught_one) = mpsc::unbounded_channel();
        let act = if done { Act::HoldAfter(caught) } else { Act::HoldBefore(caught) };
        let planted = self.plant(&placed, operation, skip, 1, act);
        self.world.announce(&placed).await?;
        let process = self.caught(&mut caught_one, &placed).await?;
        kill(process)?;
        let seen = self.expect(&placed, expect).await?;
        self.met(&planted, 1).await?;
        Ok(format!("killed {process}; {seen}"))
    }

    /// Kills the process that uploads the object after CXone has stored the file and before the answer is read. The
    /// script must delay the answer.
    pub(crate) async fn kill_when_stored(&self, placed: &Placed) -> Result<u32, FaultsError> {
        self.stored(placed, 1).await?;
        let process = self.world.proxy.last_caller(&placed.key);
        let process = process.ok_or_else(|| FaultsError::broken("no process has read the object"))?;
        kill(process)?;
        Ok(process)
    }

    /// Waits until CXone has received the file `times` times, whether it stored it or found it stored.
    pub(crate) async fn stored(&self, placed: &Placed, times: usize) -> Result<(), FaultsError> {
        let key = placed.identity.as_str();
        let stored = async {
            loop {
                let held = self.world.standin.attachments(Some(&self.interaction)).await?;
                if held.iter().any(|one| one.idempotency_key == key && one.requests.len() >= times) {
                    return Ok(());
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        if let Ok(waited) = tokio::time::timeout(self.limit, stored).await {
            return waited;
        }
        let what = format!("CXone has not received the file {times} times; {}", self.world.progress_of(placed).await);
        Err(FaultsError::TooLate { what, seconds: self.limit.as_secs() })
    }

    /// Waits until CXone has seen `count` calls of one kind for the interaction begin.
    pub(crate) async fn calls_begun(&self, call: Call, interaction: &str, count: usize) -> Result<(), FaultsError> {
        let begun = async {
            while self.world.standin.requests(Some(interaction), Some(call)).await?.len() < count {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            Ok(())
        };
        let late = || FaultsError::TooLate {
            what: format!("not {count} calls of kind {call:?} for {interaction}"),
            seconds: self.limit.as_secs(),
        };
        tokio::time::timeout(self.limit, begun).await.unwrap_or_else(|_| Err(late()))
    }

    /// Milliseconds between the starts of the calls of one kind for the row's interaction.
    pub(crate) async fn gaps(&self, call: Call) -> Result<Vec<u64>, FaultsError> {
        let of_it = (call != Call::Token).then_some(self.interaction.as_str());
        let requests = self.world.standin.requests(of_it, Some(call)).await?;
        let times: Vec<u64> = requests.iter().map(|request| request.started_ms).collect();
        Ok(times.iter().zip(times.iter().skip(1)).map(|(one, next)| next.saturating_sub(*one)).collect())
    }

    /// The next process whose call is held.
    pub(crate) async fn caught(
        &self,
        caught: &mut UnboundedReceiver<u32>,
        placed: &Placed,
    ) -> Result<u32, FaultsError> {
        if let Ok(Some(process)) = tokio::time::timeout(self.limit, caught.recv()).await {
            return Ok(process);
        }
        let what = format!("no call was held; {}", self.world.progress_of(placed).await);
        Err(FaultsError::TooLate { what, seconds: self.limit.as_secs() })
    }

    /// Invokes a function and gives its answer.
    pub(crate) async fn invoke(&self, function: &str, payload: &Value) -> Result<Value, FaultsError> {
        Ok(self.world.invoke(function, payload).await?.payload)
    }
}

/// An error unless it holds.
pub(crate) fn ensure(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), FaultsError> {
    if holds { Ok(()) } else { Err(FaultsError::Broken(otherwise())) }
}
