//! The two repairs that the local AWS is taught (`tests/python/ministack_repairs.py`): a redrive and a move of messages.

use std::time::{Duration, Instant};

use aws_sdk_sfn::error::ProvideErrorMetadata;
use aws_sdk_sfn::types::{ExecutionRedriveStatus, ExecutionStatus};
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::{Value, json};
use stack::{Clients, LoneMinistack};

type Error = Box<dyn std::error::Error>;

/// Local AWS with clients.
struct Local {
    clients: Clients,
    aws: LoneMinistack,
}

impl Local {
    async fn start(name: &str) -> Result<Self, Error> {
        let aws = LoneMinistack::start(name).await?;
        Ok(Self { clients: Clients::new(aws.endpoint()), aws })
    }

    fn queue_url(&self, name: &str) -> String {
        format!("{}/123456789012/{name}", self.aws.endpoint())
    }

    async fn create_queue(&self, name: &str, attributes: &[(QueueAttributeName, &str)]) -> Result<(), Error> {
        let mut call = self.clients.sqs.create_queue().queue_name(name);
        for (attribute, value) in attributes {
            call = call.attributes(attribute.clone(), *value);
        }
        call.send().await?;
        Ok(())
    }

    async fn send(&self, queue: &str, body: &str) -> Result<(), Error> {
        self.clients.sqs.send_message().queue_url(self.queue_url(queue)).message_body(body).send().await?;
        Ok(())
    }

    /// The bodies of the messages that can be received now; they stay received.
    async fn receive(&self, queue: &str) -> Result<Vec<String>, Error> {
        let call = self.clients.sqs.receive_message().queue_url(self.queue_url(queue)).max_number_of_messages(10);
        let received = call.send().await?.messages.unwrap_or_default();
        Ok(received.into_iter().filter_map(|message| message.body).collect())
    }

    /// A machine that makes something of its input, waits, and sends that to the queue `results`, with `mark` behind it.
    fn definition(&self, wait_seconds: u32, mark: &str) -> String {
        let body = format!("States.Format('{{}}{mark}', $.made)");
        let send = json!({ "QueueUrl": self.queue_url("results"), "MessageBody.$": body });
        let definition = json!({ "StartAt": "Make", "States": {
            "Make": { "Type": "Pass", "Parameters": { "made.$": "States.Format('{} $.odd', $.word)" }, "Next": "Wait" },
            "Wait": { "Type": "Wait", "Seconds": wait_seconds, "Next": "Send" },
            "Send": { "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "Parameters": send, "End": true },
        } });
        definition.to_string()
    }

    async fn execution(&self, definition: &str) -> Result<String, Error> {
        let create = self.clients.sfn.create_state_machine().name("machine").definition(definition);
        let machine = create.role_arn("arn:aws:iam::123456789012:role/any").send().await?.state_machine_arn;
        let start = self.clients.sfn.start_execution().state_machine_arn(machine).name("one");
        Ok(start.input(json!({ "word": "hello" }).to_string()).send().await?.execution_arn)
    }

    async fn redrive(&self, arn: &str) -> Result<(), Option<String>> {
        let redriven = self.clients.sfn.redrive_execution().execution_arn(arn).send().await;
        redriven.map(drop).map_err(|error| error.code().map(str::to_owned))
    }

    /// Waits for the end; status, error, and how often it was redriven.
    async fn end_of(&self, arn: &str) -> Result<(ExecutionStatus, Option<String>, Option<i32>), Error> {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let found = self.clients.sfn.describe_execution().execution_arn(arn).send().await?;
            if found.status != ExecutionStatus::Running {
                return Ok((found.status, found.error, found.redrive_count));
            }
            assert!(Instant::now() < deadline, "{arn} runs on");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn states_entered(&self, arn: &str) -> Result<Vec<(String, Value)>, Error> {
        let history = self.clients.sfn.get_execution_history().execution_arn(arn).send().await?;
        let entered = history.events.into_iter().filter_map(|event| event.state_entered_event_details);
        entered.map(|state| Ok((state.name, serde_json::from_str(&state.input.unwrap_or_default())?))).collect()
    }

    async fn start_move(&self, source: &str) -> Result<(), Option<String>> {
        let moved = self.clients.sqs.start_message_move_task().source_arn(queue_arn(source)).send().await;
        moved.map(drop).map_err(|error| error.code().map(str::to_owned))
    }

    /// The status, the reason and the number of messages of the move tasks, the newest first.
    async fn moves(&self, source: &str) -> Result<Vec<(String, String, i64)>, Error> {
        let call = self.clients.sqs.list_message_move_tasks().source_arn(queue_arn(source)).max_results(10);
        let tasks = call.send().await?.results.unwrap_or_default();
        let text = |text: Option<String>| text.unwrap_or_default();
        let told = tasks
            .into_iter()
            .map(|task| (text(task.status), text(task.failure_reason), task.approximate_number_of_messages_moved));
        Ok(told.collect())
    }
}

fn queue_arn(name: &str) -> String {
    format!("arn:aws:sqs:us-east-1:123456789012:{name}")
}

#[tokio::test]
async fn redriven_execution_goes_on_in_its_failed_state_with_that_states_input() -> Result<(), Error> {
    let local = Local::start("redrive").await?;
    let arn = local.execution(&local.definition(0, "")).await?;
    let missing = Some("SQS.QueueDoesNotExist".to_owned());
    assert_eq!(local.end_of(&arn).await?, (ExecutionStatus::Failed, missing.clone(), Some(0)));

    local.redrive(&arn).await.unwrap();
    assert_eq!(local.end_of(&arn).await?, (ExecutionStatus::Failed, missing, Some(1)), "the cause is still there");
    local.create_queue("results", &[]).await?;
    local.redrive(&arn).await.unwrap();
    let running = local.clients.sfn.describe_execution().execution_arn(&arn).send().await?;
    assert_eq!((running.status, running.stop_date, running.error), (ExecutionStatus::Running, None, None));
    assert_eq!(running.redrive_status, Some(ExecutionRedriveStatus::NotRedrivable));
    assert_eq!(local.end_of(&arn).await?, (ExecutionStatus::Succeeded, None, Some(2)));

    assert_eq!(local.receive("results").await?, ["hello $.odd"]);
    let entered = local.states_entered(&arn).await?;
    let names: Vec<&str> = entered.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["Make", "Wait", "Send", "Send", "Send"]);
    assert!(entered.iter().skip(1).all(|(_, input)| *input == json!({ "made": "hello $.odd" })), "{entered:?}");
    Ok(())
}

#[tokio::test]
async fn redrive_of_an_aborted_execution_leaves_its_old_run_behind() -> Result<(), Error> {
    let local = Local::start("redrive-aborted").await?;
    local.create_queue("results", &[]).await?;
    let arn = local.execution(&local.definition(2, "")).await?;
    while local.states_entered(&arn).await?.len() < 2 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    local.clients.sfn.stop_execution().execution_arn(&arn).send().await?;
    // A redrive follows the machine as it is then, so that what the old run would send can be told from the new one's.
    let machine = local.clients.sfn.describe_execution().execution_arn(&arn).send().await?.state_machine_arn;
    let update = local.clients.sfn.update_state_machine().state_machine_arn(machine);
    update.definition(local.definition(2, " again")).send().await?;
    local.redrive(&arn).await.unwrap();
    assert_eq!(local.end_of(&arn).await?, (ExecutionStatus::Succeeded, None, Some(1)));
    assert_eq!(local.receive("results").await?, ["hello $.odd again"]);
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_redriven_is_refused() -> Result<(), Error> {
    let local = Local::start("redrive-refused").await?;
    local.create_queue("results", &[]).await?;
    let arn = local.execution(&local.definition(0, "")).await?;
    assert_eq!(local.redrive(&arn).await, Err(Some("ExecutionNotRedrivable".to_owned())), "it runs");
    local.end_of(&arn).await?;
    assert_eq!(local.redrive(&arn).await, Err(Some("ExecutionNotRedrivable".to_owned())), "it has succeeded");
    let unknown = format!("{arn}-other");
    assert_eq!(local.redrive(&unknown).await, Err(Some("ExecutionDoesNotExist".to_owned())));
    Ok(())
}

#[tokio::test]
async fn moved_messages_are_new_in_the_queue_that_they_came_from() -> Result<(), Error> {
    let local = Local::start("move").await?;
    local.create_queue("dead", &[]).await?;
    assert_eq!(
        local.start_move("dead").await,
        Err(Some("InvalidParameterValue".to_owned())),
        "it is no dead-letter queue"
    );
    let policy = json!({ "deadLetterTargetArn": queue_arn("dead"), "maxReceiveCount": 1 }).to_string();
    let attributes =
        [(QueueAttributeName::RedrivePolicy, policy.as_str()), (QueueAttributeName::VisibilityTimeout, "0")];
    local.create_queue("source", &attributes).await?;
    for body in ["one", "two"] {
        local.send("source", body).await?;
    }
    assert_eq!(local.receive("source").await?.len(), 2);
    assert_eq!(local.receive("source").await?, Vec::<String>::new(), "they were received once");

    local.start_move("dead").await.unwrap();
    assert_eq!(local.moves("dead").await?, [("COMPLETED".to_owned(), String::new(), 2)]);
    assert_eq!(local.receive("source").await?.len(), 2, "they count as not yet received");
    Ok(())
}

#[tokio::test]
async fn move_fails_on_a_message_that_was_sent_to_the_dead_letter_queue_itself() -> Result<(), Error> {
    let local = Local::start("move-fails").await?;
    local.create_queue("dead", &[]).await?;
    let policy = json!({ "deadLetterTargetArn": queue_arn("dead"), "maxReceiveCount": 1 }).to_string();
    local.create_queue("source", &[(QueueAttributeName::RedrivePolicy, &policy)]).await?;
    local.send("dead", "buried").await?;
    local.start_move("dead").await.unwrap();
    let failed = ("FAILED".to_owned(), "CouldNotDetermineMessageSource".to_owned(), 0);
    assert_eq!(local.moves("dead").await?, [failed]);
    assert_eq!(local.receive("dead").await?, ["buried"], "it stays");
    assert_eq!(local.start_move("unknown").await, Err(Some("ResourceNotFoundException".to_owned())));
    Ok(())
}
