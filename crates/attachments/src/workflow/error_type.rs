//! The names of the errors that functions return. The state machine retries and catches by these, so they are stable.

/// The payload cannot be read; a retry would not help.
pub const INPUT_INVALID: &str = "Input.Invalid";
/// The ledger does not know the message's execution, or says something else of its object. A retry would not help.
pub const INPUT_FOREIGN: &str = "Input.Foreign";
/// A setting is missing or malformed; every invocation says so until it is mended.
pub const SETTINGS_INVALID: &str = "Settings.Invalid";
/// CXone refuses the credentials, or the secret that holds them is unusable. Logged and counted; an error only of an
/// earlier release's poll.
pub const CXONE_UNAUTHORIZED: &str = "Cxone.Unauthorized";
/// The credentials cannot be read, or CXone cannot be asked, for now. An error only of an earlier release's poll.
pub const CXONE_UNAVAILABLE: &str = "Cxone.Unavailable";
/// `DynamoDB` did not take the outcome.
pub const LEDGER_UNAVAILABLE: &str = "Ledger.Unavailable";
/// S3 did not take the audit record.
pub const AUDIT_UNWRITABLE: &str = "Audit.Unwritable";
/// Something else lies under the audit record's key. A retry would not help.
pub const AUDIT_FOREIGN: &str = "Audit.Foreign";
/// The receiver did not answer the webhook with 2xx.
pub const WEBHOOK_UNDELIVERED: &str = "Webhook.Undelivered";
/// A bare event's object is not finished; the invocation must come again.
pub const INTAKE_UNFINISHED: &str = "Intake.Unfinished";

/// What `PollFunction` may return. An earlier release also returns [`CXONE_UNAUTHORIZED`] and [`CXONE_UNAVAILABLE`].
pub const OF_POLL: &[&str] = &[INPUT_INVALID, SETTINGS_INVALID];
/// What only the `PollFunction` of an earlier release returns. The machine may meet it during a deployment.
pub const OF_EARLIER_POLL: &[&str] = &[CXONE_UNAUTHORIZED, CXONE_UNAVAILABLE];
/// What `FinalizeFunction` may return.
pub const OF_FINALIZE: &[&str] = &[
    INPUT_INVALID,
    INPUT_FOREIGN,
    SETTINGS_INVALID,
    LEDGER_UNAVAILABLE,
    AUDIT_UNWRITABLE,
    AUDIT_FOREIGN,
    WEBHOOK_UNDELIVERED,
];
/// What nothing retries and nothing catches: somebody has to look.
pub const FOREIGN: &[&str] = &[INPUT_FOREIGN, AUDIT_FOREIGN];
