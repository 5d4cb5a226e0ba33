//! What goes wrong with an object of the load.

use std::time::Duration;

use cxone_standin::{CutAt, CutHow, JobAct, RetryAfter, Step, UploadAct};
use http::StatusCode;
use scripted_http::reply::Reply;
use webhook_receiver::DeliveryAct;

use crate::FaultsError;
use crate::proxy::Act;
use crate::world::{Placed, World};

/// A fault, none of which changes what becomes of the object but the last two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fate {
    Plain,
    UploadBusy,
    UploadThrottled,
    UploadCut,
    AnswerLost,
    JobBusy,
    JobSlow,
    WebhookDown,
    Copies,
    ReadBroken,
    StartLost,
    Refused,
    Failed,
}

const FATES: [Fate; 12] = [
    Fate::UploadBusy,
    Fate::UploadThrottled,
    Fate::UploadCut,
    Fate::AnswerLost,
    Fate::JobBusy,
    Fate::JobSlow,
    Fate::WebhookDown,
    Fate::Copies,
    Fate::ReadBroken,
    Fate::StartLost,
    Fate::Refused,
    Fate::Failed,
];

impl Fate {
    /// One after the other.
    pub(super) fn of(number: usize) -> Self {
        // Spread over both kinds of files.
        FATES.get(number / 10 % FATES.len()).copied().unwrap_or(Self::Plain)
    }

    /// The outcome that it must end in.
    pub(super) const fn outcome(self) -> &'static str {
        match self {
            Self::Refused => "REJECTED",
            Self::Failed => "FAILED",
            _ => "COMPLETED",
        }
    }

    /// Before the write.
    pub(super) async fn prepare(self, world: &World, interaction: &str) -> Result<(), FaultsError> {
        let upload = |act: UploadAct| Step::once(act);
        let job = |act: JobAct| Step::once(act);
        let busy = Reply::status(StatusCode::SERVICE_UNAVAILABLE);
        match self {
            Self::UploadBusy => {
                world.standin.script_uploads(interaction, &[upload(UploadAct::Reply(busy)).times(2)]).await?;
            }
            Self::UploadThrottled => {
                let reply = Reply::status(StatusCode::TOO_MANY_REQUESTS).retry_after(RetryAfter::Seconds(2));
                world.standin.script_uploads(interaction, &[upload(UploadAct::Reply(reply))]).await?;
            }
            Self::UploadCut => {
                world.standin.script_uploads(interaction, &[upload(UploadAct::cut(CutAt::AfterBytes(600)))]).await?;
            }
            Self::AnswerLost => {
                world.standin.script_uploads(interaction, &[upload(UploadAct::cut(CutAt::AfterBody))]).await?;
            }
            Self::Refused => {
                let reply = Reply::status(StatusCode::FORBIDDEN);
                world.standin.script_uploads(interaction, &[upload(UploadAct::Reply(reply))]).await?;
            }
            Self::JobBusy => {
                let steps = [job(JobAct::Reply(busy)).times(2), job(JobAct::Cut(CutHow::Reset))];
                world.standin.script_jobs(interaction, &steps).await?;
            }
            Self::JobSlow => {
                let step = job(JobAct::word("RUNNING")).during(Duration::from_secs(12));
                world.standin.script_jobs(interaction, &[step]).await?;
            }
            Self::Failed => world.standin.script_jobs(interaction, &[job(JobAct::word("FAILED"))]).await?,
            Self::WebhookDown => {
                let step = webhook_receiver::Step::once(DeliveryAct::Reply(busy)).times(2);
                world.receiver.script_interaction(interaction, &[step]).await?;
            }
            Self::ReadBroken => {
                world.proxy.rules.plant("GetObject", &format!("/{interaction}/"), 0, 1, Act::CutBody(500));
            }
            Self::StartLost => {
                world.proxy.rules.plant("StartExecution", &format!("/{interaction}/"), 0, 1, Act::LoseAnswer);
            }
            Self::Plain | Self::Copies => {}
        }
        Ok(())
    }

    /// After the write.
    pub(super) async fn follow(self, world: &World, placed: &Placed) -> Result<(), FaultsError> {
        if self == Self::Copies {
            for _ in 0..3 {
                world.announce(placed).await?;
            }
        }
        Ok(())
    }
}
