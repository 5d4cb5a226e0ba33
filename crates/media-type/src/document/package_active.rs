//! Finds macros and other active content of a DOCX by its content types, its parts' names and its relationships.
//!
//! Content types and directory are always known. A list of relationships counts only if it is in the known bytes. No range is
//! requested for it.

use memchr::{memchr, memmem};

use crate::{
    ActiveContent, ActiveContentPolicy,
    document::{
        package_parts::{self, Declared, Relationship},
        zip::Directory,
        zip_entry::{Entry, MAX_INFLATED_BYTES},
    },
    window::Window,
};

/// The most extensions for active parts that are remembered. A writer declares one. Further extensions count as used.
const MAX_EXTENSIONS: usize = 8;
/// The most lists of relationships that are read. An ordinary document has a few dozen. With [`MAX_INFLATED_BYTES`] for all of
/// them, this limits the work for any directory.
const MAX_LISTS: usize = 64;
/// The content type of an embedded object. Embedded documents have many types and are recognised by their folder.
const OLE_OBJECT: &str = "application/vnd.openxmlformats-officedocument.oleObject";
const CONTROL: &str = "application/vnd.ms-office.activeX";
/// The start of every content type of a part with macros.
const MICROSOFT_PREFIX: &str = "application/vnd.ms-";
/// In the content types of a main part with macros, of a document with macros inside this one, and of a project with its signature
/// and supplement.
const MACRO_WORDS: [&str; 3] = ["macroEnabled", "vbaProject", "vbaData"];
/// The usual names of these parts. Readers accept other names.
const MACRO_FILES: [&str; 2] = ["vbaProject.bin", "vbaData.xml"];
const ACTIVE_FOLDERS: [(&str, ActiveContent); 2] =
    [("activeX", ActiveContent::Control), ("embeddings", ActiveContent::Object)];

/// Collects the active content of a package.
pub(crate) struct Watch {
    policy: ActiveContentPolicy,
    found: Option<ActiveContent>,
    /// Extensions that are declared as active. They count only if a part has one.
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

    /// Adds a declaration of the content types. A part that is declared by its name counts even if no part has that name, because the
    /// directory may write the name in another way.
    pub(crate) fn content_type(&mut self, declared: Declared<'_>, content_type: &str) {
        let Some(active) = of_content_type(content_type).filter(|active| self.policy.refuses(*active)) else {
            return;
        };
        match declared {
            Declared::Extension(extension) if self.by_extension.len() < MAX_EXTENSIONS => {
                self.by_extension.push((extension.to_owned(), active));
            }
            Declared::Part(_) | Declared::Extension(_) => self.note(active),
        }
    }

    /// Adds a part of the directory.
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

    /// Adds the known relationships. A project belongs to the main part. So if only macros are refused and the main part is known,
    /// its list is enough.
    pub(crate) fn relationships(&mut self, window: &Window<'_>, directory: &Directory<'_>, main_part: Option<&str>) {
        if self.policy == ActiveContentPolicy::None {
            return;
        }
        let only_list = main_part.filter(|_| self.policy == ActiveContentPolicy::Macros).map(list_of);
        let is_needed = |entry: &Entry<'_>| {
            entry.has_extension("rels") && only_list.as_ref().is_none_or(|list| entry.is_named(list))
        };
        let mut room = MAX_INFLATED_BYTES as u64;
        for entry in directory.entries().filter(is_needed).take(MAX_LISTS) {
            let Some(left) = room.checked_sub(entry.len()) else { continue };
            // Ignore a list that is not known or is damaged. Only the search for active content needs it.
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
    if starts_with(content_type, MICROSOFT_PREFIX) {
        if MACRO_WORDS.iter().any(|word| contains(content_type, word)) {
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

/// Whether parsing the list may find macros. For almost every document, this avoids the parsing. Only a reference (`&#86;`) or UTF-16
/// can hide a letter from this search.
fn may_name_macros(list: &[u8]) -> bool {
    [&b"vba"[..], b"Vba", b"&#"].iter().any(|word| memmem::find(list, word).is_some()) || memchr(0, list).is_some()
}

/// The name of the list of a part's relationships.
fn list_of(part: &str) -> String {
    let (folder, file) = part.rsplit_once('/').map_or(("", part), |(folder, file)| (folder, file));
    let slash = if folder.is_empty() { "" } else { "/" };
    format!("{folder}{slash}_rels/{file}.rels")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn active_content_types_are_recognised_in_any_case() {
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
    fn list_of_relationships_is_in_a_folder_beside_the_part() {
        assert_eq!(list_of("word/document.xml"), "word/_rels/document.xml.rels");
        assert_eq!(list_of("document.xml"), "_rels/document.xml.rels");
    }
}
