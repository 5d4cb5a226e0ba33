//! DOC: a compound file (OLE2) whose root is Word's.

use crate::{
    ActiveContent, ActiveContentPolicy, Found, MAX_RANGE_LEN, MediaType, Refusal,
    document::compound_directory::{Directory, Entry, Header, ROOT, STREAM},
    window::{NotAccepted, Window},
};

const HEADER_LEN: usize = 512;
/// Read at the directory's start: the entries of almost every document.
const DIRECTORY_LEN: u64 = 4096;

/// Class ids of Word 6, its pictures, and Word 97 to 2003, as they are stored.
const WORD_CLASSES: [u8; 3] = [0x00, 0x06, 0x07];
const OFFICE_CLASS_END: [u8; 15] = [0x09, 0x02, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46];

/// Streams directly below the root that make a file something else, whatever its class id says.
const FOREIGN_STREAMS: [(&str, Found); 7] = [
    ("EncryptedPackage", Found::EncryptedOffice),
    ("Workbook", Found::Spreadsheet),
    ("Book", Found::Spreadsheet),
    ("PowerPoint Document", Found::Presentation),
    ("__properties_version1.0", Found::OutlookMessage),
    ("VisioDocument", Found::OtherCompoundFile),
    ("Quill", Found::OtherCompoundFile),
];

/// Storages and streams of VBA, wherever they stand: in Word's `Macros`, in a workbook's `_VBA_PROJECT_CUR`, or in a document
/// inside this one.
const OF_MACROS: [&str; 4] = ["Macros", "VBA", "_VBA_PROJECT", "_VBA_PROJECT_CUR"];
/// Word makes this storage for the objects of every document; it is empty where there are none.
const OBJECT_POOL: &str = "ObjectPool";
/// A packed file or program.
const PACKAGE: &str = "\u{1}Ole10Native";

/// Decides a file that has the compound file signature.
pub(crate) fn sniff(window: &Window<'_>, policy: ActiveContentPolicy) -> Result<MediaType, NotAccepted> {
    let header = window.bytes(MediaType::Msword, 0, HEADER_LEN, HEADER_LEN as u64)?;
    let header = Header::parse(header).ok_or(Found::OtherCompoundFile)?;
    let directory = Directory::follow(*window, header);
    let Some(root) = directory.entry(0) else {
        return Err(ask(window, &header, &directory.missing));
    };
    if root.kind() != ROOT {
        return Err(Found::OtherCompoundFile.into());
    }
    let mut has_document = false;
    let mut foreign = None;
    let are_all = directory.each_below_root(root, |entry| {
        has_document |= entry.kind() == STREAM && entry.is_named("WordDocument");
        foreign = foreign.or(FOREIGN_STREAMS.iter().find(|(name, _)| entry.is_named(name)).map(|(_, found)| *found));
    });
    if let Some(found) = foreign {
        return Err(found.into());
    }
    if !are_all && window.is_head_only() && !directory.missing.is_empty() {
        return Err(ask(window, &header, &directory.missing));
    }
    let is_of_word = match root.class_id() {
        [first, rest @ ..] => WORD_CLASSES.contains(first) && *rest == OFFICE_CLASS_END,
        [] => false,
    };
    // A class id alone will do only where the document's own stream may be among what is not known.
    let may_have_document = has_document
        || !are_all
        || directory.known_entries().any(|entry| entry.kind() == STREAM && entry.is_named("WordDocument"));
    match (is_of_word, has_document) {
        (_, true) => check_active(&directory, policy),
        (true, false) if may_have_document => check_active(&directory, policy),
        (false, false) if !are_all => Err(Found::OutOfReach(MediaType::Msword).into()),
        _ => Err(Found::OtherCompoundFile.into()),
    }
}

/// Accepts the document unless its directory, as far as it is known, has something that the operator refuses.
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
    } else if OF_MACROS.iter().any(|name| entry.is_named(name)) {
        Some(ActiveContent::Macros)
    } else if entry.is_named(PACKAGE) || (entry.is_named(OBJECT_POOL) && entry.has_child()) {
        Some(ActiveContent::Object)
    } else {
        None
    }
}

/// Asks for everything that is missing, if one range spans it, else for the start of the directory or what is missing
/// first.
fn ask(window: &Window<'_>, header: &Header<'_>, missing: &[u64]) -> NotAccepted {
    let start = missing.first().copied().unwrap_or_else(|| header.directory_at());
    let least_end = start + DIRECTORY_LEN.max(header.sector_len());
    let from = missing.iter().copied().fold(start, u64::min);
    let to = missing.iter().map(|at| at + header.sector_len()).fold(least_end, u64::max);
    if to - from.max(window.head_len()) <= MAX_RANGE_LEN {
        window.ask(MediaType::Msword, from, to - from)
    } else {
        window.ask(MediaType::Msword, start, least_end - start)
    }
}
