//! Macros and other active content, as far as the bytes that are read show them.

#![expect(clippy::indexing_slicing, reason = "a test's own files")]

mod samples;

use media_type::{ActiveContent, ActiveContentPolicy, Found, Hidden, MediaType, Refusal, Verdict};
use samples::{
    archive::{
        Archive, DOCUMENT, Entry, OFFICE_RELATIONSHIPS, content_types, docx, docx_with_content_types_between, entry,
        package, picture, relationships_of,
    },
    compound::{Builder, doc},
    decide, decide_for, one_of_each, one_of_each_long, pdf,
};

const PROJECT: &str = "http://schemas.microsoft.com/office/2006/relationships/vbaProject";
const PROJECT_TYPE: &str = "application/vnd.ms-office.vbaProject";

fn holds(front: MediaType, active: ActiveContent) -> Verdict {
    Verdict::Refused(Refusal::ActiveContent { front, active })
}

fn with(object: &[u8], policy: ActiveContentPolicy) -> Verdict {
    decide_for(object, policy).0
}

/// Refused under `macros` and `all`, accepted under `none`.
#[track_caller]
fn has_macros(what: &str, front: MediaType, object: &[u8]) {
    let macros = holds(front, ActiveContent::Macros);
    assert_eq!(decide(object), macros, "{what}");
    assert_eq!(with(object, ActiveContentPolicy::All), macros, "{what}");
    assert_eq!(with(object, ActiveContentPolicy::None), Verdict::Accepted(front), "{what}");
}

/// Refused under `all` alone.
#[track_caller]
fn is_active(what: &str, front: MediaType, active: ActiveContent, object: &[u8]) {
    assert_eq!(decide(object), Verdict::Accepted(front), "{what}");
    assert_eq!(with(object, ActiveContentPolicy::All), holds(front, active), "{what}");
    assert_eq!(with(object, ActiveContentPolicy::None), Verdict::Accepted(front), "{what}");
}

#[track_caller]
fn is_harmless(what: &str, front: MediaType, object: &[u8]) {
    assert_eq!(with(object, ActiveContentPolicy::All), Verdict::Accepted(front), "{what}");
}

/// A document whose content types declare this as well.
fn declaring(declaration: &str, parts: &[&str]) -> Archive {
    let mut archive = package(DOCUMENT);
    let types = content_types(DOCUMENT).replace("</Types>", &format!("{declaration}</Types>"));
    archive.entries[0] = entry("[Content_Types].xml", types);
    archive.entries.extend(parts.iter().map(|part| entry(part, "content")));
    archive
}

fn overriding(part: &str, content_type: &str) -> String {
    format!("<Override PartName=\"/{part}\" ContentType=\"{content_type}\"/>")
}

fn by_extension(extension: &str, content_type: &str) -> String {
    format!("<Default Extension=\"{extension}\" ContentType=\"{content_type}\"/>")
}

/// A document with this list of relationships.
fn relating(list: &str, relationships: &[(&str, &str, &str)]) -> Archive {
    let mut archive = package(DOCUMENT);
    archive.entries.push(entry(list, relationships_of(relationships)));
    archive
}

#[test]
fn a_docx_whose_macros_have_another_name_is_refused_by_their_declared_type() {
    let refused = |what: &str, archive: &Archive| has_macros(what, MediaType::Docx, &archive.build());
    refused("by name", &declaring(&overriding("word/harmless.xml", PROJECT_TYPE), &["word/harmless.xml"]));
    refused("in another case", &declaring(&overriding("a.bin", &PROJECT_TYPE.to_uppercase()), &["a.bin"]));
    refused("no part of that name", &declaring(&overriding("word/h%61rmless.xml", PROJECT_TYPE), &[]));
    refused("by extension", &declaring(&by_extension("dat", PROJECT_TYPE), &["word/a.DAT"]));
    refused("by extension, spelt otherwise", &declaring(&by_extension("dat", PROJECT_TYPE), &["word/a.d%61t"]));
    let data = "application/vnd.ms-word.vbaData+xml";
    refused("supplement", &declaring(&overriding("word/a.xml", data), &["word/a.xml"]));
    let signature = "application/vnd.ms-office.vbaProjectSignature";
    refused("signature", &declaring(&overriding("word/a.bin", signature), &["word/a.bin"]));
    let inner = "application/vnd.ms-word.document.macroEnabled.12";
    refused("a document inside", &declaring(&by_extension("docm", inner), &["word/embeddings/a.docm"]));
    // Many extensions: what is not remembered counts as used.
    let many: String = (0..20).map(|number| by_extension(&format!("e{number}"), PROJECT_TYPE)).collect();
    refused("twenty extensions", &declaring(&many, &[]));
}

#[test]
fn an_extension_that_no_part_has_declares_nothing() {
    let unused = declaring(&by_extension("docm", "application/vnd.ms-word.document.macroEnabled.12"), &["word/a.xml"]);
    is_harmless("a list of every extension that a writer knows", MediaType::Docx, &unused.build());
}

#[test]
fn the_usual_names_are_refused_whatever_their_type() {
    for part in ["word/vbaProject.bin", "WORD/VBAPROJECT.BIN", "a\\vbaProject.bin", "word/vbaData.xml"] {
        has_macros(part, MediaType::Docx, &declaring("", &[part]).build());
    }
}

#[test]
fn the_relationships_of_the_main_part_show_macros_where_they_were_read() {
    let list = "word/_rels/document.xml.rels";
    let plain = ("styles", "styles.xml", "");
    has_macros("named", MediaType::Docx, &relating(list, &[plain, (PROJECT, "a.xml", "")]).build());
    let hidden = PROJECT.replace('v', "&#x76;").replace('V', "&#86;");
    has_macros("spelt otherwise", MediaType::Docx, &relating(list, &[(&hidden, "a.xml", "")]).build());
    let utf16: Vec<u8> =
        relationships_of(&[(PROJECT, "a.xml", "")]).encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut archive = package(DOCUMENT);
    archive.entries.push(entry(list, [&b"\xff\xfe"[..], &utf16].concat()));
    has_macros("UTF-16", MediaType::Docx, &archive.build());
    let mut archive = relating(list, &[(PROJECT, "a.xml", "")]);
    archive.entries.remove(1);
    has_macros("the package's own relationships are missing", MediaType::Docx, &archive.build());
    // In the tail, and where a range that was read for something else has it.
    let mut archive = package(DOCUMENT);
    archive.entries.push(picture("a.png", 100_000));
    archive.entries.push(entry(list, relationships_of(&[(PROJECT, "a.xml", "")])));
    has_macros("in the tail", MediaType::Docx, &archive.build());
}

#[test]
fn no_range_is_read_for_relationships_and_what_was_not_read_shows_nothing() {
    let mut archive = docx_with_content_types_between(20_000, 40_000);
    archive.entries.push(entry("word/_rels/document.xml.rels", relationships_of(&[(PROJECT, "a.xml", "")])));
    archive.entries.push(picture("c.png", 80_000));
    let (verdict, reads) = decide_for(&archive.build(), ActiveContentPolicy::All);
    assert_eq!((verdict, reads.len()), (Verdict::Accepted(MediaType::Docx), 2));
    let damaged = Entry { checksum: Some(1), ..entry("word/_rels/document.xml.rels", relationships_of(&[])) };
    let mut archive = package(DOCUMENT);
    archive.entries.push(damaged);
    is_harmless("a list that cannot be read", MediaType::Docx, &archive.build());
}

#[test]
fn no_more_than_a_mebibyte_of_relationships_is_inflated() {
    let long = relationships_of(&[]).replace("</Rel", &format!("<!-- {} --></Rel", " ".repeat(600_000)));
    let lists = |before: &[&str]| {
        let mut archive = package(DOCUMENT);
        archive.entries.extend(before.iter().map(|name| entry(name, &long)));
        archive
            .entries
            .push(entry("word/_rels/a.xml.rels", relationships_of(&[(PROJECT, "a.xml", "")]) + &" ".repeat(500_000)));
        archive.build()
    };
    let macros = holds(MediaType::Docx, ActiveContent::Macros);
    assert_eq!(with(&lists(&[]), ActiveContentPolicy::All), macros);
    assert_eq!(with(&lists(&["a.rels"]), ActiveContentPolicy::All), Verdict::Accepted(MediaType::Docx));
}

#[test]
fn controls_objects_and_external_templates_are_refused_with_all_alone() {
    use ActiveContent::{Control, ExternalPart, Object};
    let active = |what: &str, active, archive: &Archive| is_active(what, MediaType::Docx, active, &archive.build());
    let control = "application/vnd.ms-office.activeX+xml";
    active("control", Control, &declaring(&overriding("word/a.xml", control), &["word/a.xml"]));
    active("control by folder", Control, &declaring("", &["word/activeX/activeX1.xml"]));
    active("object by folder", Object, &declaring("", &["word/Embeddings/oleObject1.bin"]));
    let object = "application/vnd.openxmlformats-officedocument.oleObject";
    active("object by extension", Object, &declaring(&by_extension("bin", object), &["word/a.bin"]));
    is_harmless("an empty folder", MediaType::Docx, &declaring("", &["word/embeddings/"]).build());
    let related = |list: &str, kind: &str, more: &str| {
        relating(list, &[(&format!("{OFFICE_RELATIONSHIPS}{kind}"), "http://example.net/a", more)])
    };
    let external = " TargetMode=\"External\"";
    active("template", ExternalPart, &related("word/_rels/settings.xml.rels", "attachedTemplate", external));
    active("linked object", Object, &related("word/_rels/header1.xml.rels", "oleObject", external));
    active("frame", ExternalPart, &related("word/_rels/webSettings.xml.rels", "frame", external));
    active("part of another document", Object, &related("word/_rels/document.xml.rels", "aFChunk", ""));
    let link = related("word/_rels/document.xml.rels", "hyperlink", external);
    is_harmless("a hyperlink", MediaType::Docx, &link.build());
}

#[test]
fn a_doc_with_macros_is_refused_by_its_storages() {
    for storage in ["Macros", "MACROS", "_VBA_PROJECT_CUR", "VBA"] {
        let file = Builder { storage, nested: vec!["dir"], ..Builder::word() };
        has_macros(storage, MediaType::Msword, &file.build());
    }
    let inner = Builder { storage: "ObjectPool", nested: vec!["WordDocument", "_VBA_PROJECT"], ..Builder::word() };
    has_macros("in a document inside", MediaType::Msword, &inner.build());
    let far = Builder { streams_first: 50_000, storage: "Macros", nested: vec!["dir"], ..Builder::word() };
    has_macros("with its directory far in", MediaType::Msword, &far.build());
    is_harmless("none", MediaType::Msword, &doc());
}

#[test]
fn a_doc_with_objects_is_refused_with_all_alone() {
    let pool = Builder { storage: "ObjectPool", nested: vec!["\u{1}Ole"], ..Builder::word() };
    is_active("object", MediaType::Msword, ActiveContent::Object, &pool.build());
    let packed = Builder { storage: "MBD0001", nested: vec!["\u{1}Ole10Native"], ..Builder::word() };
    is_active("packed file", MediaType::Msword, ActiveContent::Object, &packed.build());
    let mut streams = Builder::word().streams;
    streams.push("ObjectPool");
    is_harmless("an empty pool, as Word makes it", MediaType::Msword, &Builder { streams, ..Builder::word() }.build());
}

#[test]
fn a_pdf_that_shows_an_action_is_refused_with_all_alone() {
    let saying = |what: &str| String::from_utf8_lossy(&pdf()).replace("/Type/Catalog", what).into_bytes();
    for (what, active) in [
        ("/Type/Catalog/OpenAction 3 0 R", ActiveContent::Action),
        ("/OpenAction<</S/JavaScript/JS(x)>>", ActiveContent::Action),
        ("/Names<</J#61vaScript 3 0 R>>", ActiveContent::Script),
        ("/A<</S/Launch/F(a.exe)>>", ActiveContent::Action),
        ("/Names<</EmbeddedFiles 3 0 R>>", ActiveContent::Attachment),
    ] {
        is_active(what, MediaType::Pdf, active, &saying(what));
    }
    is_harmless("a page to begin with", MediaType::Pdf, &saying("/OpenAction[3 0 R/Fit]"));
    let far = [&pdf()[..], &b" ".repeat(20_000), b"4 0 obj<</S/JavaScript/JS(x)>>endobj"].concat();
    is_harmless("behind what is read", MediaType::Pdf, &far);
}

#[test]
fn files_without_active_content_are_accepted_under_every_policy() {
    for (media_type, file) in [one_of_each(), one_of_each_long()].concat() {
        for policy in [ActiveContentPolicy::None, ActiveContentPolicy::Macros, ActiveContentPolicy::All] {
            assert_eq!(with(&file, policy), Verdict::Accepted(media_type), "{policy:?}");
        }
    }
}

#[test]
fn what_is_wrong_is_reported_in_the_order_of_the_checks() {
    let mut with_macros = declaring("", &["word/vbaProject.bin"]);
    with_macros.front = b"PK\x03\x04 and more".to_vec();
    let file = with_macros.build();
    assert_eq!(decide(&file), holds(MediaType::Docx, ActiveContent::Macros), "before what is hidden");
    let hidden = Refusal::Polyglot { front: MediaType::Docx, hidden: Hidden::LeadingData };
    assert_eq!(with(&file, ActiveContentPolicy::None), Verdict::Refused(hidden), "which is refused all the same");
    let docm = package("application/vnd.ms-word.document.macroEnabled.main+xml").build();
    for policy in [ActiveContentPolicy::None, ActiveContentPolicy::All] {
        let other = Refusal::UnsupportedType(Found::MacroEnabledDocument);
        assert_eq!(with(&docm, policy), Verdict::Refused(other), "a macro-enabled document is of no accepted type");
    }
    assert_eq!(decide(&docx()), Verdict::Accepted(MediaType::Docx));
}
