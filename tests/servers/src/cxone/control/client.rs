use super::Credentials;
use crate::{
    Error,
    cxone::{
        records::{Attachment, Call, RequestRecord, Stats, Violation},
        scripts::{JobAct, ScriptsLeft, TokenAct, UploadAct},
        settings::JobTimes,
    },
    scripted::{control::ControlClient, script::Step},
};

/// The typed client of the control interface.
#[derive(Clone, Debug)]
pub struct Control {
    http: ControlClient,
}

impl Control {
    /// `base_url` is what the stand-in printed: `http://host:port`, without `/api/v2`.
    pub fn new(base_url: &str) -> Result<Self, Error> {
        Ok(Self { http: ControlClient::new(base_url)? })
    }

    /// The base URL of the API, the value for `CXONE_BASE_URL`.
    #[must_use]
    pub fn api_url(&self) -> String {
        format!("{}/api/v2", self.http.base_url())
    }

    /// Sets the script for uploads to an interaction; `*` is for all without a script of their own.
    pub async fn script_uploads(&self, interaction_id: &str, steps: &[Step<UploadAct>]) -> Result<(), Error> {
        self.http.put(&ControlClient::keyed("/_control/scripts/upload", interaction_id), &steps).await
    }

    /// Sets the script for polls of an interaction's jobs; `*` is for all without a script of their own.
    pub async fn script_jobs(&self, interaction_id: &str, steps: &[Step<JobAct>]) -> Result<(), Error> {
        self.http.put(&ControlClient::keyed("/_control/scripts/job", interaction_id), &steps).await
    }

    /// Sets the script for the token endpoint.
    pub async fn script_tokens(&self, steps: &[Step<TokenAct>]) -> Result<(), Error> {
        self.http.put("/_control/scripts/token", &steps).await
    }

    /// Forgets the script of uploads to an interaction; an error if it has none.
    pub async fn forget_uploads(&self, interaction_id: &str) -> Result<(), Error> {
        self.http.delete(&ControlClient::keyed("/_control/scripts/upload", interaction_id)).await
    }

    /// Forgets the script of polls of an interaction's jobs; an error if it has none.
    pub async fn forget_jobs(&self, interaction_id: &str) -> Result<(), Error> {
        self.http.delete(&ControlClient::keyed("/_control/scripts/job", interaction_id)).await
    }

    /// Forgets the script of the token endpoint; an error if it has none.
    pub async fn forget_tokens(&self) -> Result<(), Error> {
        self.http.delete("/_control/scripts/token").await
    }

    /// The remaining steps.
    pub async fn scripts_left(&self) -> Result<ScriptsLeft, Error> {
        self.http.get("/_control/scripts").await
    }

    /// Requests in the order in which they came: all, or those of one interaction and one kind.
    pub async fn requests(
        &self,
        interaction_id: Option<&str>,
        call: Option<Call>,
    ) -> Result<Vec<RequestRecord>, Error> {
        let call = call.map(|call| match call {
            Call::Token => "token",
            Call::Upload => "upload",
            Call::Job => "job",
            Call::Other => "other",
        });
        let query = [("interaction_id", interaction_id), ("call", call)];
        self.http.get(&ControlClient::path("/_control/requests", &query)).await
    }

    /// Attachments in the order in which they were stored: all, or those of one interaction.
    pub async fn attachments(&self, interaction_id: Option<&str>) -> Result<Vec<Attachment>, Error> {
        self.http.get(&ControlClient::path("/_control/attachments", &[("interaction_id", interaction_id)])).await
    }

    /// Violations of the API: all, or those of one interaction.
    pub async fn violations(&self, interaction_id: Option<&str>) -> Result<Vec<Violation>, Error> {
        self.http.get(&ControlClient::path("/_control/violations", &[("interaction_id", interaction_id)])).await
    }

    /// Counts since the start or the last reset.
    pub async fn stats(&self) -> Result<Stats, Error> {
        self.http.get("/_control/stats").await
    }

    /// Sets the times of the jobs of later uploads: of one interaction, or of all others.
    pub async fn set_job_times(&self, interaction_id: Option<&str>, times: JobTimes) -> Result<(), Error> {
        let path = interaction_id
            .map_or("/_control/job-times".to_owned(), |id| ControlClient::keyed("/_control/job-times", id));
        self.http.put(&path, &times).await
    }

    /// Sets the ids of the jobs of an interaction's next uploads.
    pub async fn set_job_ids(&self, interaction_id: &str, ids: &[&str]) -> Result<(), Error> {
        self.http.put(&ControlClient::keyed("/_control/job-ids", interaction_id), &ids).await
    }

    /// Changes the credentials of the only client.
    pub async fn rotate(&self, client_id: &str, client_secret: &str, revoke_tokens: bool) -> Result<(), Error> {
        let new = Credentials { client_id: client_id.to_owned(), client_secret: client_secret.into(), revoke_tokens };
        self.http.put("/_control/credentials", &new).await
    }

    /// All issued tokens, to search for leaks.
    pub async fn tokens(&self) -> Result<Vec<String>, Error> {
        self.http.get("/_control/tokens").await
    }

    /// Revokes all issued tokens.
    pub async fn revoke_tokens(&self) -> Result<(), Error> {
        self.http.delete("/_control/tokens").await
    }

    /// Removes all records, attachments, scripts and job times. Credentials and tokens stay.
    pub async fn reset(&self) -> Result<(), Error> {
        self.http.post("/_control/reset").await
    }
}
