//! The objects of the demo: what is written to the bucket, and what must become of it.

use attachments::{Outcome, ReasonCode};
use media_type::MediaType;
use sha2::{Digest as _, Sha256};

use crate::StackError;
use crate::fixtures::{self, Fixture};

use super::infected;

/// What the pipeline is told to look below; the template's default.
pub(crate) const KEY_PREFIX: &str = "interactions/";
/// One byte more than the template's default limit.
const TOO_LARGE: usize = 26_214_400 + 1;
/// The object whose job outlasts the poll window, so that its execution has a wait to show.
pub(crate) const SLOW: &str = "demo-mp3";
/// The object whose audit record is shown.
pub(crate) const RECORDED: &str = "demo-pdf";
/// The object whose failure is shown.
pub(crate) const FAILED: &str = "demo-infected";

/// One object of the demo. Each has an interaction of its own, so that its executions are found by name.
#[derive(Debug)]
pub(crate) struct Sample {
    /// The interaction id as a producer writes it into the key.
    pub(crate) interaction: String,
    /// Folders and file name below it.
    pub(crate) path: String,
    /// The content.
    pub(crate) body: Vec<u8>,
    /// Object tags: names and values without characters that a query escapes.
    pub(crate) tags: &'static [(&'static str, &'static str)],
    /// What must become of it.
    pub(crate) expected: Expected,
}

/// An outcome, and the reason's code unless it is `COMPLETED`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Expected {
    pub(crate) outcome: Outcome,
    pub(crate) reason: Option<ReasonCode>,
}

impl Sample {
    /// The object's key.
    pub(crate) fn key(&self) -> String {
        format!("{KEY_PREFIX}{}", self.label())
    }

    /// Its key without the prefix, which is the same for all.
    pub(crate) fn label(&self) -> String {
        format!("{}/{}", self.interaction, self.path)
    }

    /// The file's name, as CXone is to know it.
    pub(crate) fn file_name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// SHA-256 of the content in hex.
    pub(crate) fn sha256(&self) -> String {
        hex::encode(Sha256::digest(&self.body))
    }
}

/// All objects: one of each type first, then the bad ones.
pub(crate) fn all() -> Result<Vec<Sample>, StackError> {
    let mut samples: Vec<Sample> = fixtures::one_of_each()?.into_iter().map(good).collect();
    let pdf = fixtures::read("letter.pdf")?;
    let png = fixtures::read("screenshot.png")?;
    let mut large = pdf.clone();
    large.resize(TOO_LARGE, b' ');
    let text = b"Of no accepted type, with every name.\n".to_vec();
    samples.extend([
        bad("demo-empty", "letter.pdf", Vec::new(), ReasonCode::Empty),
        bad("demo-too-large", "archive.pdf", large, ReasonCode::TooLarge),
        bad("demo-extension", "notes.txt", text.clone(), ReasonCode::UnsupportedExtension),
        bad("demo-content", "statement.pdf", text, ReasonCode::UnsupportedType),
        bad("demo-spoofed", "invoice.pdf", png, ReasonCode::TypeMismatch),
        bad("demo id with spaces", "letter.pdf", pdf, ReasonCode::BadInteractionId),
        Sample {
            expected: Expected { outcome: Outcome::Failed, reason: Some(ReasonCode::JobFailed) },
            ..bad(FAILED, "offer.pdf", infected::pdf(), ReasonCode::JobFailed)
        },
    ]);
    Ok(samples)
}

fn good(fixture: Fixture) -> Sample {
    let extension = fixture.media_type.extensions().first().copied().unwrap_or_default();
    // A name and tags as people write them.
    let (path, tags): (_, &[_]) = match fixture.media_type {
        MediaType::Pdf => ("2026/Grüße 1+1 (final).pdf".to_owned(), &[("department", "claims"), ("language", "de")]),
        _ => (fixture.name, &[]),
    };
    let expected = Expected { outcome: Outcome::Completed, reason: None };
    Sample { interaction: format!("demo-{extension}"), path, body: fixture.content, tags, expected }
}

fn bad(interaction: &str, path: &str, body: Vec<u8>, reason: ReasonCode) -> Sample {
    let expected = Expected { outcome: Outcome::Rejected, reason: Some(reason) };
    Sample { interaction: interaction.to_owned(), path: path.to_owned(), body, tags: &[], expected }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn one_good_one_of_each_type_and_at_least_six_bad_ones_each_with_its_own_interaction() {
        let samples = all().unwrap();
        let completed = samples.iter().filter(|sample| sample.expected.reason.is_none()).count();
        assert_eq!(completed, MediaType::ALL.len());
        assert!(samples.len() - completed >= 6);
        let interactions: BTreeSet<_> = samples.iter().map(|sample| sample.interaction.as_str()).collect();
        assert_eq!(interactions.len(), samples.len());
        for shown in [SLOW, RECORDED, FAILED] {
            assert!(interactions.contains(shown), "{shown}");
        }
    }

    #[test]
    fn the_bad_ones_are_as_bad_as_they_say() {
        let samples = all().unwrap();
        let size = |interaction| samples.iter().find(|sample| sample.interaction == interaction).unwrap().body.len();
        assert_eq!(size("demo-empty"), 0);
        assert_eq!(size("demo-too-large"), 25 * 1024 * 1024 + 1);
    }

    #[test]
    fn names_and_digests_are_those_of_the_object() {
        let sample = bad("INT-1", "a/b.pdf", b"abc".to_vec(), ReasonCode::Empty);
        assert_eq!((sample.key().as_str(), sample.file_name()), ("interactions/INT-1/a/b.pdf", "b.pdf"));
        // printf abc | sha256sum
        assert!(sample.sha256().starts_with("ba7816bf8f01cfea414140de5dae2223"));
    }
}
