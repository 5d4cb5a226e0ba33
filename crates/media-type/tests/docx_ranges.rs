//! DOCX files whose content types or directory are neither in the head nor in the last bytes. They need a second range.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::format_collect,
    clippy::similar_names,
    reason = "a test's own files"
)]

mod samples;

use media_type::{
    ActiveContent, ActiveContentPolicy, Found, HEAD_LEN, Hidden, Inspection, MAX_RANGE_LEN, MAX_SECOND_RANGE_LEN,
    MediaType, Refusal, Verdict, inspect,
};
use samples::{
    archive::{
        Archive, DOCUMENT, Entry, content_types, docx_with_content_types_between, entry, package, picture,
        relationships,
    },
    decide, decide_with_reads,
};

const ACCEPTED: Verdict = Verdict::Accepted(MediaType::Docx);
const CONTENT_TYPES: &[u8] = b"[Content_Types].xml";

fn refused(found: Found) -> Verdict {
    Verdict::Refused(Refusal::UnsupportedType(found))
}

fn with_macros() -> Verdict {
    Verdict::Refused(Refusal::ActiveContent { front: MediaType::Docx, active: ActiveContent::Macros })
}

/// The offset of the content types' own record.
fn content_types_at(file: &[u8]) -> u64 {
    let name_at = file.windows(CONTENT_TYPES.len()).position(|window| window == CONTENT_TYPES).unwrap();
    name_at as u64 - 30
}

/// A document with so many parts. Its content types have this index among them.
fn with_many_parts(count: usize, content_types_index: usize) -> Vec<u8> {
    let mut archive = package(DOCUMENT);
    let content_types = archive.entries.remove(0);
    archive.entries.extend((0..count).map(|number| picture(&format!("word/media/image{number:05}.jpeg"), 30)));
    archive.entries.insert(content_types_index.min(archive.entries.len()), content_types);
    archive.build()
}

#[test]
fn content_types_between_head_and_tail_are_read_with_one_range() {
    let file = docx_with_content_types_between(20_000, 100_000).build();
    let (verdict, reads) = decide_with_reads(&file);
    assert_eq!(verdict, ACCEPTED);
    let tail = (file.len() as u64 - MAX_RANGE_LEN, MAX_RANGE_LEN);
    let at = content_types_at(&file);
    let next = file.windows(5).position(|name| name == b"b.png").unwrap() as u64 - 30;
    assert_eq!(reads, [tail, (at, next - at)]);
}

#[test]
fn document_in_the_order_of_libreoffice_is_accepted() {
    // Random hexadecimal digits, from a xorshift generator, compress about as well as real text.
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut random = |len: usize| -> Vec<u8> {
        std::iter::repeat_with(|| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[0]
        })
        .take(len)
        .collect()
    };
    let text: String = random(20_000).iter().map(|byte| format!("{byte:02x}")).collect();
    let parts = Archive::of(vec![
        entry("_rels/.rels", relationships("word/document.xml")),
        entry("word/document.xml", format!("<w:document><w:t>{text}</w:t></w:document>")),
        entry("[Content_Types].xml", content_types(DOCUMENT)),
        entry("word/media/image1.jpeg", random(70_000)),
    ]);
    let (verdict, reads) = decide_with_reads(&parts.build());
    assert_eq!(verdict, ACCEPTED);
    assert_eq!(reads.len(), 2);
}

#[test]
fn content_types_across_the_end_of_the_head_or_the_start_of_the_tail_are_accepted() {
    for before in 7600..8400 {
        let file = docx_with_content_types_between(before, 100_000).build();
        assert_eq!(decide(&file), ACCEPTED, "{before} before");
    }
    for behind in (64_200..65_600).step_by(7) {
        let file = docx_with_content_types_between(50_000, behind).build();
        assert_eq!(decide(&file), ACCEPTED, "{behind} behind");
    }
    // If only a few bytes are missing, the second range joins the head with the tail.
    for missing in [1, 50, 300] {
        let mut archive = docx_with_content_types_between(7800, 0);
        let fill = HEAD_LEN + 65_557 + missing - archive.build().len();
        archive.entries.push(picture("c.png", fill - 30 - 46 - 10));
        let file = archive.build();
        let (verdict, reads) = decide_with_reads(&file);
        assert_eq!((verdict, file.len()), (ACCEPTED, HEAD_LEN + 65_557 + missing));
        assert!(reads.iter().skip(1).all(|(at, len)| (*at, *len) <= (HEAD_LEN as u64, missing as u64)), "{reads:?}");
    }
}

#[test]
fn every_form_of_an_entry_is_read_in_the_middle() {
    let changed = |change: fn(&mut Archive)| {
        let mut archive = docx_with_content_types_between(20_000, 100_000);
        change(&mut archive);
        let (verdict, reads) = decide_with_reads(&archive.build());
        assert_eq!(reads.len(), 2);
        verdict
    };
    assert_eq!(changed(|archive| archive.entries[3].is_stored = true), ACCEPTED, "stored");
    assert_eq!(
        changed(|archive| archive.entries[3].local_extra_len = 600),
        ACCEPTED,
        "free space, as in Microsoft's packages"
    );
    assert_eq!(changed(|archive| archive.has_wide_end = true), ACCEPTED, "ZIP64 end");
    assert_eq!(changed(|archive| archive.comment = vec![b'c'; 30_000]), ACCEPTED, "a comment");
    assert_eq!(
        changed(|archive| archive.entries.iter_mut().for_each(|entry| entry.flags = 8)),
        ACCEPTED,
        "descriptors"
    );
    assert_eq!(changed(|archive| archive.entries.iter_mut().for_each(|entry| entry.is_wide = true)), ACCEPTED, "ZIP64");
}

#[test]
fn relationships_near_the_content_types_are_read_with_them() {
    let with_relationships_behind = |distance: usize, main_part: &str| {
        let mut archive = docx_with_content_types_between(20_000, 100_000);
        archive.entries.remove(0);
        archive.entries.insert(3, picture("c.png", distance));
        archive.entries.insert(4, entry("_rels/.rels", relationships(main_part)));
        archive.entries.insert(5, entry("word/other.xml", "<x/>"));
        decide_with_reads(&archive.build())
    };
    let (verdict, reads) = with_relationships_behind(40_000, "word/document.xml");
    assert_eq!((verdict, reads[1].1 > 40_000), (ACCEPTED, true));
    // The main part is declared as another type.
    let (verdict, _) = with_relationships_behind(40_000, "word/other.xml");
    assert_eq!(verdict, refused(Found::OtherPackage));
    let (verdict, reads) = with_relationships_behind(70_000, "word/document.xml");
    assert_eq!((verdict, reads[1].1 < 1000), (ACCEPTED, true), "too far from the content types");
}

#[test]
fn similar_types_in_the_middle_are_refused_and_named() {
    for (main_type, found) in [
        ("application/vnd.ms-word.document.macroEnabled.main+xml", Found::MacroEnabledDocument),
        ("application/vnd.openxmlformats-officedocument.wordprocessingml.template.main+xml", Found::WordTemplate),
        ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml", Found::Spreadsheet),
        ("application/xml", Found::OtherPackage),
    ] {
        let mut archive = docx_with_content_types_between(20_000, 100_000);
        archive.entries[3].content = content_types(main_type).into_bytes();
        assert_eq!(decide(&archive.build()), refused(found), "{main_type}");
    }
    let mut archive = docx_with_content_types_between(20_000, 100_000);
    archive.entries.push(entry("word/vbaProject.bin", "macros"));
    assert_eq!(decide(&archive.build()), with_macros());
    let mut archive = docx_with_content_types_between(20_000, 100_000);
    archive.front = b"PK\x03\x04 and more".to_vec();
    let hidden = Refusal::Polyglot { front: MediaType::Docx, hidden: Hidden::LeadingData };
    assert_eq!(decide(&archive.build()), Verdict::Refused(hidden));
}

#[test]
fn wrong_numbers_for_content_types_in_the_middle_are_refused() {
    let damaged = refused(Found::Damaged(MediaType::Docx));
    let changed = |change: fn(&mut Entry)| {
        let mut archive = docx_with_content_types_between(20_000, 100_000);
        change(&mut archive.entries[3]);
        let (verdict, reads) = decide_with_reads(&archive.build());
        assert!(reads.iter().skip(1).all(|(_, length)| *length <= MAX_SECOND_RANGE_LEN));
        verdict
    };
    assert_eq!(changed(|entry| entry.checksum = Some(1)), damaged);
    assert_eq!(changed(|entry| entry.len = Some(u32::MAX - 1)), damaged, "more than is ever inflated");
    assert_eq!(changed(|entry| entry.len = Some(10)), damaged, "inflates to more than its length");
    assert_eq!(changed(|entry| entry.local_name = Some("[Content_Types].xmk".to_owned())), damaged);
    assert_eq!(changed(|entry| entry.flags = 1), refused(Found::EncryptedOffice));
    assert_eq!(changed(|entry| entry.content = vec![b' '; 2_000_000]), damaged, "a bomb");
    let stored = changed(|entry| {
        entry.content.extend(vec![b' '; 300_000]);
        entry.is_stored = true;
    });
    assert_eq!(stored, refused(Found::OutOfReach(MediaType::Docx)), "longer than the second range");
}

/// Changes the compressed length of the content types in the directory.
fn claiming_compressed_length(mut file: Vec<u8>, claimed: u32) -> Vec<u8> {
    let name_at = file.windows(CONTENT_TYPES.len()).rposition(|window| window == CONTENT_TYPES).unwrap();
    file[name_at - 26..name_at - 22].copy_from_slice(&claimed.to_le_bytes());
    file
}

#[test]
fn second_range_is_limited_by_the_content_types_and_a_constant() {
    // With the part's own record, and up to 4 KiB of fields that only that record has.
    let max_len = |compressed: u64| compressed + 30 + CONTENT_TYPES.len() as u64 + 4096;
    let plain = docx_with_content_types_between(20_000, 100_000);
    let compressed = miniz_oxide::deflate::compress_to_vec(&plain.entries[3].content, 6).len() as u64;
    // The directory lists no part after the content types, so that only their length limits the range.
    let mut unlisted = plain.clone();
    unlisted.entries.retain(|entry| !entry.name.ends_with("b.png"));
    unlisted.entries.push(Entry { is_unlisted: true, ..picture("b.png", 100_000) });
    for (what, file) in [("followed by a part", plain.build()), ("followed by an unlisted part", unlisted.build())] {
        let (verdict, reads) = decide_with_reads(&file);
        assert_eq!((verdict, reads.len()), (ACCEPTED, 2), "{what}");
        assert!(reads[1].1 <= max_len(compressed), "{what}: {reads:?}");
        for claimed in [0, 1, 1000, 50_000] {
            let (_, reads) = decide_with_reads(&claiming_compressed_length(file.clone(), claimed));
            assert!(reads.iter().skip(1).all(|(_, length)| *length <= max_len(claimed.into())), "{what}: {reads:?}");
        }
    }
    unlisted.entries.pop();
    unlisted.entries.push(Entry { is_unlisted: true, ..picture("b.png", 1_000_000) });
    for claimed in [MAX_SECOND_RANGE_LEN, 500_000, u64::from(u32::MAX) - 1] {
        let file = claiming_compressed_length(unlisted.build(), u32::try_from(claimed).unwrap());
        let (verdict, reads) = decide_with_reads(&file);
        assert!(matches!(verdict, Verdict::Refused(_)), "{claimed} claimed");
        assert_eq!(reads.len(), 1, "{claimed} claimed: a range that is too short for the part must not be read");
    }
}

#[test]
fn directory_longer_than_the_tail_is_read_with_the_second_range() {
    for (count, content_types_index) in [(950, 0), (1500, 0), (4000, 0), (1500, usize::MAX), (1500, 1490)] {
        let (verdict, reads) = decide_with_reads(&with_many_parts(count, content_types_index));
        assert_eq!((verdict, reads.len()), (ACCEPTED, 2), "{count} {content_types_index}");
        assert_eq!(reads[1].0 + reads[1].1, reads[0].0, "the second range must end at the first one");
    }
    let out_of_reach = refused(Found::OutOfReach(MediaType::Docx));
    assert_eq!(decide(&with_many_parts(1500, 700)), out_of_reach, "the content types need a third range");
    let (verdict, reads) = decide_with_reads(&with_many_parts(6000, 0));
    assert_eq!((verdict, reads.len()), (out_of_reach, 1), "a directory longer than both ranges");
}

#[test]
fn macros_in_the_directory_before_the_tail_are_found() {
    let mut archive = package(DOCUMENT);
    archive.entries.push(entry("word/vbaProject.bin", "macros"));
    archive.entries.extend((0..1500).map(|number| picture(&format!("word/media/image{number:05}.jpeg"), 30)));
    assert_eq!(decide(&archive.build()), with_macros());
}

#[test]
fn range_shorter_than_requested_is_refused() {
    let file = docx_with_content_types_between(20_000, 100_000).build();
    let part = |offset: u64, length: u64| &file[usize::try_from(offset).unwrap()..][..usize::try_from(length).unwrap()];
    let Inspection::NeedsRange(first) = inspect(&file, file.len() as u64, ActiveContentPolicy::Macros) else {
        panic!("the tail is needed")
    };
    let tail = part(first.offset(), first.length());
    for short in [&[][..], &tail[..1], &tail[..tail.len() - 1]] {
        assert_eq!(first.decide(short), Inspection::Decided(refused(Found::OutOfReach(MediaType::Docx))));
    }
    let Inspection::NeedsRange(second) = first.decide(tail) else { panic!("the content types are needed") };
    let content_types = part(second.offset(), second.length());
    assert_eq!(second.decide(content_types), ACCEPTED);
    for len in [0, 1, 40, content_types.len() - 1] {
        assert_eq!(second.decide(&content_types[..len]), refused(Found::OutOfReach(MediaType::Docx)), "{len}");
    }
    assert_eq!(second.decide(&[content_types, b"more"].concat()), ACCEPTED, "more bytes than requested");
}
