//! Reading the object: one `GetObject`, pinned to the version that the event named.

use std::{
    collections::{BTreeMap, HashMap},
    future::poll_fn,
    pin::Pin,
};

use attachments::{ObjectRef, ObjectVersion, ReasonCode, workflow::SourceChecksum};
use aws_sdk_s3::{
    Client,
    error::{DisplayErrorContext, ProvideErrorMetadata, SdkError},
    operation::get_object::GetObjectOutput,
    primitives::SdkBody,
    types::{ChecksumMode, ChecksumType},
};

use http_body::Body;

use crate::{stop::Stop, stream::Peeked};

/// An open object: what S3 says of it, and its bytes.
pub(crate) struct OpenObject {
    /// Bytes.
    pub(crate) size: u64,
    /// Without quotes.
    pub(crate) etag: Option<String>,
    pub(crate) version_id: Option<String>,
    /// User metadata, names in lower case.
    pub(crate) metadata: HashMap<String, String>,
    /// The object's own `Content-Type`, where it says something.
    pub(crate) declared_content_type: Option<String>,
    pub(crate) source_checksum: SourceChecksum,
    pub(crate) has_tags: bool,
    pub(crate) body: SdkBody,
}

/// Opens the object; the body is not read yet.
pub(crate) async fn open(s3: &Client, object: &ObjectRef) -> Result<OpenObject, Stop> {
    let request = pinned(s3.get_object().bucket(&object.bucket).key(&object.key), object);
    let output = request.checksum_mode(ChecksumMode::Enabled).send().await.map_err(|error| stopped(&error))?;
    let size = output.content_length.and_then(|length| u64::try_from(length).ok());
    let size = size.ok_or_else(|| Stop::later("S3 did not say how long the object is"))?;
    let source_checksum = checksum(&output);
    Ok(OpenObject {
        size,
        etag: output.e_tag.map(|etag| etag.trim_matches('"').to_owned()),
        version_id: output.version_id.filter(|id| id != "null"),
        metadata: output.metadata.unwrap_or_default(),
        declared_content_type: output.content_type.filter(|declared| is_specific(declared)).map(cut),
        source_checksum,
        has_tags: output.tag_count.is_some_and(|count| count > 0),
        body: output.body.into_inner(),
    })
}

/// A part of the object, all of which must be there. HTTP lets a server ignore the range and send everything, and some that
/// speak S3's protocol do so for a version's read: the part is then cut out of the stream, whose rest is not read.
pub(crate) async fn range(s3: &Client, object: &ObjectRef, offset: u64, length: u64) -> Result<Vec<u8>, Stop> {
    let request = pinned(s3.get_object().bucket(&object.bucket).key(&object.key), object);
    let last = offset + length.saturating_sub(1);
    let output = request.range(format!("bytes={offset}-{last}")).send().await.map_err(|error| stopped(&error))?;
    let expected = format!("bytes {offset}-{last}/");
    let skipped = match output.content_range() {
        Some(range) if range.starts_with(&expected) => 0,
        Some(other) => return Err(Stop::later(format!("S3 answered a read of {expected} with {other:?}"))),
        None => offset,
    };
    cut_out(output.body.into_inner(), skipped, length).await
}

/// `length` bytes behind the first `skipped` ones.
async fn cut_out(mut body: SdkBody, skipped: u64, length: u64) -> Result<Vec<u8>, Stop> {
    let mut skip = skipped;
    let mut part = Vec::new();
    while (part.len() as u64) < length {
        let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await else {
            return Err(Stop::later("a ranged read ended early"));
        };
        let Ok(data) = frame.map_err(|error| broken(error.as_ref()))?.into_data() else { continue };
        let passed = skip.min(data.len() as u64);
        skip -= passed;
        let wanted = usize::try_from(length - part.len() as u64).unwrap_or(usize::MAX);
        part.extend(data.iter().skip(usize::try_from(passed).unwrap_or(usize::MAX)).take(wanted));
    }
    Ok(part)
}

/// The object's tags.
pub(crate) async fn tags(s3: &Client, object: &ObjectRef) -> Result<BTreeMap<String, String>, Stop> {
    let request = s3.get_object_tagging().bucket(&object.bucket).key(&object.key);
    let request = match &object.version {
        ObjectVersion::Id(id) => request.version_id(id),
        ObjectVersion::Unversioned { .. } => request,
    };
    let output = request.send().await.map_err(|error| stopped(&error))?;
    Ok(output.tag_set.into_iter().map(|tag| (tag.key, tag.value)).collect())
}

/// Reads the head, keeping it for sending.
pub(crate) async fn peek(body: SdkBody) -> Result<Peeked<SdkBody>, Stop> {
    Peeked::read(body).await.map_err(|error| broken(error.as_ref()))
}

type GetObject = aws_sdk_s3::operation::get_object::builders::GetObjectFluentBuilder;

fn pinned(request: GetObject, object: &ObjectRef) -> GetObject {
    match &object.version {
        ObjectVersion::Id(id) => request.version_id(id),
        ObjectVersion::Unversioned { etag, .. } => request.if_match(format!("\"{etag}\"")),
    }
}

/// Whether the SDK can check what it reads: a checksum of the whole object, not one made of its parts' checksums.
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
    Stop::later(format!("reading the object failed: {}", DisplayErrorContext(error)))
}

/// What S3's refusal means for the object.
fn stopped<E>(error: &SdkError<E, aws_sdk_s3::config::http::HttpResponse>) -> Stop
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let status = error.raw_response().map(|response| response.status().as_u16());
    let code = error.code().unwrap_or_default();
    match (status, code) {
        (_, "NoSuchBucket") => Stop::reject(ReasonCode::ObjectGone, "the bucket does not exist any more"),
        (_, "NoSuchKey" | "NoSuchVersion") | (Some(404 | 405), _) => Stop::reject(
            ReasonCode::ObjectGone,
            "the object, or that version of it, was deleted before it was read; write it again to send it",
        ),
        (Some(412), _) => Stop::reject(
            ReasonCode::Superseded,
            "the object was overwritten before it was read; the newer write has an event of its own (a versioned bucket keeps both)",
        ),
        (_, "InvalidObjectState") => Stop::reject(
            ReasonCode::ObjectUnreadable,
            "the object is archived; restore it and write it again to a storage class that can be read at once",
        ),
        (Some(400), "InvalidArgument") => Stop::reject(
            ReasonCode::ObjectGone,
            "S3 takes the event's version id for none of its own (InvalidArgument)",
        ),
        // How S3 asks for a customer's own key. Its other 400s are slow connections, old credentials, or keys of KMS that are
        // disabled: none of them is the object's.
        (Some(400), "InvalidRequest") => Stop::reject(
            ReasonCode::ObjectUnreadable,
            "S3 refuses to hand the object out (InvalidRequest); objects encrypted with a customer's own key cannot be read",
        ),
        (Some(status @ (400 | 403)), _) if status == 403 || code.starts_with("KMS.") => {
            host::metrics::count(host::metrics::Metric::SourceDenied);
            tracing::error!(
                s3_error = code,
                "S3 denies access to the object; check IntakeFunction's role, the bucket's policy and its KMS key"
            );
            Stop::later(format!("S3 denies access to the object ({code})"))
        }
        _ => Stop::later(format!("S3 cannot be read: {}", DisplayErrorContext(error))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "current_thread")]
    async fn a_part_is_cut_out_of_an_answer_that_is_the_whole() {
        let whole = || SdkBody::from("0123456789");
        assert_eq!(cut_out(whole(), 3, 4).await.unwrap(), b"3456");
        assert_eq!(cut_out(whole(), 0, 10).await.unwrap(), b"0123456789");
        assert!(matches!(cut_out(whole(), 8, 3).await, Err(Stop::Later { .. })));
    }
}
