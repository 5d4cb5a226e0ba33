//! What an object's user metadata ask for, and whether the settings allow it.
//!
//! Without this check, a producer that may write to one interaction's folder could reach every interaction, and could switch
//! off the scan.

use std::collections::HashMap;

use attachments::ObjectKey;
use host::metrics::{self, Metric};

use crate::settings::{InteractionIdFrom, Settings};

/// How many characters of a producer's text are logged.
const MAX_LOGGED: usize = 128;

/// The values that apply to the object, and the requests of its metadata that intake ignores.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wishes {
    /// The interaction id, not yet checked.
    pub(crate) interaction: String,
    /// Whether that id comes from the metadata and not from the key.
    pub(crate) from_metadata: bool,
    /// Whether CXone is to scan the file for viruses.
    pub(crate) auto_scan: bool,
    ignored_interaction: Option<String>,
    ignored_opt_out: bool,
}

impl Wishes {
    pub(crate) fn of(metadata: &HashMap<String, String>, key: &ObjectKey, settings: &Settings) -> Self {
        let of_key = key.interaction.as_str();
        let asked = metadata.get("interaction-id").map(|id| id.trim()).filter(|id| *id != of_key);
        let (interaction, ignored_interaction) = match settings.interaction_id_from {
            InteractionIdFrom::Key => (of_key, asked.map(str::to_owned)),
            InteractionIdFrom::KeyOrMetadata => (asked.unwrap_or(of_key), None),
        };
        let opts_out = metadata.get("auto-scan").is_some_and(|value| value.trim().eq_ignore_ascii_case("false"));
        Self {
            interaction: interaction.to_owned(),
            from_metadata: asked.is_some() && ignored_interaction.is_none(),
            auto_scan: !(opts_out && settings.allow_scan_opt_out),
            ignored_interaction,
            ignored_opt_out: opts_out && !settings.allow_scan_opt_out,
        }
    }

    /// Logs and counts the requests that intake ignores.
    pub(crate) fn report(&self) {
        if let Some(asked) = &self.ignored_interaction {
            metrics::count(Metric::IgnoredInteractionIds);
            let asked: String = asked.chars().take(MAX_LOGGED).collect();
            tracing::warn!(
                "the metadata interaction-id asks for {asked:?}; the key's id is used (INTERACTION_ID_FROM)"
            );
        }
        if self.ignored_opt_out {
            metrics::count(Metric::IgnoredScanOptOuts);
            tracing::warn!("the metadata auto-scan asks for no scan; the file is scanned (ALLOW_SCAN_OPT_OUT)");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wishes(metadata: &[(&str, &str)], from: InteractionIdFrom, allow_scan_opt_out: bool) -> Wishes {
        let settings = Settings { interaction_id_from: from, allow_scan_opt_out, ..Settings::example() };
        let metadata = metadata.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Wishes::of(&metadata, &ObjectKey::parse("interactions/OWN/a.pdf", "interactions/").unwrap(), &settings)
    }

    #[test]
    fn interaction_of_metadata_is_used_only_if_the_setting_allows_it() {
        use InteractionIdFrom::{Key, KeyOrMetadata};
        for (metadata, from, interaction, ignored) in [
            (&[("interaction-id", "OTHER")][..], Key, "OWN", Some("OTHER")),
            (&[("interaction-id", " OTHER ")], KeyOrMetadata, "OTHER", None),
            (&[("interaction-id", "OWN ")], Key, "OWN", None),
            (&[("interaction-id", "")], Key, "OWN", Some("")),
            (&[("interaction-id", "")], KeyOrMetadata, "", None),
            (&[], Key, "OWN", None),
            (&[], KeyOrMetadata, "OWN", None),
        ] {
            let found = wishes(metadata, from, false);
            let seen = (found.interaction.as_str(), found.ignored_interaction.as_deref());
            assert_eq!(seen, (interaction, ignored), "{metadata:?} {from:?}");
            assert_eq!(found.from_metadata, interaction != "OWN", "{metadata:?} {from:?}");
        }
    }

    #[test]
    fn scan_is_off_only_if_the_setting_allows_it() {
        for (value, allowed, auto_scan, ignored) in [
            ("false", false, true, true),
            (" FALSE ", true, false, false),
            ("no", true, true, false),
            ("true", false, true, false),
        ] {
            let found = wishes(&[("auto-scan", value)], InteractionIdFrom::Key, allowed);
            assert_eq!((found.auto_scan, found.ignored_opt_out), (auto_scan, ignored), "{value:?} {allowed}");
        }
        assert!(wishes(&[], InteractionIdFrom::Key, true).auto_scan);
    }
}
