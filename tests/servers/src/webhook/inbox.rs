//! The receiver's state.

use std::{collections::BTreeMap, time::Instant};

use serde::{Deserialize, Serialize};

use crate::{
    scripted::{
        connection::{CutHow, End},
        reply::Reply,
        script::{Scripts, Step},
        state::{Records, Shared},
    },
    webhook::{Secrets, Settings},
};

/// What happens to a delivery. Its body is read and recorded in any case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum DeliveryAct {
    /// Answers 200, or 401 if no secret verifies it.
    Normal,
    /// Sends this answer, whether or not a secret verifies the delivery.
    Reply(Reply),
    /// Ends the connection without an answer.
    Cut(CutHow),
    /// Never answers.
    Never,
}

/// One attempt of a delivery.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    /// Counts all attempts since the start.
    pub seq: u64,
    /// HTTP method; anything but `POST` is answered 405.
    pub method: String,
    /// Path and query as received.
    pub path: String,
    /// The `webhook-id` header.
    pub webhook_id: Option<String>,
    /// The `webhook-timestamp` header: seconds since the Unix epoch, as text.
    pub webhook_timestamp: Option<String>,
    /// How many signatures the `webhook-signature` header holds.
    pub signatures: usize,
    /// Whether a secret verifies it.
    pub verified: bool,
    /// The index of that secret.
    pub verified_by: Option<usize>,
    /// Why no secret verifies it.
    pub fault: Option<String>,
    /// All headers, names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body; bytes that are not UTF-8 are replaced.
    pub body: String,
    /// SHA-256 of the body's bytes in hex.
    pub body_sha256: String,
    /// The body as JSON; null if it is not JSON.
    pub json: Option<serde_json::Value>,
    /// The body's `interaction_id`.
    pub interaction_id: Option<String>,
    /// When it came, in milliseconds since the Unix epoch.
    pub received_ms: u64,
    /// The script's step, as it was set; null for normal behaviour.
    pub step: Option<serde_json::Value>,
    /// How it ended; null before that.
    pub end: Option<End>,
    /// Status of the answer; null without one.
    pub status: Option<u16>,
}

/// The receiver's state.
pub(crate) struct Inbox {
    pub(crate) secrets: Secrets,
    pub(crate) scripts: AllScripts,
    pub(crate) deliveries: Records<Delivery>,
}

#[derive(Default)]
pub(crate) struct AllScripts {
    pub(crate) by_webhook: Scripts<DeliveryAct>,
    pub(crate) by_interaction: Scripts<DeliveryAct>,
    pub(crate) for_all: Scripts<DeliveryAct>,
}

impl AllScripts {
    /// The webhook's step comes first, then that of the interaction, then that for all.
    fn next(&mut self, delivery: &Delivery, now: Instant) -> Option<Step<DeliveryAct>> {
        let by_webhook = self.by_webhook.next(delivery.webhook_id.as_deref(), now);
        let by_interaction = || self.by_interaction.next(delivery.interaction_id.as_deref(), now);
        by_webhook.or_else(by_interaction).or_else(|| self.for_all.next([], now))
    }
}

impl Inbox {
    pub(crate) fn start(settings: Settings) -> Shared<Self> {
        let Settings { secrets, log } = settings;
        Shared::new(Self { secrets, scripts: AllScripts::default(), deliveries: Records::default() }, log)
    }

    /// Records a delivery; its number and its step.
    pub(crate) fn take(&mut self, delivery: Delivery) -> (u64, Option<Step<DeliveryAct>>) {
        let step = self.scripts.next(&delivery, Instant::now());
        let shown = step.as_ref().and_then(|step| serde_json::to_value(step).ok());
        (self.deliveries.add(|seq| Delivery { seq, step: shown, ..delivery }), step)
    }

    pub(crate) fn reset(&mut self) {
        self.deliveries.clear();
        self.scripts = AllScripts::default();
    }
}
