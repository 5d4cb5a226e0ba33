//! The repairs of docs/runbook.md, with its own commands, in a shell that `make env` has set up.

use std::path::{Path, PathBuf};

use aws_sdk_sqs::types::QueueAttributeName;
use pipeline::{File, Placed, World};
use servers::{
    cxone::UploadAct,
    scripted::{Reply, RetryAfter, Step},
    webhook::DeliveryAct,
};
use stack::shell;
use tokio::process::Command;

use crate::{Error, files::pdf};

pub(crate) async fn failed_execution_is_found_and_redriven(world: &World) -> Result<(), Error> {
    let refused = Step::once(DeliveryAct::Reply(reply(503))).forever();
    world.receiver.script_interaction("UNDELIVERED", &[refused]).await?;
    let failing = world.put(&file("interactions/UNDELIVERED/a.pdf", "undelivered")).await?;
    // An ordinary failure, which the runbook's list leaves out.
    let rejected = world.put(&File::new("interactions/REJECTED/empty.pdf", "")).await?;
    assert_eq!(world.outcome_of(&rejected).await?.outcome, "REJECTED");
    let arn = arn_of(world, &failing);
    assert_eq!(end_of(world, &arn).await?, ("FAILED".to_owned(), Some("Webhook.Undelivered".to_owned())));

    let chapter = chapter("### broken-executions")?;
    let shell = Shell::start(world, "redrive")?;
    let found = shell.run(&block(&chapter, "list-executions")?).await?;
    assert_eq!(found, format!("Webhook.Undelivered\t{arn}\n"));

    world.receiver.forget_interaction("UNDELIVERED").await?;
    shell.run(&block(&chapter, "redrive-execution")?).await?;
    assert_eq!(end_of(world, &arn).await?, ("SUCCEEDED".to_owned(), None));
    let record = world.audit_text(failing.identity.as_str()).await?;
    let deliveries = world.receiver.deliveries(Some(failing.identity.as_str()), None).await?;
    let taken = deliveries.iter().filter(|delivery| delivery.status == Some(200)).count();
    assert_eq!((deliveries.len(), taken), (14, 1), "13 attempts before the redrive, and one after it");
    assert!(deliveries.iter().all(|delivery| delivery.body == record), "a delivery is not the record");
    assert_eq!(world.standin.attachments(Some("UNDELIVERED")).await?.len(), 1);
    Ok(())
}

pub(crate) async fn dead_letters_are_moved_back(world: &World) -> Result<(), Error> {
    // On AWS it takes 500 receives, days of them.
    set_receives(world, 1).await?;
    let busy = Step::once(UploadAct::Reply(reply(503).retry_after(RetryAfter::Seconds(21)))).forever();
    world.standin.script_uploads("DEAD", &[busy]).await?;
    let object = world.put(&file("interactions/DEAD/a.pdf", "dead")).await?;
    world.wait_for("a dead letter", async || (dead_letters(world).await.ok()? == 1).then_some(())).await?;

    world.standin.forget_uploads("DEAD").await?;
    set_receives(world, 500).await?;
    let chapter = chapter("### dead-letters")?;
    let shell = Shell::start(world, "move")?;
    // A person waits until the minute is over in which the message is hidden; a test does not.
    let look = block(&chapter, "receive-message")?.replace("--visibility-timeout 60", "--visibility-timeout 0");
    assert!(shell.run(&look).await?.contains("interactions/DEAD/a.pdf"), "the message is not shown");
    let moved = shell.run(&block(&chapter, "start-message-move-task")?).await?;
    assert!(moved.contains("TaskHandle"), "{moved}");

    assert_eq!(world.outcome_of(&object).await?.outcome, "COMPLETED");
    assert_eq!(dead_letters(world).await?, 0);
    Ok(world.queue_drained().await?)
}

/// A folder of its own, and the shell's beginning: what `make env` prints, then the runbook's own.
struct Shell {
    folder: PathBuf,
    beginning: String,
}

impl Shell {
    fn start(world: &World, name: &str) -> Result<Self, Error> {
        let place = &world.place;
        let folder = place.log_dir.join("..").join(format!("runbook {name}"));
        std::fs::create_dir_all(&folder)?;
        let chapter = chapter("## Before you start")?;
        let definitions = [block(&chapter, "STACK=")?, block(&chapter, "output()")?].concat();
        Ok(Self { folder, beginning: shell::exports(place) + &definitions })
    }

    /// What the command prints, if it succeeds.
    async fn run(&self, command: &str) -> Result<String, Error> {
        let script = format!("{}{command}", self.beginning);
        let mut bash = Command::new("bash");
        bash.args(["-c", &script]).current_dir(&self.folder).env_clear().env("PATH", "/usr/bin:/bin");
        let output = bash.env("HOME", &self.folder).kill_on_drop(true).output().await?;
        if output.status.success() {
            return Ok(String::from_utf8(output.stdout)?);
        }
        Err(format!("{command}\nfailed: {}", String::from_utf8_lossy(&output.stderr)).into())
    }
}

/// The text below a heading of the runbook, down to the next one.
fn chapter(heading: &str) -> Result<String, Error> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let runbook = std::fs::read_to_string(root.join("docs/runbook.md"))?;
    let (_, below) = runbook.split_once(&format!("\n{heading}\n")).ok_or_else(|| format!("no heading {heading:?}"))?;
    let end = ["\n## ", "\n### "].iter().filter_map(|next| below.find(next)).min().unwrap_or(below.len());
    Ok(below.get(..end).unwrap_or(below).to_owned())
}

/// The block of commands in a chapter that holds the text.
fn block(chapter: &str, text: &str) -> Result<String, Error> {
    let blocks = chapter.split("```").skip(1).step_by(2).filter_map(|block| block.strip_prefix("sh\n"));
    let found = blocks.into_iter().find(|block| block.contains(text)).map(str::to_owned);
    found.ok_or_else(|| format!("no block of the chapter holds {text:?}").into())
}

fn file(key: &str, mark: &str) -> File {
    File::new(key, pdf(1_000, mark))
}

fn reply(status: u16) -> Reply {
    Reply::status(status.try_into().unwrap_or_default())
}

fn arn_of(world: &World, object: &Placed) -> String {
    let executions = world.place.state_machine_arn.replace(":stateMachine:", ":execution:");
    format!("{executions}:{}", object.execution_name)
}

/// The status and the error with which the execution ended.
async fn end_of(world: &World, arn: &str) -> Result<(String, Option<String>), Error> {
    let sfn = &world.clients.sfn;
    let what = format!("the end of {arn}");
    let ended = world.wait_for(&what, async || {
        let found = sfn.describe_execution().execution_arn(arn).send().await.ok()?;
        (found.status().as_str() != "RUNNING").then(|| (found.status().as_str().to_owned(), found.error))
    });
    Ok(ended.await?)
}

/// How often the intake queue's messages may be received before they are dead letters.
async fn set_receives(world: &World, count: u32) -> Result<(), Error> {
    let (sqs, place) = (&world.clients.sqs, &world.place);
    let asked = sqs.get_queue_attributes().queue_url(&place.dlq_url).attribute_names(QueueAttributeName::QueueArn);
    let arn = asked.send().await?.attributes.unwrap_or_default().remove(&QueueAttributeName::QueueArn);
    let policy = serde_json::json!({ "deadLetterTargetArn": arn, "maxReceiveCount": count }).to_string();
    let set = sqs.set_queue_attributes().queue_url(&place.queue_url);
    set.attributes(QueueAttributeName::RedrivePolicy, policy).send().await?;
    Ok(())
}

async fn dead_letters(world: &World) -> Result<u32, Error> {
    let name = QueueAttributeName::ApproximateNumberOfMessages;
    let asked = world.clients.sqs.get_queue_attributes().queue_url(&world.place.dlq_url);
    let attributes = asked.attribute_names(name.clone()).send().await?.attributes.unwrap_or_default();
    Ok(attributes.get(&name).ok_or("no number of messages")?.parse()?)
}
