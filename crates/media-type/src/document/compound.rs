//! Identifies DOC: a compound file (OLE2) with Word's root.

use crate::{
    ActiveContent, ActiveContentPolicy, Found, MAX_RANGE_LEN, MediaType, Refusal,
    document::compound_directory::{Directory, Entry, Header, ROOT, STREAM},
    window::{NotAccepted, Window},
};

const HEADER_LEN: usize = 512;
/// The range at the directory's start. It contains the entries of almost every document.
const DIRECTORY_LEN: u64 = 4096;

/// The first bytes of the class ids of Word 6, its pictures, and Word 97 to 2003.
const WORD_CLASSES: [u8; 3] = [0x00, 0x06, 0x07];
const OFFICE_CLASS_END: [u8; 15] = [0x09, 0x02, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46];

/// The file has another type if the root storage contains one of these streams. The class id does not change that.
const FOREIGN_STREAMS: [(&str, Found); 7] = [
    ("EncryptedPackage", Found::EncryptedOffice),
    ("Workbook", Found::Spreadsheet),
    ("Book", Found::Spreadsheet),
    ("PowerPoint Document", Found::Presentation),
    ("__properties_version1.0", Found::OutlookMessage),
    ("VisioDocument", Found::OtherCompoundFile),
    ("Quill", Found::OtherCompoundFile),
];

/// Storages and streams of VBA at any depth: in Word's `Macros`, in a workbook's `_VBA_PROJECT_CUR`, or in a document inside this
/// one.
const MACRO_ENTRIES: [&str; 4] = ["Macros", "VBA", "_VBA_PROJECT", "_VBA_PROJECT_CUR"];
/// Word creates this storage in every document. It is empty if the document has no objects.
const OBJECT_POOL: &str = "ObjectPool";
/// A packed file or program.
const PACKAGE: &str = "\u{1}Ole10Native";

/// Decides a file that has the compound file signature.
pub(crate) fn identify(window: &Window<'_>, policy: ActiveContentPolicy) -> Result<MediaType, NotAccepted> {
    let header = window.bytes(MediaType::Msword, 0, HEADER_LEN, HEADER_LEN as u64)?;
    let header = Header::parse(header).ok_or(Found::OtherCompoundFile)?;
    let directory = Directory::follow(*window, header);
    let Some(root) = directory.entry(0) else {
        return Err(request(window, &header, &directory.missing));
    };
    if root.kind() != ROOT {
        return Err(Found::OtherCompoundFile.into());
    }
    let mut has_document = false;
    let mut foreign = None;
    let is_complete = directory.each_below_root(root, |entry| {
        has_document |= entry.kind() == STREAM && entry.is_named("WordDocument");
        foreign = foreign.or(FOREIGN_STREAMS.iter().find(|(name, _)| entry.is_named(name)).map(|(_, found)| *found));
    });
    if let Some(found) = foreign {
        return Err(found.into());
    }
    if !is_complete && window.is_head_only() && !directory.missing.is_empty() {
        return Err(request(window, &header, &directory.missing));
    }
    let is_of_word = match root.class_id() {
        [first, rest @ ..] => WORD_CLASSES.contains(first) && *rest == OFFICE_CLASS_END,
        [] => false,
    };
    // The class id alone is enough only if the document's own stream may be in the unknown part.
    let may_have_document = has_document
        || !is_complete
        || directory.known_entries().any(|entry| entry.kind() == STREAM && entry.is_named("WordDocument"));
    match (is_of_word, has_document) {
        (_, true) => check_active(&directory, policy),
        (true, false) if may_have_document => check_active(&directory, policy),
        (false, false) if !is_complete => Err(Found::OutOfReach(MediaType::Msword).into()),
        _ => Err(Found::OtherCompoundFile.into()),
    }
}

/// Accepts the document, unless the known part of its directory shows active content that the operator refuses.
fn check_active(directory: &Directory<'_>, policy: ActiveContentPolicy) -> Result<MediaType, NotAccepted> {
    let found = directory
        .known_entries()
        .filter_map(|entry| active(&entry))
        .filter(|active| policy.refuses(*active))
        .fold(None, |found, active| Some(ActiveContent::or_worse(found, active)));
    match found {
        Some(active) => Err(NotAccepted::Refused(Refusal::ActiveContent { front: MediaType::Msword, active })),
        None => Ok(MediaType::Msword),
    }
}

fn active(entry: &Entry<'_>) -> Option<ActiveContent> {
    if !entry.is_in_use() {
        None
    } else if MACRO_ENTRIES.iter().any(|name| entry.is_named(name)) {
        Some(ActiveContent::Macros)
    } else if entry.is_named(PACKAGE) || (entry.is_named(OBJECT_POOL) && entry.has_child()) {
        Some(ActiveContent::Object)
    } else {
        None
    }
}

/// Requests everything that is missing if one range can span it, otherwise the first missing sector or the start of the directory.
fn request(window: &Window<'_>, header: &Header<'_>, missing: &[u64]) -> NotAccepted {
    let start = missing.first().copied().unwrap_or_else(|| header.directory_at());
    let least_end = start + DIRECTORY_LEN.max(header.sector_len());
    let from = missing.iter().copied().fold(start, u64::min);
    let to = missing.iter().map(|at| at + header.sector_len()).fold(least_end, u64::max);
    if to - from.max(window.head_len()) <= MAX_RANGE_LEN {
        window.request(MediaType::Msword, from, to - from)
    } else {
        window.request(MediaType::Msword, start, least_end - start)
    }
}
