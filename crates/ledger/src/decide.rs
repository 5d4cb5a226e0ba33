//! Fixing an object's fate at intake before anything is started.

use aws_sdk_dynamodb::{operation::update_item::UpdateItemError, types::ReturnValuesOnConditionCheckFailure};

use crate::{
    Lease, Ledger, LedgerError, number, object_key,
    row::{Row, State},
    text,
};

/// The execution that an object gets, whoever starts it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// Its name.
    pub execution_name: String,
    /// Its input, byte for byte.
    pub execution_input: String,
}

/// What became of a decision.
#[derive(Debug, PartialEq, Eq)]
pub enum DecisionWrite {
    /// These bytes are fixed, by this run or by another: start the execution with them.
    Start(Decided),
    /// The object has its outcome already.
    Done,
    /// Another run has taken the object over and will decide: start nothing.
    Lost,
}

impl Ledger {
    /// Fixes the execution's name and input, if the lease is still this run's.
    ///
    /// # Errors
    /// [`LedgerError`] where DynamoDB cannot say; the next run decides anew.
    pub async fn decide(&self, lease: &Lease, decided: Decided) -> Result<DecisionWrite, LedgerError> {
        let written = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", object_key(&lease.identity))
            // The input says what these say.
            .update_expression("SET #state = :decided, execution_name = :name, execution_input = :input REMOVE known, #request, history")
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
        // The row may hold this very decision: the SDK repeats a write whose answer was lost.
        let Some(item) = failed.item() else { return Ok(DecisionWrite::Lost) };
        let row = Row::new(&lease.identity, item);
        match row.state()? {
            State::Decided => Ok(DecisionWrite::Start(row.decided()?)),
            State::Done => Ok(DecisionWrite::Done),
            State::Claimed => Ok(DecisionWrite::Lost),
        }
    }
}
