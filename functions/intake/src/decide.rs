//! Fixing an object's execution in the ledger, and starting it.

use attachments::{InteractionId, JobId, ObjectKey, execution_name, workflow::Attachment};
use aws_sdk_sfn::{error::DisplayErrorContext, operation::start_execution::StartExecutionError};
use host::metrics::{self, Metric};
use ledger::{Decided, DecisionWrite, Found};
use tokio::time::timeout_at;

use crate::{
    Intake,
    claim::{Times, ledger_failed, out_of_time, short_wait},
    finish::Finish,
    run::Run,
};

fn count_upload(attachment: &Attachment) {
    let milliseconds =
        attachment.upload.and_then(|upload| Some(upload.ended_at?.seconds_since(upload.started_at) * 1000.0));
    #[expect(clippy::cast_precision_loss, reason = "a file's size is far below 2^52")]
    let bytes = attachment.object.size_bytes.unwrap_or(0) as f64;
    metrics::emit(&[
        (Metric::Uploads, 1.0),
        (Metric::UploadBytes, bytes),
        (Metric::UploadLatency, milliseconds.unwrap_or(0.0)),
        (Metric::UploadRetries, f64::from(attachment.upload_attempts.saturating_sub(1))),
    ]);
}

/// Fixes the execution's name and input in the ledger, then starts it.
pub(crate) async fn decide(run: &Run<'_>, times: &Times) -> Finish {
    let Run { intake, notification, lease, attachment, .. } = run;
    let interaction = attachment.interaction_id.as_ref().map_or_else(
        || ObjectKey::interaction_of(&notification.object.key, &intake.settings.key_prefix),
        |id| id.as_str().to_owned(),
    );
    let execution_input = match attachments::to_json(attachment) {
        Ok(input) => input,
        Err(error) => return Finish::outage(format!("the execution's input cannot be written as JSON: {error}")),
    };
    let found = Found {
        interaction: attachment.interaction_id.as_ref().map(InteractionId::as_str),
        job_id: attachment.job_id.as_ref().map(JobId::as_str),
    };
    let decided = Decided { execution_name: execution_name(&interaction, &lease.identity), execution_input };
    match timeout_at(times.wrap_up, intake.ledger.decide(lease, decided, found)).await {
        Ok(Ok(DecisionWrite::Start(decided))) => {
            // Counted here and not after the upload: if the decision fails, the upload is repeated and must count once.
            if attachment.job_id.is_some() {
                count_upload(attachment);
            }
            start(intake, &decided, times).await
        }
        Ok(Ok(DecisionWrite::Done)) => Finish::Finished { execution_name: None },
        Ok(Ok(DecisionWrite::Lost)) => Finish::unfinished(short_wait(), "another run has claimed the object since"),
        Ok(Err(error)) => ledger_failed(&error),
        Err(_) => out_of_time("the ledger did not store the decision in time"),
    }
}

/// Starts the decided execution. `ExecutionAlreadyExists` counts as success.
pub(crate) async fn start(intake: &Intake, decided: &Decided, times: &Times) -> Finish {
    let started = intake
        .sfn
        .start_execution()
        .state_machine_arn(&intake.settings.state_machine_arn)
        .name(&decided.execution_name)
        .input(&decided.execution_input)
        .set_trace_header(times.trace_header.clone())
        .send();
    match timeout_at(times.wrap_up, started).await {
        Ok(Ok(_)) => tracing::info!(execution_name = decided.execution_name, "execution started"),
        Ok(Err(error)) if error.as_service_error().is_some_and(StartExecutionError::is_execution_already_exists) => {
            tracing::info!(execution_name = decided.execution_name, "execution exists");
        }
        Ok(Err(error)) => {
            let fault = format!("the execution cannot be started: {}", DisplayErrorContext(error));
            tracing::error!(execution_name = decided.execution_name, "{fault}");
            return Finish::outage(fault);
        }
        Err(_) => return out_of_time("Step Functions did not start the execution in time"),
    }
    Finish::Finished { execution_name: Some(decided.execution_name.clone()) }
}
