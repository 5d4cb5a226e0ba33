//! The pipeline's own rules for a file, applied here before it is sent.

use std::{
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
    path::Path,
};

use attachments::{InteractionId, InteractionPrefix, ObjectKey};
use events::IgnoredNames;
use media_type::{ActiveContentPolicy, AllowedTypes, Inspection, MediaType};

use crate::{Deployment, ToolError};

/// What a deployment accepts.
#[derive(Debug, Clone)]
pub struct Rules {
    /// What every key begins with.
    pub key_prefix: String,
    allowed: AllowedTypes,
    active_content: ActiveContentPolicy,
    max_file_size: u64,
    ignored_names: IgnoredNames,
    interaction_prefixes: Vec<InteractionPrefix>,
}

/// The file names that start nothing in this stack.
///
/// # Errors
/// The parameter cannot be read: the stack is one of a newer release.
pub(crate) fn ignored_names(deployment: &Deployment) -> Result<IgnoredNames, ToolError> {
    let Some(list) = deployment.parameter("IgnoredNames") else { return Ok(IgnoredNames::default()) };
    list.parse().map_err(|error| unreadable("IgnoredNames", &error))
}

fn unreadable(name: &str, error: &dyn std::fmt::Display) -> ToolError {
    ToolError::Unreadable(format!(
        "the stack's parameter {name} cannot be read: {error}; is there a newer release of this tool?"
    ))
}

impl Default for Rules {
    /// The template's defaults.
    fn default() -> Self {
        Self {
            key_prefix: "interactions/".to_owned(),
            allowed: AllowedTypes::default(),
            active_content: ActiveContentPolicy::default(),
            max_file_size: 26_214_400,
            ignored_names: IgnoredNames::default(),
            interaction_prefixes: Vec::new(),
        }
    }
}

impl Rules {
    /// The rules of a stack, from its parameters.
    ///
    /// # Errors
    /// A parameter cannot be read: the stack is one of a newer release.
    pub fn of(deployment: &Deployment) -> Result<Self, ToolError> {
        let default = Self::default();
        let listed = deployment.parameter("InteractionIdPrefixes").unwrap_or_default();
        let prefixes = listed.split(',').map(str::trim).filter(|prefix| !prefix.is_empty());
        let interaction_prefixes = prefixes.map(str::parse).collect::<Result<_, _>>();
        let interaction_prefixes = interaction_prefixes.map_err(|error| unreadable("InteractionIdPrefixes", &error))?;
        let allowed = match deployment.parameter("AllowedMimeTypes") {
            Some(list) => list.parse().map_err(|error| unreadable("AllowedMimeTypes", &error))?,
            None => default.allowed,
        };
        let active_content = match deployment.parameter("RefuseActiveContent") {
            Some(word) => word.parse().map_err(|error| unreadable("RefuseActiveContent", &error))?,
            None => default.active_content,
        };
        Ok(Self {
            key_prefix: deployment.key_prefix().to_owned(),
            allowed,
            active_content,
            max_file_size: deployment.number("MaxFileSizeBytes", default.max_file_size),
            ignored_names: ignored_names(deployment)?,
            interaction_prefixes,
        })
    }

    /// The key of a file, or why intake would reject it.
    ///
    /// # Errors
    /// The text for people.
    pub fn key(&self, interaction: &InteractionId, name: &str) -> Result<String, String> {
        let prefixes = &self.interaction_prefixes;
        if !prefixes.is_empty() && !prefixes.iter().any(|prefix| prefix.admits(interaction)) {
            return Err(format!(
                "the interaction {interaction} has none of this tenant's prefixes (InteractionIdPrefixes)"
            ));
        }
        let key = format!("{}{interaction}/{name}", self.key_prefix);
        if self.ignored_names.contain(&key) {
            return Err(format!("the pipeline ignores files with the name {name:?} (IgnoredNames)"));
        }
        match ObjectKey::parse(&key, &self.key_prefix) {
            Ok(parsed) if parsed.file_name.as_str() == name => Ok(key),
            Ok(_) => Err(format!("the name {name:?} contains a slash")),
            Err(error) => Err(error.to_string()),
        }
    }

    /// The type of a file, or why intake would reject it.
    ///
    /// # Errors
    /// Outside: the file cannot be read. Inside: the text for people.
    pub fn check(&self, path: &Path, name: &str) -> Result<Result<MediaType, String>, ToolError> {
        let tried = |source: io::Error| ToolError::Io { what: format!("reading {}", path.display()), source };
        let mut file = File::open(path).map_err(tried)?;
        let size = file.metadata().map_err(tried)?.len();
        if size == 0 {
            return Ok(Err("the file is empty".to_owned()));
        }
        if size > self.max_file_size {
            return Ok(Err(format!("the file has {size} bytes; at most {} are accepted", self.max_file_size)));
        }
        let named = match self.allowed.check_name(name) {
            Ok(named) => named,
            Err(refusal) => return Ok(Err(refusal.to_string())),
        };
        let mut range = |offset: u64, length: u64| {
            let mut bytes = Vec::new();
            file.seek(SeekFrom::Start(offset))
                .and_then(|_| (&mut file).take(length).read_to_end(&mut bytes))
                .map_err(tried)?;
            Ok::<_, ToolError>(bytes)
        };
        let head = range(0, media_type::HEAD_LEN as u64)?;
        let verdict = match media_type::inspect(&head, size, self.active_content) {
            Inspection::Decided(verdict) => verdict,
            Inspection::NeedsRange(first) => match first.decide(&range(first.offset(), first.length())?) {
                Inspection::Decided(verdict) => verdict,
                Inspection::NeedsRange(second) => second.decide(&range(second.offset(), second.length())?),
            },
        };
        Ok(self.allowed.check_content(named, verdict).map_err(|refusal| refusal.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignored_names_and_foreign_interactions_are_rejected() {
        let rules = Rules { interaction_prefixes: vec!["OWN".parse().unwrap()], ..Rules::default() };
        let key = |interaction: &str, name: &str| rules.key(&interaction.parse().unwrap(), name);
        assert_eq!(key("OWN-1", "a.pdf").as_deref(), Ok("interactions/OWN-1/a.pdf"));
        assert!(key("OWN-1", ".DS_Store").unwrap_err().contains("IgnoredNames"));
        assert!(key("OTHER-1", "a.pdf").unwrap_err().contains("InteractionIdPrefixes"));
        assert!(key("OWN-1", "a/b.pdf").unwrap_err().contains("slash"));
    }
}
