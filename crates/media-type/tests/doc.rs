//! Whole files of DOC and similar types.

mod samples;

use media_type::{Found, MediaType, Refusal, Verdict};
use samples::{
    archive::docx,
    compound::{Builder, EXCEL, doc},
    decide, decide_with_reads,
};

const ACCEPTED: Verdict = Verdict::Accepted(MediaType::Msword);
const DAMAGED: Found = Found::Damaged(MediaType::Msword);

fn refused(found: Found) -> Verdict {
    Verdict::Refused(Refusal::UnsupportedType(found))
}

#[test]
fn directory_in_the_head_needs_no_range() {
    assert_eq!(decide_with_reads(&doc()), (ACCEPTED, vec![]));
    let large_sectors = Builder { sector_shift: 12, ..Builder::word() };
    assert_eq!(decide(&large_sectors.build()), ACCEPTED);
}

#[test]
fn directory_after_the_head_is_read_with_its_allocation_table() {
    let far = Builder { streams_first: 50_000, ..Builder::word() };
    let (verdict, ranges) = decide_with_reads(&far.build());
    assert_eq!(verdict, ACCEPTED);
    assert_eq!((ranges.len(), ranges[0].0), (1, (1 + 98 + 1) * 512));
    let apart = Builder { directory_gap: 20, has_table_last: true, ..far };
    let from_directory_to_table = vec![((98 + 1) * 512, 23 * 512)];
    assert_eq!(decide_with_reads(&apart.build()), (ACCEPTED, from_directory_to_table));
    let too_far_apart = Builder { directory_gap: 200, ..apart };
    let start_of_directory = vec![((98 + 1) * 512, 4096)];
    assert_eq!(decide_with_reads(&too_far_apart.build()), (ACCEPTED, start_of_directory));
}

#[test]
fn stream_without_a_class_id_is_enough() {
    let anonymous = Builder { root_class: [0; 16], ..Builder::word() };
    assert_eq!(decide(&anonymous.build()), ACCEPTED);
    // The stream's entry is in the directory's second sector, which does not follow the first one.
    let streams = vec!["a", "b", "c", "d", "worddocument"];
    let apart = Builder { streams, directory_gap: 40, ..anonymous.clone() };
    assert_eq!(decide(&apart.build()), ACCEPTED);
    assert_eq!(decide(&Builder { streams_first: 9000, ..apart }.build()), ACCEPTED);
    let nested = Builder { streams: vec!["CONTENTS"], nested: vec!["WordDocument"], ..anonymous };
    assert_eq!(decide(&nested.build()), refused(Found::OtherCompoundFile));
}

#[test]
fn class_id_without_the_stream_is_not_enough() {
    let hollow = Builder { streams: vec!["CONTENTS", "\u{1}CompObj"], ..Builder::word() };
    assert_eq!(decide(&hollow.build()), refused(Found::OtherCompoundFile));
}

#[test]
fn similar_types_are_refused_and_named() {
    for (stream, found) in [
        ("Workbook", Found::Spreadsheet),
        ("Book", Found::Spreadsheet),
        ("PowerPoint Document", Found::Presentation),
        ("EncryptedPackage", Found::EncryptedOffice),
        ("__properties_version1.0", Found::OutlookMessage),
        ("VisioDocument", Found::OtherCompoundFile),
    ] {
        let alone = Builder { root_class: [0; 16], streams: vec![stream], ..Builder::word() };
        assert_eq!(decide(&alone.build()), refused(found), "{stream}");
        let both = Builder { streams: vec!["WordDocument", stream], ..Builder::word() };
        assert_eq!(decide(&both.build()), refused(found), "{stream} beside WordDocument");
    }
    let workbook =
        Builder { root_class: EXCEL, streams: vec!["Workbook"], nested: vec!["WordDocument"], ..Builder::word() };
    assert_eq!(decide(&workbook.build()), refused(Found::Spreadsheet), "with an embedded document");
}

#[test]
fn doc_with_an_archive_inside_is_accepted() {
    assert_eq!(decide(&[doc(), docx()].concat()), ACCEPTED);
}

#[test]
fn broken_files_are_refused() {
    let file = doc();
    for (at, value, found) in [
        (30, 63, Found::OtherCompoundFile),
        (51, 0xFF, DAMAGED),
        (48, 0, Found::OtherCompoundFile),
        (1024 + 66, 2, Found::OtherCompoundFile),
    ] {
        let mut broken = file.clone();
        broken[at] = value;
        assert_eq!(decide(&broken), refused(found), "{at}");
    }
    assert_eq!(decide(&file[..100]), refused(DAMAGED));
    assert_eq!(decide(&file[..1024]), refused(DAMAGED));
}

#[test]
fn circular_links_end() {
    let mut file = Builder { root_class: [0; 16], ..Builder::word() }.build();
    // Every entry links to entry 1, and every sector of the directory to its first sector.
    for entry in 0..5 {
        for link in [68, 72, 76] {
            file[1024 + entry * 128 + link..][..4].copy_from_slice(&[1, 0, 0, 0]);
        }
    }
    file[512 + 4..512 + 12].copy_from_slice(&[1, 0, 0, 0, 1, 0, 0, 0]);
    assert_eq!(decide(&file), refused(Found::OtherCompoundFile));
}
