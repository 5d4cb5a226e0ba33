//! The control interface, and its client.

use std::collections::HashMap;

use axum::{
    Json, Router,
    extract::{Query, State},
    response::{IntoResponse as _, Response},
    routing::{get, post, put},
};
use http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::{
    Error,
    scripted::{
        control::ControlClient,
        routes,
        script::{ANY, Step},
        state::Shared,
    },
    webhook::{
        Secrets,
        inbox::{Delivery, DeliveryAct, Inbox},
    },
};

pub(crate) fn router() -> Router<Shared<Inbox>> {
    Router::new()
        .route("/deliveries", get(deliveries))
        .route("/scripts", get(scripts))
        .route("/scripts/all", routes::for_any(|inbox: &mut Inbox| &mut inbox.scripts.for_all))
        .route("/scripts/webhook/{id}", routes::keyed(|inbox: &mut Inbox| &mut inbox.scripts.by_webhook))
        .route("/scripts/interaction/{id}", routes::keyed(|inbox: &mut Inbox| &mut inbox.scripts.by_interaction))
        .route("/secrets", put(set_secrets))
        .route("/reset", post(reset))
        .fallback(async || StatusCode::NOT_FOUND)
}

/// The remaining steps, by key. A used-up script has none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScriptsLeft {
    /// By webhook id.
    pub webhook: HashMap<String, Vec<Step<DeliveryAct>>>,
    /// By interaction id.
    pub interaction: HashMap<String, Vec<Step<DeliveryAct>>>,
    /// For all others.
    pub all: Vec<Step<DeliveryAct>>,
}

/// Filters a listing.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Selection {
    webhook_id: Option<String>,
    interaction_id: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewSecrets {
    secrets: Vec<String>,
}

async fn deliveries(State(inbox): State<Shared<Inbox>>, Query(wanted): Query<Selection>) -> Json<Vec<Delivery>> {
    Json(inbox.lock().deliveries.matching(|delivery| {
        (wanted.webhook_id.is_none() || wanted.webhook_id == delivery.webhook_id)
            && (wanted.interaction_id.is_none() || wanted.interaction_id == delivery.interaction_id)
    }))
}

async fn scripts(State(inbox): State<Shared<Inbox>>) -> Json<ScriptsLeft> {
    let inbox = inbox.lock();
    let scripts = &inbox.scripts;
    let all = scripts.for_all.left().remove(ANY).unwrap_or_default();
    Json(ScriptsLeft { webhook: scripts.by_webhook.left(), interaction: scripts.by_interaction.left(), all })
}

async fn set_secrets(State(inbox): State<Shared<Inbox>>, Json(new): Json<NewSecrets>) -> Response {
    match Secrets::parse(&new.secrets) {
        Ok(secrets) => {
            inbox.lock().secrets = secrets;
            StatusCode::NO_CONTENT.into_response()
        }
        Err(fault) => (StatusCode::BAD_REQUEST, fault.to_string()).into_response(),
    }
}

async fn reset(State(inbox): State<Shared<Inbox>>) -> StatusCode {
    inbox.lock().reset();
    StatusCode::NO_CONTENT
}

/// The typed client of the control interface.
#[derive(Clone, Debug)]
pub struct Control {
    http: ControlClient,
}

impl Control {
    /// `base_url` is what the receiver printed: `http://host:port`.
    pub fn new(base_url: &str) -> Result<Self, Error> {
        Ok(Self { http: ControlClient::new(base_url)? })
    }

    /// The value for `WEBHOOK_URL`. The receiver accepts any other path too.
    #[must_use]
    pub fn webhook_url(&self) -> String {
        format!("{}/webhook", self.http.base_url())
    }

    /// Attempts in the order in which they came: all, or those of one webhook id or one interaction.
    pub async fn deliveries(
        &self,
        webhook_id: Option<&str>,
        interaction_id: Option<&str>,
    ) -> Result<Vec<Delivery>, Error> {
        let query = [("webhook_id", webhook_id), ("interaction_id", interaction_id)];
        self.http.get(&ControlClient::path("/_control/deliveries", &query)).await
    }

    /// Sets the script for deliveries of a webhook id.
    pub async fn script_webhook(&self, id: &str, steps: &[Step<DeliveryAct>]) -> Result<(), Error> {
        self.http.put(&ControlClient::keyed("/_control/scripts/webhook", id), &steps).await
    }

    /// Sets the script for deliveries whose body has this `interaction_id`.
    pub async fn script_interaction(&self, id: &str, steps: &[Step<DeliveryAct>]) -> Result<(), Error> {
        self.http.put(&ControlClient::keyed("/_control/scripts/interaction", id), &steps).await
    }

    /// Sets the script for all deliveries without a script of their own.
    pub async fn script_all(&self, steps: &[Step<DeliveryAct>]) -> Result<(), Error> {
        self.http.put("/_control/scripts/all", &steps).await
    }

    /// Forgets the script for all; an error if there is none.
    pub async fn forget_all(&self) -> Result<(), Error> {
        self.http.delete("/_control/scripts/all").await
    }

    /// Forgets the script of an interaction; an error if there is none.
    pub async fn forget_interaction(&self, id: &str) -> Result<(), Error> {
        self.http.delete(&ControlClient::keyed("/_control/scripts/interaction", id)).await
    }

    /// Forgets the script of a webhook id; an error if there is none.
    pub async fn forget_webhook(&self, id: &str) -> Result<(), Error> {
        self.http.delete(&ControlClient::keyed("/_control/scripts/webhook", id)).await
    }

    /// The remaining steps.
    pub async fn scripts_left(&self) -> Result<ScriptsLeft, Error> {
        self.http.get("/_control/scripts").await
    }

    /// Replaces the secrets.
    pub async fn set_secrets(&self, secrets: &[&str]) -> Result<(), Error> {
        let secrets = secrets.iter().map(|secret| (*secret).to_owned()).collect();
        self.http.put("/_control/secrets", &NewSecrets { secrets }).await
    }

    /// Forgets all deliveries and scripts. The secrets stay.
    pub async fn reset(&self) -> Result<(), Error> {
        self.http.post("/_control/reset").await
    }
}
