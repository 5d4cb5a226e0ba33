//! The ledger's errors.

use std::error::Error;

use aws_sdk_dynamodb::error::DisplayErrorContext;

/// Why a call of the ledger failed.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The call to DynamoDB failed. A later retry may help.
    #[error("the ledger did not {action}: {}", DisplayErrorContext(source.as_ref()))]
    Unavailable {
        /// The failed action, as a verb with its object: `claim the object`.
        action: &'static str,
        /// DynamoDB's error.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A row lacks an attribute or holds one of another type, because something else wrote to the table.
    #[error("the ledger's row {pk} has no usable {attribute}")]
    Malformed {
        /// The row's key.
        pk: String,
        /// The attribute.
        attribute: &'static str,
    },
    /// The row contradicts the caller. A retry does not help.
    #[error("the ledger's row {pk} {why}")]
    Foreign {
        /// The row's key.
        pk: String,
        /// The contradiction, as a predicate of the row: `does not exist`.
        why: &'static str,
    },
}

impl LedgerError {
    pub(crate) fn unavailable(action: &'static str, error: impl Error + Send + Sync + 'static) -> Self {
        Self::Unavailable { action, source: Box::new(error) }
    }
}
