//! Writes intake's decision on an object before intake starts an execution.

use std::{collections::HashMap, fmt::Write as _};

use aws_sdk_dynamodb::{operation::update_item::UpdateItemError, types::ReturnValuesOnConditionCheckFailure};

use crate::{
    Lease, Ledger, LedgerError, number, object_key,
    row::{Row, State},
    text,
};

/// The object's one execution. Every run that starts it uses this name and this input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// The execution's name.
    pub execution_name: String,
    /// The execution's input, byte for byte.
    pub execution_input: String,
}

/// What the row of a decided object is found by, besides the interaction of its key.
#[derive(Debug, Clone, Copy, Default)]
pub struct Found<'a> {
    /// The interaction that the file was sent to.
    pub interaction: Option<&'a str>,
    /// CXone's job.
    pub job_id: Option<&'a str>,
}

/// The result of [`Ledger::decide`].
#[derive(Debug, PartialEq, Eq)]
pub enum DecisionWrite {
    /// The row holds this decision, which this run or another one wrote. The caller starts the execution with it.
    Start(Decided),
    /// The object has its outcome already.
    Done,
    /// Another run has claimed the object and will decide. The caller starts nothing.
    Lost,
}

impl Ledger {
    /// Writes the execution's name and input, if this run still holds the lease.
    ///
    /// # Errors
    /// [`LedgerError`] if DynamoDB fails or the row is malformed. The next run decides again.
    pub async fn decide(
        &self,
        lease: &Lease,
        decided: Decided,
        found: Found<'_>,
    ) -> Result<DecisionWrite, LedgerError> {
        // Writing to a string cannot fail.
        let mut more = String::new();
        let mut values = HashMap::new();
        for (name, value) in [("interaction", found.interaction), ("job_id", found.job_id)] {
            if let Some(value) = value {
                let _ = write!(more, ", {name} = :{name}");
                values.insert(format!(":{name}"), text(value));
            }
        }
        let written = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", object_key(&lease.identity))
            // The removed attributes are large, and the input repeats what they say.
            .set_expression_attribute_values(Some(values))
            .update_expression(format!(
                "SET #state = :decided, execution_name = :name, execution_input = :input{more} \
                 REMOVE known, #request, history, waiting, retry_at"
            ))
            .condition_expression("attempts = :mine AND #state = :claimed")
            .expression_attribute_names("#state", "state")
            .expression_attribute_names("#request", "request")
            .expression_attribute_values(":decided", text("decided"))
            .expression_attribute_values(":claimed", text("claimed"))
            .expression_attribute_values(":name", text(&decided.execution_name))
            .expression_attribute_values(":input", text(&decided.execution_input))
            .expression_attribute_values(":mine", number(lease.attempt))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        let Err(error) = written else { return Ok(DecisionWrite::Start(decided)) };
        let Some(UpdateItemError::ConditionalCheckFailedException(failed)) = error.as_service_error() else {
            return Err(LedgerError::unavailable("take the decision", error));
        };
        // The row may hold this decision already: if a response is lost, the SDK repeats the write.
        let Some(item) = failed.item() else { return Ok(DecisionWrite::Lost) };
        let row = Row::new(&lease.identity, item);
        match row.state()? {
            State::Decided => Ok(DecisionWrite::Start(row.decided()?)),
            State::Done => Ok(DecisionWrite::Done),
            State::Claimed => Ok(DecisionWrite::Lost),
        }
    }
}
