//! Searches everything that is readable about an ended object for secrets and for invisible characters.

use attachments::is_harmless;
use servers::cxone::{Call, Secrets};

use super::{Ended, Placed, World};
use crate::FaultsError;
use crate::error::Calling as _;

/// The functions' logs. Those of the test servers may hold anything.
const LOGS: [&str; 3] = ["intake.log", "poll.log", "finalize.log"];

impl World {
    /// Searches the ledger's rows, execution histories, records and webhooks of these objects, and the logs.
    pub(crate) async fn nothing_leaks(&self, ended: &[(&Placed, &Ended)]) -> Result<(), FaultsError> {
        let secrets = self.secrets_of(ended).await?;
        let mut texts = self.logs();
        for (placed, ended) in ended {
            texts.extend(self.texts_of(placed, ended).await?);
        }
        // Megabytes: in a thread of its own, so that the servers of other rows are not blocked.
        let searched = tokio::task::spawn_blocking(move || texts.iter().try_for_each(|text| search(text, &secrets)));
        searched.await.calling("searching for secrets")?
    }

    /// All credentials and tokens that were used, and the boundaries of the objects' uploads.
    async fn secrets_of(&self, ended: &[(&Placed, &Ended)]) -> Result<Secrets, FaultsError> {
        let call = self.clients.secrets.get_secret_value().secret_id(&self.place.cxone_secret_arn);
        let stored = call.send().await.calling("GetSecretValue")?;
        let stored: serde_json::Value =
            serde_json::from_str(stored.secret_string().unwrap_or_default()).calling("reading CXone's secret")?;
        let member = |name: &str| stored.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
        let mut secrets = Secrets::default().and_credentials(member("client_id"), member("client_secret"));
        for token in self.standin.tokens().await? {
            // Their common prefix is not a secret.
            secrets = secrets.and("a token", token.trim_start_matches(servers::cxone::TOKEN_PREFIX));
        }
        for upload in self.standin.requests(None, Some(Call::Upload)).await? {
            let key = upload.headers.get("idempotency-key").map(String::as_str);
            let own = ended.iter().any(|(placed, _)| key == Some(placed.identity.as_str()));
            let boundary = upload.headers.get("content-type").and_then(|value| value.split_once("boundary=cxone-"));
            if let (true, Some((_, boundary))) = (own, boundary) {
                secrets = secrets.and("a boundary", boundary);
            }
        }
        Ok(secrets)
    }

    async fn texts_of(&self, placed: &Placed, ended: &Ended) -> Result<Vec<(String, String)>, FaultsError> {
        let mut texts: Vec<(String, String)> = self.row_texts(placed.identity.as_str()).await?;
        let history = self.clients.sfn.get_execution_history().execution_arn(&ended.execution_arn).max_results(1000);
        for event in history.send().await.calling("GetExecutionHistory")?.events {
            let entered = event.state_entered_event_details.and_then(|details| details.input);
            let exited = event.state_exited_event_details.and_then(|details| details.output);
            let started = event.execution_started_event_details.and_then(|details| details.input);
            let succeeded = event.execution_succeeded_event_details.and_then(|details| details.output);
            let failed = event.execution_failed_event_details.and_then(|details| details.cause);
            let task_failed = event.task_failed_event_details.and_then(|details| details.cause);
            let all = [entered, exited, started, succeeded, failed, task_failed].into_iter().flatten();
            texts.extend(all.map(|text| ("the execution's history".to_owned(), text)));
        }
        texts.push(("the audit record".to_owned(), self.audit_text(placed.identity.as_str()).await?));
        texts.extend(ended.deliveries.iter().map(|one| ("a webhook".to_owned(), one.body.clone())));
        Ok(texts.into_iter().map(|(place, text)| (format!("{} in {place}", placed.key), text)).collect())
    }

    fn logs(&self) -> Vec<(String, String)> {
        // A function that was not invoked yet has no log.
        let read = |log| std::fs::read(self.place.log_dir.join(log)).unwrap_or_default();
        LOGS.map(|log| (log.to_owned(), String::from_utf8_lossy(&read(log)).into_owned())).into()
    }
}

fn search((place, text): &(String, String), secrets: &Secrets) -> Result<(), FaultsError> {
    if let Some(found) = secrets.found_in(text) {
        return Err(FaultsError::Broken(format!("{place}: {found}")));
    }
    match text.chars().find(|c| !is_harmless(*c) && !matches!(c, '\n' | '\r' | '\t')) {
        Some(raw) => Err(FaultsError::Broken(format!("{place}: U+{:04X} raw", raw as u32))),
        None => Ok(()),
    }
}
