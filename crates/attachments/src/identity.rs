//! Which object: the identity that ledger, upload, webhook and execution share.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What tells two writes of the same key apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ObjectVersion {
    /// The version id of a versioned bucket; the read is pinned to it.
    Id(String),
    /// No version id (an unversioned bucket, or the version `null`): the read is conditional on the `ETag`.
    Unversioned {
        /// Without the quotes, as S3's events carry it.
        etag: String,
        /// Orders writes of one key; empty where the event had none.
        sequencer: String,
    },
}

/// One version of one object, as an event named it. The key is decoded.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ObjectRef {
    /// The bucket's name.
    pub bucket: String,
    /// The key as it is in the bucket, not form-encoded.
    pub key: String,
    /// Which write of the key.
    pub version: ObjectVersion,
}

impl ObjectRef {
    /// The identity of this version: the same for every copy of its notification, whatever shape that came in.
    #[must_use]
    pub fn identity(&self) -> Identity {
        let mut hash = Sha256::new();
        hash.update(self.bucket.as_bytes());
        hash.update([0]);
        hash.update(self.key.as_bytes());
        hash.update([0]);
        match &self.version {
            ObjectVersion::Id(id) => hash.update(id.as_bytes()),
            ObjectVersion::Unversioned { etag, sequencer } => {
                hash.update(etag.as_bytes());
                hash.update(sequencer.as_bytes());
            }
        }
        Identity(hex::encode(hash.finalize()))
    }
}

/// `hex(sha256(bucket \0 key \0 version))`: the ledger's key, the upload's `Idempotency-Key`, the webhook's `webhook-id`
/// and the end of the execution's name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Identity(String);

/// The text is not 64 lower-case hexadecimal digits.
#[derive(Debug, thiserror::Error)]
#[error("an identity is 64 lower-case hexadecimal digits")]
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
        ObjectRef { bucket: "drop".into(), key: "interactions/INT-1/a.pdf".into(), version }
    }

    #[test]
    fn identity_is_the_documented_hash() {
        // printf 'drop\0interactions/INT-1/a.pdf\0v1' | sha256sum
        let identity = object(ObjectVersion::Id("v1".into())).identity();
        let mut hash = Sha256::new();
        hash.update(b"drop\0interactions/INT-1/a.pdf\0v1");
        assert_eq!(identity.as_str(), hex::encode(hash.finalize()));
        assert_eq!(identity.short().len(), 32);
    }

    #[test]
    fn unversioned_objects_are_told_apart_by_etag_and_sequencer() {
        let version = |sequencer: &str| ObjectVersion::Unversioned { etag: "e".into(), sequencer: sequencer.into() };
        assert_ne!(object(version("01")).identity(), object(version("02")).identity());
        assert_eq!(object(version("01")).identity(), object(ObjectVersion::Id("e01".into())).identity());
    }

    #[test]
    fn only_a_full_digest_is_an_identity() {
        assert!("abc".parse::<Identity>().is_err());
        assert!("A".repeat(64).parse::<Identity>().is_err());
        assert!("a".repeat(64).parse::<Identity>().is_ok());
    }
}
