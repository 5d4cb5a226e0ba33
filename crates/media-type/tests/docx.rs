//! Whole files of DOCX and similar types.

mod samples;

use media_type::{ActiveContent, Found, Hidden, MediaType, Refusal, Verdict};
use samples::{
    archive::{Archive, DOCUMENT, Entry, content_types, docx, docx_with_picture, entry, package, relationships},
    decide, decide_with_reads,
};

const ACCEPTED: Verdict = Verdict::Accepted(MediaType::Docx);

fn refused(found: Found) -> Verdict {
    Verdict::Refused(Refusal::UnsupportedType(found))
}

fn polyglot(hidden: Hidden) -> Verdict {
    Verdict::Refused(Refusal::Polyglot { front: MediaType::Docx, hidden })
}

/// A package with these content types and nothing that the type check does not need.
fn with_content_types(xml: impl AsRef<[u8]>) -> Vec<u8> {
    let mut archive = package(DOCUMENT);
    archive.entries.remove(0);
    archive.entries.insert(0, entry("[Content_Types].xml", xml));
    archive.build()
}

#[test]
fn small_document_needs_no_range() {
    assert_eq!(decide_with_reads(&docx()), (ACCEPTED, vec![]));
}

#[test]
fn longer_document_needs_only_its_last_bytes() {
    let file = docx_with_picture(300_000);
    let len = file.len() as u64;
    assert_eq!(decide_with_reads(&file), (ACCEPTED, vec![(len - 65_557, 65_557)]));
    // If the end overlaps the head, the range has only the bytes after the head.
    let file = docx_with_picture(20_000);
    assert_eq!(decide_with_reads(&file), (ACCEPTED, vec![(8192, file.len() as u64 - 8192)]));
}

#[test]
fn parts_anywhere_in_the_known_bytes_are_accepted() {
    let mut archive = package(DOCUMENT);
    let picture = Entry { is_stored: true, ..entry("word/media/a.png", vec![1; 400_000]) };
    archive.entries.insert(0, picture.clone());
    assert_eq!(decide(&archive.build()), ACCEPTED, "all at the end");
    let last = archive.entries.remove(1);
    archive.entries.push(last);
    assert_eq!(decide(&archive.build()), ACCEPTED, "content types last");
    archive.entries.push(picture);
    assert_eq!(decide(&archive.build()), ACCEPTED, "in the middle");
}

#[test]
fn content_types_decide_without_the_relationships() {
    let long = |main_type: &str| {
        let mut archive = package(main_type);
        let relationships = archive.entries.remove(1);
        let picture = Entry { is_stored: true, ..entry("a.png", vec![1; 100_000]) };
        archive.entries.extend([picture.clone(), relationships, Entry { name: "b.png".to_owned(), ..picture }]);
        archive.build()
    };
    assert_eq!(decide(&long(DOCUMENT)), ACCEPTED);
    let macro_enabled = "application/vnd.ms-word.document.macroEnabled.main+xml";
    assert_eq!(decide(&long(macro_enabled)), refused(Found::MacroEnabledDocument));
    let mut without = package(DOCUMENT);
    without.entries.remove(1);
    assert_eq!(decide(&without.build()), ACCEPTED);
    without.entries.pop();
    assert_eq!(decide(&without.build()), refused(Found::OtherPackage), "the declared part does not exist");
}

#[test]
fn similar_types_are_refused_and_named() {
    for (main_type, found) in [
        ("application/vnd.ms-word.document.macroEnabled.main+xml", Found::MacroEnabledDocument),
        ("application/vnd.openxmlformats-officedocument.wordprocessingml.template.main+xml", Found::WordTemplate),
        ("application/vnd.ms-word.template.macroEnabledTemplate.main+xml", Found::MacroEnabledTemplate),
        ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml", Found::Spreadsheet),
        ("application/vnd.ms-excel.sheet.binary.macroEnabled.main", Found::Spreadsheet),
        ("application/vnd.openxmlformats-officedocument.presentationml.slideshow.main+xml", Found::Presentation),
        ("application/vnd.ms-visio.drawing.main+xml", Found::OtherPackage),
        ("application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml2", Found::OtherPackage),
        ("application/xml", Found::OtherPackage),
    ] {
        assert_eq!(decide(&package(main_type).build()), refused(found), "{main_type}");
    }
    let open_document =
        Archive::of(vec![entry("mimetype", "application/vnd.oasis.opendocument.text"), entry("content.xml", "<a/>")]);
    assert_eq!(decide(&open_document.build()), refused(Found::OpenDocument));
    let archive = Archive::of(vec![entry("word/evil.exe", "MZ"), entry("word/document.xml", "<w:document/>")]);
    assert_eq!(decide(&archive.build()), refused(Found::ZipArchive));
}

#[test]
fn main_part_is_the_one_that_the_package_names() {
    let named = |main_part: &str, parts: &[&str], overrides: &str| {
        let xml = content_types(DOCUMENT).replace("<Override", &format!("{overrides}<Override"));
        let mut entries = vec![entry("[Content_Types].xml", xml), entry("_rels/.rels", relationships(main_part))];
        entries.extend(parts.iter().map(|part| entry(part, "<x/>")));
        decide(&Archive::of(entries).build())
    };
    let macros = "<Override PartName=\"/word/real.xml\" ContentType=\"application/vnd.ms-word.document.macroEnabled.main+xml\"/>";
    assert_eq!(named("/word/document.xml", &["word/document.xml"], ""), ACCEPTED);
    assert_eq!(named("word/Document.xml", &["WORD\\document.XML"], ""), ACCEPTED);
    assert_eq!(
        named("word/real.xml", &["word/document.xml", "word/real.xml"], macros),
        refused(Found::MacroEnabledDocument)
    );
    let with_macros = Refusal::ActiveContent { front: MediaType::Docx, active: ActiveContent::Macros };
    assert_eq!(
        named("word/document.xml", &["word/document.xml", "word/real.xml"], macros),
        Verdict::Refused(with_macros),
        "a document with macros inside a document"
    );
    assert_eq!(named("word/document.xml", &["word/other.xml"], ""), refused(Found::OtherPackage));
    assert_eq!(named("somewhere/../word/document.xml", &["word/document.xml"], ""), ACCEPTED);
    assert_eq!(
        named("real%2Exml", &["word/document.xml", "word/real.xml"], macros),
        refused(Found::MacroEnabledDocument)
    );
    let none = relationships("x").replace("/officeDocument\"", "/thumbnail\"");
    let mut archive = package(DOCUMENT);
    archive.entries[1] = entry("_rels/.rels", none);
    assert_eq!(decide(&archive.build()), refused(Found::OtherPackage));
}

#[test]
fn type_declared_by_extension_is_read() {
    let by_extension = content_types("x").replace("application/xml", DOCUMENT);
    let without_override = by_extension.split("<Override").next().unwrap().to_owned() + "</Types>";
    assert_eq!(decide(&with_content_types(&without_override)), ACCEPTED);
    assert_eq!(decide(&with_content_types(by_extension)), refused(Found::OtherPackage), "a declaration by name wins");
}

#[test]
fn text_that_only_looks_like_a_declaration_does_not_count() {
    let declared = format!("<Override PartName=\"/word/document.xml\" ContentType=\"{DOCUMENT}\"/>");
    let plain = content_types(DOCUMENT);
    for hidden in [
        plain.replace(&declared, &format!("<!-- {declared} -->")),
        plain.replace(&declared, &format!("<![CDATA[{declared}]]>")),
        plain.replace(&declared, &format!("<Default Extension=\"a\" ContentType=\"b\">{declared}</Default>")),
    ] {
        assert_ne!(decide(&with_content_types(&hidden)), ACCEPTED, "{hidden}");
    }
    for broken in [
        String::new(),
        "<Types/>".to_owned(),
        plain.replace("</Types>", ""),
        plain.replace(&declared, &declared.repeat(2)),
    ] {
        assert_eq!(decide(&with_content_types(&broken)), refused(Found::Damaged(MediaType::Docx)), "{broken}");
    }
}

#[test]
fn every_form_that_the_archive_format_allows_is_read() {
    let changed = |change: fn(&mut Archive)| {
        let mut archive = package(DOCUMENT);
        change(&mut archive);
        decide(&archive.build())
    };
    assert_eq!(changed(|archive| archive.entries[0].is_stored = true), ACCEPTED, "stored");
    assert_eq!(
        changed(|archive| archive.entries.iter_mut().for_each(|entry| entry.flags = 8)),
        ACCEPTED,
        "descriptors"
    );
    assert_eq!(changed(|archive| archive.entries.iter_mut().for_each(|entry| entry.is_wide = true)), ACCEPTED, "ZIP64");
    assert_eq!(changed(|archive| archive.has_wide_end = true), ACCEPTED, "ZIP64 end");
    assert_eq!(changed(|archive| archive.comment = vec![b'c'; 65_535]), ACCEPTED, "the longest comment");
    assert_eq!(changed(|archive| archive.comment = vec![b'c'; 60_000]), ACCEPTED);
    let padded = [docx(), b"\0\0\r\n\0".to_vec()].concat();
    assert_eq!(decide(&padded), ACCEPTED, "padding after the end");
}

#[test]
fn wrong_numbers_in_the_archive_are_refused() {
    let damaged = refused(Found::Damaged(MediaType::Docx));
    let changed = |change: fn(&mut Archive)| {
        let mut archive = package(DOCUMENT);
        change(&mut archive);
        decide(&archive.build())
    };
    assert_eq!(changed(|archive| archive.claimed = Some(2)), damaged);
    assert_eq!(changed(|archive| archive.claimed = Some(60_000)), damaged);
    assert_eq!(changed(|archive| archive.entries[0].checksum = Some(1)), damaged);
    assert_eq!(changed(|archive| archive.entries[0].len = Some(u32::MAX - 1)), damaged, "more than is ever inflated");
    assert_eq!(changed(|archive| archive.entries[0].len = Some(10)), damaged, "inflates to more than its length");
    assert_eq!(changed(|archive| archive.entries[0].local_name = Some("[Content_Types].xmk".to_owned())), damaged);
    assert_eq!(
        changed(|archive| archive.entries.push(archive.entries[0].clone())),
        damaged,
        "two entries with one name"
    );
    assert_eq!(changed(|archive| archive.entries[2].content.clear()), damaged, "an empty main part");
    assert_eq!(changed(|archive| archive.entries[0].flags = 1), refused(Found::EncryptedOffice));
    assert_eq!(changed(|archive| archive.entries[2].flags = 1), refused(Found::EncryptedOffice));
    let bomb = content_types(DOCUMENT).replace("</Types>", &" ".repeat(1_100_000)) + "</Types>";
    assert_eq!(decide(&with_content_types(bomb)), damaged);
}

#[test]
fn document_with_other_data_around_it_is_a_polyglot() {
    let jar = Archive::of(vec![entry("META-INF/MANIFEST.MF", "Main-Class: Evil"), entry("Evil.class", "x")]).build();
    assert_eq!(decide(&[docx(), jar.clone()].concat()), refused(Found::ZipArchive), "the end belongs to the JAR");
    assert_eq!(decide(&[docx(), b"MZ and a program".to_vec()].concat()), polyglot(Hidden::TrailingData));
    assert_eq!(decide(&[jar.clone(), docx()].concat()), polyglot(Hidden::LeadingData));
    assert_eq!(decide(&Archive { comment: jar.clone(), ..package(DOCUMENT) }.build()), refused(Found::ZipArchive));
    let document_in_comment = Archive { comment: docx(), ..Archive::of(vec![entry("Evil.class", "x")]) };
    assert_eq!(decide(&document_in_comment.build()), polyglot(Hidden::LeadingData));
    let hidden_entry = Archive { front: b"PK\x03\x04 and more".to_vec(), ..package(DOCUMENT) };
    assert_eq!(decide(&hidden_entry.build()), polyglot(Hidden::LeadingData));
    let mut unlisted = package(DOCUMENT);
    unlisted.entries.insert(0, Entry { is_unlisted: true, ..entry("Evil.class", "x") });
    assert_eq!(decide(&unlisted.build()), polyglot(Hidden::LeadingData));
    // A second directory and end record in the comment, with right offsets too.
    let plain = docx();
    let end_at = plain.len() - 22;
    let start = usize::try_from(u32::from_le_bytes(*plain[end_at + 16..].first_chunk().unwrap())).unwrap();
    let second_start = u32::try_from(plain.len()).unwrap().to_le_bytes();
    let second = [&plain[start..end_at + 16], &second_start, &[0, 0]].concat();
    let comment_len = u16::try_from(second.len()).unwrap().to_le_bytes();
    let two_directories = [&plain[..plain.len() - 2], &comment_len, &second].concat();
    assert_eq!(decide(&two_directories), polyglot(Hidden::Archive));
    let stored_inside = Entry { is_stored: true, ..entry("word/embeddings/inner.docx", docx()) };
    let mut outer = package(DOCUMENT);
    outer.entries.push(stored_inside);
    assert_eq!(decide(&outer.build()), ACCEPTED, "an embedded document");
}
