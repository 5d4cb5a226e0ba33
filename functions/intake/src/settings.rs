//! The settings of intake, which docs/settings.md describes.

use std::str::FromStr;

use attachments::InteractionPrefix;
use cxone::Framing;
use events::IgnoredNames;
use host::{Environment, NumberSetting};
use media_type::{ActiveContentPolicy, AllowedTypes};

/// Bytes.
const MAX_FILE_SIZE: NumberSetting =
    NumberSetting { name: "MAX_FILE_SIZE_BYTES", default: 26_214_400, range: 1..=u64::MAX };
/// Bytes; 0: no quota.
const STORAGE_QUOTA: NumberSetting = NumberSetting { name: "STORAGE_QUOTA_BYTES", default: 0, range: 0..=u64::MAX };
const GIVE_UP_AFTER: NumberSetting =
    NumberSetting { name: "GIVE_UP_AFTER_SECONDS", default: 259_200, range: 60..=302_400 };

/// The settings of intake that are whole numbers.
pub const NUMBERS: [NumberSetting; 3] = [MAX_FILE_SIZE, STORAGE_QUOTA, GIVE_UP_AFTER];

/// Where the interaction id comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum InteractionIdFrom {
    /// The key alone. So a producer that may write only to one folder reaches only its interaction.
    #[default]
    Key,
    /// The object's user metadata, or the key if they have no `interaction-id`.
    KeyOrMetadata,
}

impl FromStr for InteractionIdFrom {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "key" => Ok(Self::Key),
            "key-or-metadata" => Ok(Self::KeyOrMetadata),
            _ => Err("it must be key or key-or-metadata".to_owned()),
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// Intake accepts events of this bucket only.
    pub(crate) ingest_bucket: String,
    pub(crate) ledger_table: String,
    pub(crate) state_machine_arn: String,
    pub(crate) dead_letter_queue_url: String,
    /// Ends in `/`.
    pub(crate) key_prefix: String,
    /// Intake ignores objects with these file names.
    pub(crate) ignored_names: IgnoredNames,
    pub(crate) interaction_id_from: InteractionIdFrom,
    /// An interaction id must begin with one of these. Empty: any id is allowed.
    pub(crate) interaction_prefixes: Vec<InteractionPrefix>,
    /// Whether a producer may switch off CXone's virus scan.
    pub(crate) allow_scan_opt_out: bool,
    /// Bytes.
    pub(crate) max_file_size: u64,
    pub(crate) allowed: AllowedTypes,
    pub(crate) refused_active_content: ActiveContentPolicy,
    /// Bytes; 0: no quota.
    pub(crate) quota: u64,
    pub(crate) give_up_after_seconds: u64,
    pub(crate) framing: Framing,
}

impl Settings {
    pub(crate) fn from_environment(environment: &mut Environment) -> Self {
        let key_prefix = environment.optional("KEY_PREFIX").unwrap_or_else(|| "interactions/".to_owned());
        if !key_prefix.ends_with('/') || key_prefix.starts_with('/') {
            environment.fault("KEY_PREFIX", format_args!("is {key_prefix:?}: it must end in / and not begin with one"));
        }
        let listed = environment.optional("INTERACTION_ID_PREFIXES").unwrap_or_default();
        let mut interaction_prefixes = Vec::new();
        for prefix in listed.split(',').map(str::trim).filter(|prefix| !prefix.is_empty()) {
            match prefix.parse() {
                Ok(parsed) => interaction_prefixes.push(parsed),
                Err(error) => {
                    environment.fault("INTERACTION_ID_PREFIXES", format_args!("holds {prefix:?}: {error}"));
                }
            }
        }
        Self {
            ingest_bucket: environment.required("INGEST_BUCKET"),
            ledger_table: environment.required("LEDGER_TABLE"),
            state_machine_arn: environment.required("STATE_MACHINE_ARN"),
            dead_letter_queue_url: environment.required("INTAKE_DLQ_URL"),
            key_prefix,
            ignored_names: environment.parsed("IGNORED_NAMES", IgnoredNames::default()),
            interaction_id_from: environment.parsed("INTERACTION_ID_FROM", InteractionIdFrom::default()),
            interaction_prefixes,
            allow_scan_opt_out: environment.parsed("ALLOW_SCAN_OPT_OUT", false),
            max_file_size: environment.number(&MAX_FILE_SIZE),
            allowed: environment.parsed("ALLOWED_MIME_TYPES", AllowedTypes::default()),
            refused_active_content: environment.parsed("REFUSE_ACTIVE_CONTENT", ActiveContentPolicy::default()),
            quota: environment.number(&STORAGE_QUOTA),
            give_up_after_seconds: environment.number(&GIVE_UP_AFTER),
            framing: environment.parsed("CXONE_UPLOAD_FRAMING", Framing::default()),
        }
    }
}

#[cfg(test)]
impl Settings {
    /// The required settings, and the default of every other one.
    pub(crate) fn example() -> Self {
        Self::of(&[]).expect("valid defaults")
    }

    /// The required settings and the defaults, with these values instead of theirs.
    pub(crate) fn of(values: &'static [(&'static str, &'static str)]) -> Result<Self, host::SettingsError> {
        let required =
            [("INGEST_BUCKET", "drop"), ("LEDGER_TABLE", "l"), ("STATE_MACHINE_ARN", "m"), ("INTAKE_DLQ_URL", "q")];
        let mut environment = Environment::new(move |name| {
            let found = values.iter().chain(&required).find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        });
        let settings = Self::from_environment(&mut environment);
        environment.finish(Ok(settings))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn producer_cannot_choose_interaction_or_scan_by_default() {
        let settings = Settings::example();
        assert_eq!((settings.interaction_id_from, settings.allow_scan_opt_out), (InteractionIdFrom::Key, false));
        let permissive =
            Settings::of(&[("INTERACTION_ID_FROM", "key-or-metadata"), ("ALLOW_SCAN_OPT_OUT", "true")]).unwrap();
        assert_eq!(permissive.interaction_id_from, InteractionIdFrom::KeyOrMetadata);
        assert!(permissive.allow_scan_opt_out);
    }

    #[test]
    fn error_names_each_invalid_setting() {
        let wrong = Settings::of(&[
            ("INGEST_BUCKET", ""),
            ("INTERACTION_ID_FROM", "metadata"),
            ("ALLOW_SCAN_OPT_OUT", "yes"),
            ("INTERACTION_ID_PREFIXES", "INT-,a b"),
        ]);
        let fault = wrong.unwrap_err().to_string();
        for part in [
            "INGEST_BUCKET is missing",
            "INTERACTION_ID_FROM is \"metadata\": it must be key or key-or-metadata",
            "ALLOW_SCAN_OPT_OUT is \"yes\"",
            "INTERACTION_ID_PREFIXES holds \"a b\"",
        ] {
            assert!(fault.contains(part), "{part:?} is not in {fault}");
        }
    }
}
