//! The names of the errors that the functions return. The state machine retries and catches by these names, so they are stable.

/// The payload cannot be read; a retry would not help.
pub const INPUT_INVALID: &str = "Input.Invalid";
/// The ledger does not know the payload's execution, or contradicts the payload. A retry would not help.
pub const INPUT_FOREIGN: &str = "Input.Foreign";
/// A setting is missing or malformed. Every invocation returns this error until the setting is corrected.
pub const SETTINGS_INVALID: &str = "Settings.Invalid";
/// CXone refuses the credentials, or their secret is unusable. Only poll of an earlier release returns this error. This
/// release logs and counts the fault.
pub const CXONE_UNAUTHORIZED: &str = "Cxone.Unauthorized";
/// The credentials cannot be read, or CXone is not available. Only poll of an earlier release returns this error.
pub const CXONE_UNAVAILABLE: &str = "Cxone.Unavailable";
/// A call to the ledger's table failed.
pub const LEDGER_UNAVAILABLE: &str = "Ledger.Unavailable";
/// S3 did not accept the audit record.
pub const AUDIT_UNWRITABLE: &str = "Audit.Unwritable";
/// There is another object under the audit record's key. A retry would not help.
pub const AUDIT_FOREIGN: &str = "Audit.Foreign";
/// The receiver did not answer the webhook with 2xx.
pub const WEBHOOK_UNDELIVERED: &str = "Webhook.Undelivered";
/// An object of a bare event is not finished. Lambda must repeat the invocation.
pub const INTAKE_UNFINISHED: &str = "Intake.Unfinished";

/// Errors of `PollFunction`.
pub const OF_POLL: &[&str] = &[INPUT_INVALID, SETTINGS_INVALID];
/// Errors that only `PollFunction` of an earlier release returns. They can occur during a deployment.
pub const OF_EARLIER_POLL: &[&str] = &[CXONE_UNAUTHORIZED, CXONE_UNAVAILABLE];
/// Errors of `FinalizeFunction`.
pub const OF_FINALIZE: &[&str] = &[
    INPUT_INVALID,
    INPUT_FOREIGN,
    SETTINGS_INVALID,
    LEDGER_UNAVAILABLE,
    AUDIT_UNWRITABLE,
    AUDIT_FOREIGN,
    WEBHOOK_UNDELIVERED,
];
/// Errors that no state retries or catches. A person must look at them.
pub const FOREIGN: &[&str] = &[INPUT_FOREIGN, AUDIT_FOREIGN];
