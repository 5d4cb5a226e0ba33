//! Macros and other active content of a DOCX, by what its content types declare, how its parts are named, and what its
//! relationships point to.
//!
//! Content types and directory are always known. A list of relationships counts where it lies in the bytes that were
//! read: no range is read for it.

use memchr::{memchr, memmem};

use crate::{
    ActiveContent, ActiveContentPolicy,
    document::{
        package_parts::{self, Declared, Relationship},
        zip::Directory,
        zip_entry::{Entry, MOST_INFLATED},
    },
    window::Window,
};

/// A writer declares one extension for macros. More than these count as used, whether or not a part has them.
const MOST_EXTENSIONS: usize = 8;
/// Lists of relationships that are read at most. An ordinary document has a few dozen. With [`MOST_INFLATED`] for all of
/// them, this bounds the work for any directory.
const MOST_LISTS: usize = 64;
/// The content type of an embedded object; embedded documents have many and are known by their folder.
const OLE_OBJECT: &str = "application/vnd.openxmlformats-officedocument.oleObject";
const CONTROL: &str = "application/vnd.ms-office.activeX";
/// Every content type of a part with macros begins so.
const OF_MICROSOFT: &str = "application/vnd.ms-";
/// A main part with macros, a document with macros inside this one, a project, its signature, its supplement.
const OF_MACROS: [&str; 3] = ["macroEnabled", "vbaProject", "vbaData"];
/// The usual names of the parts, which readers do not rely on.
const MACRO_FILES: [&str; 2] = ["vbaProject.bin", "vbaData.xml"];
const ACTIVE_FOLDERS: [(&str, ActiveContent); 2] =
    [("activeX", ActiveContent::Control), ("embeddings", ActiveContent::Object)];

/// What was seen so far.
pub(crate) struct Watch {
    policy: ActiveContentPolicy,
    found: Option<ActiveContent>,
    /// Extensions whose parts would be active, if there are any.
    by_extension: Vec<(String, ActiveContent)>,
}

impl Watch {
    pub(crate) const fn new(policy: ActiveContentPolicy) -> Self {
        Self { policy, found: None, by_extension: Vec::new() }
    }

    pub(crate) const fn found(&self) -> Option<ActiveContent> {
        self.found
    }

    fn note(&mut self, active: ActiveContent) {
        if self.policy.refuses(active) {
            self.found = Some(ActiveContent::or_worse(self.found, active));
        }
    }

    /// One declaration of the content types. A part that is declared by its name counts even if none has that name: it
    /// may be written in another way.
    pub(crate) fn content_type(&mut self, declared: Declared<'_>, content_type: &str) {
        let Some(active) = of_content_type(content_type).filter(|active| self.policy.refuses(*active)) else {
            return;
        };
        match declared {
            Declared::Extension(extension) if self.by_extension.len() < MOST_EXTENSIONS => {
                self.by_extension.push((extension.to_owned(), active));
            }
            Declared::Part(_) | Declared::Extension(_) => self.note(active),
        }
    }

    /// One part of the directory.
    pub(crate) fn part(&mut self, entry: &Entry<'_>) {
        let is_one_of = |names: &[&str]| names.iter().any(|name| entry.is_in_any_folder(name));
        if is_one_of(&MACRO_FILES) {
            self.note(ActiveContent::Macros);
        }
        if self.policy == ActiveContentPolicy::All {
            for (_, active) in ACTIVE_FOLDERS.iter().filter(|(folder, _)| entry.is_below(folder)) {
                self.note(*active);
            }
        }
        let mut of_extension = self.by_extension.iter().filter(|(extension, _)| entry.may_have_extension(extension));
        if let Some((_, active)) = of_extension.next() {
            self.note(*active);
        }
    }

    /// The relationships, as far as they were read. A project belongs to the main part, so for macros alone the main
    /// part's list is enough where that part is known.
    pub(crate) fn relationships(&mut self, window: &Window<'_>, directory: &Directory<'_>, main_part: Option<&str>) {
        if self.policy == ActiveContentPolicy::None {
            return;
        }
        let wanted = main_part.filter(|_| self.policy == ActiveContentPolicy::Macros).map(list_of);
        let is_wanted = |entry: &Entry<'_>| {
            entry.has_extension("rels") && wanted.as_ref().is_none_or(|wanted| entry.is_named(wanted))
        };
        let mut room = MOST_INFLATED as u64;
        for entry in directory.entries().filter(is_wanted).take(MOST_LISTS) {
            let Some(left) = room.checked_sub(entry.len()) else { continue };
            // A list that was not read, or is damaged, shows no macros. Nothing else depends on it.
            let Ok(list) = entry.content(window, directory.shift) else { continue };
            room = left;
            if self.policy == ActiveContentPolicy::All || may_name_macros(&list) {
                let _ = package_parts::each_relationship(&list, |relationship| self.relationship(&relationship));
            }
        }
    }

    fn relationship(&mut self, relationship: &Relationship<'_>) {
        let kind = relationship.kind.rsplit('/').next().unwrap_or_default();
        match kind {
            "control" | "activeXControlBinary" => self.note(ActiveContent::Control),
            "oleObject" | "package" | "aFChunk" => self.note(ActiveContent::Object),
            "attachedTemplate" | "subDocument" | "frame" if relationship.is_external => {
                self.note(ActiveContent::ExternalPart);
            }
            _ if kind.starts_with("vbaProject") || kind.starts_with("wordVbaData") => self.note(ActiveContent::Macros),
            _ => {}
        }
    }
}

fn of_content_type(content_type: &str) -> Option<ActiveContent> {
    if starts_with(content_type, OF_MICROSOFT) {
        if OF_MACROS.iter().any(|word| contains(content_type, word)) {
            return Some(ActiveContent::Macros);
        }
        return starts_with(content_type, CONTROL).then_some(ActiveContent::Control);
    }
    starts_with(content_type, OLE_OBJECT).then_some(ActiveContent::Object)
}

fn starts_with(text: &str, start: &str) -> bool {
    text.get(..start.len()).is_some_and(|begun| begun.eq_ignore_ascii_case(start))
}

fn contains(text: &str, word: &str) -> bool {
    text.as_bytes().windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
}

/// Whether parsing the list could find macros: it spares almost every document the parsing. A letter can be hidden from
/// the search by a reference (`&#86;`) or by UTF-16 only.
fn may_name_macros(list: &[u8]) -> bool {
    [&b"vba"[..], b"Vba", b"&#"].iter().any(|word| memmem::find(list, word).is_some()) || memchr(0, list).is_some()
}

/// The name of the list that holds a part's relationships.
fn list_of(part: &str) -> String {
    let (folder, file) = part.rsplit_once('/').map_or(("", part), |(folder, file)| (folder, file));
    let slash = if folder.is_empty() { "" } else { "/" };
    format!("{folder}{slash}_rels/{file}.rels")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_types_are_told_apart_in_any_case() {
        for (content_type, active) in [
            ("application/vnd.ms-office.vbaProject", Some(ActiveContent::Macros)),
            ("APPLICATION/VND.MS-OFFICE.VBAPROJECT", Some(ActiveContent::Macros)),
            ("application/vnd.ms-office.vbaProjectSignature", Some(ActiveContent::Macros)),
            ("application/vnd.ms-word.vbaData+xml", Some(ActiveContent::Macros)),
            ("application/vnd.ms-word.document.macroEnabled.main+xml", Some(ActiveContent::Macros)),
            ("application/vnd.ms-excel.sheet.macroEnabled.12", Some(ActiveContent::Macros)),
            ("application/vnd.ms-office.activeX+xml", Some(ActiveContent::Control)),
            ("application/vnd.ms-office.activeX", Some(ActiveContent::Control)),
            ("application/vnd.openxmlformats-officedocument.oleObject", Some(ActiveContent::Object)),
            ("application/vnd.ms-office.chartstyle+xml", None),
            ("application/vnd.ms-word.stylesWithEffects+xml", None),
            ("application/xml", None),
            ("", None),
        ] {
            assert_eq!(of_content_type(content_type), active, "{content_type}");
        }
    }

    #[test]
    fn the_list_of_a_part_stands_in_a_folder_beside_it() {
        assert_eq!(list_of("word/document.xml"), "word/_rels/document.xml.rels");
        assert_eq!(list_of("document.xml"), "_rels/document.xml.rels");
    }
}
