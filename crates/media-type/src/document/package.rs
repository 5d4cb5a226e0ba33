//! DOCX: an Office package whose main part is a document, by its own declaration, and is there.

use crate::{
    ActiveContentPolicy, Found, Hidden, MAX_RANGE_LEN, MediaType, Refusal,
    document::{
        package_active::Watch,
        package_parts::{self, Declared, Malformed},
        zip::Directory,
        zip_entry::Entry,
    },
    window::{NotAccepted, Window},
};

const DOCUMENT: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml";
/// A package has one main part, and perhaps a few documents to insert.
const MOST_DOCUMENTS: usize = 16;
const CONTENT_TYPES: &str = "[Content_Types].xml";
const RELATIONSHIPS: &str = "_rels/.rels";
const USUAL_MAIN_PART: &str = "word/document.xml";

/// The content types of other packages' main parts.
const OTHER_MAIN_TYPES: [(&str, Found); 9] = [
    ("application/vnd.ms-word.document.macroEnabled.main+xml", Found::MacroEnabledDocument),
    ("application/vnd.ms-word.template.macroEnabledTemplate.main+xml", Found::MacroEnabledTemplate),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.template.main+xml", Found::WordTemplate),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.", Found::Spreadsheet),
    ("application/vnd.ms-excel.", Found::Spreadsheet),
    ("application/vnd.openxmlformats-officedocument.presentationml.", Found::Presentation),
    ("application/vnd.ms-powerpoint.", Found::Presentation),
    ("application/vnd.ms-word.", Found::MacroEnabledDocument),
    ("", Found::OtherPackage),
];

/// Decides a file that starts as a ZIP archive.
pub(crate) fn sniff(window: &Window<'_>, policy: ActiveContentPolicy) -> Result<MediaType, NotAccepted> {
    let directory = Directory::find(window)?;
    let Some(content_types) = only(&directory, CONTENT_TYPES)? else {
        let is_open_document = directory.entries().any(|entry| entry.is_named("mimetype"));
        return Err(if is_open_document { Found::OpenDocument } else { Found::ZipArchive }.into());
    };
    let content_types = match content_types.content(window, directory.shift) {
        Err(NotAccepted::Needs { .. }) => return Err(ask_for_parts(window, &directory, &content_types)),
        content_types => content_types?,
    };
    let mut watch = Watch::new(policy);
    let main_part = main_part(window, &directory)?;
    match &main_part {
        Some(part) => check_type(&content_types, part, &mut watch)?,
        None => check_without_relationships(&content_types, &directory, &mut watch)?,
    }
    let mut starts_with_own_entry = false;
    for entry in directory.entries() {
        starts_with_own_entry |= entry.is_first_in_file();
        watch.part(&entry);
    }
    watch.relationships(window, &directory, main_part.as_deref());
    if let Some(active) = watch.found() {
        return Err(NotAccepted::Refused(Refusal::ActiveContent { front: MediaType::Docx, active }));
    }
    match directory.hidden.or((!starts_with_own_entry).then_some(Hidden::LeadingData)) {
        Some(hidden) => Err(NotAccepted::Refused(Refusal::Polyglot { front: MediaType::Docx, hidden })),
        None => Ok(MediaType::Docx),
    }
}

/// Asks for the content types, which lie between the head and the tail, and for the relationships as well where one range
/// no longer than the first one spans both.
fn ask_for_parts(window: &Window<'_>, directory: &Directory<'_>, content_types: &Entry<'_>) -> NotAccepted {
    let (at, length) = directory.place(content_types);
    let relationships = directory.entries().find(|entry| entry.is_named(RELATIONSHIPS));
    let is_missing =
        |entry: &Entry<'_>| matches!(entry.content(window, directory.shift), Err(NotAccepted::Needs { .. }));
    let spanned = relationships.filter(is_missing).and_then(|relationships| {
        let (other_at, other_length) = directory.place(&relationships);
        let (start, end) = (at.min(other_at), at.saturating_add(length).max(other_at.saturating_add(other_length)));
        (end - start <= MAX_RANGE_LEN).then_some((start, end - start))
    });
    let (at, length) = spanned.unwrap_or((at, length));
    window.ask(MediaType::Docx, at, length)
}

fn damaged() -> NotAccepted {
    Found::Damaged(MediaType::Docx).into()
}

impl From<Malformed> for NotAccepted {
    fn from(_: Malformed) -> Self {
        damaged()
    }
}

/// The entry with this name. Of two, readers differ on which they take.
fn only<'a>(directory: &Directory<'a>, name: &str) -> Result<Option<Entry<'a>>, NotAccepted> {
    let mut named = directory.entries().filter(|entry| entry.is_named(name));
    match (named.next(), named.next()) {
        (entry, None) => Ok(entry),
        _ => Err(damaged()),
    }
}

/// The part that the package is about. `None` if the relationships are missing, or lie between the head and the end, or
/// name a part that is not there.
fn main_part(window: &Window<'_>, directory: &Directory<'_>) -> Result<Option<String>, NotAccepted> {
    let Some(relationships) = only(directory, RELATIONSHIPS)? else {
        return Ok(None);
    };
    let relationships = match relationships.content(window, directory.shift) {
        Ok(relationships) => relationships,
        // No range is read for the relationships alone.
        Err(NotAccepted::Needs { .. } | NotAccepted::Refused(Refusal::UnsupportedType(Found::OutOfReach(_)))) => {
            return Ok(None);
        }
        Err(stop) => return Err(stop),
    };
    let part = package_parts::main_part(&relationships)?.ok_or(Found::OtherPackage)?;
    match only(directory, &part)? {
        Some(entry) if entry.is_encrypted() => Err(Found::EncryptedOffice.into()),
        Some(entry) if !entry.is_empty() => Ok(Some(part)),
        Some(_) => Err(damaged()),
        // Perhaps its name is written in another way.
        None => Ok(None),
    }
}

/// The type of the main part: the one declared for it by name, or else for its extension.
fn check_type(content_types: &[u8], part: &str, watch: &mut Watch) -> Result<(), NotAccepted> {
    let extension = part.rsplit_once('.').map_or("", |(_, extension)| extension);
    let (mut by_name, mut by_extension) = (None, None);
    let mut is_ambiguous = false;
    package_parts::each_content_type(content_types, |declared, content_type| {
        watch.content_type(declared, content_type);
        let slot = match declared {
            Declared::Part(name) if name.eq_ignore_ascii_case(part) => &mut by_name,
            Declared::Extension(of) if of.eq_ignore_ascii_case(extension) => &mut by_extension,
            _ => return,
        };
        is_ambiguous |= slot.replace(kind(content_type)).is_some();
    })?;
    match by_name.or(by_extension) {
        _ if is_ambiguous => Err(damaged()),
        Some(Kind::Document) => Ok(()),
        Some(Kind::Other(found)) => Err(found.into()),
        None => Err(damaged()),
    }
}

/// Without the relationships: every part that is declared as the main part of anything is a document's, and one of them
/// is there.
fn check_without_relationships(
    content_types: &[u8],
    directory: &Directory<'_>,
    watch: &mut Watch,
) -> Result<(), NotAccepted> {
    let (mut documents, mut other, mut document_by_extension) = (Vec::new(), None, false);
    let is_there = |part: &str| {
        directory.entries().any(|entry| entry.is_named(part) && !entry.is_encrypted() && !entry.is_empty())
    };
    package_parts::each_content_type(content_types, |declared, content_type| {
        watch.content_type(declared, content_type);
        match (declared, kind(content_type)) {
            (Declared::Part(part), Kind::Document) if documents.len() < MOST_DOCUMENTS => {
                documents.push(part.to_owned());
            }
            (Declared::Part(_), Kind::Other(found)) if content_type.ends_with(".main+xml") => other = Some(found),
            (Declared::Extension(extension), Kind::Document) => {
                document_by_extension |= extension.eq_ignore_ascii_case("xml");
            }
            _ => {}
        }
    })?;
    match other {
        Some(found) => Err(found.into()),
        None if documents.iter().any(|part| is_there(part)) || (document_by_extension && is_there(USUAL_MAIN_PART)) => {
            Ok(())
        }
        None => Err(Found::OtherPackage.into()),
    }
}

enum Kind {
    Document,
    Other(Found),
}

fn kind(content_type: &str) -> Kind {
    if content_type.eq_ignore_ascii_case(DOCUMENT) {
        return Kind::Document;
    }
    let starts_with =
        |start: &str| content_type.get(..start.len()).is_some_and(|begun| begun.eq_ignore_ascii_case(start));
    let other = OTHER_MAIN_TYPES.iter().find(|(start, _)| starts_with(start));
    Kind::Other(other.map_or(Found::OtherPackage, |(_, found)| *found))
}
