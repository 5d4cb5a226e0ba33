//! What can go wrong with the table.

use aws_sdk_dynamodb::error::DisplayErrorContext;

/// Why the ledger gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// DynamoDB did not do it; trying again later may help.
    #[error("the ledger did not {action}: {cause}")]
    Unavailable {
        /// What was to be done.
        action: &'static str,
        /// DynamoDB's error.
        cause: String,
    },
    /// A row lacks an attribute or holds one of another type: something else wrote to the table.
    #[error("the ledger's row {pk} has no usable {attribute}")]
    Malformed {
        /// The row's key.
        pk: String,
        /// The attribute.
        attribute: &'static str,
    },
    /// The row contradicts the caller. A retry changes nothing.
    #[error("the ledger's row {pk} {why}")]
    Foreign {
        /// The row's key.
        pk: String,
        /// The contradiction.
        why: &'static str,
    },
}

impl LedgerError {
    pub(crate) fn unavailable(action: &'static str, error: impl std::error::Error) -> Self {
        Self::Unavailable { action, cause: DisplayErrorContext(error).to_string() }
    }
}
