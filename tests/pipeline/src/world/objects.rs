//! Writes files into the ingest bucket and announces them, as producers and S3 do.

use std::fmt::Write as _;
use std::time::SystemTime;

use attachments::{Identity, ObjectKey, ObjectRef, ObjectVersion, execution_name};
use aws_sdk_s3::types::{ChecksumAlgorithm, Tag, Tagging};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{World, lock};
use crate::FaultsError;
use crate::error::Calling as _;

/// The prefix that the template has by default.
pub(crate) const PREFIX: &str = "interactions/";

/// Every tag's value begins with this, so that a search for it in logs finds any leak.
pub(super) const TAG_VALUE: &str = "tagvalue-";

/// A file as a producer writes it.
#[derive(Debug, Clone, Default)]
pub struct File {
    /// The whole key.
    pub key: String,
    /// The content.
    pub body: Vec<u8>,
    /// Its tags, `a=1&b=2`.
    pub tagging: Option<String>,
    /// Its user metadata.
    pub metadata: Vec<(&'static str, String)>,
    /// The object's own `Content-Type`.
    pub content_type: Option<String>,
}

/// An object in a bucket.
#[derive(Debug, Clone)]
pub struct Placed {
    /// The bucket's name.
    pub bucket: String,
    /// The whole key.
    pub key: String,
    /// Bytes.
    pub size: u64,
    /// Of its content, in hex.
    pub sha256: String,
    /// None in a bucket without versions.
    pub version_id: Option<String>,
    pub(crate) etag: String,
    pub(crate) sequencer: String,
    /// When it was written, as its events say.
    pub(crate) written_at: String,
    /// Its identity in ledger, upload, webhook and execution.
    pub identity: Identity,
    /// The interaction to which it belongs: the key's, unless [`Placed::at_interaction`] says another.
    pub interaction: String,
    /// The name that its execution must have.
    pub execution_name: String,
}

impl File {
    /// An untagged file.
    pub fn new(key: impl Into<String>, body: impl Into<Vec<u8>>) -> Self {
        Self { key: key.into(), body: body.into(), ..Self::default() }
    }

    /// A short sound at the interaction.
    pub(crate) fn of(interaction: &str) -> Self {
        Self::named(interaction, "call.wav", 6_000)
    }

    /// A sound of this many bytes.
    pub(crate) fn named(interaction: &str, name: &str, bytes: usize) -> Self {
        Self::new(format!("{PREFIX}{interaction}/{name}"), sound(bytes)).tagged()
    }

    /// The same with a tag whose value begins with [`TAG_VALUE`].
    #[expect(clippy::disallowed_methods, reason = "a tag for a test")]
    pub(crate) fn tagged(self) -> Self {
        Self { tagging: Some(format!("note={TAG_VALUE}{:016x}", fastrand::u64(..))), ..self }
    }
}

impl Placed {
    /// An object of this version. The bucket need not have it.
    fn of(bucket: &str, key: &str, version: ObjectVersion) -> Result<Self, FaultsError> {
        let (version_id, etag, sequencer) = match &version {
            ObjectVersion::Id(id) => (Some(id.clone()), String::new(), String::new()),
            ObjectVersion::Unversioned { etag, sequencer } => (None, etag.clone(), sequencer.clone()),
        };
        let identity = ObjectRef::new(bucket, key, version).calling("naming the object")?.identity();
        let placed = Self {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            size: 0,
            sha256: String::new(),
            version_id,
            etag,
            sequencer,
            written_at: now(),
            identity,
            interaction: String::new(),
            execution_name: String::new(),
        };
        Ok(placed.at_interaction(&ObjectKey::interaction_of(key, PREFIX)))
    }

    /// The same where something other than the key names the interaction.
    #[must_use]
    pub fn at_interaction(self, interaction: &str) -> Self {
        let execution_name = execution_name(interaction, &self.identity);
        Self { interaction: interaction.to_owned(), execution_name, ..self }
    }
}

/// A WAV file of this many bytes, at least the header's 44. It contains noise, so that no two files are equal.
#[expect(clippy::disallowed_types, reason = "noise for a test")]
pub(crate) fn sound(bytes: usize) -> Vec<u8> {
    let data = u32::try_from(bytes.saturating_sub(44) & !1).unwrap_or(u32::MAX);
    let mut file = b"RIFF".to_vec();
    file.extend((36 + data).to_le_bytes());
    // PCM, one channel, 8,000 samples a second of 16 bits.
    file.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data");
    file.extend(data.to_le_bytes());
    let mut noise = fastrand::Rng::new();
    file.extend((0..data).map(|_| noise.u8(..)));
    file
}

impl World {
    /// Writes the file. It is announced: by the bucket, or by hand where the bucket announces nothing.
    pub async fn put(&self, file: &File) -> Result<Placed, FaultsError> {
        let placed = self.place(file).await?;
        if !self.bucket_announces {
            self.announce(&placed).await?;
        }
        Ok(placed)
    }

    /// A version of an object that the ingest bucket never had.
    pub fn never_written(&self, key: &str, version_id: &str) -> Result<Placed, FaultsError> {
        Placed::of(&self.place.bucket, key, ObjectVersion::Id(version_id.to_owned()))
    }

    /// Writes the file into the ingest bucket. A row then calls [`World::announce`].
    #[expect(clippy::disallowed_methods, reason = "a sequencer for a test")]
    pub(crate) async fn place(&self, file: &File) -> Result<Placed, FaultsError> {
        let bucket = &self.place.bucket;
        let put = self.clients.s3.put_object().bucket(bucket).key(&file.key).body(file.body.clone().into());
        let put = put.set_tagging(file.tagging.clone()).set_content_type(file.content_type.clone());
        let put = file.metadata.iter().fold(put, |put, (name, value)| put.metadata(*name, value));
        let written_at = now();
        let answer = put.checksum_algorithm(ChecksumAlgorithm::Crc32).send().await.calling("PutObject")?;
        let etag = answer.e_tag.unwrap_or_default().trim_matches('"').to_owned();
        let version_id = answer.version_id.filter(|id| id != "null");
        let sequencer = format!("{:016X}", fastrand::u64(..));
        let version = version_id.map_or_else(
            || ObjectVersion::Unversioned { etag: etag.clone(), sequencer: sequencer.clone() },
            ObjectVersion::Id,
        );
        let placed = Placed {
            size: file.body.len() as u64,
            sha256: hex::encode(Sha256::digest(&file.body)),
            etag,
            sequencer,
            written_at,
            ..Placed::of(bucket, &file.key, version)?
        };
        lock(&self.placed).push(placed.clone());
        Ok(placed)
    }

    /// Tags the version, as scanners do. This replaces its tags, as in S3.
    pub(crate) async fn tag(&self, placed: &Placed, name: &str, value: &str) -> Result<(), FaultsError> {
        let tag = Tag::builder().key(name).value(format!("{TAG_VALUE}{value}")).build().calling("forming a tag")?;
        let tags = Tagging::builder().tag_set(tag).build().calling("forming tags")?;
        let call = self.clients.s3.put_object_tagging().bucket(&placed.bucket).key(&placed.key).tagging(tags);
        let call = call.set_version_id(placed.version_id.clone());
        call.send().await.calling("PutObjectTagging").map(drop)
    }

    /// Puts a message on the intake queue.
    pub async fn send(&self, body: impl Into<String>) -> Result<(), FaultsError> {
        let call = self.clients.sqs.send_message().queue_url(&self.place.queue_url).message_body(body);
        call.send().await.calling("SendMessage").map(drop)
    }

    /// Puts the object's notification on the queue.
    pub async fn announce(&self, placed: &Placed) -> Result<(), FaultsError> {
        self.send(notification(&[placed]).to_string()).await
    }

    /// All objects so far.
    pub(crate) fn all_placed(&self) -> Vec<Placed> {
        lock(&self.placed).clone()
    }
}

/// S3's notification of these objects.
#[must_use]
pub fn notification(placed: &[&Placed]) -> Value {
    json!({ "Records": placed.iter().map(|placed| record(placed)).collect::<Vec<_>>() })
}

fn record(placed: &Placed) -> Value {
    let mut object = json!({
        "key": form_encoded(&placed.key), "size": placed.size, "eTag": placed.etag, "sequencer": placed.sequencer,
    });
    if let (Some(fields), Some(version)) = (object.as_object_mut(), &placed.version_id) {
        fields.insert("versionId".to_owned(), json!(version));
    }
    json!({
        "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "us-east-1", "eventName": "ObjectCreated:Put",
        "eventTime": placed.written_at,
        "s3": {
            "s3SchemaVersion": "1.0", "configurationId": "rows",
            "bucket": { "name": placed.bucket, "arn": format!("arn:aws:s3:::{}", placed.bucket) },
            "object": object,
        },
    })
}

/// `EventBridge`'s event of the object.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "an id for a test")]
pub fn eventbridge(placed: &Placed) -> Value {
    json!({
        "version": "0", "id": format!("{:032x}", fastrand::u128(..)), "detail-type": "Object Created", "source": "aws.s3",
        "account": "123456789012", "time": placed.written_at, "region": "us-east-1",
        "resources": [format!("arn:aws:s3:::{}", placed.bucket)],
        "detail": {
            "version": "0", "bucket": { "name": placed.bucket },
            "object": {
                "key": placed.key, "size": placed.size, "etag": placed.etag, "version-id": placed.version_id,
                "sequencer": placed.sequencer,
            },
            "reason": "PutObject",
        },
    })
}

fn now() -> String {
    attachments::Timestamp::from(SystemTime::now()).to_seconds_text()
}

/// Encodes a key as S3 does in notifications.
fn form_encoded(key: &str) -> String {
    let mut encoded = String::new();
    for byte in key.bytes() {
        match byte {
            b' ' => encoded.push('+'),
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'_' | b'.' | b'*' | b'/' => {
                encoded.push(char::from(byte));
            }
            // Writing to a string cannot fail.
            _ => {
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_encoded_as_the_pipeline_decodes_them() {
        let key = "interactions/INT-1/a b+c%ü\n/..";
        assert_eq!(form_encoded("a b+%"), "a+b%2B%25");
        assert_eq!(attachments::decode_form_encoded_key(&form_encoded(key)).unwrap(), key);
    }

    #[test]
    fn a_sound_has_the_size_that_was_asked_for() {
        assert_eq!(sound(6_000).len(), 6_000);
        assert_eq!(sound(0).len(), 44);
    }
}
