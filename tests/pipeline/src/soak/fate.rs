//! The faults that objects of the load meet.

use std::time::Duration;

use http::{HeaderValue, StatusCode, header};
use servers::scripted::Reply;
use servers::webhook::DeliveryAct;
use servers::{
    cxone::{CutAt, EarlyEnd, JobAct, UploadAct},
    scripted::{BodyEnd, BodyFault, CutHow, Encoding, RawReply, RetryAfter, Step},
};

use crate::FaultsError;
use crate::proxy::Act;
use crate::world::{Placed, World};

/// A fault. Only the last two change the object's outcome.
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
    GatewayPage,
    RetryAfter,
    EarlyAccepted,
    StoredThenError,
    Compressed,
    FoldedHeaders,
    BlindPoll,
    Refused,
    Failed,
}

/// A 202 in a form that some gateways send.
const FOLDED: &str = "HTTP/1.1 202 Accepted\r\nX-Note: a\r\n b\r\nX-Other : c\r\nConnection: close\r\n\
                      Content-Length: {content_length}\r\n\r\n{\"jobId\":\"{job_id}\"}";

const FATES: [Fate; 19] = [
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
    Fate::GatewayPage,
    Fate::RetryAfter,
    Fate::EarlyAccepted,
    Fate::StoredThenError,
    Fate::Compressed,
    Fate::FoldedHeaders,
    Fate::BlindPoll,
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

    /// Sets the fault up before the object is written.
    pub(super) async fn prepare(self, world: &World, interaction: &str) -> Result<(), FaultsError> {
        let uploads = self.uploads();
        if !uploads.is_empty() {
            world.standin.script_uploads(interaction, &uploads).await?;
        }
        let jobs = self.jobs();
        if !jobs.is_empty() {
            world.standin.script_jobs(interaction, &jobs).await?;
        }
        match self {
            Self::WebhookDown => {
                let step = servers::scripted::Step::once(DeliveryAct::Reply(busy())).times(2);
                world.receiver.script_interaction(interaction, &[step]).await?;
            }
            Self::ReadBroken => {
                world.proxy.rules.plant(
                    "GetObject",
                    &format!("/{interaction}/"),
                    0,
                    1,
                    Act::Body(BodyFault { after_bytes: 500, then: BodyEnd::Cut(CutHow::Reset) }),
                );
            }
            Self::StartLost => {
                world.proxy.rules.plant("StartExecution", &format!("/{interaction}/"), 0, 1, Act::LoseAnswer);
            }
            _ => {}
        }
        Ok(())
    }

    /// What CXone does with its uploads.
    fn uploads(self) -> Vec<Step<UploadAct>> {
        let reply = |reply: Reply| Step::once(UploadAct::Reply(reply));
        match self {
            Self::UploadBusy => vec![reply(busy()).times(2)],
            Self::UploadThrottled => {
                vec![reply(Reply::status(StatusCode::TOO_MANY_REQUESTS).retry_after(RetryAfter::Seconds(2)))]
            }
            Self::UploadCut => vec![Step::once(UploadAct::cut(CutAt::AfterBytes(600)))],
            Self::AnswerLost => vec![Step::once(UploadAct::cut(CutAt::AfterBody))],
            Self::GatewayPage => vec![reply(gateway_page())],
            Self::RetryAfter => vec![reply(busy().retry_after(RetryAfter::Seconds(5)))],
            Self::EarlyAccepted => vec![Step::once(UploadAct::AcceptEarly { then: EarlyEnd::Read, pause_ms: 5 })],
            Self::StoredThenError => {
                vec![Step::once(UploadAct::StoreThenReply(Reply::status(StatusCode::INTERNAL_SERVER_ERROR)))]
            }
            Self::Compressed => {
                let body = Reply::status(StatusCode::ACCEPTED).body("\u{feff}{\"jobId\":\"{job_id}\"}");
                vec![Step::once(UploadAct::StoreThenReply(body.encoded(Encoding::Gzip))).forever()]
            }
            Self::FoldedHeaders => {
                let reply = RawReply::text(FOLDED);
                vec![Step::once(UploadAct::Raw { reply, early: false, store: true }).forever()]
            }
            Self::Refused => {
                vec![reply(Reply::status(StatusCode::FORBIDDEN).body(r#"{"error":"Forbidden","code":4030}"#))]
            }
            _ => Vec::new(),
        }
    }

    /// What CXone does with the polls of its job.
    fn jobs(self) -> Vec<Step<JobAct>> {
        match self {
            Self::JobBusy => {
                vec![Step::once(JobAct::Reply(busy())).times(2), Step::once(JobAct::Cut(CutHow::Reset))]
            }
            Self::JobSlow => vec![Step::once(JobAct::word("RUNNING")).during(Duration::from_secs(12))],
            // For longer than the job's deadline.
            Self::BlindPoll => vec![Step::once(JobAct::Reply(gateway_page())).during(Duration::from_secs(70))],
            Self::Failed => vec![Step::once(JobAct::word("FAILED"))],
            _ => Vec::new(),
        }
    }

    /// Applies the part of the fault that comes after the write.
    pub(super) async fn follow(self, world: &World, placed: &Placed) -> Result<(), FaultsError> {
        if self == Self::Copies {
            for _ in 0..3 {
                world.announce(placed).await?;
            }
        }
        Ok(())
    }
}

fn busy() -> Reply {
    Reply::status(StatusCode::SERVICE_UNAVAILABLE)
}

fn gateway_page() -> Reply {
    let html = HeaderValue::from_static("text/html");
    Reply::status(StatusCode::FORBIDDEN).body("<html>Blocked</html>").header(header::CONTENT_TYPE, html)
}
