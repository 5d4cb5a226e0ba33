//! What is checked before a byte is sent, in the documented order; each refusal has its reason code and says what to do.

use attachments::{FileName, InteractionId, ObjectKey, Reason, ReasonCode};
use media_type::{Inspection, MediaType, Refusal, RefusalCode};

use crate::{Intake, settings::Settings, source, stop::Stop, stream::Peeked};
use attachments::ObjectRef;
use aws_sdk_s3::primitives::SdkBody;

/// The key, taken apart.
pub(crate) fn key(object: &ObjectRef, settings: &Settings) -> Result<ObjectKey, Stop> {
    ObjectKey::parse(&object.key, &settings.key_prefix)
        .map_err(|error| Stop::reject(ReasonCode::BadKey, error.to_string()))
}

/// The interaction that the object is for.
pub(crate) fn interaction(text: &str, settings: &Settings) -> Result<InteractionId, Stop> {
    let id: InteractionId = text.parse().map_err(|error: attachments::InvalidInteractionId| {
        Stop::reject(ReasonCode::BadInteractionId, error.to_string())
    })?;
    let prefixes = &settings.interaction_prefixes;
    if prefixes.is_empty() || prefixes.iter().any(|prefix| prefix.admits(&id)) {
        return Ok(id);
    }
    let known: Vec<String> = prefixes.iter().map(ToString::to_string).collect();
    Err(Stop::reject(
        ReasonCode::ForeignInteractionId,
        format!(
            "the interaction {id} begins with none of this tenant's prefixes: {} (INTERACTION_ID_PREFIXES)",
            known.join(", ")
        ),
    ))
}

/// The size, in bytes.
pub(crate) fn size(bytes: u64, settings: &Settings) -> Result<(), Stop> {
    let limit = settings.max_file_size;
    match bytes {
        0 => Err(Stop::reject(
            ReasonCode::Empty,
            "the object has no bytes; was it written before its content was ready?",
        )),
        _ if bytes > limit => Err(Stop::reject(
            ReasonCode::TooLarge,
            format!("the object has {bytes} bytes; at most {limit} are allowed (MAX_FILE_SIZE_BYTES)"),
        )),
        _ => Ok(()),
    }
}

/// The file's type: what its name promises, then what its bytes are. At most one ranged read, and two for a DOCX, before
/// anything is sent.
pub(crate) async fn media_type(
    intake: &Intake,
    object: &ObjectRef,
    file_name: &FileName,
    stream: &Peeked<SdkBody>,
    size: u64,
) -> Result<MediaType, Stop> {
    let allowed = &intake.settings.allowed;
    let named = allowed.check_name(file_name.as_str()).map_err(|refusal| refused(refusal, intake))?;
    let head = stream.head();
    let verdict = match media_type::inspect(&head, size, intake.settings.refused_active_content) {
        Inspection::Decided(verdict) => verdict,
        Inspection::NeedsRange(first) => {
            let bytes = source::range(&intake.s3, object, first.offset(), first.length()).await?;
            match first.decide(&bytes) {
                Inspection::Decided(verdict) => verdict,
                Inspection::NeedsRange(second) => {
                    let more = source::range(&intake.s3, object, second.offset(), second.length()).await?;
                    second.decide(&more)
                }
            }
        }
    };
    allowed.check_content(named, verdict).map_err(|refusal| refused(refusal, intake))
}

fn refused(refusal: Refusal, intake: &Intake) -> Stop {
    let code = match refusal.code() {
        RefusalCode::UnsupportedExtension => ReasonCode::UnsupportedExtension,
        RefusalCode::UnsupportedType => ReasonCode::UnsupportedType,
        RefusalCode::TypeMismatch => ReasonCode::TypeMismatch,
        RefusalCode::ActiveContent => ReasonCode::ActiveContent,
        RefusalCode::Polyglot => ReasonCode::Polyglot,
    };
    let text = match code {
        ReasonCode::UnsupportedExtension => {
            let extensions: Vec<_> =
                intake.settings.allowed.iter().flat_map(|t| t.extensions().iter().copied()).collect();
            format!("{refusal}; allowed are {}", extensions.join(", "))
        }
        ReasonCode::ActiveContent => {
            format!("{refusal}; save it without that, or set REFUSE_ACTIVE_CONTENT if this tenant takes such files")
        }
        ReasonCode::TypeMismatch => format!("{refusal}; name the file after what it is"),
        _ => refusal.to_string(),
    };
    Stop::Final(Reason::new(code, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interaction_outside_the_prefixes_is_foreign() {
        let settings = Settings::of(&[("INTERACTION_ID_PREFIXES", "INT-1, TEAM-")]).unwrap();
        for (id, code) in [
            ("INT-1", None),
            ("INT-1-7", None),
            ("TEAM-9", None),
            ("INT-10", Some(ReasonCode::ForeignInteractionId)),
            ("TEAMS", Some(ReasonCode::ForeignInteractionId)),
            ("a b", Some(ReasonCode::BadInteractionId)),
        ] {
            let found = match interaction(id, &settings) {
                Ok(_) => None,
                Err(Stop::Final(reason)) => Some(reason.code),
                Err(other) => panic!("{id}: {other:?}"),
            };
            assert_eq!(found, code, "{id}");
        }
    }
}
