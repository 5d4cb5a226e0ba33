//! Files to send: the fixtures, and small ones made here.

pub(crate) use stack::fixtures::read as fixture;

/// A PDF of exactly this many bytes, told apart by `mark`: one object, then white space.
pub(crate) fn pdf(size: usize, mark: &str) -> Vec<u8> {
    let mut bytes = format!("%PDF-1.4\n% {mark}\n1 0 obj\n<< /Type /Catalog >>\nendobj\n").into_bytes();
    let end = b"trailer\n<< /Root 1 0 R /Size 2 >>\n%%EOF\n";
    bytes.resize(size.saturating_sub(end.len()).max(bytes.len()), b' ');
    bytes.extend_from_slice(end);
    bytes
}

/// The same with the EICAR string as a comment.
pub(crate) fn infected_pdf(mark: &str) -> Vec<u8> {
    let eicar = servers::cxone::eicar::test_string();
    pdf(2_000, &format!("{mark} {}", String::from_utf8_lossy(eicar.as_ref())))
}

/// An `ID3v2` tag of this size, then the bytes.
pub(crate) fn behind_a_tag(tag_bytes: usize, then: &[u8]) -> Vec<u8> {
    let size = tag_bytes - 10;
    let digit = |shift: usize| u8::try_from((size >> shift) & 0x7f).unwrap_or(0);
    let mut bytes = vec![b'I', b'D', b'3', 3, 0, 0, digit(21), digit(14), digit(7), digit(0)];
    bytes.resize(tag_bytes, 0);
    bytes.extend_from_slice(then);
    bytes
}

/// AAC in ADTS frames of silence.
pub(crate) fn aac() -> Vec<u8> {
    let length: usize = 200;
    let header = [0xff, 0xf1, 0x50, 0x80, u8::try_from(length >> 3).unwrap_or(0), 0x1f, 0xfc];
    let mut frame = header.to_vec();
    frame.resize(length, 0);
    frame.repeat(20)
}

/// A Word document as a ZIP of stored entries; `padding` bytes of an image before the rest push its directory back.
pub(crate) fn word(main_type: &str, padding: usize) -> Vec<u8> {
    let types = format!(
        r#"<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="{main_type}"/></Types>"#
    );
    let relations = r#"<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>"#;
    let body = r#"<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p/></w:body></w:document>"#;
    let padded = format!("{body}{}", " ".repeat(padding));
    zip(&[
        ("[Content_Types].xml", types.as_bytes()),
        ("_rels/.rels", relations.as_bytes()),
        ("word/document.xml", padded.as_bytes()),
    ])
}

fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let le2 = |value: usize| u16::try_from(value).unwrap_or(0).to_le_bytes();
    let le4 = |value: usize| u32::try_from(value).unwrap_or(0).to_le_bytes();
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in entries {
        let offset = bytes.len();
        let mut common = Vec::new();
        common.extend_from_slice(&[20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0]);
        common.extend_from_slice(&crc32fast::hash(content).to_le_bytes());
        common.extend_from_slice(&le4(content.len()));
        common.extend_from_slice(&le4(content.len()));
        common.extend_from_slice(&le2(name.len()));
        common.extend_from_slice(&[0, 0]);
        bytes.extend_from_slice(b"PK\x03\x04");
        bytes.extend_from_slice(&common);
        bytes.extend_from_slice(name.as_bytes());
        bytes.extend_from_slice(content);
        directory.extend_from_slice(b"PK\x01\x02\x14\x00");
        directory.extend_from_slice(&common);
        directory.extend_from_slice(&[0; 10]);
        directory.extend_from_slice(&le4(offset));
        directory.extend_from_slice(name.as_bytes());
    }
    let (at, size) = (bytes.len(), directory.len());
    bytes.extend_from_slice(&directory);
    bytes.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    bytes.extend_from_slice(&le2(entries.len()));
    bytes.extend_from_slice(&le2(entries.len()));
    bytes.extend_from_slice(&le4(size));
    bytes.extend_from_slice(&le4(at));
    bytes.extend_from_slice(&[0, 0]);
    bytes
}
