//! Faults by name, for a person who tries the stack by hand: what CXone, its token endpoint or the webhook's receiver do.

use std::time::Duration;

use servers::cxone::{CutAt, JobAct, StatusAnswer, TokenAct, UploadAct};
use servers::scripted::{Reply, RetryAfter, Step};
use servers::webhook::DeliveryAct;

use crate::nearest::nearest;
use crate::{Description, StackError};

/// The name that ends faults.
const OFF: &str = "off";

/// A fault.
struct Fault {
    name: &'static str,
    what: &'static str,
    script: Script,
}

/// Which calls meet it, and how.
enum Script {
    Uploads(fn() -> Step<UploadAct>),
    Jobs(fn() -> Step<JobAct>),
    Tokens(fn() -> Step<TokenAct>),
    Webhooks(fn() -> Step<DeliveryAct>),
}

const FAULTS: [Fault; 13] = [
    Fault {
        name: "upload-429",
        what: "CXone throttles the next two uploads",
        script: Script::Uploads(|| {
            Step::once(UploadAct::Reply(reply(429, "").retry_after(RetryAfter::Seconds(2)))).times(2)
        }),
    },
    Fault {
        name: "upload-500",
        what: "CXone answers the next three uploads with 500",
        script: Script::Uploads(|| Step::once(UploadAct::Reply(reply(500, ""))).times(3)),
    },
    Fault {
        name: "upload-down",
        what: "CXone answers 503 with Retry-After until `off`: intake releases the object",
        script: Script::Uploads(|| {
            Step::once(UploadAct::Reply(reply(503, "").retry_after(RetryAfter::Seconds(30)))).forever()
        }),
    },
    Fault {
        name: "upload-403",
        what: "CXone refuses the next upload: REJECTED",
        script: Script::Uploads(|| Step::once(UploadAct::Reply(reply(403, r#"{"error": "no"}"#)))),
    },
    Fault {
        name: "upload-lost",
        what: "CXone stores the next file, and the connection breaks before the answer",
        script: Script::Uploads(|| Step::once(UploadAct::cut(CutAt::AfterBody))),
    },
    Fault {
        name: "upload-slow",
        what: "CXone takes 20 s for the next upload",
        script: Script::Uploads(|| Step::once(UploadAct::Normal).after(Duration::from_secs(20))),
    },
    Fault {
        name: "job-502",
        what: "a gateway's page answers the next three polls",
        script: Script::Jobs(|| Step::once(JobAct::Reply(reply(502, "<html>"))).times(3)),
    },
    Fault {
        name: "job-stuck",
        what: "CXone never ends the job: TIMED_OUT after JobDeadlineSeconds",
        script: Script::Jobs(|| Step::once(status("RUNNING", None)).forever()),
    },
    Fault {
        name: "job-failed",
        what: "CXone's own check refuses the next file: FAILED",
        script: Script::Jobs(|| Step::once(status("FAILED", Some("refused by the scan")))),
    },
    Fault {
        name: "token-401",
        what: "the token endpoint refuses the credentials for a minute, for all interactions",
        script: Script::Tokens(|| {
            Step::once(TokenAct::Reply(reply(401, r#"{"error": "invalid_client"}"#))).during(Duration::from_mins(1))
        }),
    },
    Fault {
        name: "token-500",
        what: "the token endpoint answers 500 for a minute, for all interactions",
        script: Script::Tokens(|| Step::once(TokenAct::Reply(reply(500, ""))).during(Duration::from_mins(1))),
    },
    Fault {
        name: "webhook-500",
        what: "the receiver answers the next two deliveries with 500",
        script: Script::Webhooks(|| Step::once(DeliveryAct::Reply(reply(500, ""))).times(2)),
    },
    Fault {
        name: "webhook-down",
        what: "the receiver answers 503 until `off`: Webhook.Undelivered",
        script: Script::Webhooks(|| Step::once(DeliveryAct::Reply(reply(503, ""))).forever()),
    },
];

/// The faults, one a line.
#[must_use]
pub fn list() -> String {
    let off = (OFF, "ends the faults that were set in this way");
    let all = FAULTS.iter().map(|fault| (fault.name, fault.what)).chain(std::iter::once(off));
    all.flat_map(|(name, what)| [format!("{name:<14} "), what.to_owned(), "\n".to_owned()]).collect()
}

/// Sets the fault for one interaction or for all of them, and says what was set.
pub async fn set(stack: &Description, name: &str, interaction: Option<&str>) -> Result<String, StackError> {
    let of_all = interaction.map_or_else(|| "all interactions".to_owned(), ToOwned::to_owned);
    if name == OFF {
        end(stack, interaction).await?;
        return Ok(format!("no faults for {of_all}"));
    }
    let Some(fault) = FAULTS.iter().find(|fault| fault.name == name) else {
        let known = FAULTS.iter().map(|fault| fault.name).chain(std::iter::once(OFF));
        return Err(StackError::UnknownFault { name: name.to_owned(), near: nearest(name, known) });
    };
    let key = interaction.unwrap_or("*");
    match fault.script {
        Script::Uploads(step) => cxone(stack, fault.name)?.script_uploads(key, &[step()]).await?,
        Script::Jobs(step) => cxone(stack, fault.name)?.script_jobs(key, &[step()]).await?,
        Script::Tokens(step) => {
            let cxone = cxone(stack, fault.name)?;
            cxone.script_tokens(&[step()]).await?;
            // Functions keep a token for an hour, and would not ask for another.
            cxone.revoke_tokens().await?;
            return Ok(fault.what.to_owned());
        }
        Script::Webhooks(step) => {
            let receiver = receiver(stack, fault.name)?;
            match interaction {
                Some(interaction) => receiver.script_interaction(interaction, &[step()]).await?,
                None => receiver.script_all(&[step()]).await?,
            }
        }
    }
    Ok(format!("{of_all}: {}", fault.what))
}

/// Sets scripts without a step: calls are ordinary then.
async fn end(stack: &Description, interaction: Option<&str>) -> Result<(), StackError> {
    if stack.cxone_control.is_some() {
        let cxone = cxone(stack, OFF)?;
        let key = interaction.unwrap_or("*");
        cxone.script_uploads(key, &[]).await?;
        cxone.script_jobs(key, &[]).await?;
        cxone.script_tokens(&[]).await?;
    }
    if stack.webhook_control.is_some() {
        let receiver = receiver(stack, OFF)?;
        match interaction {
            Some(interaction) => receiver.script_interaction(interaction, &[]).await?,
            None => receiver.script_all(&[]).await?,
        }
    }
    Ok(())
}

fn cxone(stack: &Description, name: &'static str) -> Result<servers::cxone::Control, StackError> {
    let control = stack.cxone_control.as_ref().ok_or_else(|| StackError::NoControl {
        name,
        server: "CXone stand-in",
        url: stack.cxone_base_url.clone(),
    })?;
    Ok(servers::cxone::Control::new(control)?)
}

fn receiver(stack: &Description, name: &'static str) -> Result<servers::webhook::Control, StackError> {
    let control = stack.webhook_control.as_ref().ok_or_else(|| StackError::NoControl {
        name,
        server: "webhook receiver",
        url: stack.webhook_url.clone(),
    })?;
    Ok(servers::webhook::Control::new(control)?)
}

fn reply(status: u16, body: &str) -> Reply {
    Reply::status(status.try_into().unwrap_or_default()).body(body)
}

fn status(word: &str, reason: Option<&str>) -> JobAct {
    JobAct::Status(StatusAnswer { word: word.to_owned(), reason: reason.map(str::to_owned), ..StatusAnswer::default() })
}
