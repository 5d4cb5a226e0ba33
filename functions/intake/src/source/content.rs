//! The type of an object's bytes.

use attachments::ObjectRef;
use aws_sdk_s3::{Client, primitives::SdkBody};
use media_type::{ActiveContentPolicy, Inspection, Verdict};

use super::range;
use crate::{stop::Stop, stream::Peeked};

/// Decides the type from the head and, if necessary, one ranged read. A DOCX may need two.
pub(crate) async fn verdict(
    s3: &Client,
    object: &ObjectRef,
    stream: &Peeked<SdkBody>,
    size: u64,
    policy: ActiveContentPolicy,
) -> Result<Verdict, Stop> {
    let head = stream.head();
    let first = match media_type::inspect(&head, size, policy) {
        Inspection::Decided(verdict) => return Ok(verdict),
        Inspection::NeedsRange(first) => first,
    };
    let bytes = range(s3, object, first.offset(), first.length()).await?;
    match first.decide(&bytes) {
        Inspection::Decided(verdict) => Ok(verdict),
        Inspection::NeedsRange(second) => {
            let more = range(s3, object, second.offset(), second.length()).await?;
            Ok(second.decide(&more))
        }
    }
}
