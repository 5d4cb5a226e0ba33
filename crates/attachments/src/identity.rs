//! The identity of an object, which ledger, upload, webhook and execution share.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Distinguishes two writes of the same key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ObjectVersion {
    /// The version id in a versioned bucket. Intake reads this version.
    Id(String),
    /// The write has no version id (an unversioned bucket, or the version `null`). Intake reads only if the `ETag` matches.
    Unversioned {
        /// Without quotes, as in S3's events.
        etag: String,
        /// Orders the writes of one key. Empty if the event has none.
        sequencer: String,
    },
}

/// One version of one object, which an event names.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ObjectRef {
    /// The bucket's name.
    pub bucket: String,
    /// The key as it is in the bucket, not form-encoded.
    pub key: String,
    /// The write of the key.
    pub version: ObjectVersion,
}

/// A part of the object's name contains a NUL. The identity separates its parts by NUL, so another object could get the same
/// identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the {0} contains a NUL character (U+0000), so the object has no identity; write the file under another key")]
pub struct NoIdentity(&'static str);

impl ObjectRef {
    /// The key must be decoded.
    ///
    /// # Errors
    /// [`NoIdentity`] if a part contains a NUL.
    pub fn new(bucket: impl Into<String>, key: impl Into<String>, version: ObjectVersion) -> Result<Self, NoIdentity> {
        let object_ref = Self { bucket: bucket.into(), key: key.into(), version };
        let version_parts: &[_] = match &object_ref.version {
            ObjectVersion::Id(id) => &[("version id", id)],
            ObjectVersion::Unversioned { etag, sequencer } => &[("ETag", etag), ("sequencer", sequencer)],
        };
        let parts = [("bucket", &object_ref.bucket), ("key", &object_ref.key)];
        match parts.iter().chain(version_parts).find(|(_, text)| text.contains('\0')) {
            Some((name, _)) => Err(NoIdentity(name)),
            None => Ok(object_ref),
        }
    }

    /// The identity of this version. It is the same for every copy and every shape of the version's event.
    ///
    /// No part contains a NUL. So the form with a version id has two separators and the form without one has four, and an event
    /// of one kind cannot name an object of the other kind.
    #[must_use]
    pub fn identity(&self) -> Identity {
        let mut hash = Sha256::new();
        let parts: &[&str] = match &self.version {
            ObjectVersion::Id(id) => &[&self.bucket, &self.key, id],
            ObjectVersion::Unversioned { etag, sequencer } => &[&self.bucket, &self.key, "null", etag, sequencer],
        };
        hash.update(parts.join("\0"));
        Identity(hex::encode(hash.finalize()))
    }
}

/// `hex(sha256(bucket \0 key \0 version id))`, or without a version id
/// `hex(sha256(bucket \0 key \0 null \0 etag \0 sequencer))`.
///
/// It is the key of the ledger's row, the upload's `Idempotency-Key` and the webhook's `webhook-id`. Its first 32 digits end
/// the execution's name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Identity(String);

/// The text is not 64 lower-case hexadecimal digits.
#[derive(Debug, thiserror::Error)]
#[error("an identity must be 64 lower-case hexadecimal digits")]
pub struct InvalidIdentity;

impl Identity {
    /// All 64 hexadecimal digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first 32 digits, for the execution's name.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.get(..32).unwrap_or(&self.0)
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Identity {
    type Err = InvalidIdentity;

    fn from_str(text: &str) -> Result<Self, InvalidIdentity> {
        let hexadecimal = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if text.len() == 64 && text.bytes().all(hexadecimal) { Ok(Self(text.to_owned())) } else { Err(InvalidIdentity) }
    }
}

impl TryFrom<String> for Identity {
    type Error = InvalidIdentity;

    fn try_from(text: String) -> Result<Self, InvalidIdentity> {
        text.parse()
    }
}

impl From<Identity> for String {
    fn from(identity: Identity) -> Self {
        identity.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(version: ObjectVersion) -> ObjectRef {
        ObjectRef::new("drop", "interactions/INT-1/a.pdf", version).unwrap()
    }

    fn id(id: &str) -> ObjectVersion {
        ObjectVersion::Id(id.to_owned())
    }

    fn unversioned(etag: &str, sequencer: &str) -> ObjectVersion {
        ObjectVersion::Unversioned { etag: etag.to_owned(), sequencer: sequencer.to_owned() }
    }

    #[test]
    fn identity_is_the_documented_hash() {
        for (version, hash) in [
            // printf 'drop\0interactions/INT-1/a.pdf\0v1' | sha256sum
            (id("v1"), "d84436b6b589bbd1efda1130b2e969dcc39425746ad4a126d00006ad5398f948"),
            // printf 'drop\0interactions/INT-1/a.pdf\0null\0e\00001' | sha256sum
            (unversioned("e", "01"), "1163729d892c7486b25809113580129170851d601b7b9dced63f7c83b1da0cf9"),
        ] {
            let identity = object(version).identity();
            assert_eq!(identity.as_str(), hash);
            assert_eq!(identity.short().len(), 32);
        }
    }

    /// Without the separators and the word `null`, an `ETag` `e` with the sequencer `01` would equal the version id `e01`.
    #[test]
    fn event_of_one_kind_cannot_name_an_object_of_the_other_kind() {
        let versions = [
            unversioned("e", "01"),
            unversioned("e0", "1"),
            unversioned("e01", ""),
            unversioned("", "e01"),
            id("e01"),
            id("null"),
            id("nulle01"),
        ];
        for (n, one) in versions.iter().enumerate() {
            for other in &versions[n + 1..] {
                assert_ne!(object(one.clone()).identity(), object(other.clone()).identity(), "{one:?}, {other:?}");
            }
        }
    }

    /// Without this check, each of these would get the identity of another object.
    #[test]
    fn object_with_a_nul_in_its_name_is_refused() {
        for (bucket, key, version, part) in [
            ("drop", "a\0b", id("v"), "key"),
            ("dr\0op", "a", id("v"), "bucket"),
            ("drop", "a", id("null\0e\x0001"), "version id"),
            ("drop", "a", unversioned("e\x000", "1"), "ETag"),
            ("drop", "a", unversioned("e", "0\x001"), "sequencer"),
        ] {
            let refused = ObjectRef::new(bucket, key, version).unwrap_err().to_string();
            assert!(refused.starts_with(&format!("the {part} contains a NUL")), "{refused}");
        }
    }

    #[test]
    fn identity_other_than_a_full_digest_is_refused() {
        assert!("abc".parse::<Identity>().is_err());
        assert!("A".repeat(64).parse::<Identity>().is_err());
        assert!("a".repeat(64).parse::<Identity>().is_ok());
    }
}
