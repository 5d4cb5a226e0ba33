//! Builds ZIP archives and Office packages, in every form that the format allows, and in wrong ones.

use std::fmt::Write as _;

pub(crate) const DOCUMENT: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml";

/// One entry.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) content: Vec<u8>,
    pub(crate) is_stored: bool,
    pub(crate) flags: u16,
    /// Replaces the name before the content, but not the one in the directory.
    pub(crate) local_name: Option<String>,
    /// Replaces the right checksum.
    pub(crate) checksum: Option<u32>,
    /// Replaces the right length.
    pub(crate) len: Option<u32>,
    /// Whether lengths and offset are in the 64-bit field.
    pub(crate) is_wide: bool,
    /// Whether the directory does not list the entry.
    pub(crate) is_unlisted: bool,
    /// The number of zeros in the extra field before the content. The directory's extra field does not have them.
    pub(crate) local_extra_len: u16,
}

pub(crate) fn entry(name: &str, content: impl AsRef<[u8]>) -> Entry {
    Entry {
        name: name.to_owned(),
        content: content.as_ref().to_vec(),
        is_stored: false,
        flags: 0,
        local_name: None,
        checksum: None,
        len: None,
        is_wide: false,
        is_unlisted: false,
        local_extra_len: 0,
    }
}

/// An archive.
#[derive(Clone, Default)]
pub(crate) struct Archive {
    pub(crate) entries: Vec<Entry>,
    pub(crate) comment: Vec<u8>,
    /// Bytes before the archive. Its offsets do not include them.
    pub(crate) front: Vec<u8>,
    /// Whether there is an end record in the 64-bit form too.
    pub(crate) has_wide_end: bool,
    /// Replaces the right number of entries.
    pub(crate) claimed: Option<u16>,
}

impl Archive {
    pub(crate) fn of(entries: Vec<Entry>) -> Self {
        Self { entries, ..Self::default() }
    }

    pub(crate) fn build(&self) -> Vec<u8> {
        let (mut file, mut directory) = (Vec::new(), Vec::new());
        for entry in &self.entries {
            let stored = if entry.is_stored {
                entry.content.clone()
            } else {
                miniz_oxide::deflate::compress_to_vec(&entry.content, 6)
            };
            let method: u16 = if entry.is_stored { 0 } else { 8 };
            let checksum = entry.checksum.unwrap_or_else(|| crc32fast::hash(&entry.content));
            let len = entry.len.unwrap_or(u32::try_from(entry.content.len()).unwrap());
            let stored_len = u32::try_from(stored.len()).unwrap();
            let offset = u32::try_from(file.len()).unwrap();
            let has_descriptor = entry.flags & 8 != 0;

            let local_name = entry.local_name.as_ref().unwrap_or(&entry.name);
            file.extend(b"PK\x03\x04\x14\0");
            file.extend(entry.flags.to_le_bytes());
            file.extend(method.to_le_bytes());
            file.extend([0; 4]);
            let numbers = if has_descriptor { [0; 3] } else { [checksum, stored_len, len] };
            file.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
            file.extend(u16::try_from(local_name.len()).unwrap().to_le_bytes());
            file.extend(entry.local_extra_len.to_le_bytes());
            file.extend(local_name.as_bytes());
            file.resize(file.len() + usize::from(entry.local_extra_len), 0);
            file.extend(&stored);
            if has_descriptor {
                file.extend(b"PK\x07\x08");
                file.extend([checksum, stored_len, len].iter().flat_map(|number| number.to_le_bytes()));
            }

            if entry.is_unlisted {
                continue;
            }
            let extra = if entry.is_wide {
                let wide = [len, stored_len, offset].map(u64::from);
                [&[1, 0, 24, 0][..], &wide.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<_>>()].concat()
            } else {
                Vec::new()
            };
            let [stored_len, len, offset] = if entry.is_wide { [u32::MAX; 3] } else { [stored_len, len, offset] };
            directory.extend(b"PK\x01\x02\x14\0\x14\0");
            directory.extend(entry.flags.to_le_bytes());
            directory.extend(method.to_le_bytes());
            directory.extend([0; 4]);
            directory.extend([checksum, stored_len, len].iter().flat_map(|number| number.to_le_bytes()));
            directory.extend(u16::try_from(entry.name.len()).unwrap().to_le_bytes());
            directory.extend(u16::try_from(extra.len()).unwrap().to_le_bytes());
            directory.extend([0; 10]);
            directory.extend(offset.to_le_bytes());
            directory.extend(entry.name.as_bytes());
            directory.extend(extra);
        }
        let (start, size) = (file.len() as u64, directory.len() as u64);
        file.extend(directory);
        let count = self
            .claimed
            .unwrap_or(u16::try_from(self.entries.iter().filter(|entry| !entry.is_unlisted).count()).unwrap());
        if self.has_wide_end {
            let record_at = file.len() as u64;
            file.extend(b"PK\x06\x06");
            file.extend(44_u64.to_le_bytes());
            file.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
            let numbers = [u64::from(count), u64::from(count), size, start];
            file.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
            file.extend(b"PK\x06\x07\0\0\0\0");
            file.extend(record_at.to_le_bytes());
            file.extend(1_u32.to_le_bytes());
        }
        file.extend(b"PK\x05\x06\0\0\0\0");
        if self.has_wide_end {
            file.extend([0xFF; 12]);
        } else {
            file.extend([count, count].iter().flat_map(|number| number.to_le_bytes()));
            file.extend(u32::try_from(size).unwrap().to_le_bytes());
            file.extend(u32::try_from(start).unwrap().to_le_bytes());
        }
        file.extend(u16::try_from(self.comment.len()).unwrap().to_le_bytes());
        file.extend(&self.comment);
        [&self.front[..], &file].concat()
    }
}

/// The content types of a package whose main part `word/document.xml` has this type.
pub(crate) fn content_types(main_type: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\r\n\
         <Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">\
         <Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
         <Default Extension=\"xml\" ContentType=\"application/xml\"/>\
         <Override PartName=\"/word/document.xml\" ContentType=\"{main_type}\"/></Types>"
    )
}

/// The relationships of a package with this main part.
pub(crate) fn relationships(main_part: &str) -> String {
    relationships_of(&[(&format!("{OFFICE_RELATIONSHIPS}officeDocument"), main_part, "")])
}

pub(crate) const OFFICE_RELATIONSHIPS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/";

/// A list of relationships, each with a type, a target and further attributes.
pub(crate) fn relationships_of(all: &[(&str, &str, &str)]) -> String {
    let mut list = "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">".to_owned();
    for (number, (kind, target, more)) in all.iter().enumerate() {
        write!(list, "<Relationship Id=\"rId{}\" Type=\"{kind}\" Target=\"{target}\"{more}/>", number + 1).unwrap();
    }
    list + "</Relationships>"
}

/// A package of only the three required parts. Its main part has this type.
pub(crate) fn package(main_type: &str) -> Archive {
    Archive::of(vec![
        entry("[Content_Types].xml", content_types(main_type)),
        entry("_rels/.rels", relationships("word/document.xml")),
        entry("word/document.xml", "<w:document/>"),
    ])
}

pub(crate) fn docx() -> Vec<u8> {
    package(DOCUMENT).build()
}

/// A picture of this length, which is stored without compression.
pub(crate) fn picture(name: &str, len: usize) -> Entry {
    Entry { is_stored: true, ..entry(name, vec![0x11; len]) }
}

/// A document with a picture of this length as its last part.
pub(crate) fn docx_with_picture(len: usize) -> Vec<u8> {
    let mut archive = package(DOCUMENT);
    archive.entries.push(picture("word/media/image1.png", len));
    archive.build()
}

/// A document whose content types are between two pictures of these lengths. With long pictures, they are neither in the head nor in
/// the tail.
pub(crate) fn docx_with_content_types_between(before: usize, after: usize) -> Archive {
    let mut archive = package(DOCUMENT);
    let content_types = archive.entries.remove(0);
    archive.entries.extend([picture("a.png", before), content_types, picture("b.png", after)]);
    archive
}
