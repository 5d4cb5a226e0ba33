//! `PollFunction`: asks CXone about a job, several times inside a window, and says what the state machine does next.

mod window;

use std::time::Duration;

use attachments::{InteractionId, JobId, workflow::Attachment};
use cxone::{Job, JobError, TokenError};
use host::{
    Clock, Environment, Failure, Invalid, NumberSetting, Refusals, Refused,
    metrics::{self, Metric},
};
use lambda_runtime::Context;
use serde_json::Value;

pub use window::Limits;

const POLL_WINDOW: NumberSetting = NumberSetting { name: "POLL_WINDOW_SECONDS", default: 10, range: 0..=60 };
const JOB_DEADLINE: NumberSetting = NumberSetting { name: "JOB_DEADLINE_SECONDS", default: 300, range: 30..=86_400 };
const TRACKING_PATIENCE: NumberSetting =
    NumberSetting { name: "TRACKING_PATIENCE_SECONDS", default: 14_400, range: 300..=86_400 };

/// The settings of poll that are whole numbers.
pub const NUMBERS: [NumberSetting; 3] = [POLL_WINDOW, JOB_DEADLINE, TRACKING_PATIENCE];

/// What every invocation uses, made once at cold start.
pub struct Poll {
    cxone: cxone::Client,
    limits: Limits,
    /// Of CXone's refusals, which count for the alarm.
    refusals: Refusals,
}

impl Poll {
    /// Reads the settings and makes the clients. It calls nothing yet.
    ///
    /// # Errors
    /// [`Invalid`]: the environment has noted a fault.
    pub fn make(environment: &mut Environment) -> Result<Self, Invalid> {
        let limits = Limits {
            window: Duration::from_secs(environment.number(&POLL_WINDOW)),
            deadline: Duration::from_secs(environment.number(&JOB_DEADLINE)),
            patience: Duration::from_secs(environment.number(&TRACKING_PATIENCE)),
        };
        let cxone = host::CxoneSettings::from_environment(environment);
        let clients = host::HttpClients::from_environment(environment)?;
        let aws = host::Aws::from_environment(environment, &clients);
        let secrets = aws_sdk_secretsmanager::Client::new(&aws.secrets_manager());
        Ok(Self { cxone: host::cxone_client(cxone?, clients.web, secrets), limits, refusals: Refusals::default() })
    }
}

/// Answers one invocation: takes the machine's payload and returns it with the decision and what was seen.
///
/// # Errors
/// `Input.Invalid`: the payload cannot be read. Whatever CXone, a gateway or the secret does, it is no error of the function.
pub async fn handle(poll: &Poll, payload: Value, context: Context) -> Result<Attachment, Failure> {
    let attachment: Attachment = serde_json::from_value(payload)
        .map_err(|error| Failure::input(format_args!("the payload cannot be read: {error}")))?;
    let span = tracing::error_span!(
        "job",
        request_id = context.request_id,
        identity = attachment.identity.as_str(),
        interaction_id = attachment.interaction_id.as_ref().map(attachments::InteractionId::as_str),
        job_id = attachment.job_id.as_ref().map(attachments::JobId::as_str),
    );
    let interaction = attachment.interaction_id.clone();
    let question = async |job: &JobId| poll.question(job, interaction.as_ref()).await;
    let asked = window::ask(question, attachment, &poll.limits, Clock::of_system());
    tracing::Instrument::instrument(asked, span).await
}

impl Poll {
    /// Asks CXone once, and counts the tokens that it took and the refusals that concern everybody.
    async fn question(&self, job: &JobId, interaction: Option<&InteractionId>) -> Result<Job, JobError> {
        let fetches_before = self.cxone.token_fetches();
        let answer = match self.cxone.authorize().await {
            Ok(()) => self.cxone.job(job).await.inspect_err(|error| {
                if let (JobError::Unauthorized { .. }, Some(interaction)) = (error, interaction) {
                    self.refusals.note(Refused::Call(interaction));
                }
            }),
            Err(error) => {
                if matches!(error, TokenError::Unauthorized { .. }) {
                    self.refusals.note(Refused::Token);
                }
                Err(error.into())
            }
        };
        let fetches = u32::try_from(self.cxone.token_fetches() - fetches_before).unwrap_or(u32::MAX);
        if fetches > 0 {
            metrics::emit(&[(Metric::TokenFetches, f64::from(fetches))]);
        }
        answer
    }
}

#[cfg(test)]
mod tests;
