//! Answers that repeat the request: afterwards, no secret and no invisible character may be anywhere.

use attachments::{Outcome, is_harmless};
use futures_util::future::try_join_all;
use servers::{
    cxone::{Echo, EchoForm, INVISIBLE, JobAct, TokenAct, UploadAct},
    scripted::Step,
};

use super::{Acting, Play, Row, row};
use crate::FaultsError;
use crate::case::{Case, Expect, ensure};
use crate::error::Calling as _;
use crate::places::Place;
use crate::world::{Ended, File, Placed, Webhook};

const CLEAN: &str = "no secret and no invisible character in ledger, history, record, webhook or logs";

pub(super) const ROWS: &[Row] = &[
    row(
        "echo/upload-forms",
        "uploads refused with an echo of the request, in every form",
        CLEAN,
        Play::Other(upload_forms),
    )
    .within(300),
    row(
        "echo/upload-statuses",
        "uploads answered with an echo of the request, with every status",
        CLEAN,
        Play::Other(upload_statuses),
    )
    .within(300),
    row("echo/job-forms", "jobs that fail with an echo as their reason", CLEAN, Play::Other(job_forms)).within(200),
    row(
        "echo/job-statuses",
        "polls answered with an echo of the request, with every status",
        CLEAN,
        Play::Other(job_statuses),
    )
    .within(200),
    row(
        "echo/token",
        "the token endpoint echoes the request and its credentials, in every form",
        CLEAN,
        Play::Other(tokens),
    )
    .at(Place::Alone)
    .within(120),
    row(
        "echo/names",
        "a file name with a formula, markup, ANSI codes and invisible characters; a tag with a formula",
        "CXone gets the name unchanged; everything else escapes invisible characters",
        Play::Other(names),
    ),
];

/// One object at an interaction of its own.
struct One {
    interaction: String,
    placed: Placed,
}

impl Case {
    async fn one(&self, name: &str, upload: Vec<Step<UploadAct>>, job: Vec<Step<JobAct>>) -> Result<One, FaultsError> {
        let interaction = format!("{}-{name}", self.interaction);
        self.world.standin.script_uploads(&interaction, &upload).await?;
        self.world.standin.script_jobs(&interaction, &job).await?;
        let placed = self.world.put(&File::of(&interaction)).await?;
        Ok(One { interaction, placed })
    }

    /// Waits for the objects' ends and checks that nothing leaked.
    async fn are_clean(&self, all: &[One]) -> Result<Vec<Ended>, FaultsError> {
        let ended = try_join_all(all.iter().map(|one| self.end_of(&one.placed, Webhook::Delivered))).await?;
        let pairs: Vec<_> = all.iter().map(|one| &one.placed).zip(&ended).collect();
        self.world.nothing_leaks(&pairs).await?;
        Ok(ended)
    }

    async fn all_clean(&self, all: Vec<One>) -> Result<String, FaultsError> {
        let ended = self.are_clean(&all).await?;
        let seen = all.iter().zip(&ended).map(|(one, ended)| {
            let name = one.interaction.rsplit('-').next().unwrap_or_default();
            format!("{name}: {}", ended.reason.as_deref().unwrap_or(&ended.outcome))
        });
        Ok(seen.collect::<Vec<_>>().join(", "))
    }
}

fn word(form: EchoForm) -> String {
    format!("{form:?}").to_lowercase()
}

fn upload_forms(case: Case) -> Acting {
    Box::pin(async move {
        let mut all = Vec::new();
        for form in EchoForm::ALL {
            let refused = Step::once(UploadAct::Echo(Echo::new(422, form))).forever();
            all.push(case.one(&word(form), vec![refused], Vec::new()).await?);
        }
        case.all_clean(all).await
    })
}

fn upload_statuses(case: Case) -> Acting {
    Box::pin(async move {
        let mut all = Vec::new();
        for status in [300, 307, 400, 401, 403, 404, 405, 408, 409, 413, 415, 418, 425, 429, 451, 500, 502, 503, 599] {
            // After an answer that is not final, the stand-in behaves normally.
            let echo = Step::once(UploadAct::Echo(Echo::new(status, EchoForm::Json)));
            all.push(case.one(&status.to_string(), vec![echo], Vec::new()).await?);
        }
        for status in [200, 202, 600] {
            let echo = Step::once(UploadAct::Echo(Echo::new(status, EchoForm::Hidden).stored())).forever();
            all.push(case.one(&status.to_string(), vec![echo], Vec::new()).await?);
        }
        case.all_clean(all).await
    })
}

fn job_forms(case: Case) -> Acting {
    Box::pin(async move {
        let mut all = Vec::new();
        for form in EchoForm::ALL.into_iter().filter(|form| form.is_json()) {
            let failed = Echo::new(200, form).also("status", "FAILED").also("interactionId", serde_json::Value::Null);
            let job = Step::once(JobAct::Echo(failed)).forever();
            all.push(case.one(&word(form), Vec::new(), vec![job]).await?);
        }
        let ended = case.are_clean(&all).await?;
        for ended in &ended {
            Expect::ended(Outcome::Failed, "job_failed").says(&["[redacted]"]).compare(ended)?;
        }
        Ok(format!("{} FAILED with what is left of the echo", ended.len()))
    })
}

fn job_statuses(case: Case) -> Acting {
    Box::pin(async move {
        let mut all = Vec::new();
        for form in EchoForm::ALL {
            // The echo is the status, the interaction and the reason, or a gateway's page.
            let steps = [200, 429, 500, 409].map(|status| Step::once(JobAct::Echo(Echo::new(status, form))));
            let name = format!("passing-{}", word(form));
            all.push(case.one(&name, Vec::new(), steps.into()).await?);
        }
        for status in [307, 400, 401, 403, 404, 413, 418, 451] {
            let steps = vec![Step::once(JobAct::Echo(Echo::new(status, EchoForm::Hidden)))];
            all.push(case.one(&status.to_string(), Vec::new(), steps).await?);
        }
        case.all_clean(all).await
    })
}

fn tokens(case: Case) -> Acting {
    Box::pin(async move {
        let mut ended = 0;
        for (form, status) in EchoForm::ALL.into_iter().zip([200, 400, 401, 403, 503].into_iter().cycle()) {
            case.world.standin.script_tokens(&[Step::once(TokenAct::Echo(Echo::new(status, form)))]).await?;
            case.world.standin.revoke_tokens().await?;
            let one = case.one(&word(form), Vec::new(), Vec::new()).await?;
            for one in case.are_clean(&[one]).await? {
                ensure(one.outcome == "COMPLETED", || format!("{form:?} {status}: {}", one.seen()))?;
                ended += 1;
            }
        }
        Ok(format!("{ended} COMPLETED"))
    })
}

fn names(case: Case) -> Acting {
    Box::pin(async move {
        // Control characters are refused. Text that looks like an escaped one is not.
        let visible = "=cmd|'calc'!A0 <img src=x onerror=alert(1)> [31m";
        let hidden: String = INVISIBLE.into_iter().filter(|c| !c.is_control()).collect();
        let name = format!("{visible}{hidden}fdp.wav");
        let file = File::named(&case.interaction, &name, 6_000);
        let placed = case.world.place(&file).await?;
        case.world.tag(&placed, "note", "=1+1").await?;
        case.world.announce(&placed).await?;
        let ended = case.end_of(&placed, Webhook::Delivered).await?;
        case.world.nothing_leaks(&[(&placed, &ended)]).await?;
        let held = ended.attachment.as_ref().map(|one| one.file_name.as_str());
        ensure(held == Some(name.as_str()), || format!("CXone holds it as {held:?}"))?;
        let key = ended.record.pointer("/object/key").and_then(serde_json::Value::as_str);
        ensure(key == Some(placed.key.as_str()), || format!("the record's key is {key:?}"))?;
        // The stored JSON must be harmless in a terminal, in a page and in a spreadsheet.
        let stored = ended.deliveries.first().map(|one| one.body.clone()).unwrap_or_default();
        ensure(stored.trim_end().chars().all(is_harmless), || format!("raw in {stored:?}"))?;
        serde_json::from_str::<serde_json::Value>(&stored).calling("reading a webhook")?;
        Expect::COMPLETED.compare(&ended)
    })
}
