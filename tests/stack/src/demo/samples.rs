//! The objects of the demo: what is written to the bucket, and what must become of it.

use std::path::Path;

use attachments::{Outcome, ReasonCode};
use sha2::{Digest as _, Sha256};

use crate::error::Trying as _;
use crate::{StackError, workspace};

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
    pub(crate) interaction: &'static str,
    /// Folders and file name below it.
    pub(crate) path: &'static str,
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
    pub(crate) fn file_name(&self) -> &'static str {
        self.path.rsplit('/').next().unwrap_or(self.path)
    }

    /// SHA-256 of the content in hex.
    pub(crate) fn sha256(&self) -> String {
        hex::encode(Sha256::digest(&self.body))
    }
}

/// All objects: the nine types first, then the bad ones.
pub(crate) fn all() -> Result<Vec<Sample>, StackError> {
    let dir = workspace::root().join("tests/fixtures");
    let mut samples = vec![
        good("demo-wav", "voice.wav", &dir, "voice.wav")?,
        good(SLOW, "voice.mp3", &dir, "voice.mp3")?,
        good("demo-ogg", "voice.ogg", &dir, "voice.ogg")?,
        good("demo-png", "screenshot.png", &dir, "screenshot.png")?,
        good("demo-jpg", "photo.jpg", &dir, "photo.jpg")?,
        good("demo-gif", "animation.gif", &dir, "animation.gif")?,
        // A name and tags as people write them.
        Sample {
            tags: &[("department", "claims"), ("language", "de")],
            ..good(RECORDED, "2026/Grüße 1+1 (final).pdf", &dir, "letter.pdf")?
        },
        good("demo-doc", "letter.doc", &dir, "letter.doc")?,
        good("demo-docx", "letter.docx", &dir, "letter.docx")?,
    ];
    let pdf = read(&dir, "letter.pdf")?;
    let png = read(&dir, "screenshot.png")?;
    let mut large = pdf.clone();
    large.resize(TOO_LARGE, b' ');
    let text = b"Not one of the nine types, whatever it is called.\n".to_vec();
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

fn good(
    interaction: &'static str,
    path: &'static str,
    dir: &Path,
    fixture: &'static str,
) -> Result<Sample, StackError> {
    let expected = Expected { outcome: Outcome::Completed, reason: None };
    Ok(Sample { interaction, path, body: read(dir, fixture)?, tags: &[], expected })
}

fn bad(interaction: &'static str, path: &'static str, body: Vec<u8>, reason: ReasonCode) -> Sample {
    let expected = Expected { outcome: Outcome::Rejected, reason: Some(reason) };
    Sample { interaction, path, body, tags: &[], expected }
}

fn read(dir: &Path, fixture: &str) -> Result<Vec<u8>, StackError> {
    let path = dir.join(fixture);
    std::fs::read(&path).trying(|| format!("reading {}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn nine_good_ones_and_at_least_six_bad_ones_each_with_its_own_interaction() {
        let samples = all().unwrap();
        let completed = samples.iter().filter(|sample| sample.expected.reason.is_none()).count();
        assert_eq!(completed, 9);
        assert!(samples.len() - completed >= 6);
        let interactions: BTreeSet<_> = samples.iter().map(|sample| sample.interaction).collect();
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
