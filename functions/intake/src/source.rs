//! Reading the object: one `GetObject`, pinned to the version that the event named.
//!
//! Each read has a time limit: 10 s for an attempt of a call (the SDK), and 15 s without a byte for a body (the connector of
//! `host::Aws`). `host::HttpClients` converts the object's headers to UTF-8.

pub(crate) mod content;
mod encoded_word;

use std::{
    collections::{BTreeMap, HashMap},
    future::poll_fn,
    pin::Pin,
};

use attachments::{ObjectRef, ObjectVersion, ReasonCode, Timestamp, workflow::SourceChecksum};
use aws_sdk_s3::{
    Client,
    error::{DisplayErrorContext, ProvideErrorMetadata, SdkError},
    operation::get_object::GetObjectOutput,
    primitives::{DateTime, SdkBody},
    types::{ChecksumMode, ChecksumType},
};
use events::Notification;
use http_body::Body;

use crate::{stop::Stop, stream::Peeked};

/// An open object: its properties in S3, and its bytes.
pub(crate) struct OpenObject {
    /// Bytes.
    pub(crate) size: u64,
    /// Without quotes.
    pub(crate) etag: Option<String>,
    pub(crate) version_id: Option<String>,
    /// When it was written, to the second.
    pub(crate) last_modified: Option<DateTime>,
    /// User metadata: names in lower case, values decoded.
    pub(crate) metadata: HashMap<String, String>,
    /// The object's own `Content-Type`, at most 255 characters. None if it means unknown bytes.
    pub(crate) declared_content_type: Option<String>,
    pub(crate) source_checksum: SourceChecksum,
    pub(crate) has_tags: bool,
    pub(crate) body: SdkBody,
}

/// How many seconds later than its event an object's `Last-Modified` may be. It has whole seconds, and comes from another of
/// S3's clocks than the event's time.
const CLOCK_TOLERANCE_SECONDS: f64 = 2.0;

/// Opens the object that the event is about. It does not read the body.
pub(crate) async fn open(s3: &Client, notification: &Notification) -> Result<OpenObject, Stop> {
    let object = &notification.object;
    let request = pinned(s3.get_object().bucket(&object.bucket).key(&object.key), object);
    let output = request.checksum_mode(ChecksumMode::Enabled).send().await.map_err(|error| stop_for(&error))?;
    let version_id = output.version_id().filter(|id| *id != "null").map(str::to_owned);
    refuse_other_version(notification, version_id.as_deref())?;
    reject_written_again(notification, output.last_modified)?;
    let size = output.content_length.and_then(|length| u64::try_from(length).ok());
    let size = size.ok_or_else(|| Stop::source("S3 did not send the object's size"))?;
    let source_checksum = checksum(&output);
    Ok(OpenObject {
        size,
        etag: output.e_tag.map(|etag| etag.trim_matches('"').to_owned()),
        version_id,
        last_modified: output.last_modified,
        metadata: decoded(output.metadata.unwrap_or_default()),
        declared_content_type: output.content_type.filter(|declared| is_specific(declared)).map(cut),
        source_checksum,
        has_tags: output.tag_count.is_some_and(|count| count > 0),
        body: output.body.into_inner(),
    })
}

/// Refuses an event without a version id if the object has one. That happens in a bucket whose versioning was suspended after
/// the write. The version's own event starts its execution, and this event would start a second one.
fn refuse_other_version(notification: &Notification, found: Option<&str>) -> Result<(), Stop> {
    match (&notification.object.version, found) {
        (ObjectVersion::Unversioned { .. }, Some(found)) => Err(Stop::Refused(format!(
            "the event of {:?} has no version id, but the object has the version id {found:?}, so S3 did not send the \
             event for this write; send S3's own event",
            notification.object.key
        ))),
        _ => Ok(()),
    }
}

/// Rejects an object whose bytes were written again since the event. Without a version id, `If-Match` pins the content and not
/// the write, and the newer write may have other metadata. Its own event sends it; this event would send it a second time.
fn reject_written_again(notification: &Notification, last_modified: Option<DateTime>) -> Result<(), Stop> {
    let (ObjectVersion::Unversioned { .. }, Some(event)) = (&notification.object.version, notification.event_time)
    else {
        return Ok(());
    };
    let Some(modified) = last_modified.map(|modified| Timestamp::from_unix_seconds(modified.secs())) else {
        return Ok(());
    };
    let later = modified.seconds_since(event);
    if later <= CLOCK_TOLERANCE_SECONDS {
        return Ok(());
    }
    Err(Stop::reject(
        ReasonCode::Superseded,
        format!(
            "the same content was written again {later} s after this event's write; the newer write has an event of its \
             own (a versioned bucket keeps both)"
        ),
    ))
}

fn decoded(metadata: HashMap<String, String>) -> HashMap<String, String> {
    metadata.into_iter().map(|(name, value)| (name, encoded_word::decoded(&value))).collect()
}

/// Reads `length` bytes from `offset` on; fewer are a fault. HTTP allows a server to ignore the range and send the whole
/// object, and some servers with S3's protocol do so for a version. Then the part is cut out of the stream.
async fn range(s3: &Client, object: &ObjectRef, offset: u64, length: u64) -> Result<Vec<u8>, Stop> {
    let request = pinned(s3.get_object().bucket(&object.bucket).key(&object.key), object);
    let last = offset + length.saturating_sub(1);
    let output = request.range(format!("bytes={offset}-{last}")).send().await.map_err(|error| stop_for(&error))?;
    let expected = format!("bytes {offset}-{last}/");
    let skipped = match output.content_range() {
        Some(range) if range.starts_with(&expected) => 0,
        Some(other) => return Err(Stop::source(format!("S3 answered a read of {expected} with {other:?}"))),
        None => offset,
    };
    cut_out(output.body.into_inner(), skipped, length).await
}

/// The `length` bytes after the first `skipped` ones. It does not read the rest of the body.
async fn cut_out(mut body: SdkBody, skipped: u64, length: u64) -> Result<Vec<u8>, Stop> {
    let mut skip = skipped;
    let mut part = Vec::new();
    while (part.len() as u64) < length {
        let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await else {
            return Err(Stop::source("S3 sent fewer bytes than the range of the read has"));
        };
        let Ok(data) = frame.map_err(|error| broken(error.as_ref()))?.into_data() else { continue };
        let passed = skip.min(data.len() as u64);
        skip -= passed;
        let missing = usize::try_from(length - part.len() as u64).unwrap_or(usize::MAX);
        part.extend(data.iter().skip(usize::try_from(passed).unwrap_or(usize::MAX)).take(missing));
    }
    Ok(part)
}

/// The tags of the opened object. `last_modified` is the one that [`open`] found.
pub(crate) async fn tags(
    s3: &Client,
    object: &ObjectRef,
    last_modified: Option<DateTime>,
) -> Result<BTreeMap<String, String>, Stop> {
    let request = s3.get_object_tagging().bucket(&object.bucket).key(&object.key);
    let request = match &object.version {
        ObjectVersion::Id(id) => request.version_id(id),
        ObjectVersion::Unversioned { .. } => request,
    };
    let output = request.send().await.map_err(|error| stop_for(&error))?;
    if let ObjectVersion::Unversioned { etag, .. } = &object.version {
        reject_overwritten(s3, object, etag, last_modified).await?;
    }
    Ok(output.tag_set.into_iter().map(|tag| (tag.key, tag.value)).collect())
}

/// Rejects an object that was overwritten since it was opened. S3 does not support `If-Match` for tags: if the opened object is
/// still the current one after intake has read the tags, the tags are its own. This is a `GetObject` whose body is not read,
/// because `HeadObject` would add one more operation of the SDK to the binary.
async fn reject_overwritten(s3: &Client, object: &ObjectRef, etag: &str, opened: Option<DateTime>) -> Result<(), Stop> {
    let request = s3.get_object().bucket(&object.bucket).key(&object.key).if_match(format!("\"{etag}\""));
    let found = request.send().await.map_err(|error| stop_for(&error))?;
    if found.last_modified == opened
        && found.e_tag.is_none_or(|found| found.trim_start_matches("W/").trim_matches('"') == etag)
    {
        return Ok(());
    }
    Err(Stop::reject(
        ReasonCode::Superseded,
        "the object was overwritten while intake read it; the newer write has an event of its own (a versioned bucket keeps both)",
    ))
}

/// Reads the head and keeps it for the upload.
pub(crate) async fn peek(body: SdkBody) -> Result<Peeked<SdkBody>, Stop> {
    Peeked::peek(body).await.map_err(|error| broken(error.as_ref()))
}

type GetObject = aws_sdk_s3::operation::get_object::builders::GetObjectFluentBuilder;

fn pinned(request: GetObject, object: &ObjectRef) -> GetObject {
    match &object.version {
        ObjectVersion::Id(id) => request.version_id(id),
        ObjectVersion::Unversioned { etag, .. } => request.if_match(format!("\"{etag}\"")),
    }
}

/// Whether the SDK can verify what it reads. It needs a checksum of the whole object; one made of the parts' checksums is of no
/// use.
fn checksum(output: &GetObjectOutput) -> SourceChecksum {
    let any = [
        output.checksum_crc32(),
        output.checksum_crc32_c(),
        output.checksum_crc64_nvme(),
        output.checksum_sha1(),
        output.checksum_sha256(),
    ];
    let of_the_whole = any.into_iter().flatten().any(|value| !value.contains('-'));
    if of_the_whole && output.checksum_type() != Some(&ChecksumType::Composite) {
        SourceChecksum::Verified
    } else {
        SourceChecksum::NotVerifiable
    }
}

fn is_specific(declared: &str) -> bool {
    !matches!(declared.trim(), "" | "binary/octet-stream" | "application/octet-stream")
}

fn cut(declared: String) -> String {
    if declared.len() <= 255 { declared } else { declared.chars().take(255).collect() }
}

fn broken(error: &(dyn std::error::Error + 'static)) -> Stop {
    Stop::source(format!("reading the object failed: {}", DisplayErrorContext(error)))
}

/// What a failed call to S3 means for the object.
fn stop_for<E>(error: &SdkError<E, aws_sdk_s3::config::http::HttpResponse>) -> Stop
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let response = error.raw_response();
    let status = response.map(|response| response.status().as_u16());
    let code = error.code().unwrap_or_default();
    // Each response of S3 has an id. A response without one comes from a proxy or a VPC endpoint, which does not know the object.
    let from_s3 = response.is_some_and(|response| response.headers().contains_key("x-amz-request-id"));
    match (status, code) {
        (Some(status @ (400 | 404 | 405 | 412)), "" | "NotFound") if !from_s3 => Stop::source(format!(
            "a response with the status {status} is not from S3: it has neither S3's error code nor its request id"
        )),
        (_, "NoSuchBucket") => Stop::reject(ReasonCode::ObjectGone, "the bucket no longer exists"),
        (_, "NoSuchKey" | "NoSuchVersion") | (Some(404 | 405), _) => {
            Stop::reject(ReasonCode::ObjectGone, "the object, or this version of it, was deleted before intake read it")
        }
        (Some(412), _) => Stop::reject(
            ReasonCode::Superseded,
            "the object was overwritten before intake read it; the newer write has an event of its own (a versioned bucket keeps both)",
        ),
        (_, "InvalidObjectState") => Stop::reject(
            ReasonCode::ObjectUnreadable,
            "the object is archived; intake accepts only storage classes that can be read at once",
        ),
        (Some(400), "InvalidArgument") => {
            Stop::reject(ReasonCode::ObjectGone, "S3 does not know the event's version id (InvalidArgument)")
        }
        // S3 answers so if it needs the customer's own key (SSE-C). Its other 400s are about slow connections, old credentials
        // or disabled KMS keys, and not about the object.
        (Some(400), "InvalidRequest") => Stop::reject(
            ReasonCode::ObjectUnreadable,
            "S3 refuses the read (InvalidRequest); intake cannot read objects that are encrypted with a customer's own key (SSE-C)",
        ),
        (Some(status @ (400 | 403)), _) if status == 403 || code.starts_with("KMS.") => {
            host::metrics::count(host::metrics::Metric::SourceDenied);
            tracing::error!(
                s3_error = code,
                "S3 denies access to the object; check IntakeFunction's role, the bucket's policy and the object's KMS key"
            );
            if names_the_key(code, error.message().unwrap_or_default()) {
                return Stop::KeyDenied(format!(
                    "S3 denies access to the object: intake may not use its KMS key ({code})"
                ));
            }
            Stop::source(format!("S3 denies access to the object ({code})"))
        }
        _ => Stop::source(format!("S3 cannot be read: {}", DisplayErrorContext(error))),
    }
}

/// Whether S3's error says that intake may not use the object's KMS key. It does not if KMS is overloaded or down.
fn names_the_key(code: &str, message: &str) -> bool {
    const TEMPORARY: [&str; 4] = ["Throttling", "LimitExceeded", "Internal", "Timeout"];
    if code.starts_with("KMS.") {
        return !TEMPORARY.iter().any(|word| code.contains(word));
    }
    // Only the first "perform:" is S3's own. After it, the message may repeat the object's key.
    let denied =
        message.split_once("not authorized to perform: ").is_some_and(|(_, action)| action.starts_with("kms:"));
    code == "AccessDenied" && (denied || message.starts_with("The ciphertext refers to a customer master key"))
}

#[cfg(test)]
mod tests;
