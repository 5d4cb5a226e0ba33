//! The checks before the first byte is sent, in the order in which a run makes them. Each refusal has a reason code, and a
//! text that says what to do.

use attachments::{FileName, InteractionId, ObjectKey, ObjectRef, Reason, ReasonCode};
use media_type::{MediaType, Refusal, RefusalCode, Verdict};

use crate::{settings::Settings, stop::Stop, wishes::Wishes};

const MIB: u128 = 1024 * 1024;
/// How many characters of a file name a reason's text quotes.
const MAX_QUOTED: usize = 128;

/// Parses the key.
pub(crate) fn key(object: &ObjectRef, settings: &Settings) -> Result<ObjectKey, Stop> {
    ObjectKey::parse(&object.key, &settings.key_prefix)
        .map_err(|error| Stop::reject(ReasonCode::BadKey, error.to_string()))
}

/// Parses the interaction id and checks its prefix.
pub(crate) fn interaction(wishes: &Wishes, settings: &Settings) -> Result<InteractionId, Stop> {
    let source = if wishes.from_metadata {
        "the object's metadata interaction-id".to_owned()
    } else {
        format!("the key, which must be {}{{interaction id}}/{{file name}}", settings.key_prefix)
    };
    let id: InteractionId = wishes.interaction.parse().map_err(|error: attachments::InvalidInteractionId| {
        Stop::reject(ReasonCode::BadInteractionId, format!("{error}. The id comes from {source}"))
    })?;
    let prefixes = &settings.interaction_prefixes;
    if prefixes.is_empty() || prefixes.iter().any(|prefix| prefix.admits(&id)) {
        return Ok(id);
    }
    let known: Vec<String> = prefixes.iter().map(ToString::to_string).collect();
    Err(Stop::reject(
        ReasonCode::ForeignInteractionId,
        format!(
            "the interaction id {id} does not begin with one of this tenant's prefixes: {} (INTERACTION_ID_PREFIXES). The \
             id comes from {source}",
            known.join(", ")
        ),
    ))
}

/// Checks the size, in bytes.
pub(crate) fn size(bytes: u64, settings: &Settings) -> Result<(), Stop> {
    let limit = settings.max_file_size;
    match bytes {
        0 => Err(Stop::reject(ReasonCode::Empty, "the object has no bytes; write it when its content is complete")),
        _ if bytes > limit => Err(Stop::reject(
            ReasonCode::TooLarge,
            format!("the object has {}; at most {} are allowed (MAX_FILE_SIZE_BYTES)", in_mib(bytes), in_mib(limit)),
        )),
        _ => Ok(()),
    }
}

/// `26214400 bytes (25 MiB)`. Below 0.01 MiB, only the bytes.
pub(crate) fn in_mib(bytes: u64) -> String {
    let hundredths = u128::from(bytes) * 100 / MIB;
    let (whole, rest) = (hundredths / 100, hundredths % 100);
    match (hundredths, rest) {
        (0, _) => format!("{bytes} bytes"),
        (_, 0) => format!("{bytes} bytes ({whole} MiB)"),
        _ => format!("{bytes} bytes ({whole}.{rest:02} MiB)"),
    }
}

/// Checks the file name. Returns the type that its extension means.
pub(crate) fn name(file_name: &FileName, settings: &Settings) -> Result<MediaType, Stop> {
    settings.allowed.check_name(file_name.as_str()).map_err(|_| refused_name(file_name, settings))
}

/// Checks the content. Returns the file's type. `named` is the type of its name, `verdict` what its bytes are.
pub(crate) fn content(named: MediaType, verdict: Verdict, settings: &Settings) -> Result<MediaType, Stop> {
    settings.allowed.check_content(named, verdict).map_err(refused)
}

fn refused(refusal: Refusal) -> Stop {
    let code = match refusal.code() {
        RefusalCode::UnsupportedExtension => ReasonCode::UnsupportedExtension,
        RefusalCode::UnsupportedType => ReasonCode::UnsupportedType,
        RefusalCode::TypeMismatch => ReasonCode::TypeMismatch,
        RefusalCode::ActiveContent => ReasonCode::ActiveContent,
        RefusalCode::Polyglot => ReasonCode::Polyglot,
    };
    let text = match code {
        ReasonCode::ActiveContent => {
            format!("{refusal}; save it without that, or set REFUSE_ACTIVE_CONTENT if this tenant accepts such files")
        }
        ReasonCode::TypeMismatch => format!("{refusal}; give the file the extension of its content"),
        _ => refusal.to_string(),
    };
    Stop::Final(Reason::new(code, text))
}

/// Quotes the name, so that a space at its end is visible. Names the setting only for a type that the pipeline knows: no setting
/// makes it accept another one.
fn refused_name(file_name: &FileName, settings: &Settings) -> Stop {
    let quoted = |text: &str| format!("{:?}", text.chars().take(MAX_QUOTED).collect::<String>());
    let name = quoted(file_name.as_str());
    let what = match media_type::extension_of(file_name.as_str()) {
        None => format!("the file name {name} has no extension"),
        Some(extension) => {
            let ending = quoted(&format!(".{extension}"));
            match MediaType::from_extension(extension) {
                Some(known) => format!(
                    "the file name {name} ends in {ending}, which means {}; this installation does not accept those \
                     (ALLOWED_MIME_TYPES)",
                    known.with_article()
                ),
                None => format!("the file name {name} ends in {ending}, which is not an accepted extension"),
            }
        }
    };
    let accepted: Vec<_> = settings.allowed.iter().flat_map(|t| t.extensions().iter().copied()).collect();
    Stop::reject(ReasonCode::UnsupportedExtension, format!("{what}; accepted are {}", accepted.join(", ")))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn key_of(interaction: &str) -> ObjectKey {
        ObjectKey::parse(&format!("interactions/{interaction}/a.pdf"), "interactions/").unwrap()
    }

    fn text(checked: Result<impl std::fmt::Debug, Stop>) -> String {
        match checked {
            Err(Stop::Final(reason)) => reason.text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn refused_interaction_id_says_where_it_comes_from() {
        let settings = Settings::of(&[("KEY_PREFIX", "in/"), ("INTERACTION_ID_FROM", "key-or-metadata")]).unwrap();
        let of_key = Wishes::of(&HashMap::new(), &key_of("a b"), &settings);
        assert_eq!(
            text(interaction(&of_key, &settings)),
            "the interaction id contains ' '; allowed are A-Z a-z 0-9 . _ : -. The id comes from the key, which must be \
             in/{interaction id}/{file name}"
        );
        let metadata = HashMap::from([("interaction-id".to_owned(), "a/b".to_owned())]);
        let of_metadata = Wishes::of(&metadata, &key_of("INT-1"), &settings);
        assert!(
            text(interaction(&of_metadata, &settings)).ends_with("comes from the object's metadata interaction-id")
        );
    }

    #[test]
    fn refused_name_is_quoted_and_lists_the_accepted_extensions() {
        let settings = Settings::of(&[("ALLOWED_MIME_TYPES", "application/pdf")]).unwrap();
        for (name_given, said) in [
            (
                "letter.pdf ",
                "the file name \"letter.pdf \" ends in \".pdf \", which is not an accepted extension; accepted are pdf",
            ),
            ("letter", "the file name \"letter\" has no extension; accepted are pdf"),
            (".pdf", "the file name \".pdf\" has no extension; accepted are pdf"),
            ("a.exe", "the file name \"a.exe\" ends in \".exe\", which is not an accepted extension; accepted are pdf"),
            (
                "a.docx",
                "the file name \"a.docx\" ends in \".docx\", which means a Word document (DOCX); this installation does \
                 not accept those (ALLOWED_MIME_TYPES); accepted are pdf",
            ),
        ] {
            let key = ObjectKey::parse(&format!("interactions/INT-1/{name_given}"), "interactions/").unwrap();
            assert_eq!(text(name(&key.file_name, &settings)), said);
        }
    }

    #[test]
    fn refused_size_is_given_in_bytes_and_mib() {
        let settings = Settings::example();
        assert_eq!(
            text(size(26_214_401, &settings)),
            "the object has 26214401 bytes (25 MiB); at most 26214400 bytes (25 MiB) are allowed (MAX_FILE_SIZE_BYTES)"
        );
        assert_eq!(in_mib(27_000_000), "27000000 bytes (25.74 MiB)");
        assert_eq!(in_mib(1_000), "1000 bytes");
    }

    #[test]
    fn interaction_id_without_a_tenant_prefix_is_foreign() {
        let settings = Settings::of(&[("INTERACTION_ID_PREFIXES", "INT-1, TEAM-")]).unwrap();
        for (id, code) in [
            ("INT-1", None),
            ("INT-1-7", None),
            ("TEAM-9", None),
            ("INT-10", Some(ReasonCode::ForeignInteractionId)),
            ("TEAMS", Some(ReasonCode::ForeignInteractionId)),
            ("a b", Some(ReasonCode::BadInteractionId)),
        ] {
            let wishes = Wishes::of(&HashMap::new(), &key_of(id), &settings);
            let found = match interaction(&wishes, &settings) {
                Ok(_) => None,
                Err(Stop::Final(reason)) => Some(reason.code),
                Err(other) => panic!("{id}: {other:?}"),
            };
            assert_eq!(found, code, "{id}");
        }
    }
}
