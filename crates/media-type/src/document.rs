//! Documents.

pub(crate) mod compound;
pub(crate) mod compound_directory;
pub(crate) mod package;
pub(crate) mod package_active;
pub(crate) mod package_parts;
pub(crate) mod pdf;
pub(crate) mod pdf_active;
pub(crate) mod pdf_front;
pub(crate) mod zip;
pub(crate) mod zip_entry;

use crate::{
    ActiveContentPolicy, MediaType,
    window::{NotAccepted, Window},
};

/// Decides a file that begins with a document's signature. None if it begins with no such signature.
pub(crate) fn sniff(window: &Window<'_>, policy: ActiveContentPolicy) -> Option<Result<MediaType, NotAccepted>> {
    match window.at(0) {
        [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1, ..] => Some(compound::sniff(window, policy)),
        [b'P', b'K', 0x03, 0x04, ..] => Some(package::sniff(window, policy)),
        head => pdf::header_at(head).map(|_| {
            let found = pdf::sniff(window)?;
            pdf_active::check(window, policy).map(|()| found)
        }),
    }
}
