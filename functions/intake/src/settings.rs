//! What an operator may set, see the README's table.

use attachments::InteractionId;
use cxone::Framing;
use host::Environment;
use media_type::{ActiveContentPolicy, AllowedTypes};

#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) ledger_table: String,
    pub(crate) state_machine_arn: String,
    pub(crate) dead_letter_queue_url: String,
    /// Ends in `/`.
    pub(crate) key_prefix: String,
    /// Empty: any interaction.
    pub(crate) interaction_prefixes: Vec<String>,
    pub(crate) max_file_size: u64,
    pub(crate) allowed: AllowedTypes,
    pub(crate) refused_active_content: ActiveContentPolicy,
    /// Bytes; 0: no quota.
    pub(crate) quota: u64,
    pub(crate) give_up_after_seconds: u64,
    pub(crate) framing: Framing,
}

impl Settings {
    pub(crate) fn read(environment: &mut Environment) -> Self {
        let key_prefix = environment.optional("KEY_PREFIX").unwrap_or_else(|| "interactions/".to_owned());
        if !key_prefix.ends_with('/') || key_prefix.starts_with('/') {
            environment.fault("KEY_PREFIX", format_args!("is {key_prefix:?}: it must end in / and not begin with one"));
        }
        let listed = environment.optional("INTERACTION_ID_PREFIXES").unwrap_or_default();
        let interaction_prefixes: Vec<String> =
            listed.split(',').map(str::trim).filter(|prefix| !prefix.is_empty()).map(str::to_owned).collect();
        for prefix in &interaction_prefixes {
            if let Err(error) = prefix.parse::<InteractionId>() {
                environment.fault("INTERACTION_ID_PREFIXES", format_args!("holds {prefix:?}: {error}"));
            }
        }
        Self {
            ledger_table: environment.required("LEDGER_TABLE"),
            state_machine_arn: environment.required("STATE_MACHINE_ARN"),
            dead_letter_queue_url: environment.required("INTAKE_DLQ_URL"),
            key_prefix,
            interaction_prefixes,
            max_file_size: environment.number("MAX_FILE_SIZE_BYTES", 26_214_400, 1..=u64::MAX),
            allowed: environment.parsed("ALLOWED_MIME_TYPES", AllowedTypes::default()),
            refused_active_content: environment.parsed("REFUSE_ACTIVE_CONTENT", ActiveContentPolicy::default()),
            quota: environment.number("STORAGE_QUOTA_BYTES", 0, 0..=u64::MAX),
            give_up_after_seconds: environment.number("GIVE_UP_AFTER_SECONDS", 259_200, 60..=302_400),
            framing: environment.parsed("CXONE_UPLOAD_FRAMING", Framing::default()),
        }
    }
}
