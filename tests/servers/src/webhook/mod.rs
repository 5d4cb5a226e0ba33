//! A webhook receiver for local tests only.
//!
//! It accepts a `POST` on any path, verifies it with the reference implementation of Standard Webhooks, records it, and
//! answers 200, or 401 if no secret verifies it. Scripts make it misbehave for a webhook id, for the `interaction_id`
//! in the body, or for all deliveries.
//!
//! # Control interface, JSON under `/_control`
//!
//! | call | does |
//! | --- | --- |
//! | `GET /_control/deliveries?webhook_id=&interaction_id=` | the attempts, each as a [`Delivery`] |
//! | `PUT`, `DELETE /_control/scripts/webhook/{webhook id}` | sets or forgets the steps for deliveries of that id, [`DeliveryAct`] |
//! | `PUT`, `DELETE /_control/scripts/interaction/{interaction}` | the same for bodies with that `interaction_id` |
//! | `PUT`, `DELETE /_control/scripts/all` | the same for all others |
//! | `GET /_control/scripts` | the remaining steps, [`ScriptsLeft`] |
//! | `PUT /_control/secrets` | `{"secrets": ["whsec_…"]}`: replaces the secrets, any of which may verify; they are never shown |
//! | `POST /_control/reset` | forgets deliveries and scripts; the secrets stay |
//!
//! A script is a list of steps, consumed one per delivery: `{"act": …, "times": 3 | "forever" | {"for_ms": 60000},
//! "delay_ms": 500}`, `times` 1 and `delay_ms` 0 if absent. For example, the receiver is down for the next five, does
//! not answer the sixth, redirects the seventh, and is gone after that:
//!
//! ```json
//! [
//!   {"act": {"cut": "reset"}, "times": 5},
//!   {"act": "never"},
//!   {"act": {"reply": {"status": 307, "headers": {"location": "http://127.0.0.1:1/"}}}},
//!   {"act": {"reply": {"status": 410}}, "times": "forever"}
//! ]
//! ```
//!
//! The same from Rust: [`Control`], with [`Step`].
//!
//! [`Step`]: crate::scripted::Step

mod control;
mod deliveries;
mod inbox;
mod settings;
mod verification;

pub use control::{Control, ScriptsLeft};
pub use inbox::{Delivery, DeliveryAct};
pub use settings::Settings;
pub use verification::Secrets;

use axum::Router;

use crate::{
    Error,
    scripted::{Running, server::Server},
};

/// Everything that the receiver answers.
pub fn router(settings: Settings) -> Router {
    Router::new()
        .nest("/_control", control::router())
        .fallback(deliveries::deliver)
        .with_state(inbox::Inbox::start(settings))
}

/// Starts the receiver on a free loopback port, in tasks of the current runtime.
pub fn start(settings: Settings) -> Result<Running, Error> {
    Server::start(router(settings))
}
